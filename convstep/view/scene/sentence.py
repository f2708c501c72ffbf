"""The step for readers far from the screen: in one line, or the value that it takes in big digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from convstep.frozen import frozen
from convstep.view.grid.panel import NOW, READS
from convstep.view.numbers.big_digits import GLYPHS, LINES, columns_of, drawn, written
from convstep.view.numbers.text import short
from convstep.view.scene.card import MARKS
from convstep.view.scene.scene import Addition, Scene
from convstep.view.text.wrapping import wrap

LONG = 9
"""Characters from which an index is left out where room is short."""
GAP = "   "
"""What stands between the additions."""
DIGITS: Final = (3, 2, 1)
"""Significant digits of the value in big ones, the most first."""
BIG: Final = 20
"""Columns of the value at the least, as -0.123 takes: what stands beside it keeps its place."""
FULL_FROM: Final = 100
"""Columns from which on a value with a word of its own is called by its index as well."""


def draw_sentence(scene: Scene, width: int) -> Text:
    """The value that the step takes, and its additions; long indices are left out for room, then the last."""
    named, value = _begin(scene)
    for begin, target in ((named, _whole), (named, _shortened), (value, _shortened), (value, _bare)):
        words = [_addition(scene, number, target) for number in range(len(scene.additions))]
        if _length(begin, words) <= width:
            break
    while words and _length(begin, words) > width:
        words.pop()
    return _joined(begin, words, scene.made)


def sentence_parts(scene: Scene) -> tuple[str, list[str]]:
    """The same in full, without marks: the value that the step takes, and the words of each addition."""
    words = [
        addition.headings[0] if addition.words.statement else f"{_whole(addition)} {_does(addition)}"
        for addition in scene.additions
    ]
    return _begin(scene)[0], words


def _begin(scene: Scene) -> tuple[str, str]:
    """The value that the step takes, with its cell and without; "" where there is none."""
    word, number = "" if scene.taken is None else scene.taken.text, short(scene.dz, 3)
    return (f"{word} = {scene.upstream} = {number}", f"{word} = {number}") if word else ("", "")


def draw_banner(scene: Scene, width: int, said: str = "") -> Text:
    """The value that the step takes in big digits, and beside it the additions, one a line.

    What a key is answered with takes the last lines beside the value.
    """
    best: tuple[int, list[str], list[Text]] = -1, [], []
    for taken in _takings(scene, width):
        for target in (_whole, _shortened, _bare):
            room = width - taken.width
            words = [line for line in wrap(Text(said), max(room, 2)) if said][:LINES]
            lines, quality = _statements(scene, room, LINES - len(words), target)
            if quality > best[0]:
                blank = [Text("")] * (LINES - len(lines) - len(words))
                best = quality, taken.lines, [*lines, *blank, *words]
    _, lefts, rights = best
    banner = Text(no_wrap=True)
    for number, (left, right) in enumerate(zip(lefts, rights, strict=True)):
        banner.append("\n" if number else "")
        banner.append(left, "bold").append_text(right)
        at = len(banner.plain) - len(right) - len(left)
        if number == LINES // 2 and (label := left.split(" = ")[0].strip()):
            start = at + left.index(label)
            banner.stylize(NOW, start, start + len(label))
    return banner


@frozen()
class _Taken:
    """The value that a step takes, as a block of lines."""

    lines: list[str]
    """All of one width, the gap to what stands beside them included."""

    @property
    def width(self) -> int:
        """Columns."""
        return cell_len(self.lines[0])


def _takings(scene: Scene, width: int) -> Iterator[_Taken]:
    """The value with its names, the fullest form first; a block of no width where a step takes none."""
    names, value = _value_of(scene)
    names = names[-1:] if scene.taken is not None and width < FULL_FROM else names
    for digits in DIGITS if names else ():
        number = short(value, digits).replace("inf", "∞")
        if set(number) <= {*GLYPHS, "."}:
            block = drawn(number, max(columns_of(number, BIG), BIG))
        else:  # what has no big characters is written small
            block = written(number, max(len(number), BIG))
        for name in names:
            before = ["" if at != LINES // 2 else f"{name} = " for at in range(LINES)]
            yield _Taken(
                [f"{left:{len(name) + 3}}{line}{GAP}" for left, line in zip(before, block, strict=True)]
            )
    if not names:
        yield _Taken([""] * LINES)


def _value_of(scene: Scene) -> tuple[tuple[str, ...], float]:
    """What the value is called, the longest form first, and the value; no name where there is none."""
    if scene.taken is not None:
        word = scene.taken.text
        return (f"{word} = {scene.upstream}", word), scene.dz
    read = next((panel for panel in scene.panels if panel.now is not None and panel.use == READS), None)
    if read is None or read.now is None:
        return (), 0.0
    name = read.face.name
    index = ", ".join(map(str, read.face.index(*read.now)))
    return (f"{name}[{index}]", f"{name}[…]"), float(read.face.values[read.now])


def _statements(
    scene: Scene, width: int, most: int, target: Callable[[Addition], str]
) -> tuple[list[Text], int]:
    """The additions in so many lines, those around the last made, and how well they fit.

    That is 2 where each has its line, 1 where one had to be broken, 0 where one is left out.
    """
    lines = [_line(scene, number, target) for number in range(len(scene.additions))]
    first = max(min(scene.made - 1, len(lines) - most), 0)
    seen = lines[first : first + most]
    fitting = [line for line in seen if cell_len(line.plain) <= width]
    if len(fitting) == len(seen):
        return fitting, 2
    broken = [part for line in seen for part in wrap(line, max(width, 2))]
    return (broken, 1) if len(broken) <= most else (fitting, 0)


def _line(scene: Scene, number: int, target: Callable[[Addition], str]) -> Text:
    words = _addition(scene, number, target)
    return Text(
        words, "not bold dim" if scene.additions[number].number > scene.made else "bold", no_wrap=True
    )


def _whole(addition: Addition) -> str:
    return addition.target


def _shortened(addition: Addition) -> str:
    return addition.target if len(addition.target) <= LONG else f"{addition.cells.name}[…]"


def _bare(addition: Addition) -> str:
    return addition.cells.name


def _addition(scene: Scene, number: int, target: Callable[[Addition], str]) -> str:
    addition = scene.additions[number]
    at = addition.number
    mark = MARKS["done" if at < scene.made else "next" if at == scene.made else "later"]
    if addition.words.statement:
        return f"{mark} {addition.headings[0] if target is _whole else addition.headings[-1]}"
    return f"{mark} {target(addition)} {_does(addition)}"


def _does(addition: Addition) -> str:
    return f"{addition.sign} {addition.formula}"


def _length(begin: str, words: list[str]) -> int:
    return len(begin) + sum(len(GAP + word) for word in words)


def _joined(value: str, words: list[str], made: int) -> Text:
    """The value and the additions; those that are still to come are dim."""
    sentence = Text(value, "bold", no_wrap=True)
    for number, word in enumerate(words):
        sentence.append(GAP)
        sentence.append(word, "not bold dim" if number > made else "bold")
    return sentence
