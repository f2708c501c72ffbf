"""The bundled files are what the scripts make, and a file that is not gets noticed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.examples import load, make, names, train_digit
from tests.strategies import THOROUGH


@pytest.fixture
def without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training takes seconds; the bundled network stands in for a fresh one."""
    digit = load("digit")
    with np.load(make.CLASSIFIER, allow_pickle=False) as archive:
        W_out, b_out = archive["W_out"], archive["b_out"]
    network = train_digit.Network(digit.W, make._bias(digit), W_out, b_out)
    monkeypatch.setattr(train_digit, "train", lambda: network)


def test_the_bundled_problems_are_reproduced_training_included(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if not THOROUGH:
        request.getfixturevalue("without_training")
    assert make.main(["--check"]) == 0, capsys.readouterr().out


def test_every_problem_has_a_maker() -> None:
    assert ("digit", *make.DERIVED) == names()


@pytest.mark.usefixtures("without_training")
@pytest.mark.parametrize("name", ["digit", "stride-2"])
def test_a_changed_problem_is_named_and_fails_the_check(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    genuine = load(name)
    dZ = genuine.dZ.copy()
    dZ[2, 1, 3] += 1e-6
    changed = Problem(genuine.A_prev, genuine.W, genuine.b, dZ, genuine.stride, genuine.padding)
    monkeypatch.setattr(make, "load", lambda wanted: changed if wanted == name else load(wanted))
    assert make.main(["--check"]) == 1
    assert f"{name}: dZ is off by up to 1e-06" in capsys.readouterr().out


@pytest.mark.usefixtures("without_training")
def test_writing_gives_every_file_again(tmp_path: Path) -> None:
    make.write(tmp_path)
    assert {path.stem for path in (tmp_path / "problems").iterdir()} == set(names())
    shutil.copy(make.HERE / "problems" / "rectangle.npz", tmp_path / "bundled.npz")
    fresh, bundled = (Problem.load(tmp_path / f) for f in ("problems/rectangle.npz", "bundled.npz"))
    np.testing.assert_array_equal(fresh.dZ, bundled.dZ)
    assert (tmp_path / make.CLASSIFIER.name).exists()
