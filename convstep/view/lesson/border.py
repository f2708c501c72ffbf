"""What stands on the border of a lesson's page: how far one is, and what the keys do now."""

from __future__ import annotations

from rich.cells import cell_len

from convstep.lessons.questions import HINT_COSTS
from convstep.lessons.walk import Walk
from convstep.lessons.words import say

SPACE = "  "
"""Between two keys."""


def page_line(walk: Walk) -> str:
    """`3/8 · 14/40`: the page, and the points where there are questions."""
    page = f"{walk.at + 1}/{len(walk.lesson.pages)}"
    if not walk.lesson.questions:
        return page
    return f"{page} · {say(walk.lesson.language, 'score', points=walk.points, most=walk.lesson.most_points)}"


def keys_line(
    walk: Walk,
    room: int,
    *,
    wandered: bool,
    selecting: bool,
    opens: str,
    typing: bool = False,
    edited: bool = False,
    away: bool = False,
    more: bool = False,
) -> str:
    """What the keys do now, as many of them as there is room for, the most useful first.

    `wandered`: the debugger stands elsewhere than the page says. `selecting`: cells are being marked.
    `opens`: what Enter opens first, "" if nothing. `typing`: every character belongs to an answer. `away`: a
    panel has the keys, and Enter. `more`: the page goes on below what is in sight.
    """
    language, question = walk.lesson.language, walk.question
    open_question = question is not None and not walk.revealed
    found: list[tuple[str, str]] = []
    if selecting or typing:
        found = [("Enter", "key.submit"), ("Esc", "key.leave")]
    elif opens and not away:
        found = [("Enter", f"key.open.{opens}"), ("p", "key.on")]
    elif open_question:
        found = [("a" if away else "Enter", "key.answer"), ("p", "key.on")]
    else:
        found = [("p" if away else "Enter", "key.on")]
    if more and not typing and not selecting:
        found.insert(0, ("PgDn", "key.more"))
    if (wandered or away) and not typing:
        found.insert(0, ("r", "key.return" if wandered else "key.return.keys"))
    if edited and not typing:
        found.insert(0, ("U", "key.undo"))
    if open_question and not typing and walk.hints_left:
        found.append(("h", "key.hint"))
    if open_question and not typing:
        found.append(("A", "key.solution"))
    if walk.at and not typing:
        found.append(("P", "key.back"))
    line = ""
    for key, words in found:
        one = f"{key} {say(language, words, cost=HINT_COSTS)}"
        longer = f"{line}{SPACE}{one}" if line else one
        if cell_len(longer) > room - 2:
            break
        line = longer
    return line
