from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.conv import storage
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.recorded import Recorded
from tests.oracle.problems import random_problem

EPS = 2.0**-23


def gradients(problem: Problem) -> dict[str, Any]:
    assert problem.b is not None
    return {"dW": problem.W * 2, "db": problem.b * 3, "dA_prev": problem.A_prev * 4}


def with_gradients(**geometry: Any) -> Problem:
    problem = random_problem(batch=2, **geometry)
    return problem.with_recorded(Recorded("PyTorch 9.9 during training", gradients(problem), EPS))


def written(problem: Problem, **changes: Any) -> bytes:
    """The problem as a file, with some names in it replaced, or left out with None."""
    file = io.BytesIO()
    storage.write(problem, file)
    file.seek(0)
    with np.load(file) as archive:
        arrays = dict(archive) | changes
    changed = io.BytesIO()
    np.savez(changed, **{name: value for name, value in arrays.items() if value is not None})
    return changed.getvalue()


def read(content: bytes) -> Problem:
    return storage.read(io.BytesIO(content), "some.npz")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_file_keeps_recorded_gradients_bit_for_bit(tmp_path: Path, dtype: type) -> None:
    problem = with_gradients(dtype=dtype)
    problem.save(tmp_path / "recorded.npz")
    before, after = problem.recorded, Problem.load(tmp_path / "recorded.npz").recorded
    assert before is not None
    assert after is not None
    assert (after.by, after.eps) == ("PyTorch 9.9 during training", EPS)
    assert list(after.gradients) == list(before.gradients) == ["dW", "db", "dA_prev"]
    for name, values in before.gradients.items():
        assert after.gradients[name].dtype == values.dtype == dtype
        assert after.gradients[name].tobytes() == values.tobytes()


def test_a_file_without_recorded_gradients_has_none_of_their_names() -> None:
    with np.load(io.BytesIO(written(random_problem()))) as archive:
        assert not [name for name in archive.files if name.startswith("recorded")]
    assert read(written(random_problem())).recorded is None


def test_some_of_the_gradients_are_enough() -> None:
    recorded = read(written(with_gradients(), recorded_db=None, recorded_dW=None)).recorded
    assert recorded is not None
    assert list(recorded.gradients) == ["dA_prev"]


def test_recorded_gradients_follow_the_layout_of_the_file() -> None:
    problem = with_gradients()
    first = {n: np.moveaxis(getattr(problem, n), -1, 1) for n in ("A_prev", "W", "dZ")}
    found = {f"recorded_{n}": np.moveaxis(gradients(problem)[n], -1, 1) for n in ("dW", "dA_prev")}
    recorded = read(written(problem, **first, **found, layout="NCHW")).recorded
    assert recorded is not None
    for name, values in gradients(problem).items():
        np.testing.assert_array_equal(recorded.gradients[name], values)


def test_pytorchs_words_mean_its_layout_too() -> None:
    problem = random_problem(batch=2)
    words = {"input": "A_prev", "weight": "W", "grad_output": "dZ"}
    arrays = {word: np.moveaxis(getattr(problem, name), -1, 1) for word, name in words.items()}
    none = dict.fromkeys(("A_prev", "W", "b", "dZ", "layout"))
    found = read(written(problem, **none, **arrays, bias=problem.b))
    for name in ("A_prev", "W", "b", "dZ"):
        np.testing.assert_array_equal(getattr(found, name), getattr(problem, name))
    with pytest.raises(ProblemError, match=r"some.npz mixes 'input' and 'A_prev'"):
        read(written(problem, **arrays))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recorded_dW": np.ones((6, 3, 2))}, "the recorded dW is 6x3x2 but this problem's is 6x3x2x2"),
        ({"recorded_db": np.ones(7)}, "the recorded db is 7 but"),
        ({"recorded_dA_prev": np.ones((5, 7, 4))}, "the recorded dA_prev is 5x7x4 but"),
        ({"recorded_dW": np.ones((6, 3, 2, 2), complex)}, "recorded_dW has dtype complex128"),
        ({"recorded_by": None}, "without 'recorded_by'"),
        ({"recorded_eps": None}, "without 'recorded_eps'"),
        ({"recorded_by": np.array(3)}, "recorded_by must be one text"),
        ({"recorded_by": "\x1b[2J"}, "one line of text"),
        ({"recorded_by": "a\nb"}, "one line of text"),
        ({"recorded_by": "a" * 201}, "one line of text"),
        ({"recorded_by": " "}, "one line of text"),
        ({"recorded_eps": np.ones(2)}, "recorded_eps one number"),
        ({"recorded_eps": np.nan}, "between 0 and 1"),
        ({"recorded_eps": 0.0}, "between 0 and 1"),
        ({"b": None}, "db is recorded but the problem has no bias"),
        (dict.fromkeys(("recorded_dW", "recorded_db", "recorded_dA_prev")), "no gradient is recorded"),
        ({"recorded_dw": np.ones(1), "recorded_dW": None}, "did you mean 'recorded_dW'"),
    ],
)
def test_damaged_recorded_gradients_are_refused_in_one_sentence(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ProblemError, match=re.escape(sentence)) as caught:
        read(written(with_gradients(), **changes))
    assert str(caught.value).startswith("some.npz")
    assert "\n" not in str(caught.value)


def test_recorded_gradients_are_copies_and_the_problem_stays_as_it_was() -> None:
    problem = random_problem(batch=2)
    given = gradients(problem)
    other = problem.with_recorded(Recorded("somebody", given, EPS))
    given["dW"][:] = 7
    assert problem.recorded is None
    assert other.recorded is not None
    assert other.recorded.gradients["dW"].max() != 7
    assert not other.recorded.gradients["dW"].flags.writeable
    assert other.W is problem.W
    assert other.with_recorded(None).recorded is None


def test_an_unknown_gradient_cannot_be_recorded() -> None:
    with pytest.raises(ProblemError, match="'dZ' cannot be recorded"):
        Recorded("somebody", {"dZ": np.ones(3)}, EPS)
