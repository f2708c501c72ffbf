"""The same place in a recording that was made anew, after its author has changed the file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from difflib import SequenceMatcher

from convstep.recording.overview import executing
from convstep.recording.recording import Recording
from convstep.steps.event import Event


def place_again(old: Recording, new: Recording) -> int:
    """The position in a new recording, which is moved, at which the old one stands.

    The same turns of the same loops at the same line; else the nearest turns at that line; else the
    nearest line; else the same position, or the end.
    """
    if old.position in (0, old.total):
        return 0 if old.position == 0 else new.total
    event = old.event
    wanted = _moved(old, new, event.line)
    for line in sorted(range(1, len(new.source.lines) + 1), key=lambda line: (abs(line - wanted), line)):
        steps = executing(new, line)
        if steps:
            return _nearest_turn(new, steps, event, old) + 1
    return min(old.position, new.total)


def place_with(old: Recording, new: Recording) -> int:
    """The position in another recording, moved, where line and turns are the same, or `place_again`."""
    if old.position <= new.total:
        new.seek(old.position)
        if (old.event.line, _turns(old.event)) == (new.event.line, _turns(new.event)):
            return old.position
    return place_again(old, new)


def _moved(old: Recording, new: Recording, line: int) -> int:
    """Where a line of the old file stands in the new one; of one that was changed, where it would."""
    matcher = SequenceMatcher(None, old.source.lines, new.source.lines, autojunk=False)
    before = [block for block in matcher.get_matching_blocks() if block.size and block.a < line]
    if not before:
        return line
    block = before[-1]
    # behind the last line that is the same, each line counts as one
    return block.b + line - block.a


def _nearest_turn(new: Recording, steps: Sequence[int], event: Event, old: Recording) -> int:
    """Of steps at one line the one whose loops are at the same turns, or the next after them."""
    names, wanted = _turns(event)

    def turns(step: int) -> tuple[tuple[str, ...], tuple[int, ...]]:
        new.seek(step + 1)
        return _turns(new.event)

    if not wanted:  # a straight line, or one that is passed several times: as far as it was
        share = event.index / max(old.total, 1)
        return steps[min(bisect_left(steps, share * new.total), len(steps) - 1)]
    inside = len(steps)
    # the last turn of all loops ends with what stands after them, and says so
    if inside > 1 and turns(steps[-1])[0] != names:
        inside -= 1
    at = bisect_left(range(inside), wanted, key=lambda at: turns(steps[at])[1])
    return steps[min(at, len(steps) - 1)]


def _turns(event: Event) -> tuple[tuple[str, ...], tuple[int, ...]]:
    return tuple(loop.name for loop in event.loops), tuple(loop.at for loop in event.loops)
