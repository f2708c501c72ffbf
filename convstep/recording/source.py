"""Source: the text of somebody's file, and the definitions in it that code objects come from."""

from __future__ import annotations

import ast
import linecache
import tokenize
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType

from convstep.brief import brief
from convstep.frozen import frozen


@frozen()
class SourceText:
    """A file as its author sees it."""

    path: str
    """Where it is; what Python calls it where it is no file: `<ipython-input-3>`."""
    lines: tuple[str, ...] = field(repr=False)
    """Its lines without their ends; line 1 stands at 0."""
    cell: int | None = None
    """The cell of a notebook that it is, from 1; None for a file."""

    __repr__ = brief

    def line(self, number: int) -> str:
        """A line, counted from 1; "" where there is none."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def statement(self, number: int) -> str:
        """The statement that a line belongs to, on one line; of one with a body, its head."""
        try:
            heads = _parsed(self.path, "\n".join(self.lines)).heads
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return self.line(number).strip()
        around = [(first, last) for first, last in heads if first <= number <= last]
        first, last = max(around, default=(number, number))
        return on_one_line(self.lines[first - 1 : last])


@frozen()
class Definition:
    """A function in a file."""

    node: ast.FunctionDef
    """Its syntax tree, its lines those of the file."""
    around: tuple[ast.ClassDef | ast.FunctionDef, ...]
    """The classes and functions that it stands in, outermost first."""

    @property
    def name(self) -> str:
        """With what it stands in: `Conv.backward`."""
        return ".".join(one.name for one in (*self.around, self.node))


@dataclass(frozen=True, eq=False)
class Source:
    """A file and its syntax tree."""

    text: SourceText
    tree: ast.Module
    """What is run, not to be changed; of a Python 2 file another text than what is seen, line for line."""

    @classmethod
    def read(cls, path: str) -> Source | None:
        """What Python knows of a file or cell by its code's name, or None; SyntaxError if it is none now."""
        lines = linecache.getlines(path)
        return _parsed(path, "".join(lines)) if lines else None

    @cached_property
    def heads(self) -> Sequence[tuple[int, int]]:
        """The first and the last line of each statement; of one with a body, of its head."""
        return [(one.lineno, head_end(one)) for one in ast.walk(self.tree) if isinstance(one, ast.stmt)]

    @cached_property
    def _by_line(self) -> Mapping[tuple[str, int], Definition]:
        """The functions by name, and the line of their `def` or first decorator: the tree is walked once."""
        found: dict[tuple[str, int], Definition] = {}
        for one in _definitions(self.tree, ()):
            for line in (one.node.lineno, _first(one.node)):
                found.setdefault((one.node.name, line), one)
        return found

    def definition(self, code: CodeType) -> Definition | None:
        """Where a code object is defined; None for a lambda, and for what is not in this file."""
        if code.co_name == "<lambda>":
            return self._lambda(code)
        return self._by_line.get((code.co_name, code.co_firstlineno))

    def _lambda(self, code: CodeType) -> Definition | None:
        """A lambda as a function that returns; None where several could be meant."""
        places = {at for at in code.co_positions() if None not in at}
        found = [
            one
            for one in ast.walk(self.tree)
            if isinstance(one, ast.Lambda) and one.lineno == code.co_firstlineno and _holds(one.body, places)
        ]
        if len(found) != 1:
            return None
        (only,) = found
        body = ast.copy_location(ast.Return(only.body), only.body)
        node = ast.FunctionDef("<lambda>", only.args, [body], [])
        return Definition(ast.copy_location(node, only), ())


def head_end(node: ast.stmt) -> int:
    """The last line of a statement; of one with a body, the last before that."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.Match):
        return node.subject.end_lineno or node.lineno
    if not body:
        return node.end_lineno or node.lineno
    return max(node.lineno, _first(body[0]) - 1)


def on_one_line(lines: Sequence[str]) -> str:
    """A statement as it is written, its lines joined without comments; a long one ends in an ellipsis."""
    if len(lines) == 1 and "#" not in lines[0]:
        return lines[0].strip()
    text, before, row, end = "", "", 1, 0
    try:
        for token in tokenize.generate_tokens(iter([f"{line}\n" for line in lines]).__next__):
            if token.type in _UNSEEN:
                continue
            (now, column), word = token.start, " ".join(token.string.split("\n"))
            gap = token.line[end:column] if text and now == row else ""
            if text and now > row and before not in _OPENING and word not in _CLOSING:
                gap = " "
            text, before, (row, end) = text + gap + word, word, token.end
    except (tokenize.TokenError, SyntaxError):
        text = " ".join(line.strip() for line in lines)
    if len(text) <= LONG:
        return text
    return f"{text[:LONG].rpartition(' ')[0]} …"


_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_UNSEEN = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
LONG = 240
"""Characters of a statement that are quoted at the most."""


@lru_cache(maxsize=8)
def _parsed(path: str, text: str) -> Source:
    """A file by its text: recorded again, it need not be read anew."""
    return Source(SourceText(path, tuple(text.removesuffix("\n").split("\n"))), ast.parse(text))


def _holds(body: ast.expr, places: Collection[tuple[int | None, ...]]) -> bool:
    """Whether an expression spans all that code comes from."""
    first, last = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    begins = [(line, column) for line, _, column, _ in places if line and column is not None and column >= 0]
    ends = [(line, column) for _, line, _, column in places if line and column]
    return all(first <= at for at in begins if at[1]) and all(at <= last for at in ends) and last in ends


def _first(node: ast.stmt) -> int:
    """The line of its first decorator, or its own."""
    decorators: Sequence[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(one.lineno for one in decorators)])


def _definitions(node: ast.AST, around: tuple[ast.ClassDef | ast.FunctionDef, ...]) -> Iterator[Definition]:
    for child in _statements(node):
        inside = around
        if isinstance(child, ast.FunctionDef):
            yield Definition(child, around)
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            inside = (*around, child)
        yield from _definitions(child, inside)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in the blocks of a statement, and what has blocks in it: a `def` stands nowhere else."""
    for name in _BLOCKS:
        yield from getattr(node, name, ())


_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
