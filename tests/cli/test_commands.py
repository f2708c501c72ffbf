from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convstep import cli, cli_problems
from convstep.conv.problem import Problem
from convstep.examples import names
from convstep.oracle import comparison as comparison_module
from convstep.replay.session import SavedStop, Session, save
from tests.cli.conftest import Run


def strictly(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_examples_are_listed_with_what_they_show(run: Run) -> None:
    ended = run("examples")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()] == list(names())
    assert all(len(line.split()) > 3 for line in ended.out.splitlines())


@pytest.mark.parametrize(
    ("goto", "position"),
    [([], 0), (["137"], 137), (["0"], 0), (["256"], 256), (["4,2,0"], 137), (["0,4,2,0"], 137)],
)
def test_open_begins_where_goto_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, goto: list[str], position: int
) -> None:
    opened: list[tuple[int, str, int]] = []

    def record(problem: Problem, session: Session) -> None:
        opened.append((problem.total_steps, session.problem, session.position))

    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("convstep.ui.app.run_debugger", record)
    assert run("open", "digit", *(["--goto", *goto] if goto else [])).code == 0
    assert opened == [(256, "digit", position)]


def test_open_takes_stops_and_sessions(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[tuple[int, Session]] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(
        "convstep.ui.app.run_debugger", lambda problem, session: opened.append((problem.total_steps, session))
    )
    saved = tmp_path / "mine.json"
    save(Session("rectangle", 12, (SavedStop("i_c == 1"),)), saved)
    assert run("open", str(saved), "--break", "abs(dz) > 1").code == 0
    assert [(total, s.problem, s.position) for total, s in opened] == [(80, "rectangle", 12)]
    assert [stop.text for stop in opened[0][1].stops] == ["i_c == 1", "abs(dz) > 1"]
    assert run("open", str(saved), "--goto", "3").code == 0
    assert opened[1][1].position == 3


def test_session_of_a_problem_beside_it_opens_from_anywhere(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from convstep.examples import load

    opened: list[int] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(
        "convstep.ui.app.run_debugger", lambda problem, session: opened.append(problem.total_steps)
    )
    load("rectangle").save(tmp_path / "layer.npz")
    save(Session("layer.npz", 5), tmp_path / "mine.json")
    assert run("open", str(tmp_path / "mine.json")).code == 0
    assert opened == [80]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["open", "digit", "--break", "dy > 1"], ["--break", "dy"]),
        (["open", "digit", "--break", "watch dW[9,0,0,0]"], ["9", "3"]),
        (["open", "missing.json"], ["missing.json", "does not exist"]),
        (["export", "digit", "--steps", "1", "-o", "x.svg", "--why", "W[0]"], ["--why"]),
    ],
)
def test_stops_sessions_and_cells_that_cannot_be_are_refused(
    run: Run, given: list[str], said: list[str]
) -> None:
    ended = run(*given)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert all(piece in ended.err for piece in said)


def test_compare_says_that_every_gradient_agrees(run: Run) -> None:
    ended = run("compare", "digit")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].startswith("All 104 gradients match PyTorch ")
    assert [line.split()[0] for line in lines[1:5]] == ["gradient", "dW", "db", "dA_prev"]
    assert all(line.endswith("✓ matches") for line in lines[2:5])
    assert "eps·max(32·min(S, 16·G), n·G)" in lines[5]


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
    assert cli.DRAWN in run("compare", "drawn.npz").out
    assert strictly(run("compare", "drawn.npz", "--json").out)["dZ_drawn"] is True
    assert run("trace", "drawn.npz").out.startswith(cli.DRAWN)
    assert all(strictly(line) for line in run("trace", "drawn.npz", "--format", "jsonl").out.splitlines())


def test_trace_jsonl_is_one_strict_object_for_every_step(run: Run) -> None:
    ended = run("trace", "rectangle", "--format", "jsonl")
    assert (ended.code, ended.err) == (0, "")
    records = [strictly(line) for line in ended.out.splitlines()]
    assert [record["step"] for record in records] == list(range(len(records)))
    assert [record["position"] for record in records] == list(range(1, len(records) + 1))
    assert len(records) == cli_problems.load_problem("rectangle").total_steps


def test_trace_of_nan_and_infinity_is_still_json(run: Run) -> None:
    strange = np.array([np.nan, np.inf, -np.inf, -0.0]).reshape(2, 2, 1)
    Problem(strange, np.ones((1, 1, 1, 1)), None, strange).save("strange.npz")
    ended = run("trace", "strange.npz", "--format", "jsonl")
    assert [strictly(line)["dz"] for line in ended.out.splitlines()] == ["nan", "inf", "-inf", -0.0]
    assert strictly(run("compare", "strange.npz", "--json").out)["rows"]


def test_trace_writes_the_range_it_is_asked_for(run: Run) -> None:
    ended = run("trace", "digit", "--from", "137", "--to", "138")
    assert ended.code == 0
    titles = [line for line in ended.out.splitlines() if line.startswith("step ")]
    assert [title.split()[1] for title in titles] == ["137/256", "138/256"]
    assert "(i_h 4, i_w 2, i_c 0)" in titles[0]
    assert "\n\nstep 138" in ended.out
