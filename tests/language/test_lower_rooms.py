"""The lower rooms in Chinese: what was typed wrongly, what a problem contradicts, what a process says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from convstep.candidate.call.opening import open_worker
from convstep.candidate.load.target import CandidateError
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.provenance import provenance
from convstep.examples import load
from convstep.language import speak
from convstep.replay.places import parse_place
from convstep.replay.stops import parse_stop
from tests.conv.test_validation import GOOD, TABLE
from tests.language.words import english_words
from tests.replay.test_conditions import CORPUS, small


@pytest.fixture(autouse=True)
def chinese() -> None:
    speak("zh")


def said_by(call: Callable[..., object], *arguments: object) -> str:
    """The sentence of the error that a call raises."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the words are looked at by the caller
        call(*arguments)
    return str(caught.value)


def without(text: str, *typed: str) -> str:
    """A sentence without what was typed, which stands in it in quotes or as the name of a cell."""
    for piece in typed:
        text = text.replace(piece, " ")
    return re.sub(r"^第 \d+ 个字符 ('|\").*\1：", "", text)


def test_what_is_wrong_with_a_condition_is_said_in_chinese() -> None:
    layout = small().layout
    sentences = {text: said_by(parse_stop, f"{text} and dz > 0", layout) for text in ("dq", "x.T", "abs()")}
    for text in CORPUS:
        try:
            parse_stop(text, layout)
        except ValueError as error:
            sentences[text] = str(error)
    assert len(sentences) > 150
    left = {text: english_words(without(said, text)) for text, said in sentences.items()}
    assert {text: words for text, words in left.items() if words} == {}


@pytest.mark.parametrize(
    "text",
    [
        "9,0,0",
        "1,2,3,4,5",
        "999",
        "0",
        "i_c > 9 and dz > 0",
        "dz > 0 hits 0",
        "dz > 0 hits many",
        "watch dW[9, 0, 0, 0]",
        "watch dW[0]",
        "watch db[9]",
        "watch dA_prev[9, 0, 0]",
        "watch dZ[0, 0, 0]",
        "watch dW",
        "",
    ],
)
def test_what_is_wrong_with_a_stop_is_said_in_chinese(text: str) -> None:
    said = said_by(parse_stop, text, load("digit").layout)
    assert english_words(said) == []
    assert re.search("[一-鿿]", said)


@pytest.mark.parametrize("text", ["257", "101%", "8,0,0", "1,2,3,4,5", "", "four", "1,x"])
def test_what_is_wrong_with_a_place_is_said_in_chinese(text: str) -> None:
    said = said_by(parse_place, text, load("digit").geometry)
    assert english_words(said) == []
    assert re.search("[一-鿿]", said)


def test_what_a_problem_contradicts_is_said_in_chinese() -> None:
    left = {}
    for number, (changes, _) in enumerate(TABLE):
        with pytest.raises(ProblemError) as caught:
            Problem(**(GOOD | changes))
        said = re.sub(r"(<U1|object|bool|complex128|datetime64\[s\])|读成数组：.*", "", str(caught.value))
        left[number] = english_words(said)
        assert re.search("[一-鿿]", said)
    assert {number: words for number, words in left.items() if words} == {}


def unreachable() -> Iterator[str]:
    """Every way in which no window reaches a cell, in sentences."""
    for size, kernel, stride, dilation in [
        (8, 3, 2, 1),
        (8, 3, 3, 1),
        (8, 2, 3, 1),
        (5, 1, 2, 1),
        (9, 3, 2, 2),
    ]:
        W = np.ones((1, kernel, kernel, 1))
        problem = Problem(np.ones((size, size, 1)), W, None, None, stride=stride, dilation=dilation)
        for row in range(size):
            for column in range(size):
                yield provenance(problem, "dA_prev_pad", (row, column, 0)).reason


def test_why_no_window_reaches_a_cell_is_said_in_chinese() -> None:
    reasons = set(unreachable())
    assert len(reasons) > 30
    assert [reason for reason in reasons if english_words(reason)] == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def backward(dZ, cache, stride, padding):\n    return dZ[", "无法编译：第 2 行："),
        ("import nowhere_to_be_found as backward\n", "backward 是导入的，但没有安装 nowhere_to_be_found"),
        ("SIZE = 3\n", "没有 backward；其中没有定义函数"),
        ("def other(problem):\n    pass\n", "没有 backward；其中定义了 other"),
        ("def backward():\n    return 3\n", r"backward\(\) 没有参数"),
    ],
)
def test_the_candidates_process_speaks_the_same_language(source: str, said: str, tmp_path: Path) -> None:
    from convstep.candidate.conv_verdict import verdict_of

    path = tmp_path / "lesson.py"
    path.write_text(source, encoding="utf-8")
    with pytest.raises(CandidateError, match=said), open_worker(f"{path}:backward") as worker:
        verdict_of(worker)
