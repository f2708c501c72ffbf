"""`convstep operators`, and operators where a problem stands on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from convstep.operators.operator import Operator
from convstep.operators.registry import operators as every
from tests.cli.conftest import Refused, Run, strictly
from tests.strategies import SELDOM

CONV2D = "conv2d"


def operators() -> list[Operator]:
    return [one for one in every() if one.name != CONV2D]


SCALE = """
import numpy as np
import convstep


def forward(x, w):
    return x * w


def backward(dout, x, w):
    dx = dout * w
    dw = (dout * x).sum(axis=0)
    return dx, dw


SCALE = convstep.operator(
    "scale", forward, backward, small={"x": np.array([[1.0, 2.0], [3.0, 4.0]]), "w": np.array([2.0, 3.0])}
)
"""


def test_operators_are_listed_with_what_they_are_and_conv2d_among_them(run: Run) -> None:
    ended = run("operators")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == [*(one.name for one in operators()), "conv2d"]
    for one in operators():
        assert f"{one.title}  " in ended.out or f"{one.title}\n" in ended.out
    assert "convstep open NAME" in ended.out
    assert run("operators", "conv2d").out.startswith("conv2d: the convolution, which has commands of its own")
    assert strictly(run("operators", "conv2d", "--json").out)["name"] == "conv2d"
    listed = strictly(run("operators", "--json").out)["operators"]
    assert [one["name"] for one in listed] == [one.name for one in every()]


@pytest.mark.parametrize("operator", operators(), ids=lambda one: one.name)
def test_one_is_shown_with_its_code_its_problems_and_its_mistakes(run: Run, operator: Operator) -> None:
    one = operator
    text = run("operators", one.name).out
    assert f"def {one.forward.__name__}(" in text
    assert f"def {one.backward.__name__}(" in text
    assert '"""' not in text
    assert one.torch in text
    plain = strictly(run("operators", one.name, "--json").out)
    for number, about in enumerate(plain["problems"], 1):
        assert f"{number:>2}  {about}\n" in text
    for mistake in (*one.mistakes, *one.also_right):
        assert f"    {mistake.id}: {mistake.title}\n" in text
        for variant in mistake.variants:
            sign, lines = ("+", variant.wrong) if variant.wrong else ("-", variant.right)
            assert f"{sign} {' '.join(lines.splitlines()[0].split())}" in " ".join(text.split())
    assert [mistake["id"] for mistake in plain["mistakes"]] == [mistake.id for mistake in one.mistakes]


def test_a_name_that_is_almost_one_is_answered_with_it(refused: Refused) -> None:
    assert refused("open", "max_pool") == "max_pool is no problem and no operator; did you mean max-pool?"
    assert refused("open", "digits").startswith("no example is called 'digits'; did you mean 'digit'?")
    assert "convstep open digit" in refused("open", "conv2d")
    assert refused("operators", "max-poll") == "max-poll is not an operator; did you mean max-pool?"
    assert (
        refused("max-pool")
        == "'max-pool' is an operator, not a command; did you mean `convstep open max-pool`?"
    )


def test_the_steps_of_an_operator_are_written_as_text(run: Run, refused: Refused) -> None:
    ended = run("trace", "max-pool", "--from", "3", "--to", "3")
    assert ended.out.startswith("max-pool: max pooling on small whole numbers\n\nstep 3/6")
    mistaken = run("trace", "max-pool", "--mistake", "overwrite", "--case", "2", "--format", "jsonl")
    assert mistaken.code == 0
    assert all("step" in strictly(line) for line in mistaken.out.splitlines())
    assert "\n30: return out\n" in run("trace", "linear", "--forward").out
    assert refused("trace", "max-pool", "--mistake", "nope").startswith(
        "max-pool has no mistake nope; it has"
    )
    assert "`convstep operators max-pool` lists them" in refused("trace", "max-pool", "--case", "a dog")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trace", "digit", "--case", "2"], "--case is about an operator, a name of `convstep operators`"),
        (["trace", "digit", "--mistake", "x"], "--mistake is about an operator"),
        (["trace", "max-pool", "--shape", "x=2x2"], "--shape is about a function"),
        (["compare", "max-pool"], "max-pool is an operator and no problem; `convstep open max-pool`"),
        (["export", "digit", "--steps", "1", "-o", "a.svg", "--case", "1"], "--case is about an operator"),
        (["open", "max-pool"], "convstep open needs a terminal; `convstep trace max-pool` works without one"),
    ],
)
def test_what_does_not_go_together_is_refused(refused: Refused, words: list[str], said: str) -> None:
    assert refused(*words).startswith(said)


def test_an_operator_is_drawn(run: Run, tmp_path: Path) -> None:
    ended = run("export", "relu", "--steps", "2", "-o", "relu.svg", "--mistake", "mask-inverted")
    assert (ended.code, ended.err) == (0, "")
    assert "relu_backward" in (tmp_path / "relu.svg").read_text()


@SELDOM
def test_an_operator_of_a_file_is_stepped_and_checks(run: Run, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "scale.py").write_text(SCALE)
    (tmp_path / "mine.py").write_text("def f(dout, x, w):\n    return dout * w, (dout * x).mean(axis=0)\n")
    ended = run("trace", "scale.py:SCALE")
    assert ended.out.startswith("scale.py:SCALE: scale on small whole numbers\n\nstep 1/")
    page = run("operators", "scale.py:SCALE").out
    assert "    convstep open scale.py:SCALE\n" in page
    assert "        dw = (dout * x).sum(axis=0)\n" in page
    checked = run("check", "mine.py:f", "--operator", "scale.py:SCALE")
    assert checked.code == 1
    assert "checked as scale" in checked.out
    assert refused("check", "mine.py:f", "--operator", "scale.py:NOPE") == (
        "scale.py has no operator NOPE; it has SCALE"
    )
    function = run("trace", "scale.py:backward", "--shape", "dout=2x2", "--shape", "x=2x2", "--shape", "w=2x")
    assert function.code == 0  # its functions are still functions


def test_a_value_that_no_operator_is_made_of_is_no_operator(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("SIZES = dict(a=1)\n\ndef f(x):\n    return x\n")
    assert refused("trace", "mine.py:SIZES") == "SIZES in mine.py is not a function (dict); name a function"
