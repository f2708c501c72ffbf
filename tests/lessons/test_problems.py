"""The problem of a lesson: sizes, bundled names, files, and another dZ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.examples import load
from convstep.lessons.errors import LessonError
from convstep.lessons.fields import parse_fields
from convstep.lessons.problems import make_problem, spec_of

SIZES = "input: 5x6x2\nfilters: 3\nkernel: 3x2\n"


def made(text: str, folder: str = "") -> tuple[Problem, str]:
    fields, _ = parse_fields(text, 2, "the front matter")
    return make_problem(spec_of(fields, {}), fields.line, folder)


def test_sizes_draw_a_problem() -> None:
    problem, name = made(
        SIZES + "stride: 2x1\npadding: 1,2,0,1\ndilation: 1,2\nbatch: 2\nseed: 4\ndtype: float32\nbias: no"
    )
    assert name == "5x6x2"
    assert problem.A_prev.shape == (2, 5, 6, 2)
    assert problem.W.shape == (3, 3, 2, 2)
    assert (problem.stride, problem.padding, problem.dilation) == ((2, 1), ((1, 2), (0, 1)), (1, 2))
    assert problem.b is None
    assert problem.dtype == np.float32


def test_whole_numbers_are_small_and_never_zero() -> None:
    problem, _ = made(SIZES + "numbers: whole")
    for array in (problem.A_prev, problem.W, problem.b, problem.dZ):
        assert array is not None
        assert {*np.unique(array)} <= {-3, -2, -1, 1, 2, 3}


def test_the_same_words_draw_the_same_numbers() -> None:
    first, again, other = made(SIZES)[0], made(SIZES)[0], made(SIZES + "seed: 1")[0]
    assert np.array_equal(first.W, again.W)
    assert not np.array_equal(first.W, other.W)


def test_a_bundled_problem_by_name() -> None:
    problem, name = made("problem: stride-2")
    assert name == "stride-2"
    assert np.array_equal(problem.W, load("stride-2").W)


def test_a_file_is_looked_for_beside_the_lesson(tmp_path: Path) -> None:
    load("one-window").save(tmp_path / "own.npz")
    problem, name = made("problem: own.npz", str(tmp_path))
    assert (name, problem.total_steps) == ("own", 1)
    assert made(f"problem: {tmp_path / 'own.npz'}", "elsewhere")[1] == "own"


def test_dz_may_be_ones_or_one_value_kept() -> None:
    ones, _ = made("problem: rectangle\ndZ: ones")
    assert (ones.dZ == 1).all()
    one_hot, _ = made("problem: rectangle\ndZ: one-hot 1,2,0")
    assert one_hot.dZ[1, 2, 0] == load("rectangle").dZ[1, 2, 0] != 0
    assert np.count_nonzero(one_hot.dZ) == 1
    batch, _ = made(SIZES + "batch: 2\ndtype: float32\ndZ: one-hot 1,0,2,1")
    assert [*np.argwhere(batch.dZ)[0]] == [1, 0, 2, 1]
    assert batch.dtype == np.float32


def test_a_block_changes_what_it_names_and_an_input_or_a_name_begins_anew() -> None:
    before, _ = parse_fields(SIZES + "stride: 2\ndZ: ones", 2, "front")
    spec = spec_of(before, {})
    for text, keys in (
        ("padding: 1", {"input", "filters", "kernel", "stride", "dz", "padding"}),
        ("input: 3x3x1", {"input"}),
        ("problem: digit", {"problem"}),
    ):
        assert {*spec_of(parse_fields(text, 9, "problem")[0], spec)} == keys


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "the problem has no 'input'; write `problem: digit`, or input, filters and kernel"),
        ("input: 5x6x2\nkernel: 3", 1, "the problem has no 'filters'"),
        ("problem: digt", 2, "no example is called 'digt'; did you mean 'digit'?"),
        ("problem:", 2, "no example is called ''"),
        ("seed: 1\nproblem: none.npz", 3, "none.npz"),
        ("problem: digit\nstride: 2", 3, "'stride' is for a drawn problem; digit has its own"),
        ("input: 5x6\nfilters: 3\nkernel: 3", 2, "input: '5x6' is not height x width x channels"),
        (SIZES + "stride: two", 5, "stride: 'two' is not a number or a pair"),
        (SIZES + "padding: 1,2,3", 5, "padding: '1,2,3' is not a padding"),
        (SIZES + "groups: 1.5", 5, "groups: '1.5' is not a whole number"),
        (SIZES + "seed: 99999999999", 5, "seed: '99999999999' is not a whole number of up to 9 digits"),
        (SIZES + "dtype: float16", 5, "dtype is 'float16'; it must be float64 or float32"),
        (SIZES + "bias: maybe", 5, "bias is 'maybe'; it must be yes or no"),
        (SIZES + "numbers: small", 5, "numbers is 'small'; it must be normal or whole"),
        (SIZES + "dZ: zeros", 5, "dZ is 'zeros'; it must be `ones` or `one-hot 1,2,0`"),
        (SIZES + "dZ: one-hot", 5, "dZ: '' is not a place"),
        (SIZES + "dZ: one-hot start", 5, "dZ: one-hot needs a place like 1,2,0"),
        (SIZES + "dZ: one-hot 9,0,0", 5, "dZ: i_h is 9, but it goes from 0 to 2"),
        (SIZES + "stride: 0", 1, "stride"),
        (SIZES + "seed: -1", 1, "seed is -1; it must be at least 0"),
        (SIZES + "groups: 2", 1, "groups"),
        (SIZES + "padding: same\nstride: 2", 1, "same"),
        ("input: 2x2x1\nfilters: 1\nkernel: 3", 1, "kernel"),
        ("input: 999999x999999x9\nfilters: 1\nkernel: 1", 1, "these sizes need"),
        (
            "input: 500x500x1\nfilters: 1\nkernel: 1",
            1,
            "the problem has 250,000 steps; a lesson's may have at most 200,000",
        ),
        ("input: 9000x9000x9\nfilters: 1\nkernel: 1\nstride: 9000", 1, "at most 64 MiB are drawn"),
        ("input: 1x1x1\nfilters: 99999999\nkernel: 1", 1, "at most 64 MiB are drawn"),
    ],
)
def test_what_is_no_problem_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    with pytest.raises(LessonError) as caught:
        made(text.replace("seed: 1\nproblem", "# nothing\nproblem"), str(tmp_path))
    assert sentence in caught.value.sentence
    assert caught.value.line == line
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize("held", [b"", b"no zip", b"PK\x03\x04"])
def test_a_damaged_file_is_refused(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "own.npz").write_bytes(held)
    with pytest.raises(LessonError, match=r"own\.npz"):
        made("problem: own.npz", str(tmp_path))


def test_a_folder_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "own.npz").mkdir()
    with pytest.raises(LessonError, match=r"own\.npz"):
        made("problem: own.npz", str(tmp_path))
