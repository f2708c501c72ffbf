"""What a learner got in a lesson, question by question."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from convstep.lessons.course import Entry
from convstep.lessons.questions import POINTS
from convstep.lessons.walk import Walk
from convstep.lessons.words import say
from convstep.view.text.wrapping import wrap

BAR = "█"
"""A point."""
MISSED = "░"
"""A point that was not got."""


def draw_finish(walk: Walk, following: Entry | None, width: int) -> Text:
    """The end of a lesson; nothing follows the last one."""
    lesson, language = walk.lesson, walk.lesson.language
    lines = [Text(say(language, "finished"), "bold"), Text()]
    asked = [number for number, page in enumerate(lesson.pages) if page.question is not None]
    for number in asked:
        points = walk.points_of(number)
        bar = Text.assemble((BAR * points, "bold"), (MISSED * (POINTS - points), "dim"), f" {points:>2}  ")
        title = wrap(Text(lesson.pages[number].title), max(width - cell_len(bar.plain), 8))[0]
        lines.append(bar + title)
    if asked:
        lines.append(Text())
        counts = {"points": walk.points, "most": lesson.most_points}
        said = say(language, "finished.score", **counts, right=walk.right, count=len(asked))
    else:
        said = say(language, "finished.no.questions")
    lines += wrap(Text(said), width)
    key = "finished.last" if following is None else "finished.next"
    more = say(language, key, title="" if following is None else following.title)
    lines += [Text(), *wrap(Text(more, "bold"), width)]
    return Text("\n").join(lines)
