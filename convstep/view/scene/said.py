"""What the author's own forward says of a recorded backward, in characters and in paragraphs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from convstep.language import tr
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.candidate.verdicts.marks import Mark, Verdicts

SIGNS = {"agrees": "✓", "differs": "≠", "unknown": ""}
"""What stands beside a line, by `Mark.kind`."""


def sign(mark: Mark | None) -> str:
    """What stands beside a line, or on the timeline; "" where nothing is said."""
    return "" if mark is None else SIGNS[mark.kind]


def draw_said(verdicts: Verdicts, lines: Sequence[str], line: int, position: int) -> list[Text]:
    """All that is said, in paragraphs, that of the line and of the position where one stands first.

    The source's line 1 stands at 0.
    """
    paragraphs = list[Text]()
    if verdicts.note:
        paragraphs.append(Text(printable(verdicts.note, None)))
    here, now = verdicts.lines.get(line), verdicts.positions.get(position)
    if here is not None:
        paragraphs += [*_line(lines, line, here), Text("")]
    # without a forward, what agrees with itself may be wrong all the same
    if now is not None and not (verdicts.note and now.kind == "agrees"):
        first = tr("the first step after which it differs")
        paragraphs += [_marked(now, tr("after step {step}", step=position), first), _how(now), Text("")]
    if verdicts.end:
        paragraphs.append(Text(tr("in the end"), "bold underline"))
    for one in verdicts.end:
        name = one.result or "return"
        paragraphs += [_marked(one.mark, printable(name)), _how(one.mark)]
    if verdicts.open:
        listed = ", ".join(map(str, verdicts.open))
        words = tr(
            "nothing is said of what line {lines} sets, and all that differs is made of it"
            if len(verdicts.open) == 1
            else "nothing is said of what lines {lines} set, and all that differs is made of it",
            lines=listed,
        )
        paragraphs += [Text(""), Text(words, "bold")]
    others = [(at, mark) for at, mark in verdicts.lines.items() if at != line and _adds(mark, verdicts)]
    if others:
        paragraphs += [Text(""), Text(tr("line by line"), "bold underline")]
    for number, mark in others:
        paragraphs += _line(lines, number, mark)
    return paragraphs


def _adds(mark: Mark, verdicts: Verdicts) -> bool:
    """Whether it says something that has not been said of a result."""
    return all(mark.how != one.mark.how for one in verdicts.end)


def _line(lines: Sequence[str], number: int, mark: Mark) -> Iterator[Text]:
    code = printable(lines[number - 1].strip() if 0 < number <= len(lines) else "", None)
    words = tr("line {line}: {text}", line=number, text=code)
    yield _marked(mark, words, tr("the first line that differs"))
    yield _how(mark)


def _marked(mark: Mark, words: str, first: str = "") -> Text:
    behind = f"  ← {first}" if mark.first and first else ""
    return Text(f"{sign(mark) or '?'} {words}{behind}", "bold" if mark.kind == "differs" else "")


def _how(mark: Mark) -> Text:
    return Text(f"   {printable(mark.how, None)}", "dim")
