"""Python out of a text that may not be Python throughout: commands, pasted prose, typographic quotes."""

from __future__ import annotations

import ast
import codeop
import contextlib
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from convstep.frozen import frozen
from convstep.language import tr

Parser = Callable[[str], ast.Module]
"""`ast.parse`, or Python 2's."""

_COMMAND = re.compile(
    r"^(?P<indent>\s*)(?:%{1,2}[A-Za-z]|!|\?{1,2}[\w%.]|(?:[\w, ]+=\s*)[!%][\w.]|[\w.%]+\?{1,2}\s*$)"
)
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b|[\s#)\]}]|$")
_MENDED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", None),
        **dict.fromkeys("‐‑–−", "-"),
        "，": ",",
        "：": ":",
        "（": "(",
        "）": ")",
    }
)
_MOST_JOINED = 60
"""Chunks that are tried as one; an unclosed quotation mark would join the whole file again and again."""
_MOST_TRIED = 30_000_000
"""Characters given to the parser, repeats counted, before a text is given up: some seconds."""
_ASIDES = re.compile(r" \(detected at line \d+\)|\. Did you mean print\(\.\.\.\)\?")
"""What Python adds to a reason that a sentence of ours says anyway."""


@frozen()
class Unread:
    """Lines that are no Python."""

    first_line: int
    last_line: int
    error_line: int
    """Where Python stopped."""
    reason: str
    """Python's reason: "unterminated string literal"."""
    text: str


@dataclass(slots=True)
class Parsed:
    """What could be read of a text."""

    statements: list[ast.stmt] = field(default_factory=list)
    """The top-level statements, on the text's own line numbers."""
    unread: list[Unread] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    """Notebook commands that were taken out: "%matplotlib inline"."""
    mended: bool = False
    """Whether typographic quotes or spaces were read as plain ones."""


class _TooDeepError(SyntaxError):
    """An expression is nested too deeply, which no repair elsewhere would change."""


class _TriedEnoughError(Exception):
    """Reading the text in pieces would take minutes."""


def parse(text: str, parser: Parser) -> Parsed:
    """Read a text: as it is, repaired, and where neither works, piece by piece."""
    left = _MOST_TRIED

    def counted(tried: str) -> ast.Module:
        nonlocal left
        left -= len(tried)
        if left < 0:
            raise _TriedEnoughError
        return parser(tried)

    try:
        return _whole(text, counted)
    except SyntaxError:
        with contextlib.suppress(_TriedEnoughError):
            return _piecewise(text, counted)
    except _TriedEnoughError:
        pass
    lines = text.split("\n")
    reason = tr("too many of its lines are not Python")
    return Parsed(unread=[_unread(lines, 0, len(lines), SyntaxError(reason))])


def parse_quietly(text: str) -> ast.Module:
    """`ast.parse` without the warnings about old escapes; every failure is a SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError) as error:
            raise _TooDeepError("too deeply nested", ("", 1, 0, "")) from error
        except ValueError as error:  # null bytes
            raise SyntaxError(str(error), ("", 1, 0, "")) from error


def tree_of(text: str) -> ast.Module:
    """The tree of a piece of source, however it is indented; an empty one where it is not Python."""
    try:
        return parse_quietly(textwrap.dedent(text))
    except SyntaxError:
        return ast.Module([], [])


def is_command(line: str) -> bool:
    """Whether a line is IPython's own: `%matplotlib inline`, `!pip install`, `?help`, `obj?`."""
    return _COMMAND.match(line) is not None


def _whole(text: str, parser: Parser) -> Parsed:
    """The text in one, after as few repairs as it needs; if none helps, SyntaxError as for the text."""
    try:
        return Parsed(parser(text).body)
    except _TooDeepError:
        raise
    except SyntaxError as error:
        plain = text.translate(_MENDED)
        for repaired in (text, plain) if plain != text else (text,):
            for remaining, commands in _without_commands(repaired, parser):
                try:
                    statements = parser(remaining).body
                except SyntaxError:
                    continue
                return Parsed(statements, commands=commands, mended=repaired is not text)
        raise error


def _without_commands(text: str, parser: Parser) -> Iterator[tuple[str, list[str]]]:
    """The text itself, then without the commands Python stumbles over, then without any."""
    yield text, []
    lines = text.split("\n")
    # `%name` also continues an expression on the line before, so only where Python objects
    commands: list[str] = []
    for _ in lines:
        try:
            parser("\n".join(lines))
            break
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not is_command(lines[number]):
                break
            commands.append(_take_out(lines, number))
    if commands:
        yield "\n".join(lines), commands
    rest = [_take_out(lines, number) for number, line in enumerate(lines) if is_command(line)]
    if rest:
        yield "\n".join(lines), commands + rest


def _take_out(lines: list[str], number: int) -> str:
    """Put `pass` where a command stood: it may be all that an `if` holds."""
    command = lines[number]
    lines[number] = command[: len(command) - len(command.lstrip())] + "pass"
    return command.strip()


def _piecewise(text: str, parser: Parser) -> Parsed:
    """Read what can be read of a text, one top-level piece after the other."""
    lines = text.split("\n")
    starts = sorted({0, *(number for number, line in enumerate(lines) if not _CONTINUES.match(line))})
    ends = [*starts[1:], len(lines)]
    found = Parsed()
    piece = 0
    while piece < len(starts):
        read, pieces = _from_piece(lines, starts[piece], ends[piece : piece + _MOST_JOINED], parser)
        found.statements += read.statements
        found.commands += read.commands
        found.mended |= read.mended
        for unread in read.unread:
            _add_unread(found, unread, lines)
        piece += pieces
    return found


def _from_piece(lines: list[str], first: int, ends: list[int], parser: Parser) -> tuple[Parsed, int]:
    """Read a piece, joined with as many of its neighbours as it needs; and how many that were."""
    before = "\n" * first  # so that every line has its own number, in Python's messages too
    problem: SyntaxError | None = None
    for pieces, end in enumerate(ends, start=1):
        attempted = "\n".join(lines[first:end])
        try:
            return _whole(before + attempted, parser), pieces
        except SyntaxError as error:
            problem = problem or error
            if _is_complete(attempted):
                break
    assert problem is not None
    return Parsed(unread=[_unread(lines, first, ends[0], problem)]), 1


def _is_complete(text: str) -> bool:
    """Whether a text that does not parse would not parse with more lines either."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return codeop.compile_command(text, symbol="exec") is not None
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return True


def _unread(lines: list[str], first: int, end: int, error: SyntaxError) -> Unread:
    while end > first + 1 and not lines[end - 1].strip():
        end -= 1
    reason = _ASIDES.sub("", error.msg or "invalid syntax")
    line = min(max(error.lineno or 0, first + 1), end)
    return Unread(first + 1, end, line, reason, "\n".join(lines[first:end]))


def _add_unread(found: Parsed, unread: Unread, lines: list[str]) -> None:
    """Note lines that are not Python; adjacent ones count once: a page of prose is not forty mistakes."""
    if found.unread:
        last = found.unread[-1]
        between = lines[last.last_line : unread.first_line - 1]
        if not any(line.strip() for line in between):
            text = "\n".join([last.text, *between, unread.text])
            found.unread[-1] = Unread(last.first_line, unread.last_line, last.error_line, last.reason, text)
            return
    found.unread.append(unread)
