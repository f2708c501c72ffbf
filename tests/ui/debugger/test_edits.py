"""Editing, without an app: what is asked, refused, made, taken back, and said to who leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convstep.conv.timeline import Timeline
from convstep.replay.edits import Numbers
from convstep.ui.debugger.edits import Editing
from convstep.ui.debugger.host import Job
from convstep.ui.modes.anew import Anew
from convstep.ui.modes.mode import Mode
from convstep.view.grid.panel import Cell
from convstep.view.panels.stage import Stage
from convstep.view.scene.staged import Input, Staged
from tests.ui.hosts import FakeHost, FakeJob


class SlowAnew(Anew):
    """Begins anew in a thread, and may fail."""

    fails = ""

    def runs_code(self, numbers: Numbers) -> bool:
        return True

    def stage(self, numbers: Numbers) -> Staged:
        if self.fails:
            raise ValueError(self.fails)
        return super().stage(numbers)


def editing(host: FakeHost) -> tuple[Editing, Mode]:
    mode = Mode(host.state)
    mode.enter(host)
    return Editing(host, mode), mode


def ask(host: FakeHost, made: Editing, text: str) -> None:
    """Press Enter, type a number and Enter."""
    made.handlers()["edit"].run()
    dialog, answered = host.opened[-1]
    answered(dialog._parse(text))


def test_a_number_is_changed_where_one_stands_and_taken_back_and_made_again() -> None:
    host = FakeHost("digit", 137)
    made, _ = editing(host)
    host.state.timeline.next_write()
    host.pointed = ("input", Cell(2, 3))
    assert made.handlers()["edit"].applies()
    ask(host, made, "-3")
    timeline = host.state.timeline
    assert isinstance(timeline, Timeline)
    assert timeline.problem.A_prev[1, 2, 0] == -3
    assert (timeline.position, timeline.made) == (137, 1)
    assert host.answer.startswith("A_prev[1, 2, 0] = -3.0")
    assert host.state.edits.count == 1
    made.handlers()["undo-edit"].run()
    timeline = host.state.timeline
    assert isinstance(timeline, Timeline)
    assert timeline.problem is host.problem
    assert (timeline.position, timeline.made) == (137, 1)
    assert not host.state.edits.numbers
    made.handlers()["undo-edit"].run()
    assert host.answer.startswith("no number is edited")
    made.handlers()["redo-edit"].run()
    assert host.state.edits.count == 1
    made.handlers()["redo-edit"].run()
    assert host.answer == "no edit was taken back"
    made.forget()
    assert not host.state.edits.made


def test_marks_are_promised_where_no_step_has_used_the_number_yet() -> None:
    for position, said in ((0, "Δ will mark what it changes"), (256, "Δ marks what it changes")):
        host = FakeHost("digit", position)
        made, _ = editing(host)
        host.pointed = ("input", Cell(2, 3))
        ask(host, made, "-3")
        assert said in host.answer


def test_what_is_typed_is_explained_and_what_stands_there_already_is_no_edit() -> None:
    host = FakeHost("digit")
    made, _ = editing(host)
    host.pointed = ("kernel", Cell(0, 0))
    made.handlers()["edit"].run()
    dialog, answered = host.opened[-1]
    assert float(dialog._text) == host.problem.W[0, 0, 0, 0]
    assert dialog._meaning("1/2") == "W[0, 0, 0, 0] becomes 0.5, and all after it is computed anew."
    assert dialog._meaning(dialog._text) == "W[0, 0, 0, 0] stays what it is."
    answered(None)
    answered(dialog._text)
    assert host.answer == "W[0, 0, 0, 0] is that already"
    assert not host.state.edits.made


def test_padding_says_that_it_is_none_and_what_is_written_is_left_to_why() -> None:
    host = FakeHost("digit")
    made, _ = editing(host)
    host.pointed = ("input", Cell(0, 0))
    made.handlers()["edit"].run()
    assert host.answer.startswith("this cell is padding, which is no input")
    assert not host.opened
    for key in ("input_gradient", "kernel_gradient", "bias_gradient"):
        host.pointed = (key, Cell(0, 0))
        assert not made.handlers()["edit"].applies()


def test_a_run_that_cannot_begin_anew_says_why_and_stays() -> None:
    host = FakeHost("digit", 5)
    made, mode = editing(host)
    mode.anew = slow = SlowAnew(host.state)
    host.pointed = ("upstream", Cell(0, 0))
    stage = host.state.stage
    slow.fails = "it ran out of memory"
    ask(host, made, "2")
    assert host.answer == "nothing is changed: it ran out of memory"
    assert host.state.stage is stage
    assert not host.state.edits.made
    slow.fails = ""
    ask(host, made, "2")
    assert host.state.edits.count == 1
    assert host.state.position == 5


def test_edits_are_saved_beside_a_session_and_over_nobody_s_file(tmp_path: Path) -> None:
    host = FakeHost("digit")
    made, mode = editing(host)
    session = tmp_path / "one.session.json"
    assert mode.save_beside(session) is None
    found = host.state.stage.input_at(host.state.scene.panel("kernel"), Cell(1, 1))
    assert isinstance(found, Input)
    made.set(found, "7")
    assert (host.state.called, host.state.unsaved) == ("", True)
    assert not made.lets_go()
    assert host.answer.startswith("the edited numbers are not saved")
    assert made.lets_go()  # it was said
    taken = tmp_path / "two.session.npz"
    taken.write_bytes(b"mine")
    with pytest.raises(ValueError, match="is another file"):
        mode.save_beside(tmp_path / "two.session.json")
    assert taken.read_bytes() == b"mine"
    assert mode.save_beside(session) == "one.session.npz"
    assert host.state.called == str(tmp_path / "one.session.npz")
    assert mode.name_for_session() == host.state.called
    assert type(host.problem).load(host.state.called).W[0, 1, 1, 0] == 7
    assert not host.state.unsaved
    made.handlers()["undo-edit"].run()
    assert host.state.called == "made.npz"
    made.set(found, "8")
    assert host.state.unsaved


def test_a_far_place_is_built_beside_the_screen_and_kept_by_an_edit_on_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Stage, "prepared", lambda stage, position: stage.unedited is None)
    jobs: list[Callable[[Job], None]] = []

    def begin(group: str, work: Callable[[Job], None]) -> Job:
        jobs.append(work)
        return FakeJob()

    host = FakeHost("digit", 200)
    monkeypatch.setattr(host, "begin", begin)
    made, _ = editing(host)
    made.set(host.state.stage.input_of("A_prev", (1, 1, 0)), "9")
    assert (host.state.position, host.state.begin_at, len(jobs)) == (0, 200, 1)
    made.handlers()["undo-edit"].run()
    assert host.state.position == 200
    made.handlers()["redo-edit"].run()
    made.set(host.state.stage.input_of("A_prev", (1, 2, 0)), "9")
    jobs[-1](FakeJob())
    assert host.state.position == 200
    assert host.state.edits.count == 2
