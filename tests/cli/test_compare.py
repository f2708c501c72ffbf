from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.cli import problems
from convstep.cli.commands.compare import in_order
from convstep.conv.problem import Problem
from convstep.oracle import comparison as comparison_module
from convstep.oracle.captured import Captured, Skipped
from tests.captures import captured_of, repeated, small
from tests.cli.conftest import Run, strictly


def test_compare_says_that_every_gradient_agrees(run: Run) -> None:
    ended = run("compare", "digit")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("All 104 gradients match PyTorch ")
    assert [line.split()[0] for line in lines[1:5]] == ["gradient", "dW", "db", "dA_prev"]
    assert all(line.endswith("✓ matches") for line in lines[2:5])
    assert len(lines) == 5, "the formula is for who asks"
    assert "eps·max(32·min(S, 16·G), n·G)" in run("compare", "digit", "--explain").out


def test_compare_json_is_one_strict_object(run: Run) -> None:
    ended = run("compare", "rectangle", "--json")
    assert ended.code == 0
    found = strictly(ended.out)
    assert (found["problem"], found["ok"]) == ("rectangle", True)
    assert {row["name"] for row in found["rows"]} >= {"dW", "dA_prev"}


def test_compare_ends_with_1_where_gradients_differ(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def off(problem: Problem) -> Any:
        zeros = np.zeros_like(problem.W), np.zeros_like(problem.b), np.zeros_like(problem.A_prev_pad)
        return comparison_module.compare(problem, gradients=zeros)

    monkeypatch.setattr(comparison_module, "best_comparison", off)
    ended = run("compare", "digit")
    assert ended.code == 1
    assert ended.out.count("✗ differs") == 3
    assert "gradients differ from PyTorch " in ended.out
    assert run("compare", "digit", "--json").code == 1


def test_compare_says_when_dZ_is_drawn(run: Run) -> None:
    Problem(np.ones((3, 3, 1)), np.ones((1, 2, 2, 1)), None, None).save("drawn.npz")
    assert problems.DRAWN in run("compare", "drawn.npz").out
    assert strictly(run("compare", "drawn.npz", "--json").out)["dZ_drawn"] is True
    assert run("trace", "drawn.npz").out.startswith(problems.DRAWN)
    assert all(strictly(line) for line in run("trace", "drawn.npz", "--format", "jsonl").out.splitlines())


@pytest.mark.parametrize(
    ("error", "tolerance", "said"),
    [
        (5.25e-8, 7.71e-8, "5.25e-8 ≤ 7.7e-8"),
        (8.32371e-9, 8.32402e-9, "8.3237e-9 ≤ 8.324e-9"),
        (0.0, 0.0, "0 ≤ 0"),
        (0.0020001, 0.002, "0.0020001 > 0.002"),
        (0.31, 0.2, "0.31 > 0.2"),
    ],
)
def test_what_is_printed_of_an_error_and_its_tolerance_is_true(
    error: float, tolerance: float, said: str
) -> None:
    assert in_order(error, tolerance, error <= tolerance) == said


def with_wrong_gradient(captured: Captured, layer: str, path: Path) -> None:
    """The file of a run whose training got one gradient wrong."""
    captured.save(path)
    at = captured.names.index(layer)
    with np.load(path) as found:
        arrays = {name: np.array(found[name]) for name in found.files}
    arrays[f"{at}.dW"].flat[0] += 10
    np.savez(path, **arrays)  # type: ignore[arg-type]


def test_compare_says_a_line_of_every_call_and_what_they_come_to(run: Run, in_folder: Path) -> None:
    ended = run("compare", "twice.npz")
    assert ended.code == 0
    heading, *rows = ended.out.split("\n\n")[0].splitlines()
    assert heading.split() == ["layer:call", "independent", "recorded"]
    names = [f"{layer.name}:{layer.call}" for layer in repeated().layers]
    assert [row.split()[0] for row in rows] == names
    for row, layer in zip(rows, repeated().layers, strict=True):
        assert "✓" in row
        assert row.endswith("  -") == (not layer.compared), "nothing that is this call's alone was recorded"
    for words in (
        "6 calls of 2 layers: every gradient that was compared matches",
        "recorded: PyTorch",
        "twice:0: dW and db were accumulated over 2 calls",
        "not opened: frozen, Conv2d: ran without gradients",
    ):
        assert words in ended.out
    assert "eps" not in ended.out
    explained = run("compare", "twice.npz", "--explain").out
    assert "independent: A cell may be off by eps·" in explained
    assert "recorded: A cell may be off by eps·" in explained


def test_compare_ends_with_1_where_one_gradient_differs_and_names_the_call(run: Run, in_folder: Path) -> None:
    with_wrong_gradient(small(), "1", in_folder / "bad.npz")
    ended = run("compare", "bad.npz")
    assert ended.code == 1
    assert [line[:1] for line in ended.out.splitlines() if "✗" in line] == ["1"]
    assert "1 of 4 calls of 4 layers differ; `convstep open bad.npz:1:0` opens the first of them" in ended.out
    found = json.loads(run("compare", "bad.npz", "--json").out)
    assert found["ok"] is False
    assert [call["layer"] for call in found["calls"]] == ["0", "1", "2", "3"]
    assert [call["recorded"]["ok"] for call in found["calls"]] == [True, False, True, True]
    assert run("compare", "bad.npz:1").code == 1
    assert run("compare", "bad.npz:0").code == 0


def test_NaN_that_agrees_is_no_error_in_the_table(run: Run, in_folder: Path) -> None:
    path = in_folder / "nan.npz"
    captured = small()
    captured.save(path)
    with np.load(path) as found:
        arrays = {name: np.array(found[name]) for name in found.files}
    arrays["2.dZ"][:] = np.nan
    arrays["2.dW"][:] = arrays["2.dA_prev"][:] = np.nan
    np.savez(path, **arrays)  # type: ignore[arg-type]
    ended = run("compare", "nan.npz")
    assert ended.code == 0
    assert "nan" not in ended.out.split("\n\n")[0].lower()
    arrays["2.dW"][:] = 1
    np.savez(path, **arrays)  # type: ignore[arg-type]
    ended = run("compare", "nan.npz")
    assert ended.code == 1
    assert "✗ dW NaN or inf" in ended.out


def test_calls_left_out_of_a_captured_layer_are_not_said_to_be_the_layer(run: Run, in_folder: Path) -> None:
    path = in_folder / "left.npz"
    layers = small().layers
    rows = [Skipped(layers[0].name, "Conv2d", "is captured, and ran", 2), Skipped("up", "Up", "is up", 1)]
    captured_of(layers, rows).save(path)
    said = run("compare", "left.npz").out
    assert f"2 calls not opened: {layers[0].name}, Conv2d: is captured, and ran" in said
    assert "\nnot opened: up, Up: is up" in said
