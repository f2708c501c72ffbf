"use strict";
// Judges answers as convstep's own lessons do: what is right there is right here. Sentences come from Python.

class NoAnswer extends Error {} // what was typed is no answer to this kind of question
class NotJudged extends Error {} // it may be one, but takes more than a page can compute

/** What was typed, in plain signs: Chinese keyboards have wide ones. */
function typed(text) {
  const signs = { "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "。": ".", "、": ",", "\u3000": " " };
  return [...text]
    .map((sign) => {
      const code = sign.codePointAt(0);
      return code > 0xff00 && code < 0xff5f ? String.fromCodePoint(code - 0xfee0) : signs[sign] ?? sign;
    })
    .join("")
    .trim();
}

// ---- numbers: a whole one is a BigInt, as exact as Python's; any other is a Number -------------------------

const FUNCTIONS = /^(abs|isnan|isinf|isfinite|min|max|any|all|sum|mean|size)$/;
const TOKENS = new RegExp(
  "(?<float>(?:\\d(?:_?\\d)*\\.(?:\\d(?:_?\\d)*)?|\\.\\d(?:_?\\d)*)(?:[eE][-+]?\\d(?:_?\\d)*)?" +
    "|\\d(?:_?\\d)*[eE][-+]?\\d(?:_?\\d)*)" +
    "|(?<whole>0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\\d)*|0(?:_?0)*)" +
    "|(?<name>[A-Za-z]\\w*)|(?<sign>\\*\\*|//|==|!=|<=|>=|[-+*/%()<>])|(?<blank>[ \\t\\f]+)",
  "y",
);

function tokensOf(text) {
  const found = [];
  TOKENS.lastIndex = 0;
  while (TOKENS.lastIndex < text.length) {
    const token = TOKENS.exec(text);
    if (!token) throw new NoAnswer(text);
    const { float, whole, name, sign } = token.groups;
    const number = float ?? whole;
    // a digit, letter or point directly behind a number makes another number of it, or none
    if (number !== undefined && /[\w.]/.test(text[TOKENS.lastIndex] ?? "")) throw new NoAnswer(text);
    if (float !== undefined) found.push({ value: Number(float.replaceAll("_", "")) });
    else if (whole !== undefined) found.push({ value: BigInt(whole.replaceAll("_", "")) });
    else if (name !== undefined || sign !== undefined) found.push({ sign: name ?? sign });
  }
  return found;
}

const DEEPEST = 250;
const LARGEST_EXPONENT = 8n;
const COMPARING = /^(==|!=|<=|>=|<|>|and|or|not|in|is)$/;

/** A sum as a tree: {value}, {minus}, {plus} or {operation, left, right}. */
class Reader {
  constructor(tokens) {
    this.tokens = tokens;
    this.at = 0;
    this.brackets = 0;
  }

  get sign() {
    return this.tokens[this.at]?.sign;
  }

  take(...signs) {
    const sign = this.sign;
    if (sign === undefined || !signs.includes(sign)) return undefined;
    this.at += 1;
    return sign;
  }

  whole() {
    const tree = this.sum();
    if (this.at < this.tokens.length) throw new NoAnswer("more");
    return tree;
  }

  chain(signs, part) {
    let tree = part();
    for (let sign = this.take(...signs); sign; sign = this.take(...signs)) {
      tree = { operation: sign, left: tree, right: part() };
    }
    return tree;
  }

  sum() {
    return this.chain(["+", "-"], () => this.chain(["*", "/", "//", "%"], () => this.signed()));
  }

  signed() {
    const sign = this.take("+", "-");
    if (!sign) return this.power();
    return sign === "-" ? { minus: this.signed() } : { plus: this.signed() };
  }

  power() {
    const base = this.single();
    return this.take("**") ? { operation: "**", left: base, right: this.signed() } : base;
  }

  single() {
    const token = this.tokens[this.at];
    if (token === undefined) throw new NoAnswer("too short");
    this.at += 1;
    if (token.value !== undefined) return token;
    if (token.sign === "inf" || token.sign === "nan") return { value: token.sign === "inf" ? Infinity : NaN };
    if (FUNCTIONS.test(token.sign) && this.sign === "(") throw new NotJudged(token.sign);
    if (token.sign !== "(") throw new NoAnswer(token.sign);
    this.brackets += 1;
    if (this.brackets >= 200) throw new NoAnswer("too deep");
    if (this.sign === "not") throw new NotJudged("not");
    const tree = this.sum();
    if (COMPARING.test(this.sign ?? "")) throw new NotJudged(this.sign);
    if (!this.take(")")) throw new NoAnswer("not closed");
    this.brackets -= 1;
    return tree;
  }
}

/** A whole number as it is written out, or undefined. */
function written(tree) {
  if (typeof tree.value === "bigint") return tree.value;
  return typeof tree.minus?.value === "bigint" ? -tree.minus.value : undefined;
}

function check(tree, depth = 1) {
  if (depth > DEEPEST) throw new NoAnswer("too deep");
  if (tree.operation === "**") {
    const exponent = written(tree.right);
    if (exponent === undefined || exponent > LARGEST_EXPONENT || exponent < -LARGEST_EXPONENT) {
      throw new NoAnswer("exponent");
    }
    check(tree.left, depth + 1);
  } else {
    for (const part of [tree.minus, tree.plus, tree.left, tree.right]) if (part) check(part, depth + 1);
  }
}

function asFloat(value) {
  const number = Number(value);
  if (typeof value === "bigint" && !Number.isFinite(number)) throw new NoAnswer("too large");
  return number;
}

/** Quotient and remainder as Python has them: the remainder has the sign of the divisor. */
function dividedFloats(left, right) {
  let rest = left % right;
  let quotient = (left - rest) / right;
  if (Number.isNaN(quotient)) return [NaN, NaN];
  if (rest) {
    if (right < 0 !== rest < 0) {
      rest += right;
      quotient -= 1;
    }
  } else rest = right < 0 ? -0 : 0;
  if (!quotient) return [0, rest];
  const floor = Math.floor(quotient);
  return [quotient - floor > 0.5 ? floor + 1 : floor, rest];
}

function dividedWholes(left, right) {
  const rest = left % right;
  const over = rest !== 0n && rest < 0n !== right < 0n;
  return [left / right - (over ? 1n : 0n), over ? rest + right : rest];
}

function combined(operation, left, right) {
  const wholes = typeof left === "bigint" && typeof right === "bigint";
  if ("//%".includes(operation) && Number(right) === 0) throw new NoAnswer("division by zero");
  if (operation === "/") return asFloat(left) / asFloat(right);
  const [first, second] = wholes ? [left, right] : [asFloat(left), asFloat(right)];
  if (operation === "+") return first + second;
  if (operation === "-") return first - second;
  if (operation === "*") return first * second;
  const [quotient, rest] = (wholes ? dividedWholes : dividedFloats)(first, second);
  return operation === "//" ? quotient : rest;
}

function raised(base, exponent) {
  const times = exponent < 0n ? -exponent : exponent;
  let result = base;
  for (let count = 1n; count < times; count += 1n) result = combined("*", result, base);
  return exponent < 0n ? combined("/", 1, result) : result;
}

function valueOf(tree) {
  if (tree.minus) return -valueOf(tree.minus);
  if (tree.plus) return valueOf(tree.plus);
  if (tree.operation === "**") {
    const exponent = written(tree.right);
    return exponent === 0n ? 1 : raised(valueOf(tree.left), exponent);
  }
  if (tree.operation) return combined(tree.operation, valueOf(tree.left), valueOf(tree.right));
  return tree.value;
}

/** The number of a sum that was typed. */
function arithmetic(text) {
  let sum = typed(text);
  if (/^[-+]?\d*,\d+$/.test(sum)) sum = sum.replace(",", ".");
  sum = sum.replace(/#.*/, "");
  if (sum.length > 500) throw new NoAnswer("too long");
  const tree = new Reader(tokensOf(sum)).whole();
  check(tree);
  const value = asFloat(valueOf(tree));
  if (!Number.isFinite(value)) throw new NoAnswer("not finite");
  return value;
}

// ---- the kinds of questions --------------------------------------------------------------------------------

const judges = {
  value(asks, answer) {
    const near = (number, value) => Math.abs(number - value) <= asks.tolerance;
    let number;
    try {
      number = arithmetic(answer);
    } catch (error) {
      if (error instanceof NoAnswer) error.message = fill(asks.says["not.number"], { text: `'${answer.trim()}'` });
      throw error;
    }
    if (near(number, asks.value)) return { right: true, said: asks.right };
    const slip = asks.known.find(([, value]) => near(number, value));
    return { right: false, said: slip ? fill(asks.says[`wrong.value.${slip[0]}`], { text: answer.trim() }) : asks.wrong };
  },

  shape(asks, answer) {
    const text = typed(answer);
    if (!/^[([]?\s*\d{1,9}(?:(?:\s*[,x*]\s*|\s+)\d{1,9})*\s*,?\s*[)\]]?$/.test(text)) {
      throw new NoAnswer(asks.error.replace("{text}", `'${answer.trim()}'`));
    }
    const shape = text.match(/\d+/g).map(Number);
    const same = (one, other) => one.length === other.length && one.every((size, axis) => size === other[axis]);
    if (same(shape, asks.shape)) return { right: true, said: asks.right };
    return { right: false, said: slipOfShape(asks, shape, same) };
  },

  step(asks, answer) {
    const text = typed(answer).toLowerCase();
    const position = placeOf(text, asks);
    if (position === undefined) throw new NoAnswer(asks.error.replace("{text}", `'${answer.trim()}'`));
    const right = asks.steps.includes(position - 1);
    return { right, said: right ? asks.right : asks.wrong };
  },

  choice(asks, answer) {
    const right = asks.options[Number(answer) - 1];
    return { right, said: right ? asks.right : asks.wrong };
  },

  line(asks, answer) {
    const right = asks.lines.includes(Number(answer));
    return { right, said: right ? asks.right : fill(asks.says["wrong.line"], { line: answer }) };
  },

  cells(asks, answer) {
    if (!answer.length) throw new NoAnswer(asks.says["not.cells"]);
    const wanted = new Set(asks.cells.map(String));
    const hit = answer.filter((cell) => wanted.has(String(cell))).length;
    const extra = answer.length - hit;
    const right = hit === wanted.size && !extra;
    return { right, said: right ? asks.right : fill(asks.says["wrong.cells"], { hit, total: wanted.size, extra }) };
  },
};

function slipOfShape(asks, shape, same) {
  const { says, name } = asks;
  const count = asks.shape.length;
  const other = asks.others.find(([, held]) => same(held, shape));
  if (other) {
    const text = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
    return fill(says["wrong.shape.other"], { shape: text, other: other[0] });
  }
  if (shape.length !== count) {
    const named = shape.length === 1 ? "wrong.shape.axis" : "wrong.shape.axes";
    return fill(says[name ? named : `${named}.asked`], { name, found: shape.length, count });
  }
  const ordered = (one) => [...one].sort((first, second) => first - second);
  if (same(ordered(shape), ordered(asks.shape))) return says["wrong.shape.order"];
  const hit = shape.filter((size, axis) => size === asks.shape[axis]).length;
  if (count === 1) return asks.wrong;
  return fill(says[hit === 1 ? "wrong.shape.size" : "wrong.shape.sizes"], { hit, count });
}

/** The position that a text means, as `--goto` has it; undefined where there is none. */
function placeOf(text, { counts, spoken, total }) {
  if (text === "start") return 0;
  if (text === "end") return total;
  const within = (position) => (position <= total ? position : undefined);
  const percent = /^(\d{1,18}(?:\.\d+)?)\s*%$/.exec(text);
  if (percent) return within(rounded((Number(percent[1]) / 100) * total));
  if (/^\d{1,18}$/.test(text)) return within(Number(text));
  const parts = text.split(/[,\s()]+/).filter(Boolean);
  if (parts.length < 2 || !parts.every((part) => /^\d{1,18}$/.test(part))) return undefined;
  const named = parts.length === counts.length ? counts : counts.slice(counts.length - spoken);
  if (parts.length > named.length) return undefined;
  const numbers = named.map((count, axis) => Number(parts[axis] ?? 0));
  if (numbers.some((number, axis) => number >= named[axis])) return undefined;
  return numbers.reduce((step, number, axis) => step * named[axis] + number, 0) + 1;
}

/** To the nearest whole number; a half goes to the even one. */
function rounded(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 ? floor + 1 : floor;
}

/** Whether an answer is right, and what is said about it; `right` is null where it cannot be judged here. */
function judge(asks, answer) {
  try {
    return judges[asks.kind](asks, answer);
  } catch (error) {
    if (error instanceof NotJudged) return { right: null, said: words.not_judged };
    if (error instanceof NoAnswer) return { right: false, said: error.message, none: true };
    throw error;
  }
}
