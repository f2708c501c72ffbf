"use strict";
// The page's state is a table of slots (see tape.py). A frame changes some of them; what it changes is kept,
// so that going back puts the same values there again. Numbers come written from Python and stay as they are.

const data = JSON.parse(document.getElementById("data").textContent);
const words = data.words;
const slots = {};
const faces = data.faces.map(() => new Map());
const undo = [];
let at = -1;

const element = (id) => document.getElementById(id);

function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== "") made.textContent = text;
  return made;
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}

// ---- forwards and back -------------------------------------------------------------------------------

function put(slot, value) {
  if (slot[0] === "f") return patch(Number(slot.slice(1)), value);
  const before = slots[slot] ?? null;
  slots[slot] = value;
  return before;
}

/** Cells of a face, in runs; returns the runs that put the old ones back. */
function patch(face, runs) {
  const cells = faces[face];
  const before = [];
  for (let run = 0; run < runs.length; run += 2) {
    const old = runs[run + 1].split(" ").map((text, offset) => {
      const place = runs[run] + offset;
      const held = cells.get(place) ?? "-";
      cells.set(place, text);
      return held;
    });
    before.push(runs[run], old.join(" "));
  }
  return before;
}

/** The tables of a write; cells that a face has are taken from there, as they are before the write. */
function resolved(write) {
  const tables = write[3].map((table) => (table.length === 3 && table[0] !== 0 ? tableFrom(table) : table));
  return [...write.slice(0, 3), tables, ...write.slice(4)];
}

/** A table of cells that stand on a face: as they are, or as some frames ahead will have changed them. */
function tableFrom([name, face, [top, bottom, left, right, down = 1, along = 1]], ahead = 0) {
  const later = new Map();
  for (let frame = at + 1; frame <= at + ahead; frame += 1) {
    const runs = data.frames[frame][`f${face}`] ?? [];
    for (let run = 0; run < runs.length; run += 2) {
      runs[run + 1].split(" ").forEach((text, offset) => later.set(runs[run] + offset, text));
    }
  }
  const texts = [];
  for (let row = top; row < bottom; row += down) {
    for (let column = left; column < right; column += along) {
      const place = row * data.faces[face][3] + column;
      texts.push((later.get(place) ?? faces[face].get(place)).slice(1));
    }
  }
  return [name, data.faces[face][1], texts.join(" "), Math.ceil((right - left) / along)];
}

function forward() {
  const frame = data.frames[at + 1];
  const before = {};
  for (const slot of Object.keys(frame).filter((name) => /^g\d/.test(name))) {
    before[slot] = put(slot, resolved(frame[slot]));
  }
  for (const [slot, value] of Object.entries(frame)) {
    if (!(slot in before)) before[slot] = put(slot, value);
  }
  at += 1;
  undo[at] = before;
}

function backward() {
  for (const [slot, value] of Object.entries(undo[at])) put(slot, value);
  at -= 1;
}

function seek(frame) {
  const wanted = Math.min(Math.max(frame, low), high);
  while (at < wanted) forward();
  while (at > wanted) backward();
  show();
}

// ---- places ------------------------------------------------------------------------------------------

// by frame, how many steps are executed; and the frames between two steps, where no step is under way
const positionAt = [];
for (const frame of data.frames) positionAt.push(frame.p ?? positionAt[positionAt.length - 1]);

let low = 0;
let high = data.frames.length - 1;
let whole = [];

/** Only these frames can be gone to. */
function limit(first, last) {
  [low, high] = [first, last];
  whole = data.whole.filter((frame) => frame >= low && frame <= high);
  for (const id of ["slider", "goto"]) Object.assign(element(id), { min: positionAt[low], max: positionAt[high] });
}

const nextWhole = (frame) => whole.find((one) => one > frame) ?? high;
const previousWhole = (frame) => whole.findLast((one) => one < frame) ?? low;

function goTo(position) {
  const away = (frame) => Math.abs(positionAt[frame] - position);
  seek([low, ...whole].reduce((best, frame) => (away(frame) < away(best) ? frame : best), high));
}

/** The loops around the innermost one, in words: they stay as long as that one goes on. */
const around = () => slots.o.split(", ").slice(0, -1).join();

function endOfLoop() {
  seek(nextWhole(at));
  const loop = around();
  while (at < high) {
    const stood = at;
    while (at < nextWhole(stood)) forward();
    if (around() !== loop) {
      while (at > stood) backward();
      break;
    }
  }
  show();
}

function startOfLoop() {
  const loop = around();
  do {
    const goal = previousWhole(at);
    while (at > goal) backward();
  } while (at > low && around() === loop);
  show();
}

// ---- drawing -----------------------------------------------------------------------------------------

function inside(span, row, column) {
  if (!span) return false;
  const [top, bottom, left, right, down = 1, along = 1, only] = span;
  if (row < top || row >= bottom || column < left || column >= right) return false;
  if ((row - top) % down || (column - left) % along) return false;
  const width = Math.ceil((right - left) / along);
  return !only || only[((row - top) / down) * width + (column - left) / along] === "1";
}

function cellClasses(panel, row, column, letter, columns) {
  const window = slots[`w${panel}`];
  const changed = slots[`c${panel}`] === 1 ? window : slots[`c${panel}`];
  const now = slots[`N${panel}`];
  const within = slots[`i${panel}`];
  const done = slots[`d${panel}`];
  const isNow = Boolean(now) && now[0] === row && now[1] === column;
  const found = [];
  if (letter !== "-" && letter !== "0") found.push(`v${letter}`);
  if (within && !inside(within, row, column)) found.push("pad");
  else if (within && slots[`C${panel}`]) {
    if (!inside(within, row - 1, column)) found.push("ct");
    if (!inside(within, row + 1, column)) found.push("cb");
    if (!inside(within, row, column - 1)) found.push("cl");
    if (!inside(within, row, column + 1)) found.push("cr");
  }
  if (done !== null && done !== undefined && !isNow && row * columns + column >= done) found.push("todo");
  if (inside(window, row, column)) {
    found.push("window");
    const down = window[4] ?? 1;
    const along = window[5] ?? 1;
    if (!inside(window, row - 1, column)) found.push("wt");
    if (!inside(window, row + 1, column)) found.push("wb");
    if (!inside(window, row, column - 1)) found.push("wl");
    if (!inside(window, row, column + 1)) found.push("wr");
    if (down > 1 || along > 1) found.push("apart");
  }
  if (inside(changed, row, column)) found.push("changed");
  if (isNow) found.push("now");
  return found;
}

/** The figure of a panel; it is built anew only where it shows another face, or another part of one. */
const figures = new Map();
const NARROW = 6; // columns of a table that stands beside others

function faceOf(panel) {
  const held = slots[`t${panel}`];
  return Array.isArray(held) ? held[0] : held;
}

function figureOf(panel) {
  const face = faceOf(panel);
  const note = slots[`t${panel}`][1] ?? "";
  const [title, factor, rows, columns, width] = data.faces[face];
  const view = slots[`u${panel}`] || [0, rows, 0, columns];
  const key = JSON.stringify([face, view, note]);
  let figure = figures.get(panel);
  if (!figure) {
    figure = make("figure");
    figure.dataset.panel = panel;
    figures.set(panel, figure);
  }
  if (figure.dataset.key !== key) {
    figure.dataset.key = key;
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", title);
    figure.style.setProperty("--width", width);
    figure.style.order = columns > NARROW ? 1 : 0;
    figure.replaceChildren(note ? noteOf(title, note) : tableOf(title, factor, rows, columns, view));
  }
  if (!note) showCells(figure, panel, face, columns);
  return figure;
}

function noteOf(title, note) {
  const table = make("table");
  table.append(make("caption", "", title));
  table.insertRow().insertCell().textContent = note;
  return table;
}

function tableOf(title, factor, rows, columns, [top, bottom, left, right]) {
  const table = make("table");
  const caption = make("caption", "", `${title} ${factor}`.trim());
  caption.append(make("small"));
  if (bottom - top < rows || right - left < columns) {
    const part = fill(words.part, { top, bottom: bottom - 1, rows, left, right: right - 1, columns });
    caption.append(make("small", "part", part));
  }
  table.append(caption);
  const head = table.createTHead().insertRow();
  head.append(make("td"));
  const heading = (scope, text) => {
    const made = make("th", "", text);
    made.scope = scope;
    return made;
  };
  for (let column = left; column < right; column += 1) head.append(heading("col", `${column}`));
  const body = table.createTBody();
  for (let row = top; row < bottom; row += 1) {
    const line = body.insertRow();
    line.append(heading("row", `${row}`));
    for (let column = left; column < right; column += 1) {
      const cell = line.insertCell();
      cell.dataset.row = row;
      cell.dataset.column = column;
    }
  }
  return table;
}

function showCells(figure, panel, face, columns) {
  const [role, said] = slots[`R${panel}`] || [0, ""];
  figure.className = ["", "reads", "writes"][role];
  figure.querySelector("caption small").textContent = said ? `  ${said}` : "";
  const differing = new Set((slots[`x${panel}`] ?? []).map(([row, column]) => row * columns + column));
  const marks = new Map((slots[`k${panel}`] ?? []).map(([row, column, mark]) => [row * columns + column, mark]));
  for (const cell of figure.querySelectorAll("tbody td")) {
    const row = Number(cell.dataset.row);
    const column = Number(cell.dataset.column);
    const place = row * columns + column;
    const held = faces[face].get(place) ?? "-";
    const classes = cellClasses(panel, row, column, held[0], columns);
    if (differing.has(place)) classes.push("differs");
    if (marks.has(place)) {
      classes.push("mark");
      cell.dataset.mark = marks.get(place);
    }
    const text = held.slice(1);
    if (cell.textContent !== text) cell.textContent = text;
    const className = classes.join(" ");
    if (cell.className !== className) cell.className = className;
    if (classes.includes("now")) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
  }
}

function showPanels() {
  const staged = slots.P.filter((panel) => data.staged[panel]);
  const others = slots.P.filter((panel) => !data.staged[panel]);
  document.body.classList.toggle("unstaged", staged.length === 0);
  element("stage").classList.toggle("triples", staged.some((panel) => data.staged[panel] === 2));
  const place = (id, numbers) => {
    const wanted = numbers.map(figureOf);
    const here = [...element(id).children];
    if (wanted.length !== here.length || wanted.some((one, number) => one !== here[number])) {
      element(id).replaceChildren(...wanted);
    }
    for (const figure of wanted) {
      if (figure.scrollWidth > figure.clientWidth) figure.tabIndex = 0; // what scrolls, scrolls by keys as well
      else figure.removeAttribute("tabindex");
    }
  };
  place("stage", staged);
  place("panels", others);
}

function showSentence() {
  const made = slots.m;
  const sentence = element("sentence");
  const values = { position: slots.p, total: slots.n };
  const parts = [make("b", "", fill(slots.p || made ? words.at : words.start, values)), make("span", "", slots.o)];
  if (slots.q) parts.push(make("span", "", slots.q));
  for (const [number, heading, said] of writes()) {
    const state = number < made ? "done" : number === made ? "next" : "later";
    parts.push(make("span", state, said || heading));
  }
  // words are parted by blanks for whoever listens
  sentence.replaceChildren(...parts.flatMap((part) => [part, " "]));
  element("remarks").replaceChildren(...slots.r.map((line) => make("p", "", line)));
}

function writes() {
  return Array.from({ length: slots.G }, (_, number) => slots[`g${number}`]);
}

let windowed = false;

/** The step's window as the forward pass makes it, above what backward does with it. */
function forwardOf([heading, line, tables]) {
  const box = make("section", "write forward");
  const row = make("div", "tables");
  row.append(...tables.map((table) => smallTable(table, true)));
  box.append(make("h2", "", words.forward_heading), make("h3", "", heading), make("p", "", line), row);
  return box;
}

function turnWindow() {
  windowed = !windowed;
  element("window").setAttribute("aria-pressed", String(windowed));
  showWrites();
}

function showWrites() {
  const found = [make("h2", "", words.writes_heading)];
  if (windowed && slots.V) found.unshift(forwardOf(slots.V));
  for (const [number, heading, , tables, ...lines] of writes()) {
    const box = make("section", "write");
    box.append(make("h3", "", `${number < slots.m ? "✓ " : ""}${heading}`));
    const row = make("div", "tables");
    for (const table of tables) {
      const there = table.length === 3 ? tableFrom(table, Math.max(number - slots.m + 1, 0)) : table;
      row.append(smallTable(there, number < slots.m));
    }
    box.append(row, ...lines.map((line) => make("p", "", line)));
    found.push(box);
  }
  element("writes").replaceChildren(...found);
  element("writes").hidden = slots.G === 0;
}

function smallTable([name, factor, packed, columns, differing], done) {
  const figure = make("figure");
  const table = make("table");
  table.append(make("caption", "", `${name === 0 ? (done ? words.after : words.will_be) : name} ${factor}`.trim()));
  packed.split(" ").forEach((text, number) => {
    const row = number % columns === 0 ? table.insertRow() : table.rows[table.rows.length - 1];
    const cell = row.insertCell();
    cell.textContent = text;
    if (differing?.includes(number)) cell.className = "differs";
  });
  figure.append(table);
  return figure;
}

function showSources() {
  const panes = Array.from({ length: slots.S }, (_, pane) => sourceOf(pane, slots[`s${pane}`]));
  element("sources").replaceChildren(...panes);
  document.body.classList.toggle("numbered", data.sources.some((lines) => lines.some(([number]) => number)));
  for (const pane of panes) {
    const current = pane.querySelector(".current");
    if (current && pane.scrollHeight > pane.clientHeight) pane.scrollTop = current.offsetTop - pane.clientHeight / 2;
  }
}

function sourceOf(pane, source) {
  const box = make("div", "source");
  const digits = Math.max(...data.sources[source].map(([number]) => String(number || "").length));
  box.style.setProperty("--digits", `${digits}ch`);
  box.append(make("h2", "", data.titles[slots.S > 1 ? pane : data.titles.length - 1] ?? ""));
  const list = make("ol");
  data.sources[source].forEach(([number, indent, code], line) => {
    const state = slots[`l${source}.${line}`] ?? "";
    const [turn = "", note = "", said = ""] = state.slice(2).split("\n");
    const mark = { ">": "▶", v: "✓" }[state[0]] ?? "";
    const hue = { r: "reads", w: "writes", n: "taken" }[state[1]];
    const item = make("li", mark === "▶" ? "current" : mark ? "done" : "");
    if (mark === "▶") item.setAttribute("aria-current", "step");
    item.append(make("span", "number", number || ""), make("span", "", `${said}${mark}`));
    const text = make("span", `code ${hue ?? ""}`, code);
    text.style.paddingLeft = `${2 + indent * 0.6}ch`; // what is broken goes on a little to the right
    if (note) text.append("  ", make("span", "note", note));
    item.append(text, make("span", "turn", turn));
    list.append(item);
  });
  box.append(list);
  return box;
}

function showControls() {
  const start = at === low;
  const end = at === high;
  for (const id of ["first", "back", "less"]) element(id).disabled = start;
  for (const id of ["last", "next", "more"]) element(id).disabled = end;
  element("slider").value = slots.p;
  element("slider").setAttribute("aria-valuetext", `${slots.p} / ${slots.n}`);
  if (document.activeElement !== element("goto")) element("goto").value = slots.p;
  if (end) pause();
}

/** What else is done whenever something else is shown. */
const shown = [];

function show() {
  showSentence();
  showPanels();
  showWrites();
  showSources();
  showControls();
  for (const more of shown) more();
}

// ---- keys and buttons --------------------------------------------------------------------------------

let playing = 0;

function pause() {
  clearInterval(playing);
  playing = 0;
  element("play").textContent = words.play;
  element("play").setAttribute("aria-pressed", "false");
  element("sentence").setAttribute("aria-live", "polite");
}

function play() {
  if (playing) return pause();
  if (at === high) seek(low);
  element("sentence").setAttribute("aria-live", "off"); // nobody can listen that fast
  element("play").textContent = words.pause;
  element("play").setAttribute("aria-pressed", "true");
  playing = setInterval(() => seek(nextWhole(at)), data.seconds * 1000);
  return undefined;
}

const does = {
  next: () => seek(nextWhole(at)),
  back: () => seek(previousWhole(at)),
  more: () => seek(at + 1),
  less: () => seek(at - 1),
  first: () => seek(low),
  last: () => seek(high),
  end: endOfLoop,
  start: startOfLoop,
  play,
  window: turnWindow,
};

const keys = {
  n: "next", " ": "next", ArrowRight: "next", N: "back", Backspace: "back", ArrowLeft: "back",
  s: "more", S: "less", f: "end", F: "start", Home: "first", End: "last", e: "play", V: "window",
};

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const target = event.target;
  if (target.matches("input:not([type=range]), textarea, select")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === " " && target.matches("button, summary, a")) return;
  if (target.matches("[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
  if (target.matches("figure") && /^(Arrow|Home|End|Page)/.test(event.key) && target.scrollWidth > target.clientWidth) return;
  if (event.key === "g" && !element("goto").closest("[hidden]")) {
    event.preventDefault();
    element("goto").focus();
    element("goto").select();
    return;
  }
  const name = keys[event.key];
  if (!name) return;
  event.preventDefault();
  if (name === "window" && element("window").hidden) return;
  if (name !== "play") pause();
  does[name]();
}

function begin() {
  for (const name of ["first", "back", "less", "more", "next", "last"]) {
    element(name).addEventListener("click", () => {
      pause();
      does[name]();
    });
  }
  element("play").addEventListener("click", play);
  element("window").addEventListener("click", turnWindow);
  element("window").hidden = !data.frames.some((frame) => frame.V);
  limit(low, high);
  element("slider").addEventListener("input", () => goTo(Number(element("slider").value)));
  element("goto").addEventListener("change", () => goTo(Number(element("goto").value)));
  element("goto").addEventListener("keydown", (event) => {
    if (event.key === "Enter") element("goto").blur();
  });
  document.addEventListener("keydown", (event) => onKey(event));
  element("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  if (data.pages) openPage(0);
  else goTo(data.start);
}
