from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from convstep.conv.problem import Problem
from convstep.examples import load
from convstep.printable import printable
from convstep.replay.session import SavedStop, Session, save
from tests.captures import repeated
from tests.cli.conftest import Refused, Run


@pytest.mark.parametrize("command", [[], ["open", "digit"], ["open", "rectangle"]])
def test_open_without_a_terminal_names_the_commands_that_need_none(
    refused: Refused, command: list[str]
) -> None:
    name = command[-1] if command else "digit"
    assert refused(*command) == (
        f"convstep open needs a terminal; `convstep compare {name}` and `convstep trace {name}` "
        "work without one"
    )


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\udce9"], ids=ascii)
def test_open_refuses_a_file_for_its_name_and_says_so(run: Run, refused: Refused, character: str) -> None:
    name = f"c{character}.npz"
    load("rectangle").save(name)
    said = refused("open", name)
    assert said.startswith(f"the name of the file {printable(name)} holds a character that a session cannot")
    assert said.endswith("rename the file")
    assert run("trace", name, "--to", "1").code == 0


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


def test_open_forward_takes_stops_of_a_forward_pass_and_a_session_keeps_the_direction(
    run: Run, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[Session] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("convstep.ui.app.run_debugger", lambda _, session: opened.append(session))
    assert run("open", "digit", "--forward", "--goto", "4,2,0", "--break", "watch Z[4,2,0]").code == 0
    (session,) = opened
    assert (session.forward, session.position, session.stops[0].text) == (True, 137, "watch Z[4,2,0]")
    saved = tmp_path / "mine.json"
    save(session, saved)
    assert run("open", str(saved)).code == 0
    assert opened[1] == session
    first = run("trace", str(saved), "--to", "1").out.splitlines()[0]
    assert first.startswith("step 1/256  (i_h 0, i_w 0, i_c 0)  Z[0, 0, 0] = ")
    assert "dz" in refused("open", "digit", "--forward", "--break", "dz > 1")
    save(Session("digit", stops=(SavedStop("watch dW[0,0,0,0]"),)), saved)
    assert "'dW' cannot be watched; only Z can" in refused("open", str(saved), "--forward")
    save(Session("digit", stops=(SavedStop("i_c == 1"),)), saved)
    assert run("open", str(saved), "--forward").code == 0, "a place is one in both directions"


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


def test_in_a_terminal_a_run_opens_in_the_picker_and_a_layer_in_the_debugger(
    run: Run, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("convstep.cli.console.has_terminal", lambda: True)
    monkeypatch.setattr("convstep.ui.running.run", opened.append)
    monkeypatch.setattr("convstep.ui.app.run", opened.append)
    monkeypatch.setattr(sys, "__stderr__", None)  # nobody waits for anything to load
    assert run("open", "twice.npz").code == 0
    assert run("open", "run.npz:1").code == 0
    picker, debugger = opened
    assert [layer.name for layer in picker.picker.table.layers] == [layer.name for layer in repeated().layers]
    assert [skipped.name for skipped in picker.picker._skipped] == ["frozen"]
    assert debugger.debugger.mode.source_name == "run.npz:1"
