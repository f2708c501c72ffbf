"""The recorded function of a lesson: an operator, other numbers for it, or the lesson's own code."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from convstep.lessons.lesson import Page
from convstep.operators.registry import operator_named
from convstep.recording.recording import Recording
from tests.lessons.functions import BACK, CODE, FRONT
from tests.lessons.texts import fault, lesson, page, page_fault


def run_of(of: Page) -> Recording:
    assert of.subject.recording is not None
    run = of.subject.recording.scout()
    run.seek(run.total)
    return run


def test_an_operator_is_stepped_on_its_small_numbers() -> None:
    found, operator = page("", FRONT), operator_named("max-pool")
    assert found.subject.name == "max-pool"
    assert np.array_equal(run_of(found).arrays["dx_pad"], operator.right(operator.small())["dx"])


def test_given_numbers_and_options_take_the_place_of_the_small_ones() -> None:
    given = "given: x = [[[[1, 9, 2, 3]]]]\ngiven: dout = [[[[7, 5, 4]]]]\ngiven: size = (1, 2)\n"
    front = FRONT.replace("---\n#", f"{given}given: stride = (1, 1)\n---\n#")
    run = run_of(page("", front))
    assert run.arrays["x"].dtype == float
    assert run.arrays["dx_pad"].tolist() == [[[[0, 12, 0, 4]]]]


def test_labels_stay_whole_numbers() -> None:
    front = FRONT.replace("max-pool", "softmax-cross-entropy\ngiven: y = [1, 0]")
    assert run_of(page("", front)).arrays["y"].dtype == int


def test_a_problem_block_leaves_what_it_does_not_say() -> None:
    one, two, three = lesson(
        "## A\n", "## B\n```problem\ngiven: stride = (1, 1)\ngiven: dout = [[[[1, 2, 3], [4, 5, 6]]]]\n```\n",
        "## C\n```problem\ninput: 3x3x1\nfilters: 1\nkernel: 2\n```\n", front=FRONT,
    ).pages  # fmt: skip
    assert (one.subject.name, two.subject.name) == ("max-pool", "max-pool")
    assert (run_of(one).total, run_of(two).total) == (6, 8)
    assert (three.subject.recording, three.problem.total_steps) == (None, 4)


def test_the_lessons_own_code_is_called_as_it_says_in_a_process_of_its_own() -> None:
    there = f"```python candidate\nimport os\nPID = os.getpid()\n{BACK.split(chr(10), 1)[1]}"
    run = run_of(
        page(there.replace("* k", "* k + 0 * PID").replace("return dx", "dx += PID\n    return dx"), CODE)
    )
    assert (run.arrays["dx"][0] - [16, 15] != os.getpid()).all()
    assert run.source.path == "lesson.py"


def test_the_same_code_goes_on_with_other_numbers() -> None:
    one, two = lesson(
        f"## A\n{BACK}", "## B\n```problem\ngiven: x = [[1, 2]]\ngiven: dout = [1]\ngiven: k = 2\n```\n",
        front=CODE,
    ).pages  # fmt: skip
    assert run_of(one).arrays["dx"].tolist() == [[16, 15], [19, 18]]
    assert run_of(two).arrays["dx"].tolist() == [[3, 2]]


@pytest.mark.parametrize(
    ("wrong", "line", "said"),
    [
        ("operator: max-pol", 3, "max-pol is not an operator; did you mean max-pool?"),
        ("operator: relu\ngiven: w = [1]", 4, "relu has no w; it has x, dout"),
        ("operator: relu\ngiven: x", 4, "'x' gives nothing; write it like x = [[1, 2], [3, 4]]"),
        ("operator: relu\ngiven: x = [[1], [2, 3]]", 4, "'[[1], [2, 3]]' is neither a number nor rows of"),
        ("operator: relu\ngiven: x = open('a')", 4, "\"open('a')\" is neither a number nor rows of numbers"),
        ("operator: linear\ngiven: w = [[1, 2]]", 2, "linear cannot be computed from these arrays: "),
        (
            "operator: max-pool\ngiven: padding = (9999, 9999)",
            4,
            "padding is (9999, 9999); a lesson's sizes are",
        ),
        ("operator: max-pool\ngiven: size = 3", 2, "max-pool cannot be computed from these arrays: "),
        ("operator: relu\ngiven: x = [1]\ngiven: x = [2]", 5, "x is given twice; remove one"),
        ("operator: relu\ngiven: x = 'a'", 4, "\"'a'\" is neither a number nor rows of numbers"),
        ("operator: relu\ngiven: x = ((((", 4, "'((((' is neither a number nor rows of numbers"),
        ("operator: linear\ngiven: x = 3", 2, "linear cannot be computed from these arrays: "),
        ("operator: softmax-cross-entropy\ngiven: y = [1e999, 0]", 4, "y has to be small whole numbers"),
        ("operator: relu\nfilters: 3", 4, "'filters' is about a convolution, and this is about an operator:"),
        ("given: x = [1]", 2, "this names no operator; add `operator: max-pool`, or `call:` and the code"),
        ("operator: relu\ncall: f(dout, x)", 2, "there is no code to call; put a ```python candidate block"),
    ],
)
def test_what_describes_no_function_is_said_with_its_line(wrong: str, line: int, said: str) -> None:
    found = fault(f"---\nlanguage: en\n{wrong}\n---\n# T\n\nS.\n\n## P\n\nwords\n")
    assert found.line in (line, 1)
    assert found.sentence.startswith(said)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("call: back(dout, x", "'back(dout, x' is not a call"),
        ("call: 3", "'3' is not a call"),
        ("call: a.b(3)", "'a.b(3)' is not a call"),
        ("call: back(dout, y, k)", "call: : NameError: name 'y' is not defined"),
        ("call: forth(dout)", "lesson.py has no forth; it defines back"),
    ],
)
def test_a_call_that_cannot_be_made_is_said_and_names_no_file_of_ours(call: str, said: str) -> None:
    line, sentence = page_fault(BACK, CODE.replace("call: back(dout, x, k)", call))
    assert line == -5
    assert "convstep-" not in sentence
    assert said.split(": ")[-1] in sentence


def test_numbers_that_are_not_finite_reach_the_code() -> None:
    front = CODE.replace("dout = [5, 6]", "dout = [1e999, 6]")
    assert run_of(page(BACK, front)).arrays["dx"][0].tolist() == [np.inf, np.inf]


def test_the_code_stands_above_what_is_stepped_in_it() -> None:
    assert page_fault(f"```stop\nat: 1\n```\n{BACK}", CODE)[1].startswith("there is no code to call;")
    moved = f"{BACK}\n```stop\nat: 1\n```\n{BACK}"
    assert page_fault(moved, CODE)[1] == "put the code before the page's stop: it is what is stepped"


def test_code_without_a_call_is_not_run(tmp_path: Path) -> None:
    there = f"```python candidate\nopen({str(tmp_path / 'x')!r}, 'w')\ndef f(x):\n    return x\n```"
    assert page_fault(there, FRONT)[1].startswith(
        "the code has to be called; write `call: backward(dout, x)`"
    )
    assert not (tmp_path / "x").exists()
