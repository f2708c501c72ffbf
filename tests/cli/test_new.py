from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.cli import problems
from convstep.conv.problem import Problem
from tests.cli.conftest import Refused, Run

SIZES = ["--input", "7x10x3", "--filters", "4", "--kernel", "3"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--input", "--filters", "--kernel"]),
        ([*SIZES, "--input", "7x10"], ["'7x10'", "7x10x3"]),
        ([*SIZES, "--input", "0x10x3"], ["0x10x3", "length 0"]),
        ([*SIZES, "--filters", "0"], ["filters is 0", "at least 1"]),
        ([*SIZES, "--filters", "two"], ["--filters", "'two'"]),
        ([*SIZES, "--kernel", "3x3x3"], ["--kernel", "'3x3x3'"]),
        ([*SIZES, "--kernel", "0x3"], ["kernel is 0x3", "at least 1"]),
        ([*SIZES, "--kernel", "9"], ["9x9", "7x10", "add padding"]),
        ([*SIZES, "--stride", "0"], ["stride is 0", "at least 1"]),
        ([*SIZES, "--stride", "-1"], ["stride is -1", "at least 1"]),
        ([*SIZES, "--stride", "2x0"], ["stride[1] is 0", "at least 1"]),
        ([*SIZES, "--dilation", "4"], ["spanning 9x9", "7x10"]),
        ([*SIZES, "--padding", "full"], ["'full'", "top, bottom, left, right"]),
        ([*SIZES, "--padding", "-1"], ["padding is -1", "at least 0"]),
        ([*SIZES, "--padding", "same", "--stride", "2"], ["stride 1", "stride is 2"]),
        ([*SIZES, "--groups", "2"], ["3 channels", "2 groups"]),
        ([*SIZES, "--groups", "0"], ["groups is 0", "at least 1"]),
        ([*SIZES, "--groups", "3"], ["4 filters", "3 groups"]),
        ([*SIZES, "--batch", "0"], ["batch is 0", "at least 1"]),
        ([*SIZES, "--seed", "-1"], ["seed is -1", "at least 0"]),
        ([*SIZES, "--dtype", "int8"], ["'int8'", "float32"]),
        ([*SIZES, "-o", "."], [". is a folder"]),
        ([*SIZES, "-o", "missing/new.npz"], ["missing does not exist"]),
        (["--input", "100000x100000x3", "--filters", "4", "--kernel", "3"], ["GiB", "8 GiB", "smaller"]),
        (["--input", "9x9x9", "--filters", "99999999", "--kernel", "9"], ["GiB", "smaller"]),
        ([*SIZES, "--padding", "9000"], ["GiB", "smaller"]),
        ([*SIZES, "--padding", "999999999"], ["cells", "less padding"]),
    ],
)
def test_sizes_that_make_no_sense_are_one_sentence_and_no_file(
    refused: Refused, arguments: list[str], words: list[str]
) -> None:
    said = refused("new", *arguments)
    for word in words:
        assert word in said
    assert os.listdir() == []


def test_new_saves_what_the_sizes_say(run: Run) -> None:
    ended = run("new", *SIZES)
    assert ended.code == 0
    problem = Problem.load("conv-7x10x3-4of3x3.npz")
    assert problem.A_prev.shape == (7, 10, 3)
    assert problem.W.shape == (4, 3, 3, 3)
    assert problem.b is not None
    assert problem.dtype == np.float64
    assert not problem.dZ_drawn
    assert ended.out.splitlines()[-1] == "convstep open conv-7x10x3-4of3x3.npz"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--stride", "2x1"], {"stride": (2, 1)}),
        (["--stride", "2,1"], {"stride": (2, 1)}),
        (["--stride", "2"], {"stride": (2, 2)}),
        (["--kernel", "3x5"], {"W": (4, 3, 5, 3)}),
        (["--dilation", "2", "--groups", "1"], {"dilation": (2, 2)}),
        (["--padding", "1"], {"padding": ((1, 1), (1, 1))}),
        (["--padding", "1x2"], {"padding": ((1, 1), (2, 2))}),
        (["--padding", "0,1,2,3"], {"padding": ((0, 1), (2, 3))}),
        (["--padding", "same"], {"padding": ((1, 1), (1, 1)), "dZ": (7, 10, 4)}),
        (["--padding", "valid"], {"padding": ((0, 0), (0, 0))}),
        (["--groups", "3", "--filters", "6"], {"groups": 3, "W": (6, 3, 3, 1)}),
        (["--batch", "2"], {"A_prev": (2, 7, 10, 3), "dZ": (2, 5, 8, 4)}),
        (["--batch", "1"], {"A_prev": (1, 7, 10, 3)}),
        (["--dtype", "float32"], {"dtype": np.float32}),
        (["--no-bias"], {"b": None}),
    ],
)
def test_new_understands_every_way_to_write_a_size(
    run: Run, options: list[str], expected: dict[str, Any]
) -> None:
    assert run("new", *SIZES, *options, "-o", "new.npz").code == 0
    problem = Problem.load("new.npz")
    for name, value in expected.items():
        found = getattr(problem, name)
        assert (found.shape if isinstance(found, np.ndarray) else found) == value


def test_new_draws_the_same_numbers_from_the_same_seed(run: Run) -> None:
    drawn = []
    for seed in ("1", "1", "2"):
        assert run("new", *SIZES, "--seed", seed, "-o", "new.npz", "--force").code == 0
        drawn.append(Problem.load("new.npz").W.tobytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_new_never_overwrites_unless_told_to(run: Run, refused: Refused) -> None:
    Path("mine.npz").write_text("precious")
    assert (
        refused("new", *SIZES, "-o", "mine.npz")
        == "mine.npz already exists; choose another -o or add --force"
    )
    assert Path("mine.npz").read_text() == "precious"
    assert run("new", *SIZES, "-o", "mine.npz", "--force").code == 0
    assert Problem.load("mine.npz").total_steps == 160
    assert os.listdir() == ["mine.npz"]


def test_the_command_that_new_prints_opens_the_file(run: Run) -> None:
    for name in ("digit", "a b.npz"):
        command = run("new", *SIZES, "-o", name).out.splitlines()[-1]
        path = command.removeprefix("convstep open ").strip("'")
        assert run("trace", path, "--to", "1").code == 0
    assert problems.load_problem("digit").total_steps == 256
    assert problems.load_problem("./digit").total_steps == 160
