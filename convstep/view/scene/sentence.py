"""The step in one line, for readers far from the screen."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from convstep.view.numbers.text import short
from convstep.view.scene.card import MARKS
from convstep.view.scene.scene import Addition, Scene

LONG = 9
"""Characters from which an index is left out where room is short."""
GAP = "   "
"""What stands between the additions."""


def draw_sentence(scene: Scene, width: int) -> Text:
    """The value that the step takes, and its additions; long indices are left out for room, then the last.

    Args:
        scene: what the screen shows.
        width: columns of room.
    """
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
