"""Patch: lines that stand for others in a readable loop, and the text that this makes."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from convstep.brief import brief
from convstep.frozen import NamedTuple, frozen

ARTICLE = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, _ = dZ.shape
    C_out, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    dW = np.zeros(W.shape)
    db = np.zeros(C_out)
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    for i_n in range(N):
        for i_h in range(H_out):
            for i_w in range(W_out):
                h_start, w_start = i_h * s_h, i_w * s_w
                h = slice(h_start, h_start + d_h * (f_h - 1) + 1, d_h)
                w = slice(w_start, w_start + d_w * (f_w - 1) + 1, d_w)
                for i_c in range(C_out):
                    c_start = i_c // (C_out // groups) * C_k
                    c = slice(c_start, c_start + C_k)
                    a_slice = A_prev_pad[i_n, h, w, c]
                    dz = dZ[i_n, i_h, i_w, i_c]
                    dW[i_c] += a_slice * dz
                    db[i_c] += dz
                    dA_prev_pad[i_n, h, w, c] += W[i_c] * dz
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""The article's: step by step."""

COLUMNS = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, _ = dZ.shape
    C_out, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    columns = np.zeros((N, H_out, W_out, f_h, f_w, C_in))
    for k_h in range(f_h):
        for k_w in range(f_w):
            h = slice(k_h * d_h, k_h * d_h + (H_out - 1) * s_h + 1, s_h)
            w = slice(k_w * d_w, k_w * d_w + (W_out - 1) * s_w + 1, s_w)
            columns[:, :, :, k_h, k_w] = A_prev_pad[:, h, w]
    dZ_rows = dZ.reshape(N * H_out * W_out, C_out)
    db = dZ_rows.sum(axis=0)
    dW = np.zeros(W.shape)
    dcolumns = np.zeros((N, H_out, W_out, f_h, f_w, C_in))
    for g in range(groups):
        c = slice(g * C_k, (g + 1) * C_k)
        i_c = slice(g * (C_out // groups), (g + 1) * (C_out // groups))
        rows = columns[..., c].reshape(N * H_out * W_out, f_h * f_w * C_k)
        dW_rows = dZ_rows[:, i_c].T @ rows
        dW[i_c] = dW_rows.reshape(-1, f_h, f_w, C_k)
        W_rows = W[i_c].reshape(-1, f_h * f_w * C_k)
        drows = dZ_rows[:, i_c] @ W_rows
        dcolumns[..., c] = drows.reshape(N, H_out, W_out, f_h, f_w, C_k)
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    for k_h in range(f_h):
        for k_w in range(f_w):
            h = slice(k_h * d_h, k_h * d_h + (H_out - 1) * s_h + 1, s_h)
            w = slice(k_w * d_w, k_w * d_w + (W_out - 1) * s_w + 1, s_w)
            dA_prev_pad[:, h, w] += dcolumns[:, :, :, k_h, k_w]
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""With im2col and col2im: one matrix product, all windows at once."""

TRANSPOSED = """
def backward(dZ, A_prev, W, b, stride, padding, dilation, groups):
    (s_h, s_w), (d_h, d_w) = stride, dilation
    (p_t, p_b), (p_l, p_r) = padding
    N, H_in, W_in, C_in = A_prev.shape
    _, H_out, W_out, C_out = dZ.shape
    _, f_h, f_w, C_k = W.shape
    A_prev_pad = zero_pad(A_prev, p_t, p_b, p_l, p_r)
    dZ_up = np.zeros((N, (H_out - 1) * s_h + 1, (W_out - 1) * s_w + 1, C_out)); dZ_up[:, ::s_h, ::s_w] = dZ
    _, H_up, W_up, _ = dZ_up.shape
    db = dZ.sum(axis=(0, 1, 2))
    t_h, t_w = (A_prev_pad.shape[1] - H_up) // d_h + 1, (A_prev_pad.shape[2] - W_up) // d_w + 1
    dW_valid = np.zeros((C_out, t_h, t_w, C_k))
    around_h, around_w = d_h * (f_h - 1), d_w * (f_w - 1)
    dZ_pad = zero_pad(dZ_up, around_h, around_h, around_w, around_w)
    W_rotated = W[:, ::-1, ::-1]
    H_full, W_full = H_up + around_h, W_up + around_w
    dA_full = np.zeros((N, H_full, W_full, C_in))
    for i_c in range(C_out):
        c = slice(i_c // (C_out // groups) * C_k, (i_c // (C_out // groups) + 1) * C_k)
        dz = dZ_up[..., i_c, np.newaxis]
        dz_pad = dZ_pad[..., i_c, np.newaxis]
        for k_h in range(t_h):
            for k_w in range(t_w):
                a_slice = A_prev_pad[:, k_h * d_h:k_h * d_h + H_up, k_w * d_w:k_w * d_w + W_up, c]
                dW_valid[i_c, k_h, k_w] = (a_slice * dz).sum(axis=(0, 1, 2))
        for k_h in range(f_h):
            for k_w in range(f_w):
                dz_slice = dz_pad[:, k_h * d_h:k_h * d_h + H_full, k_w * d_w:k_w * d_w + W_full]
                dA_full[..., c] += W_rotated[i_c, k_h, k_w] * dz_slice
    dW = dW_valid[:, :f_h, :f_w]
    dA_prev_pad = np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in))
    dA_prev_pad[:, :H_full, :W_full] = dA_full
    dA_prev = dA_prev_pad[:, p_t:p_t + H_in, p_l:p_l + W_in]
    return dW, db, dA_prev
"""
"""As correlations: `dA_prev` of the spread, padded dZ with the rotated kernel, `dW` of the input with dZ."""

LOOPS = (ARTICLE, COLUMNS, TRANSPOSED)
"""A patch is one of the first that has all of its lines."""


ALL = ("dW", "db", "dA_prev")
"""The gradients, in the order in which the loops return them."""

_NAME = re.compile(r"(?<![.\w])[A-Za-z_]\w*(?![\w=])")
"""A variable; no attribute, no keyword argument."""


@frozen()
class Patch:
    """What is written in place of which lines; without any, the loop is right."""

    lines: tuple[tuple[str, str], ...] = ()
    """`(wrong, right)` each, in the loop's order."""

    __repr__ = brief

    @property
    def wrong(self) -> str:
        """The lines as people write them."""
        return "\n".join(wrong for wrong, _ in self.lines)

    @property
    def right(self) -> str:
        """The lines as they should be."""
        return "\n".join(right for _, right in self.lines)


class _Line(NamedTuple):
    """One line of a function, or what is written in its place."""

    text: str
    """With its indentation."""
    indent: str
    sets: frozenset[str]
    """The names it assigns, or assigns into."""
    names: frozenset[str]


class _Loop:
    """A readable loop, taken apart."""

    def __init__(self, text: str) -> None:
        self.names = _names(text)
        """Every name in it."""
        _, *lines = text.strip().splitlines()
        self.body = [_line(line[4 : len(line) - len(line.lstrip())], line.strip()) for line in lines]
        """Its lines, the indentation counted from column 0."""
        self.around = [tuple(_around(self.body, number)) for number in range(len(self.body))]
        """By a line's number, those of the heads of the loops that it is in."""
        self.place = {line.strip(): number for number, line in enumerate(lines)}
        """By a line's text, its number."""
        self.does = {_key(line.partition("; ")[0]): line for line in self.place}
        """By what a line does, its text."""

    @functools.cache  # noqa: B019  (there are three loops, for ever)
    def needed(self, gradient: str) -> tuple[list[int], frozenset[str]]:
        """The numbers of the lines that a gradient needs where nothing is wrong, and all names in them."""
        kept = _needed(self.body[:-1], {gradient}, self.around)
        return kept, frozenset({gradient}.union(*(self.body[number].names for number in kept)))


def patch(*wrong: str) -> Patch:
    """A patch by its wrong lines: each takes the place of the line that assigns the same.

    They are of the first loop that has such lines and all the variables. Statements may be joined by "; ",
    and what begins a loop may have lines of its body beneath it: one of them says which line is replaced, the
    others come along.

    >>> patch("dz = dZ[i_n, i_w, i_h, i_c]").right
    'dz = dZ[i_n, i_h, i_w, i_c]'
    """
    for loop in _loops():
        lines = {}
        for text in wrong:
            parts = map(_key, text.partition("\n")[0].split("; "))
            lines[next((loop.does[key] for key in parts if key in loop.does), "")] = text
        if _loop_with(lines) is loop:
            return _in_order(loop, lines)
    raise ValueError(f"no loop has the lines of {wrong}")


def both(first: Patch, second: Patch) -> Patch | None:
    """A backward with two patches; None where they change one line differently, or different loops.

    >>> both(patch("dA_prev = dA_prev_pad"), patch("dA_prev = dA_prev_pad[:, p_t:, p_l:]"))
    """
    lines = {right: wrong for wrong, right in first.lines}
    for wrong, right in second.lines:
        if lines.setdefault(right, wrong) != wrong:
            return None
    loop = _loop_with(lines)
    return None if loop is None else _in_order(loop, lines)


@functools.lru_cache(maxsize=1 << 12)
def program(gradient: str, change: Patch) -> tuple[str, ...]:
    """A patched loop, as far as "dW", "db" or "dA_prev" needs it: statements, and the expression for it."""
    loop = _loop_with({right: wrong for wrong, right in change.lines})
    assert loop is not None
    lines = loop.body.copy()
    changed = {loop.place[right]: wrong for wrong, right in change.lines}
    for number, wrong in changed.items():
        lines[number] = _line(lines[number].indent, wrong)
    *body, end = lines
    before, _, returned = end.text.rpartition("return ")
    value = _returned(returned)[ALL.index(gradient)]
    body += [_line("", before.rstrip("; "))] if before else []
    kept, known = loop.needed(gradient)
    own = [body[number].names for number in changed if number in kept]
    if not all(names <= known for names in (*own, _names(value))):
        kept = _needed(body, _names(value), loop.around)
    statements: list[str] = []
    for line in map(body.__getitem__, kept):
        if line.indent:
            statements[-1] += f"\n{line.text}"
        else:
            statements.append(line.text)
    return *statements, value


def shown(change: Patch, gradients: Sequence[str]) -> Patch:
    """A patch as far as some gradients depend on it: the lines to show where the others are right."""
    lines = []
    for number, (wrong, right) in enumerate(change.lines):
        rest = Patch(change.lines[:number] + change.lines[number + 1 :])
        if rest.lines and all(program(name, change) == program(name, rest) for name in gradients):
            continue
        before, returns, own = wrong.rpartition("return ")
        if returns:
            parts = zip(ALL, _returned(own), _returned(right.rpartition("return ")[2]), strict=True)
            wrong = (
                before + returns + ", ".join(mine if name in gradients else its for name, mine, its in parts)
            )
        lines.append((wrong, right))
    return Patch(tuple(lines))


@functools.cache
def _loops() -> tuple[_Loop, ...]:
    return tuple(map(_Loop, LOOPS))


def _loop_with(lines: Mapping[str, str]) -> _Loop | None:
    """The first loop that has all of the right lines, and those variables of the wrong ones that any has."""
    meant = _names("".join(LOOPS)) & frozenset().union(*map(_names, lines.values()))
    return next(
        (loop for loop in _loops() if lines.keys() <= loop.place.keys() and meant <= loop.names), None
    )


def _in_order(loop: _Loop, lines: Mapping[str, str]) -> Patch:
    return Patch(tuple((lines[line], line) for line in loop.place if line in lines))


@functools.lru_cache(maxsize=1 << 12)
def _names(text: str) -> frozenset[str]:
    return frozenset(_NAME.findall(text))


def _key(statement: str) -> tuple[str, ...]:
    """What a statement does: its loop's variable, or the names it assigns (into)."""
    if statement.startswith(("for ", "return ")):
        return tuple(_NAME.findall(statement)[: 1 + statement.startswith("for ")])
    target, assigned, _ = statement.partition("=")
    if not assigned:  # the sum that nobody keeps
        return "into", *_NAME.findall(statement)[:1]
    return "into" if "[" in target else "", *sorted(_targets(statement))


def _targets(statement: str) -> list[str]:
    target, assigned, _ = statement.partition("=")
    return _NAME.findall(re.sub(r"\[.*\]", "", target)) if assigned else []


@functools.lru_cache(maxsize=1 << 12)
def _line(indent: str, text: str) -> _Line:
    sets = frozenset(name for part in re.split("; |\n", text) for name in _targets(part))
    return _Line(textwrap.indent(text, indent), indent, sets, _names(text))


def _needed(body: Sequence[_Line], names: Iterable[str], around: Sequence[tuple[int, ...]]) -> list[int]:
    """The numbers of the lines that some names depend on; they do for them what all lines do.

    What is beyond `around`, which has each line's loops, is in none.
    """
    setters: dict[str, list[int]] = {}
    for number, line in enumerate(body):
        for name in line.sets:
            setters.setdefault(name, []).append(number)
    kept: set[int] = set()
    wanted = setters.keys() & names
    while wanted:
        for number in setters.pop(wanted.pop()):
            if number not in kept:
                for index in (number, *(around[number] if number < len(around) else ())):
                    kept.add(index)
                    wanted |= setters.keys() & body[index].names
    return sorted(kept)


def _around(body: Sequence[_Line], number: int) -> Iterator[int]:
    """The heads of the loops that a line is in."""
    indent = body[number].indent
    while indent:
        number -= 1
        if len(body[number].indent) < len(indent):
            indent = body[number].indent
            yield number


@functools.lru_cache(maxsize=1 << 10)
def _returned(line: str) -> list[str]:
    """The expressions of `dW, db, dA_prev`: what stands between its outer commas."""
    parts = re.findall(r"(?:[^,(]|\((?:[^()]|\([^()]*\))*\))+", line)
    return [part.strip() for part in parts]
