"""A lesson's pages as pictures and as text, from the real app."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from convstep.export.formats import document, write
from convstep.export.frame import Frame
from convstep.export.lesson import LEAST, MOST, answer_markdown, lesson_frames, page_markdown
from convstep.lessons import course
from tests.lessons.bundled import BOTH, bundled, loaded, named
from tests.lessons.texts import lesson, page
from tests.strategies import SELDOM, some

OWN = lesson(
    "## First\nHere `dz` is {=dz}.\n\n```stop\nat: start\n```\n",
    "## 问\nWhich?\n\n```stop\nat: start\n```\n\n```ask value\ncell: db[0]\nhint: h\n```\nIt went on.\n",
    "## Last\nThree steps later.\n\n```stop\nat: 4\n```\n",
)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    done: list[int] = []
    found = lesson_frames(OWN, range(3), (80, 24), moving=True, progress=done.append)
    assert done == list(range(1, len(found) + 1))
    return found


def rows(frame: Frame) -> list[str]:
    return ["".join(run.text for run in row) for row in frame.rows]


def test_a_question_is_shown_before_and_after_its_answer(frames: list[Frame]) -> None:
    pages = [frame for frame in frames if frame.text]
    assert [frame.caption for frame in pages] == ["First", "问", "问: the answer", "Last"]
    assert all(frame.size == (80, 24) for frame in frames)
    assert [frame.title for frame in frames] == ["A title"] * len(frames)
    before, after = ("\n".join(rows(frame)) for frame in pages[1:3])
    assert "Which?" in before
    assert "✓" not in before
    assert "✓" in after


def test_the_steps_on_the_way_are_shown_in_an_animation(frames: list[Frame]) -> None:
    moving = [frame for frame in frames if frame.seconds < LEAST]
    assert [(frame.caption, frame.text) for frame in moving] == [("Last", "")] * 2
    assert frames.index(moving[-1]) == len(frames) - 2
    assert all(frame.seconds <= MOST for frame in frames[:-1])
    assert frames[-1].seconds > LEAST


def test_the_text_of_a_page_stands_with_its_picture(frames: list[Frame]) -> None:
    first, asked, answered, last = (frame.text for frame in frames if frame.text)
    dz = OWN.pages[0].problem.dZ[0, 0, 0]
    assert first == f"What it is about.\n\nHere `dz` is {dz:g}."
    assert asked == "Which?\n\n**What will db[0] be after the next step?**"
    assert answered.startswith("**The answer is ")
    assert answered.endswith("It went on.")
    assert last == "Three steps later."


@SELDOM
@pytest.mark.parametrize("answers", ["end", "none"])
def test_a_handout_has_its_answers_at_the_end_or_nowhere(answers: str) -> None:
    frames = lesson_frames(OWN, range(3), (80, 24), answers=answers)
    text = document(frames, [Path(f"{number}.png") for number in range(len(frames))])
    headings = [line for line in text.splitlines() if line.startswith("#")]
    at_end = ["## Answers", "### 问: the answer"] if answers == "end" else []
    assert headings == ["# A title", "## First", "## 问", "## Last", *at_end]
    assert [frame.position for frame in frames] == list(range(1, len(frames) + 1))
    questions, _, key = text.partition("## Answers")
    assert "Answer: " + "\\_" * 8 in questions
    assert "The answer is" not in questions
    assert "It went on." not in questions, "what follows a question may give its answer away"
    assert ("It went on." in key) == (answers == "end")
    assert "✓" not in "\n".join("\n".join(rows(frame)) for frame in frames[1:2])


def test_a_question_with_bold_words_is_bold_as_a_whole() -> None:
    asked = page_markdown(bundled("hunt-2").pages[1])
    shown = MarkdownIt().render(asked)
    assert "candidate takes as its window" in shown
    assert shown.count("<strong>") == 1
    assert "**" not in shown


@pytest.mark.parametrize("suffix", [".md", ".gif", ".cast", ".svg", ".png"])
def test_every_form_can_be_written(tmp_path: Path, frames: list[Frame], suffix: str) -> None:
    few = frames[:2] if suffix != ".cast" else frames
    output = tmp_path / f"out{suffix}"
    written = write(few, output)
    assert all(path.stat().st_size > 500 for path in written if path.suffix != ".md")
    assert len(written) == {".md": 3, ".gif": 1, ".cast": 1}.get(suffix, 2)
    if suffix == ".md":
        text = output.read_text("utf-8")
        assert text.startswith("# A title\n\n## First\n\nWhat it is about.")
        assert [f"]({path.name})" in text for path in written[1:]] == [True, True]
    if suffix == ".cast":
        head, *events = (json.loads(line) for line in output.read_text("utf-8").splitlines())
        assert (head["width"], head["height"]) == (80, 24)
        assert len(events) >= len(frames)


def test_code_with_fences_in_it_stays_one_block() -> None:
    found = page("````text\n```stop\nat: 1\n```\n````\n\n```python candidate\ndef backward(): pass\n```")
    fences = [
        token for token in MarkdownIt("commonmark").parse(page_markdown(found)) if token.type == "fence"
    ]
    assert [(token.info, token.content) for token in fences] == [
        ("text", "```stop\nat: 1\n```\n"),
        ("python", "def backward(): pass\n"),
    ]


@pytest.mark.parametrize("entry", some(BOTH, 3), ids=named)
def test_every_page_of_the_course_has_its_text_and_its_answer(entry: course.Entry) -> None:
    for found in loaded(entry).pages:
        text, answer = page_markdown(found), answer_markdown(found)
        assert "{=" not in text
        assert bool(answer) == (found.question is not None)
        if found.question is not None:
            assert f"**{found.question.prompt.replace('**', '')}**" in text
            assert found.question.explanation in answer
            assert found.question.why in answer
