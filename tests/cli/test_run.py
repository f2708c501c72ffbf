"""Files of everything that was captured, on the command line: all of it, or a layer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.cli_problems import layer_in, start
from convstep.conv.problem import Problem
from convstep.oracle.captured import Captured, Skipped
from convstep.replay.session import Session, save
from tests.captures import alone, captured_of, repeated, small
from tests.cli.conftest import Refused, Run


@pytest.fixture
def in_folder(tmp_path: Path) -> Path:
    small().save(tmp_path / "run.npz")
    repeated().save(tmp_path / "twice.npz")
    alone(small(), "2").save(tmp_path / "one.npz")
    return tmp_path


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


@pytest.mark.parametrize(
    "words",
    [
        ("run.npz:1",),
        ("run.npz", "--layer", "1"),
        ("run.npz", "--layer=1", "--call", "0"),
        ("run.npz:1", "--call", "0"),
    ],
)
def test_a_layer_of_a_run_is_a_problem_for_every_command(
    run: Run, in_folder: Path, words: tuple[str]
) -> None:
    problem = small().problem(layer="1")
    assert f"All {problem.W.size + 4 + problem.A_prev.size} gradients match" in run("compare", *words).out
    assert run("trace", *words, "--to", "1").out.startswith(f"step 1/{problem.total_steps} ")
    assert run("export", *words, "--steps", "3", "-o", "x.svg").code == 0
    (in_folder / "mine.py").write_text("def backward(dZ, cache, stride, padding):\n    return 1\n")
    assert "convstep debug needs a terminal" in run("debug", "mine.py:backward", *words).err
    assert "convstep open needs a terminal" in run("open", *words).err


def test_a_call_is_counted_from_the_first_and_the_last_is_the_default(in_folder: Path) -> None:
    path = str(in_folder / "twice.npz")
    calls = [layer for layer in repeated().layers if layer.name == "twice"]
    for name, call in ((f"{path}:twice:1", calls[1]), (f"{path}:twice", calls[-1])):
        session, problem = start(name, None, [])
        assert session.problem == name
        assert problem.dZ.tobytes() == call.dZ.tobytes()


def test_a_session_of_a_layer_finds_its_file_beside_it(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(Session("run.npz:1", position=4), in_folder / "here.session.json")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    session, problem = start(str(in_folder / "here.session.json"), None, [])
    assert session.position == 4
    assert problem.dZ.tobytes() == small().layer("1").dZ.tobytes()


def test_a_file_whose_name_has_a_colon_is_a_file(in_folder: Path) -> None:
    path = in_folder / "run.npz:1"
    small().problem(layer="3").save(path)
    assert layer_in(str(path)) == (str(path), "")
    assert start(str(path), None, [])[1].W.tobytes() == small().layer("3").convolution.W.tobytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "run.npz"), "run.npz holds several captured calls, not one problem"),
        (("export", "run.npz", "--steps", "1", "-o", "x.svg"), "several captured calls"),
        (
            ("compare", "run.npz:9"),
            "'9' is not among the layers to capture; the conv layers are",
        ),
        (("compare", "twice.npz", "--layer", "frozen"), "'frozen' ran without gradients"),
        (
            ("compare", "run.npz", "--layer", "1", "--call", "3"),
            "call 3 of '1' does not exist; it",
        ),
        (("compare", "run.npz", "--call", "0"), "--call counts the calls of a layer; add --layer NAME"),
        (("compare", "run.npz", "--layer", "1", "--call", "-1"), "'-1' is not a number of up to 9 digits"),
        (("compare", "run.npz", "--layer", ""), "--layer is empty"),
        (("compare", "digit", "--layer", "1"), "digit is not such a file"),
        (("debug", "mine.py:f", "--layer", "1"), "--layer and --call are about a PROBLEM"),
        (("compare", "gone.npz:1"), "gone.npz:1 does not exist; check the path"),
        (("compare", "problem.npz:1"), "problem.npz holds no captured layers"),
        (("open", "run.npz"), "convstep open needs a terminal; `convstep compare run.npz` works without one"),
        (("open", "run.npz", "--goto", "3"), "--goto and --break are about one layer; add --layer NAME"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    refused: Refused, in_folder: Path, words: tuple[str], said: str
) -> None:
    small().problem(layer="0").save(in_folder / "problem.npz")
    assert said in refused(*words)


def test_a_single_call_is_opened_as_the_problem_it_is(run: Run, in_folder: Path) -> None:
    assert "All " in run("compare", "one.npz").out
    assert run("compare", "one.npz").out == run("compare", "one.npz", "--layer", "2").out
    assert Problem.load(in_folder / "one.npz").total_steps == small().layer("2").dZ.size


def test_in_a_terminal_a_run_opens_in_the_picker_and_a_layer_in_the_debugger(
    run: Run, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("convstep.cli.has_terminal", lambda: True)
    monkeypatch.setattr("convstep.ui.running.run", opened.append)
    monkeypatch.setattr("convstep.ui.app.run", opened.append)
    monkeypatch.setattr(sys, "__stderr__", None)  # nobody waits for anything to load
    assert run("open", "twice.npz").code == 0
    assert run("open", "run.npz:1").code == 0
    picker, debugger = opened
    assert [layer.name for layer in picker.picker.table.layers] == [layer.name for layer in repeated().layers]
    assert [skipped.name for skipped in picker.picker._skipped] == ["frozen"]
    assert debugger.debugger.source_name == "run.npz:1"


def test_calls_left_out_of_a_captured_layer_are_not_said_to_be_the_layer(run: Run, in_folder: Path) -> None:
    path = in_folder / "left.npz"
    layers = small().layers
    rows = [Skipped(layers[0].name, "Conv2d", "is captured, and ran", 2), Skipped("up", "Up", "is up", 1)]
    captured_of(layers, rows).save(path)
    said = run("compare", "left.npz").out
    assert f"2 calls not opened: {layers[0].name}, Conv2d: is captured, and ran" in said
    assert "\nnot opened: up, Up: is up" in said
