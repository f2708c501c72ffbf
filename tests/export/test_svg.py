from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

from convstep.export.frame import Frame
from convstep.export.svg import HEIGHT, WIDTH, svg

SPACE = "{http://www.w3.org/2000/svg}"


def words(picture: str) -> list[ET.Element]:
    screen = ET.fromstring(picture).find(f"{SPACE}g")
    assert screen is not None
    return screen.findall(f"{SPACE}text")


def test_every_word_stands_in_its_column(chinese: Frame, walk: list[Frame]) -> None:
    for frame in (chinese, walk[2]):
        for word in words(svg(frame)):
            assert word.text is not None
            line = int(word.attrib["y"]) // HEIGHT
            columns = [int(x) // WIDTH for x in word.attrib["x"].split()]
            if "textLength" in word.attrib:
                assert int(word.attrib["textLength"]) == WIDTH * len(word.text)
                columns = [columns[0] + place for place in range(len(word.text))]
            for character, column in zip(word.text, columns, strict=True):
                assert _at(frame, line, column) == character.replace("\xa0", " ")


def _at(frame: Frame, line: int, column: int) -> str:
    from convstep.export.frame import cells

    characters = [
        part
        for run in frame.rows[line]
        for character, columns in cells(run.text)
        for part in [character, *[""] * (columns - 1)]
    ]
    return characters[column]


def test_lines_are_shapes_and_a_border_is_whole(chinese: Frame) -> None:
    picture = svg(chinese)
    assert not set("─│┌┐└┘▓▒░") & set("".join(word.text or "" for word in words(picture)))
    (border,) = re.findall(r'<path fill="#00ff00"[^>]* d="([^"]*)"', picture)
    boxes = [tuple(map(int, box)) for box in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", border)]
    top = [(x, width) for x, y, width, _ in boxes if y == 11 and width > WIDTH]
    assert top == [(5, 29 * WIDTH + 1)]
    left = sorted((y, y + height) for x, y, width, height in boxes if x == 5 and width == 1)
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(left))


def test_words_for_those_who_cannot_see_it(walk: list[Frame]) -> None:
    root = ET.fromstring(svg(walk[1]))
    assert root.findtext(f"{SPACE}title") == "convstep rectangle"
    assert root.findtext(f"{SPACE}desc") == walk[1].caption
    assert svg(walk[1]) == svg(walk[1])


def test_nothing_is_fetched_from_elsewhere(walk: list[Frame]) -> None:
    addresses = re.findall(r"https?://[^\"' ]+", svg(walk[1]))
    assert addresses == ["http://www.w3.org/2000/svg"]
