"""A file or a notebook, read into parts that can be executed: one for a file, one for each cell."""

from __future__ import annotations

import ast
import codecs
import functools
import json
import linecache
import re
import textwrap
import tokenize
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from convstep.candidate.load import python2
from convstep.candidate.load.names import in_words, line_words
from convstep.candidate.load.parsing import Parsed, Parser, Unread, parse, parse_quietly
from convstep.candidate.load.target import LARGEST, CandidateError
from convstep.files import contents
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable

_PYTHON_CELLS = frozenset(
    {"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "python", "python3"}
)
"""Cell commands whose cell is Python; the others hold a shell's or a browser's language."""


LARGEST_NOTEBOOK = 50_000_000
"""Bytes of a notebook: pictures are most of it, and GitHub, too, warns of more."""
MOST_CELLS = 5_000
"""Code cells of a notebook; Jupyter is slow with a tenth of them."""
_MOST_VALUES = 4_000_000
"""Signs between which JSON has its values: each may take a hundred times its own byte."""


@frozen()
class Part:
    """A file's text, or one cell of a notebook."""

    filename: str
    """What tracebacks call it: the path, or "notebook.ipynb:cell 7"."""
    cell: int | None
    """Which code cell of the notebook it is, from 1; None for a file."""
    text: str
    """The text as it stands in the file."""
    statements: list[ast.stmt]
    """Its top-level statements, on its own line numbers."""
    unread: list[Unread]

    def place(self, line: int) -> str:
        """A line for a sentence: "line 3" or "cell 7, line 3"."""
        return line_words(line, self.cell)

    def places(self, first: int, last: int) -> str:
        """Several lines for a sentence: "lines 3 to 5" or "cell 7, lines 3 to 5"."""
        if self.cell is None:
            return tr("lines {first} to {last}", first=first, last=last)
        return tr("cell {cell}, lines {first} to {last}", cell=self.cell, first=first, last=last)


@dataclass(slots=True)
class Document:
    """All of a file."""

    path: Path
    """Where it is, absolute."""
    parts: list[Part] = field(default_factory=list)
    """In the order in which they run."""
    notes: list[str] = field(default_factory=list)
    """What was left out or read differently from how it is written, a sentence each."""

    @property
    def text(self) -> str:
        """Everything in it."""
        return "\n".join(part.text for part in self.parts)


def read(path: Path, *, as_python2: bool = False) -> Document:
    """Read a .py file or a notebook; CandidateError if it cannot be, or is not what its name promises."""
    notebook = path.suffix.lower() == ".ipynb"
    try:
        content = contents(path, LARGEST_NOTEBOOK if notebook else LARGEST)
    except OSError as error:
        raise CandidateError(
            tr("{path} cannot be read: {reason}", path=path, reason=error.strerror or error)
        ) from None
    document = Document(path)
    texts = _cells(content, document) if notebook else [(None, _decoded(content, document))]
    parser: Parser = parse_quietly
    if as_python2:
        true_division = any(python2.has_true_division(text) for _, text in texts)
        parser = functools.partial(python2.parse, true_division=true_division)
    commands: list[str] = []
    for cell, text in texts:
        parsed = _add_part(document, cell, text, parser)
        commands += parsed.commands
    if commands:
        shown = in_words([*dict.fromkeys(commands)][:3])
        document.notes.append(f"notebook commands were left out: {shown}")
    if not as_python2:
        _suggest_python2(document)
    return document


def _add_part(document: Document, cell: int | None, text: str, parser: Parser) -> Parsed:
    filename = str(document.path) if cell is None else f"{document.path}:cell {cell}"
    runs = text if cell is None else _without_cell_command(text, cell, document)
    parsed = parse(runs, parser)
    part = Part(filename, cell, text, parsed.statements, parsed.unread)
    document.parts.append(part)
    lines = [f"{line}\n" for line in text.split("\n")]
    linecache.cache[filename] = (len(text), None, lines, filename)
    if parsed.mended:
        document.notes.append(
            tr("typographic quotes, dashes or spaces were read as plain ones")
            if cell is None
            else f"typographic quotes, dashes or spaces in cell {cell} were read as plain ones"
        )
    for unread in parsed.unread:
        document.notes.append(
            tr(
                "{place} is not Python and was left out: {reason}"
                if unread.first_line == unread.last_line
                else "{places} are not Python and were left out: line {line}: {reason}",
                place=part.place(unread.first_line),
                places=part.places(unread.first_line, unread.last_line),
                line=unread.error_line,
                reason=unread.reason,
            )
        )
    return parsed


def _decoded(content: bytes, document: Document) -> str:
    """The text, by its byte order mark, its cookie, or as Latin-1, which any file is."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        try:
            encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        except SyntaxError:  # no such encoding, or the first lines are not UTF-8
            encoding = "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        document.notes.append(f"the file is not {encoding}; it was read as Latin-1")
        text = content.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _cells(content: bytes, document: Document) -> list[tuple[int | None, str]]:
    """The code cells of a notebook, format 3 or 4, numbered from 1."""
    broken = f"{printable(document.path)} is not a notebook"
    if sum(map(content.count, (b"[", b"{", b",", b":"))) > _MOST_VALUES:
        raise CandidateError(
            f"{broken} that can be read: it holds too much; clear its outputs and save it again"
        )
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise CandidateError(f"{broken}: it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise CandidateError(f"{broken}: line {error.lineno}: {error.msg.removesuffix(' at')}") from None
    except (ValueError, RecursionError):
        raise CandidateError(
            f"{broken}: a number in it is too long, or its lists are nested too deeply"
        ) from None
    try:
        sheets = notebook.get("worksheets") or [notebook]  # format 3 had sheets
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        texts = [_source(cell) for cell in cells]
    except (AttributeError, KeyError, TypeError):
        raise CandidateError(f"{broken}: it has no list of cells; save it again with Jupyter") from None
    size = sum(map(len, texts))
    if len(cells) > MOST_CELLS or size > LARGEST:
        raise CandidateError(
            f"{printable(document.path)} has {len(cells):,} code cells of {size:,} characters; "
            f"at most {MOST_CELLS:,} and {LARGEST:,} are read"
        )
    return [*enumerate(texts, start=1)]


def _source(cell: dict[str, Any]) -> str:
    written = cell["source"] if "source" in cell else cell["input"]
    return (written if isinstance(written, str) else "".join(written)).replace("\r\n", "\n")


def _without_cell_command(text: str, cell: int, document: Document) -> str:
    """The Python in a cell: nothing of `%%bash`, all but the first line of `%%time`."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if found := re.match(r"%%(\w+)", lines[first]):
        if found[1] not in _PYTHON_CELLS:
            document.notes.append(f"cell {cell} is {found[0]} and was left out")
            return ""
        lines[first] = ""
    # IPython, too, runs a cell that is indented throughout
    return textwrap.dedent("\n".join(lines)) if lines[first][:1].isspace() else "\n".join(lines)


def _suggest_python2(document: Document) -> None:
    for part in document.parts:
        for unread in part.unread:
            if name := python2.syntax_sign(unread.text):
                document.notes.append(_like_python2(part.place(unread.error_line), tr(name)))
                return
        if found := python2.library_sign(part.text):
            name, line = found
            document.notes.append(_like_python2(part.place(line), name))
            return


def _like_python2(place: str, sign: str) -> str:
    return tr("{place} looks like Python 2 ({sign}); add --python2", place=place, sign=sign)
