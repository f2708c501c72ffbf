"""Help: the keys that work here, from the command table, and every mark on the screen."""

from __future__ import annotations

from collections.abc import Container, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from convstep.language import tr
from convstep.ui.commands import CANDIDATE, COMMANDS, LESSON, OWN, TEN, groups
from convstep.ui.dialogs.paragraphs import ParagraphsScreen
from convstep.view.text.wrapping import Paragraph

KEYS = 18
"""Columns of the keys and of the marks; more than fit stand below each other."""
MANY = 5
"""Keys of a command that are not all listed."""
MARKS = (
    ("reads x", "in a title: what the current step does with the panel, and what its source calls that"),
    ("→ ←", "in a title: reads, writes, where there is no room for the word"),
    ("┏ ┓ [ ]", "the window: the cells that the current step reads, in one colour, or writes, in another"),
    ("┌ ┐", "the crop line: what is inside is the input's gradient, what is outside is padding"),
    ("·", "a padding cell, still zero"),
    (
        "▸ ◂",
        "the dZ value of the current step; brighter cells before it are done, dim ones are still to come",
    ),
    ("◆ ▼ ✗", "a stop on a cell, a line or the timeline; a bookmark; a step that your backward gets wrong"),
    (
        "› ● ✗ ○",
        "in a lesson: look here; marked by you, wrongly marked, missed; › on your own line: the cursor",
    ),
    (
        "modelled",
        "your backward overwrites instead of adding; shown is the reference with that mistake reproduced",
    ),
    ("≠ =", "your backward differs from the reference here, or adds the same"),
    ("* Δ", "a number that you edited; another number because of that"),
    ("0.12", "underlined: the current step has written this cell"),
    (
        "✓ ▶",
        "an addition that has been made, and the one that comes next; a line that has run, and where it is",
    ),
    (
        "12✓ 13≠",
        "directly behind a line's number: its own forward agrees with what the line sets, or differs",
    ),
    ("-.0 0.00 +0", "not zero, but rounds to it; a plain 0 is exactly zero"),
    (">> <<", "too large for the column, above and below zero; the status line has all digits"),
    ("×1e-7", "in a title: a factor that all numbers of the panel share"),
    ("? ∞ !", "beside a number: NaN, infinite, beyond the colour scale"),
    ("▄▄▄", "heat alone: a value whose step is still to come"),
    ("░▒▓█", "magnitude without colour, from small to the end of the scale"),
)
"""The marks of the screen and their meaning."""


def key_help(works: Container[str]) -> ParagraphsScreen:
    """What the keys of a debugger do: those that matter first, then its mode's own, then the rest.

    `works` has the ids of the commands that mean something here; the app's own always do.
    """
    here = [command for command in COMMANDS if command.of_app or command.id in works]
    ten = [command for command in here if command.id in TEN]
    own = {CANDIDATE, LESSON, OWN} & {command.group for command in here}
    rest = {name: commands for name, commands in groups().items() if name not in own}
    tables = [(tr("The keys that matter"), ten)]
    tables += [(tr(name), commands) for name, commands in groups().items() if name in own]
    tables += [(tr(name), [one for one in commands if one not in ten]) for name, commands in rest.items()]
    found = []
    for title, commands in tables:
        rows = [(_keys(one.key_texts), tr(one.help)) for one in commands if one in here]
        if rows:
            found.append(_table(title, rows))
    return _help(found)


def list_help(title: str, keys: Sequence[tuple[str, str]]) -> ParagraphsScreen:
    """What the keys of a list do, and what the marks behind it mean."""
    return _help([_table(title, list(keys))])


def _keys(texts: Sequence[str]) -> str:
    """Keys beside each other; of a row of them, as of the digits, the first and the last."""
    return "  ".join(texts) if len(texts) < MANY else f"{texts[0]} … {texts[-1]}"


def _help(tables: list[Group]) -> ParagraphsScreen:
    marks = _table(tr("On the screen"), [(mark, tr(meaning)) for mark, meaning in MARKS])
    return ParagraphsScreen(tr("Keys and marks"), [*tables, marks], opened_with="question_mark")


def _table(title: str, rows: list[tuple[str, str]]) -> Group:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=KEYS)
    table.add_column(ratio=1)
    for left, right in rows:
        table.add_row(Text(left, "bold"), Paragraph(right))
    return Group(Text(title, "bold underline"), table, "")
