"""The guide's table of what the notebooks of a course would let pass is what comes out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from convstep.candidate.power.asking import power
from convstep.candidate.power.power import Power
from tests.guide import block, part
from tests.strategies import EVERYTHING, SELDOM, THOROUGH

COURSES = Path(__file__).parent / "courses"
CHECKS = {
    "test_relu": "relu_backward",
    "test_max_pool": "max_pool_backward_naive",
    "test_affine": "affine_backward",
    "test_conv": "conv_backward_naive",
    "test_batchnorm": "batchnorm_backward",
    "test_softmax_loss": "softmax_loss",
    "test_lstm_step": "lstm_step_backward",
}
"""By the test of the notebook, what it tests."""
TRIED = CHECKS if EVERYTHING else ("test_relu", "test_affine") if THOROUGH else ("test_affine",)


def found(test: str) -> Power:
    return power(f"{COURSES / 'notebook.py'}::{test}", f"{COURSES / 'layers.py'}:{CHECKS[test]}")


def row(test: str, power: Power) -> str:
    """Its line of the guide's table."""
    whole = len({*power.seen, *power.missed})
    ids = ", ".join(f"`{id}`" for id in power.missed) or "none"
    return f"| {test.removeprefix('test_')} | {len(power.missed)} of {whole} | {ids} |"


@SELDOM
@pytest.mark.parametrize("test", TRIED)
def test_the_table_says_what_a_notebook_would_let_pass(test: str) -> None:
    power = found(test)
    assert row(test, power) in part("power of a course").splitlines()
    if test == "test_affine":  # lines are cut for another width there
        assert block("power").split() == str(power).replace(f"{COURSES}{os.sep}", "").split()


def test_every_check_of_the_notebook_has_a_line_and_they_pass_as_they_are() -> None:
    text = (COURSES / "notebook.py").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^def (test_\w+)", text, re.MULTILINE)) == sorted(CHECKS)
    lines = re.findall(r"^\| (\w+) \| \d", part("power of a course"), re.MULTILINE)
    assert [f"test_{name}" for name in lines] == list(CHECKS)
