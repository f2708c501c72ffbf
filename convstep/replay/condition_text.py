"""The words of a condition, and its text as a syntax tree. Python only reads it; nothing runs."""

from __future__ import annotations

import ast
import difflib
import warnings

import numpy as np

from convstep.language import tr
from convstep.printable import SentenceError

SCALARS = ("step", "position", "i_n", "i_h", "i_w", "i_c", "dz", "db")
"""Names with one number at a step."""
ARRAYS = ("x", "w", "dW", "dA")
"""Names with `(F_h, F_w, C_in // groups)` cells at a step."""
CONSTANTS = {"inf": np.inf, "nan": np.nan}
"""Numbers with a name."""
FUNCTIONS = ("abs", "min", "max", "any", "all", "isnan", "isinf", "isfinite", "sum", "mean")
"""What may be called; each takes one argument."""
LONGEST = 500
"""Characters of a condition."""
DEEPEST = 40
"""Levels of nesting."""
EXAMPLE = "abs(dz) > 0.1 and i_c == 2"
"""Shown to whoever typed something else."""
UNREADABLE = "this cannot be read; a condition looks like {example}"
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


class ConditionError(SentenceError, ValueError):
    """A condition that cannot be understood; the message is one sentence that says where."""

    def __init__(self, message: str, column: int, piece: str = "") -> None:
        """Point at a place.

        Args:
            message: what is wrong there, in the language in use.
            column: where in the text, counted from 1.
            piece: the offending piece of it.
        """
        super().__init__(
            tr(
                "column {column}, {piece!r}: {message}" if piece else "column {column}: {message}",
                column=column,
                piece=piece,
                message=message,
            )
        )
        self.column = column
        """Where in the text, counted from 1."""


def parse_text(text: str) -> ast.expr:
    """What Python reads in a condition, unchecked.

    Args:
        text: what was typed.

    Raises:
        ConditionError: empty, too long, or not an expression.
    """
    lead = len(text) - len(text.lstrip())
    if not text.strip():
        raise ConditionError(tr("nothing was typed; a condition looks like {example}", example=EXAMPLE), 1)
    if len(text) > LONGEST:
        raise ConditionError(
            tr("it has {count} characters; at most {most} are allowed", count=len(text), most=LONGEST),
            LONGEST + 1,
        )
    _check_characters(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        offset = lead + error.offset - 1 if error.offset else len(text)
        raise _syntax_error(text, offset, error.msg) from None
    except (ValueError, MemoryError, RecursionError):
        sentence = tr("it cannot be read; a condition looks like {example}", example=EXAMPLE)
        raise ConditionError(sentence, lead + 1) from None


def _check_characters(text: str) -> None:
    """Refuse what Python's own parser is slow or blunt about."""
    depth = 0
    for column, character in enumerate(text, 1):
        if character == "#" or not (character.isprintable() or character == "\t"):
            raise ConditionError(tr("this character means nothing in a condition"), column, character)
        depth += (character in "([{") - (character in ")]}")
        if depth > DEEPEST:
            raise ConditionError(tr("brackets are nested more than {most} deep", most=DEEPEST), column)


def _syntax_error(text: str, offset: int, message: str) -> ConditionError:
    """Python's complaint, in words about conditions."""
    for wrong, right in (("&&", "and"), ("||", "or"), ("===", "==")):
        if wrong in text:
            return ConditionError(tr("use {right}", right=right), text.index(wrong) + 1, wrong)
    for place, character in enumerate(text):
        around = text[max(place - 1, 0) : place + 2]
        if character == "=" and not any(pair in around for pair in ("==", "<=", ">=", "!=", ":=")):
            return ConditionError(tr("this assigns; compare with =="), place + 1, "=")
        if character == "!" and text[place + 1 : place + 2] != "=":
            return ConditionError(tr("use {right}", right="not"), place + 1, "!")
    offset = max(min(offset, len(text.rstrip())), 0)
    piece = shortened(text[offset:].strip())
    if not piece:
        sentence = tr("it ends too early; a condition looks like {example}", example=EXAMPLE)
        return ConditionError(sentence, offset + 1)
    ours = next((ours for theirs, ours in COMPLAINTS.items() if theirs in message), UNREADABLE)
    return ConditionError(tr(ours, example=EXAMPLE), offset + 1, piece)


def error_at(text: str, node: ast.expr, reason: str) -> ConditionError:
    """An error that points at a part of a condition.

    Args:
        text: the condition.
        node: the part, of the tree of `parse_text(text)`.
        reason: what is wrong with it.
    """
    lead, read = len(text) - len(text.lstrip()), text.strip()
    # the tree counts bytes
    column = lead + len(read.encode()[: node.col_offset].decode(errors="ignore"))
    piece = shortened(ast.get_source_segment(read, node) or read)
    return ConditionError(reason, column + 1, piece)


def shortened(piece: str) -> str:
    """As much of a piece of text as fits in a sentence."""
    return piece if len(piece) <= 24 else piece[:23] + "…"


def closest(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that was probably meant, if one is close."""
    lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5 if len(name) <= 3 else 0.6)
    return lower[near[0]] if near else None
