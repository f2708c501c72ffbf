from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from convstep.export.formats import document, write
from convstep.export.frame import Frame


def test_every_picture_of_a_page_is_there_with_its_words(told: list[Frame], tmp_path: Path) -> None:
    written = write(told, tmp_path / "a walk.md")
    page = written[0].read_text(encoding="utf-8")
    assert page.startswith("# convstep rectangle\n\n## before step 1 of 80")
    links = re.findall(r"^!\[(.*)\]\((.*)\)$", page, re.MULTILINE)
    assert [link for _, link in links] == [f"a%20walk-000{place}.png" for place in range(4)]
    assert all((tmp_path / link.replace("%20", " ")).is_file() for _, link in links)
    assert all(alt.startswith("convstep rectangle: ") and "step" in alt for alt, _ in links)
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_the_text_of_a_frame_stands_above_its_picture(told: list[Frame]) -> None:
    page = document(told[1:2], [Path("it-0001.png")])
    heading, text, picture = page.index("## "), page.index("Text *1*."), page.index("![")
    assert heading < text < picture


def test_a_caption_is_words_and_not_markup(walk: list[Frame]) -> None:
    frame = replace(walk[0], caption="dW[0] += x * 1\n# and")
    assert r"## dW\[0\] += x \* 1 \# and" + "\n" in document([frame], [Path("it.png")])


def test_a_second_picture_of_a_section_has_no_second_heading(walk: list[Frame]) -> None:
    first = replace(walk[0], caption="A page", text="Text.")
    page = document([first, replace(first, text=""), replace(first, part="Answers")], [Path("it.png")] * 3)
    assert [line for line in page.splitlines() if line.startswith("##")] == [
        "## A page",
        "## Answers",
        "### A page",
    ]
