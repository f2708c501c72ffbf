"""A lesson as a page: its scenes, and questions that are judged as Python judges them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from convstep.cli import main
from convstep.export.html.lesson import lesson_page
from convstep.export.html.page import page_html
from convstep.export.html.prose import judging
from convstep.lessons.expressions import arithmetic
from convstep.lessons.lesson import Lesson
from convstep.lessons.questions import AnswerError, CellsQuestion, ChoiceQuestion, Question
from convstep.lessons.words import escaped, say
from tests.export.html.browser import Browser
from tests.export.html.test_run_page import at, poor
from tests.lessons.bundled import bundled
from tests.lessons.texts import lesson
from tests.strategies import SELDOM, some

OWN = lesson(
    "## One\nNow `dz` is {=dz}. <b onclick=alert(1)>bold</b> ![a cat](http://example.invalid/cat.png)\n\n"
    "```stop\nat: start\n```\n",
    "## Two\nWhich?\n\n```stop\nat: start\n```\n\n```ask value\ncell: db[0]\nhint: h & <i>\n```\n"
    "It went on.\n",
    "## Three\n\n```stop\nat: 3\nmark: W[0, 0, 1, 0]\n```\n\n```ask choice\nprompt: Which is it?\n"
    "- [ ] the first | because *no*\n- [x] the second | because yes\n```\n",
    "## Four\n\n```stop\nat: 3\n```\n\n```ask cells\non: dA_prev_pad[:, :, 0]\n```\n",
    "## Five\n\n```ask shape\nof: dW\n```\n",
    "## Six\n\n```ask step\ncell: dW[1, 0, 0, 0]\nwhich: first\n```\n",
)


def written(of: Lesson, path: Path) -> Path:
    path.write_text(page_html(lesson_page(of, range(len(of.pages)), lambda done: None)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(OWN, tmp_path_factory.mktemp("lesson") / "own.html")


def page_text(browser: Browser) -> str:
    text: str = browser.ask("document.querySelector('.page:not([hidden])').innerText")
    return text


@SELDOM
def test_pages_turn_and_each_has_its_scene(browser: Browser, own: Path) -> None:
    browser.open(own)
    dz = OWN.pages[0].problem.dZ[0, 0, 0]
    assert f"Now dz is {dz:g}. <b onclick=alert(1)>bold</b>" in page_text(browser)
    assert at(browser).startswith("before step 1/")
    browser.press("p", "p")
    assert "Which is it?" in page_text(browser)
    assert at(browser).startswith("step 3/")
    marks = browser.ask("[...document.querySelectorAll('.mark')].map((one) => ({ ...one.dataset }))")
    assert marks == [{"mark": "›", "row": "0", "column": "1"}]
    browser.press("P", "P", "P")
    assert "One" in page_text(browser)
    assert (browser.requests, browser.complaints) == ([], [])


def test_an_answer_is_judged_and_then_explained(browser: Browser, own: Path) -> None:
    question = OWN.pages[1].question
    assert question is not None
    browser.open(own)
    browser.press("p")
    assert "It went on." not in page_text(browser)
    browser.press("h")
    assert "h & <i>" in page_text(browser)
    browser.click(".page:not([hidden]) input")
    browser.type("nothing")
    browser.press("Enter")
    assert "is not a number" in page_text(browser)
    field = "document.querySelector('.page:not([hidden]) input')"
    browser.ask(f"{field}.value = ''")
    browser.type(f"{question.solution} + 0*2")
    browser.press("Enter")
    assert "Right." in page_text(browser)
    assert "It went on." in page_text(browser)
    assert at(browser).startswith("step 1/")
    assert browser.ask(f"{field}.disabled")


def test_a_wrong_choice_says_why_and_the_answer_can_be_shown(browser: Browser, own: Path) -> None:
    browser.open(own)
    browser.press("p", "p")
    browser.click(".page:not([hidden]) input[value='1']")
    browser.click(".page:not([hidden]) [type=submit]")
    assert "because no" in page_text(browser)
    assert "because yes" not in page_text(browser)
    browser.click(".page:not([hidden]) .solution")
    assert "because yes" in page_text(browser)


@SELDOM
def test_cells_are_marked_on_the_grid(browser: Browser, own: Path) -> None:
    question = OWN.pages[3].question
    assert isinstance(question, CellsQuestion)
    cells = sorted((row, column) for *_, row, column, _ in question.cells)
    browser.open(own)
    browser.press("p", "p", "p")
    for row, column in cells[1:]:
        browser.click(f".pick[data-row='{row}'][data-column='{column}']")
    browser.click(".page:not([hidden]) [type=submit]")
    assert f"{len(cells) - 1} of {len(cells)} cells found" in page_text(browser)
    browser.ask(
        f"document.querySelector(\".pick[data-row='{cells[0][0]}'][data-column='{cells[0][1]}']\").focus()"
    )
    browser.press("Enter")
    browser.click(".page:not([hidden]) [type=submit]")
    assert "Right." in page_text(browser)
    assert browser.ask("document.querySelectorAll('.pick').length") == 0


@SELDOM
@pytest.mark.parametrize(("name", "language"), some([("1", "en"), ("14", "zh"), ("hunt-1", "zh")]))
def test_a_bundled_lesson_is_a_page_in_both_languages(
    browser: Browser, tmp_path: Path, name: str, language: str
) -> None:
    path = tmp_path / "lesson.html"
    assert main(["export", name, "--lang", language, "-o", str(path)]) == 0
    browser.open(path, dark=language == "en")
    assert browser.ask("document.documentElement.lang") == {"en": "en", "zh": "zh-Hans"}[language]
    assert "`" not in browser.ask("document.querySelector('header').innerText")
    for number, page in enumerate(bundled(name, language).pages):
        assert browser.ask("document.querySelectorAll('.page:not([hidden])').length") == 1
        if page.question is not None and page.question.kind == "edit":
            assert say(language, "edit.page") in page_text(browser)
            assert browser.ask("document.querySelector('.page:not([hidden]) [type=submit]')") is None
            assert page.question.given not in page_text(browser)
            browser.click(".page:not([hidden]) .solution")
            assert page.question.given in page_text(browser)
            marks = "[...document.querySelectorAll('#replay .mark')].map((one) => one.dataset.mark).join()"
            assert "Δ" in browser.ask(marks), "the scene is that of the answer"
            assert browser.ask("document.querySelector('.differs')") is None
        elif page.question is not None:
            asks = f"data.pages[{number}].asks"
            right = f"{asks}.cells" if page.question.kind == "cells" else json.dumps(page.question.solution)
            assert browser.ask(f"judge({asks}, {right}).right") is True
            browser.click(".page:not([hidden]) .solution")
        assert poor(browser) == [], number
        browser.press("p")
    assert browser.complaints == []


def judging_of(question: Question) -> Any:
    return judging(replace(OWN.pages[0], question=question))


def judged(browser: Browser, question: Question, answers: list[Any]) -> list[Any]:
    """For each answer whether it is right, null for one that a page cannot judge, and whether it is none."""
    asks = json.dumps(judging_of(question))
    found: list[Any] = browser.ask(
        f"{json.dumps(answers)}.map((one) => judge({asks}, one))"
        ".map((one) => [one.right, Boolean(one.none), one.said])"
    )
    return found


def expected(question: Question, answer: str) -> tuple[bool, bool, str]:
    try:
        found = question.judge(answer)
    except AnswerError as error:
        return False, True, str(error)
    return found.right, False, found.said


TYPED = {
    1: [
        "1",
        "-3*2",
        "０．５",
        "1,5",
        "2*(3+4)",
        "abc",
        "",
        "1/0",
        "--4",
        "0x10",
        "1_0",
        "1e2",
        "2**-1",
        "1e999",
    ],
    4: [
        "3,2,3,2",
        "(3, 2, 3, 2)",
        "[3 2 3 2]",
        "3x2x3",
        "3",
        "2,3,3,2",
        "3,2,3,9",
        "4, 5, 2",
        "x",
        "（3，2，3，2）",
    ],
    5: [
        "0,0,1",
        "(0, 0, 1)",
        "2",
        "1",
        "0 0 1",
        "start",
        "50%",
        "99,0,0",
        "1,2,3,4,5",
        "1.5",
        "-1",
        "0,0",
        "0，0，1",
    ],
}


@pytest.mark.parametrize("number", TYPED)
def test_what_is_typed_is_judged_as_python_judges_it(browser: Browser, own: Path, number: int) -> None:
    question = OWN.pages[number].question
    assert question is not None
    answers = [*TYPED[number], str(question.solution)]
    browser.open(own)
    for answer, (right, none, said) in zip(answers, judged(browser, question, answers), strict=True):
        wanted = expected(question, answer)
        assert (right, none) == wanted[:2], answer
        if "'" not in said:  # what was typed is quoted as JavaScript or Python does
            assert escaped(said) == wanted[2] or said == wanted[2], answer


def test_choices_are_judged_as_python_judges_them(browser: Browser, own: Path) -> None:
    question = OWN.pages[2].question
    assert isinstance(question, ChoiceQuestion)
    browser.open(own)
    assert [right for right, *_ in judged(browser, question, ["1", "2"])] == [
        question.judge("1").right,
        question.judge("2").right,
    ]


numbers = st.one_of(
    st.integers(0, 10**6).map(str),
    st.floats(0, 1e6, allow_nan=False).map(lambda value: f"{value:.3f}"),
    st.sampled_from(
        [
            ".5",
            "1.",
            "1e3",
            "2E-2",
            "0x1F",
            "0b11",
            "1_000",
            "007",
            "00",
            "01.5",
            "inf",
            "nan",
            "1_",
            "9" * 30,
        ]
    ),
)
sums = st.recursive(
    numbers,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "/", "//", "%", " - ", "**"]), part).map("".join),
        part.map(lambda one: f"({one})"),
        st.tuples(st.sampled_from("+-"), part).map("".join),
        st.tuples(part, st.sampled_from(["**2", "**-3", "**(3)", "**9", "** 0"])).map("".join),
    ),
    max_leaves=8,
)
junk = st.text(alphabet="0123456789.,+-*/%() _eExb<=>#infa×÷（）。", max_size=12)


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],  # many at once: nothing is gained by shrinking the list
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(st.one_of(sums, sums, junk), min_size=150, max_size=150))
def test_sums_come_to_the_same_numbers(browser: Browser, own: Path, texts: list[str]) -> None:
    if not browser.ask("typeof arithmetic === 'function'"):
        browser.open(own)
    found = browser.ask(f"""{json.dumps(texts)}.map((text) => {{
      try {{ return arithmetic(text); }}
      catch (error) {{
        if (error instanceof NotJudged) return "unjudged";
        if (error instanceof NoAnswer) return "none";
        throw error;
      }}
    }})""")
    for text, value in zip(texts, found, strict=True):
        try:
            wanted: float | str = arithmetic(text)
        except ValueError:
            wanted = "none"
        if value == "unjudged":
            assert set(text) & set("<=>"), text  # or a function, of which there are none here
        else:
            assert value == wanted, text
