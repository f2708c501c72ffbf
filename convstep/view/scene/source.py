"""The loop's own source: its lines as they run, with the place of a step in them and what they come to."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from rich.text import Text

from convstep.frozen import NamedTuple
from convstep.steps.event import Event
from convstep.view.grid.look import READS, WRITES
from convstep.view.scene.own_lines import draw_own, set_text
from convstep.view.scene.scene import Scene, SourceLine, turn_text


def draw_source(scene: Scene, width: int, height: int) -> Text:
    """The lines with the place of the step: `▶` runs next or rests, `✓` is done in this step.

    Where the loop is longer than the room, the lines around the mark are shown.
    """
    return draw_own(scene.source, width, height)


class LoopLine(NamedTuple):
    """One line of a loop that runs, wherever that stands."""

    code: str
    """The code without its indentation."""
    indent: int
    """Columns of its indentation."""
    loop: str = ""
    """The variable of a `for` line."""
    reads: str = ""
    """The name that it gives to cells of an array."""
    sets: str = ""
    """The name of anything that it sets."""
    writes: str = ""
    """The array whose cells it writes."""
    rests: bool = False
    """Whether the loop rests here between two steps."""


def loop_lines(function: Callable[..., object]) -> tuple[LoopLine, ...]:
    """The lines of a function from its first `for` to its `yield`, or to its end.

    A loop that yields rests there between two steps, another one at its innermost `for`.
    """
    lines: list[LoopLine] = []
    for line in map(_parse, _from_its_beginning(function)):
        if lines and line.code and line.indent < lines[0].indent:
            break
        if lines or line.loop:
            lines.append(line)
        if lines and line.rests:
            break
    while not lines[-1].code:
        lines.pop()
    if not any(line.rests for line in lines):
        innermost = max((line for line in lines if line.loop), key=lambda line: line.indent)
        lines[lines.index(innermost)] = innermost._replace(rests=True)
    return tuple(lines)


def _from_its_beginning(function: Callable[..., object]) -> list[str]:
    """The lines of a function, and those below it; `inspect` would read it as tokens to find its end."""
    code = function.__code__
    return linecache.getlines(code.co_filename, function.__globals__)[code.co_firstlineno - 1 :]


def _parse(line: str) -> LoopLine:
    line = line.rstrip()
    code = line.lstrip()
    written = re.match(r"(\w+)\[.*\] \+?= ", code)
    named = re.match(r"(?:\w+ = )*(\w+) = (.*)", code)
    return LoopLine(
        code,
        len(line) - len(code),
        loop=code.split()[1] if code.startswith("for ") else "",
        reads=named[1] if named and "[" in named[2] else "",
        sets=named[1] if named else "",
        writes=written[1] if written else "",
        rests=code.startswith("yield"),
    )


def at_step(lines: Sequence[LoopLine], event: Event, values: Mapping[str, object]) -> tuple[SourceLine, ...]:
    """The lines at a step, without a loop around them that makes a single turn by definition.

    `values` are what the names in it stand for, beside the lines that set them.
    """
    turns = {loop.name: turn_text(loop) for loop in event.loops}
    first = next((at for at, line in enumerate(lines) if line.loop in turns), 0)
    made, count, write, found = event.made, len(event.writes), 0, list[SourceLine]()
    taken = [read.text for read in event.reads if np.ndim(read.value) == 0]
    for line in lines[first:]:
        adds = bool(line.writes) and write < count
        found.append(
            SourceLine(
                0,
                line.code,
                line.indent - lines[first].indent,
                done=adds and write < made,
                current=(adds and write == made) or (line.rests and made == count),
                loop=turns.get(line.loop, ""),
                note=set_text({line.sets: values[line.sets]}) if line.sets in values else "",
                hue=WRITES if line.writes else READS if line.reads else "",
                now=line.reads in taken,
            )
        )
        write += bool(line.writes)
    return tuple(found)
