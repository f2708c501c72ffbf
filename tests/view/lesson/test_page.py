"""A lesson's page as lines: every page of the course, in every state, at every width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.cells import cell_len

from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.lessons.lesson import Page
from convstep.lessons.questions import ChoiceQuestion, LineQuestion
from convstep.lessons.walk import RIGHT, Tried, Walk
from convstep.view.lesson.border import keys_line, page_line
from convstep.view.lesson.finish import draw_finish
from convstep.view.lesson.page import CURSOR, WRONG, Telling, Told, code_width, draw_page
from convstep.view.lesson.page import RIGHT as RIGHT_MARK
from tests.lessons.bundled import BOTH, bundled, loaded, named
from tests.lessons.mistakes import mistake
from tests.lessons.texts import asks, lesson, page
from tests.strategies import THOROUGH, some

WIDTHS = range(10, 81, 7) if THOROUGH else (10, 41)


def telling(found: Page, language: str = "en") -> Telling:
    return Telling(found, language, Tried(), found.question is None)


def states(found: Page, language: str) -> Iterator[Telling]:
    """A page before, during and after its question."""
    fresh = telling(found, language)
    yield replace(fresh, note="the code is being tried … 正在试运行这段代码……")
    question = found.question
    if question is None:
        return
    yield replace(fresh, tried=Tried(hints=len(question.hints)))
    wrong = question.judge(mistake(question)).said
    refused = frozenset[int]()
    if isinstance(question, ChoiceQuestion | LineQuestion):
        refused = frozenset({int(str(mistake(question))) - 1})
    yield replace(fresh, tried=Tried(1), said=wrong, refused=refused, cursor=0)
    right = question.judge(question.solution).said
    yield replace(
        fresh, tried=Tried(1, 0, RIGHT), said=right, said_right=True, revealed=True, refused=refused
    )
    yield replace(fresh, said=question.given, revealed=True)


def plain(told: Told) -> list[str]:
    return [line.plain for line in told.lines]


@pytest.mark.parametrize("entry", some(BOTH, 4), ids=named)
def test_every_page_of_the_course_fits_in_every_width(entry: course.Entry) -> None:
    for found in loaded(entry).pages:
        for state in states(found, entry.language):
            for width in WIDTHS:
                told = draw_page(state, width)
                assert all(cell_len(line) <= width for line in plain(told)), (found.line, width)
                assert 0 <= told.look < len(told.lines)
                assert told.lines[-1].plain


@pytest.mark.parametrize("entry", some(BOTH, 3), ids=named)
def test_no_markup_is_left_over(entry: course.Entry) -> None:
    for found in loaded(entry).pages:
        prose = replace(
            found,
            before=tuple(block for block in found.before if not block.fenced),
            after=tuple(block for block in found.after if not block.fenced),
        )
        for state in states(prose, entry.language):
            text = "\n".join(plain(draw_page(state, 60)))
            assert not re.search(r"(?<![\w\])])\*\*\S|\S\*\*(?![\w(])", text)  # x**3 is a power
            assert "{=" not in text
            assert "`" not in text or "```" in text


def test_what_comes_after_the_question_is_hidden_until_it_is_answered() -> None:
    (found,) = lesson(asks("W")).pages
    assert found.question is not None
    before = plain(draw_page(telling(found), 40))
    after = plain(draw_page(replace(telling(found), revealed=True), 40))
    assert "after" not in before
    assert found.question.how in " ".join(before)
    assert "after" in after
    assert "W is (3, 2, 3, 2)." in after
    assert not any("Hint" in line for line in before)
    hinted = plain(draw_page(replace(telling(found), tried=Tried(hints=1)), 40))
    assert [line for line in hinted if "Hint" in line] == ["Hint 1: a"]


@pytest.mark.parametrize("kind", ["value\ncell: dW[0, 0, 0, 0]", "step\ncell: db[1]", "shape\nof: W"])
def test_the_line_for_the_answer_is_under_the_question_until_it_is_answered(kind: str) -> None:
    fresh = telling(page(f"words\n```ask {kind}\nprompt: What?\nhint: a\n```"))
    for state in (fresh, replace(fresh, tried=Tried(1, 1), said="no")):
        told = draw_page(state, 40)
        assert told.field is not None
        assert plain(told)[told.field - 1 : told.field + 1] == ["What?", ""]
    assert draw_page(replace(fresh, revealed=True), 40).field is None
    assert draw_page(telling(page(CHOICE)), 40).field is None


CHOICE = "```ask choice\nprompt: Which?\n- [ ] one | no\n- [x] two | yes\n- [ ] three\n```"


def test_choices_carry_their_marks() -> None:
    fresh = telling(page(CHOICE))
    chosen = draw_page(replace(fresh, cursor=1), 30)
    assert [line[:5] for line in plain(chosen) if ". " in line] == ["  1. ", f"{CURSOR} 2. ", "  3. "]
    assert "2. two" in chosen.lines[chosen.look].plain
    told = plain(draw_page(replace(fresh, refused=frozenset({0}), revealed=True), 30))
    assert [line[:5] for line in told if ". " in line] == ["  1. ", f"{RIGHT_MARK} 2. ", "  3. "]
    asked = plain(draw_page(replace(fresh, cursor=0, revealed=True, said="The answer is 2."), 30))
    assert CURSOR not in "".join(asked), "nothing is chosen any more"
    assert "The answer is 2." in asked, "an answer that was asked for is no miss"
    assert "yes" in told
    assert "no" not in told


def test_ten_choices_stand_in_a_row() -> None:
    body = "\n".join(f"- [{'x' if n == 9 else ' '}] aaaa bbbb cccc {n}" for n in range(12))
    told = draw_page(telling(page(f"```ask choice\n{body}\n```")), 14)
    assert all(cell_len(line) <= 14 for line in plain(told))


def test_code_in_question_is_numbered_and_the_cursor_is_in_sight() -> None:
    body = "".join(f"line_{number} = {number}\n" for number in range(1, 31))
    fresh = telling(page(f"```python\n{body}```\n```ask line\nanswer: 20\nright: x\n```"))
    told = draw_page(replace(fresh, cursor=24, refused=frozenset({3})), 40)
    assert told.lines[told.look].plain == f"{CURSOR} 25 line_25 = 25"
    assert [str(span.style) for span in told.lines[told.look].spans] == ["bold", "reverse"], "in one piece"
    assert f"{WRONG}  4 line_4 = 4" in plain(told)
    assert "   7 line_7 = 7"[1:] in [line[1:] for line in plain(told)]
    found = draw_page(replace(fresh, cursor=24, refused=frozenset({3}), revealed=True), 40)
    assert not {CURSOR, WRONG} & {line[:1] for line in plain(found)}
    shown = draw_page(replace(fresh, revealed=True), 40)
    assert f"{RIGHT_MARK} 20 line_20 = 20" in plain(shown)


def test_the_width_of_code_counts_what_an_answer_brings() -> None:
    code, right = "x = 1\ny = 2\n", "y = the_line_that_should_stand_there[0, 1]"
    asked = page(f"```python\n{code}```\n```ask line\nanswer: 2\nright: {right}\n```")
    assert code_width(asked) == len(right)
    assert code_width(page(f"```python\n{right}\nx = 1\n```\n```ask line\nanswer: 1\nright: x\n```")) == (
        len(right) + len("▸ 1 ")
    )
    assert code_width(page("Words. " * 60)) == 0
    for lines in (
        draw_page(telling(asked), len(right)),
        draw_page(replace(telling(asked), revealed=True), 42),
    ):
        assert any(line.plain.endswith("y = 2") for line in lines.lines)
    assert right in plain(draw_page(replace(telling(asked), revealed=True), code_width(asked)))


def test_a_fence_inside_a_fence_is_code() -> None:
    told = plain(draw_page(telling(page("````text\n```stop\nat: 1\n```\n````\n*end*")), 40))
    assert told[2:] == ["```stop", "at: 1", "```", "", "end"]


def test_an_empty_page_has_its_title() -> None:
    told = draw_page(telling(page("")), 40)
    assert (plain(told), told.look) == (["Page"], 0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("room", [10, 24, 40, 80, 200])
def test_keys_are_named_as_far_as_there_is_room(language: str, room: int) -> None:
    found = bundled("4", language)
    for number in range(len(found.pages)):
        for wandered in (False, True):
            walk = Walk(found, number)
            line = keys_line(walk, room, wandered=wandered, selecting=False, opens="")
            assert cell_len(line) <= room
            if room == 200:
                keys = [key.split()[0] for key in line.split("  ")]
                assert keys[0] == ("r" if wandered else "Enter")
                assert ("h" in keys) == bool(walk.question and walk.question.hints)
                assert ("P" in keys) == (number > 0)
    assert f"{len(found.pages)}/{len(found.pages)}" in page_line(walk)


def test_what_is_asked_is_in_sight_while_cells_are_marked() -> None:
    fresh = telling(page("Words. " * 60 + "\n\n```ask cells\non: dA_prev_pad\n```"))
    assert draw_page(fresh, 40).look == 0
    told = draw_page(replace(fresh, marking=True), 40)
    assert "Which cells" in told.lines[told.look].plain
    assert told.lines[told.until].plain.endswith("done")


def test_keys_follow_what_happens() -> None:
    walk = Walk(lesson(asks("W")))
    assert keys_line(walk, 99, wandered=False, selecting=True, opens="") == (
        "Enter submit  Esc leave  h hint, -2 points  A show the answer"
    )
    assert "h hint" in keys_line(walk, 44, wandered=False, selecting=True, opens=""), "at 120 columns"
    assert keys_line(walk, 99, wandered=False, selecting=False, opens="why").startswith(
        "Enter which steps made the cell  p go on"
    )
    below = keys_line(walk, 99, wandered=False, selecting=False, opens="", more=True)
    assert below.startswith("PgDn read on")
    walk.give_up()
    assert keys_line(walk, 99, wandered=False, selecting=False, opens="") == "Enter go on"
    assert page_line(walk) == "1/1 · 0 of 10 points"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_end_says_what_was_got(language: str) -> None:
    found = bundled("1", language)
    walk = Walk(found)
    while True:
        if walk.question is not None:
            walk.answer(walk.question.solution)
        if not walk.on():
            break
    for following in (None, course.entries(language)[1]):
        text = draw_finish(walk, following, 60).plain
        assert str(found.most_points) in text
        assert all(cell_len(line) <= 60 for line in text.split("\n"))
        assert following is None or following.title in text.replace("\n", "")
