"""The text of an expression as a syntax tree, and errors that point into it. Nothing typed is ever run."""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterable

from convstep.language import tr
from convstep.printable import SentenceError

LONGEST = 500
"""Characters of an expression."""
UNREADABLE = "this cannot be read; {looks}"
"""Where Python says no more than that the syntax is invalid."""
COMPLAINTS = {
    "was never closed": "this bracket is never closed",
    "unmatched": "this bracket is never opened",
    "does not match": "this bracket closes one of another kind",
    "string literal": "text in quotes is not allowed",
    "literal": "this number cannot be read",
    "forgot a comma": "an operator is missing between these",
}
"""By a part of what Python says: what is said instead."""


class ExpressionError(SentenceError, ValueError):
    """An expression that cannot be understood; the message is one sentence that says where."""

    def __init__(self, message: str, column: int, piece: str = "") -> None:
        """Point at the offending piece in a column counted from 1; 0 where there is no text."""
        place = "column {column}, {piece!r}: {message}" if piece else "column {column}: {message}"
        super().__init__(tr(place, column=column, piece=piece, message=message) if column else message)
        self.column = column
        """Where in the text, counted from 1; 0 where there is no text."""


def parse_text(text: str, looks: str) -> ast.expr:
    """What Python reads in an expression; ExpressionError for none, which says what one `looks` like."""
    lead = len(text) - len(text.lstrip())
    if not text.strip():
        raise ExpressionError(tr("nothing was typed; {looks}", looks=looks), 0)
    if len(text) > LONGEST:
        raise ExpressionError(
            tr("it has {count} characters; at most {most} are allowed", count=len(text), most=LONGEST),
            LONGEST + 1,
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _tree(text.strip())
    except SyntaxError as error:
        offset = lead + _offset(text.strip(), error.lineno, error.offset - 1) if error.offset else len(text)
        raise _syntax_error(text, offset, error.msg, looks) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(tr("it cannot be read; {looks}", looks=looks), lead + 1) from None


def _tree(text: str) -> ast.expr:
    """What Python reads; once more where another thread was reading at that moment.

    Python 3.11 keeps the depth of what it reads once for all threads, and says SystemError when they meet.
    """
    try:
        return ast.parse(text, mode="eval").body
    except SystemError:
        return ast.parse(text, mode="eval").body


def check_characters(text: str, deepest: int) -> None:
    """Refuse what Python's own parser is slow or blunt about: more than one line, comments, deep brackets."""
    depth = 0
    for column, character in enumerate(text, 1):
        if character == "#" or not (character.isprintable() or character == "\t"):
            raise ExpressionError(tr("this character means nothing here"), column, character)
        depth += (character in "([{") - (character in ")]}")
        if depth > deepest:
            raise ExpressionError(tr("brackets are nested more than {most} deep", most=deepest), column)


def _syntax_error(text: str, offset: int, message: str, looks: str) -> ExpressionError:
    """Python's complaint, in words about expressions."""
    for wrong, right in (("&&", "and"), ("||", "or"), ("===", "==")):
        if wrong in text:
            return ExpressionError(tr("use {right}", right=right), text.index(wrong) + 1, wrong)
    for place, character in enumerate(text):
        around = text[max(place - 1, 0) : place + 2]
        if character == "=" and not any(pair in around for pair in ("==", "<=", ">=", "!=", ":=")):
            return ExpressionError(tr("this assigns; compare with =="), place + 1, "=")
        if character == "!" and text[place + 1 : place + 2] != "=":
            return ExpressionError(tr("use {right}", right="not"), place + 1, "!")
    offset = max(min(offset, len(text.rstrip())), 0)
    piece = _shortened(text[offset:].strip())
    if not piece:
        return ExpressionError(tr("it ends too early; {looks}", looks=looks), offset + 1)
    ours = next((ours for theirs, ours in COMPLAINTS.items() if theirs in message), UNREADABLE)
    return ExpressionError(tr(ours, looks=looks), offset + 1, piece)


def error_at(text: str, node: ast.expr, reason: str) -> ExpressionError:
    """An error that points at a part, a node of `parse_text(text)`, of an expression."""
    lead, read = len(text) - len(text.lstrip()), text.strip()
    line = read.split("\n")[node.lineno - 1] if node.lineno <= read.count("\n") + 1 else ""
    # the tree counts bytes
    column = lead + _offset(read, node.lineno, len(line.encode()[: node.col_offset].decode(errors="ignore")))
    piece = _shortened(ast.get_source_segment(read, node) or read)
    return ExpressionError(reason, min(column, len(text)) + 1, piece)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, if one is close."""
    lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5 if len(name) <= 3 else 0.6)
    return lower[near[0]] if near else None


def _offset(text: str, line: int | None, column: int) -> int:
    """Where a column of a line stands in the text; a lesson's expression may go over several lines."""
    before = text.split("\n")[: (line or 1) - 1]
    return sum(len(earlier) + 1 for earlier in before) + column


def _shortened(piece: str) -> str:
    """As much of a piece of text as fits in a sentence."""
    return piece if len(piece) <= 24 else piece[:23] + "…"
