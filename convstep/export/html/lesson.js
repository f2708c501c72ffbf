"use strict";
// The pages of a lesson: each has a scene for its question, and steps from there to what is true afterwards.

const sections = [...document.querySelectorAll(".page")];
let current = 0;

function openPage(number) {
  current = Math.min(Math.max(number, 0), sections.length - 1);
  sections.forEach((section, at) => {
    section.hidden = at !== current;
  });
  element("previous-page").disabled = current === 0;
  element("next-page").disabled = current === sections.length - 1;
  picked.clear();
  stand();
}

/** Where the page says; what comes after its question can be stepped through once that is answered. */
function stand() {
  const [first, answered, last] = data.pages[current].frames;
  const open = Boolean(data.pages[current].asks) && sections[current].querySelector(".answer").hidden;
  limit(first, open ? first : last);
  seek(open ? first : answered);
  element("bar").hidden = low === high;
}

function reveal(section) {
  section.querySelector(".answer").hidden = false;
  for (const field of section.querySelectorAll("form button, form input")) field.disabled = true;
  picked.clear();
  stand();
}

// ---- cells that are marked -----------------------------------------------------------------------------------

const picked = new Map();

/** The figure on which cells are marked, where the page asks for some. */
function pickable() {
  const asks = data.pages[current].asks;
  if (asks?.kind !== "cells" || sections[current].querySelector("form input, form button")?.disabled) return null;
  return document.querySelector(`figure[data-panel="${asks.panel}"]`);
}

function pick(cell) {
  const place = [Number(cell.dataset.row), Number(cell.dataset.column)];
  if (picked.has(String(place))) picked.delete(String(place));
  else picked.set(String(place), place);
  showPicked();
}

function showPicked() {
  const figure = pickable();
  const others = new Set(figure ? data.pages[current].asks.others.map(String) : []);
  for (const cell of document.querySelectorAll("[data-row]")) {
    const here = (figure?.contains(cell) ?? false) && !others.has(`${cell.dataset.row},${cell.dataset.column}`);
    const chosen = here && picked.has(`${cell.dataset.row},${cell.dataset.column}`);
    cell.classList.toggle("pick", here);
    cell.classList.toggle("chosen", chosen);
    if (here) {
      cell.tabIndex = 0;
      cell.setAttribute("role", "checkbox");
      cell.setAttribute("aria-checked", String(chosen));
      cell.setAttribute("aria-label", `[${cell.dataset.row}, ${cell.dataset.column}] ${cell.textContent}`);
    } else {
      for (const name of ["tabindex", "role", "aria-checked", "aria-label"]) cell.removeAttribute(name);
    }
  }
}

// ---- questions -------------------------------------------------------------------------------------------------

function answerOf(section, asks) {
  if (asks.kind === "cells") return [...picked.values()];
  const field = section.querySelector("input:checked, input[type=text]");
  return field ? field.value : "";
}

function submit(section, asks) {
  const answer = answerOf(section, asks);
  const verdict = section.querySelector(".verdict");
  if (answer === "") return;
  const { right, said } = judge(asks, answer);
  verdict.textContent = said;
  verdict.className = `verdict ${right === null ? "" : right ? "right" : "wrong"}`;
  if (right) reveal(section);
  else if (asks.kind === "choice") section.querySelector(`.reason[data-option="${answer}"]`).hidden = false;
}

function prepare(section, number) {
  const asks = data.pages[number].asks;
  if (!asks) return;
  section.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (asks.kind !== "shown") submit(section, asks);
  });
  if (asks.kind === "shown") section.querySelector("[type=submit]").remove(); // the answer can be looked at
  section.querySelector(".solution").addEventListener("click", () => reveal(section));
  const more = section.querySelector(".more-hints");
  more?.addEventListener("click", () => {
    section.querySelector(".hint[hidden]").hidden = false;
    more.disabled = !section.querySelector(".hint[hidden]");
  });
}

function onLessonKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if ((event.key === "Enter" || event.key === " ") && event.target.matches(".pick")) {
    event.preventDefault();
    pick(event.target);
    return;
  }
  if (event.target.matches("input[type=text], input[type=number]")) return;
  const button = { h: ".more-hints", A: ".solution" }[event.key];
  if (button) sections[current].querySelector(button)?.click();
  const turns = { p: 1, P: -1, PageDown: 1, PageUp: -1 }[event.key];
  if (!turns) return;
  event.preventDefault();
  turnPage(turns);
}

function turnPage(by) {
  pause();
  openPage(current + by);
  sections[current].querySelector("h2").focus();
}

sections.forEach(prepare);
element("previous-page").addEventListener("click", () => turnPage(-1));
element("next-page").addEventListener("click", () => turnPage(1));
// before the keys of the steps: a marked cell takes Space and Enter
document.addEventListener("keydown", onLessonKey, true);
element("replay").addEventListener("click", (event) => {
  const cell = event.target.closest(".pick");
  if (cell) pick(cell);
});
shown.push(showPicked);
