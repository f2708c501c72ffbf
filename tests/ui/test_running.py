"""However an app ends, the terminal is given back, the session is saved, and one sentence says so."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

import convstep
from convstep import cli
from convstep.cli.problems import start
from convstep.conv.problem import Problem
from convstep.examples import load
from convstep.lessons import course
from convstep.lessons.progress import Progress
from convstep.replay.session import Session
from convstep.ui import debug_call as here
from convstep.ui import rescue
from convstep.ui.app import DebuggerApp
from convstep.ui.debugger.asking import Asking
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.dialogs.prompt import PromptScreen
from convstep.ui.ending_app import EndingApp
from convstep.ui.layers_app import LayersApp, ScriptApp
from convstep.ui.legible import Legible
from convstep.ui.lesson_app import LessonApp
from convstep.ui.rescue import ScreenError
from convstep.ui.running import run
from tests.candidates import Silent, failing_problem, stride_ignored, verdict
from tests.captures import small
from tests.strategies import SELDOM, some
from tests.ui.fakes import FakeTorch
from tests.waiting import GENEROUS, runs, waited

Drive = Callable[[Pilot[Any]], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder in which everything that is rescued lies."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "convstep" / "rescued"


class Broken(Exception):
    """What the tests break the screen with."""


def broken(*_: object) -> Any:
    raise Broken("as wished\x1b[31m")


def headless(app: EndingApp, drive: Drive | None = None) -> EndingApp:
    """The app, run without a terminal and driven by that."""
    app.run_async = functools.partial(  # type: ignore[method-assign]
        app.run_async, headless=True, size=(120, 40), auto_pilot=drive
    )
    return app


def crash(app: EndingApp, drive: Drive | None = None) -> str:
    """Run an app until it crashes; the sentence."""
    with pytest.raises(ScreenError) as crashed:
        run(headless(app, drive))
    return str(crashed.value)


def digit() -> DebuggerApp:
    return DebuggerApp(load("digit"), "digit", torch=FakeTorch(), live=False)


def commands(sentence: str) -> list[list[str]]:
    return [shlex.split(command) for command in re.findall("`([^`]*)`", sentence)]


def reopened(sentence: str) -> Session:
    """What the command of a sentence opens."""
    words = commands(sentence)[-1]
    assert words[:2] == ["convstep", "open"]
    session, _ = start(words[2], None, [])
    return session


async def end(pilot: Pilot[Any]) -> None:
    """Until the app has crashed."""
    while pilot.app._exception is None:
        await asyncio.sleep(0.005)


async def in_a_worker(pilot: Pilot[Any]) -> None:
    pilot.app.screen.run_worker(broken, thread=True)
    await end(pilot)


async def in_a_timer(pilot: Pilot[Any]) -> None:
    def once() -> None:
        timer.stop()
        broken()

    # a timer that rings once does not ring at all if the machine is too busy to begin it in time
    timer = pilot.app.screen.set_interval(0.001, once)
    await end(pilot)


async def in_an_action(pilot: Pilot[Any]) -> None:
    pilot.app.screen.action_do = broken  # type: ignore[attr-defined]
    await pilot.press("k")
    await end(pilot)


async def while_painting(pilot: Pilot[Any]) -> None:
    Legible.apply = broken  # type: ignore[assignment,method-assign]
    pilot.app.screen.refresh()
    await end(pilot)


async def while_leaving(pilot: Pilot[Any]) -> None:
    pilot.app._close_messages = broken  # type: ignore[assignment,method-assign]
    pilot.app.exit()


@pytest.mark.parametrize("how", some([in_a_worker, in_a_timer, in_an_action, while_painting, while_leaving]))
def test_a_crash_is_a_sentence_a_session_and_a_traceback_in_a_file(
    how: Drive, state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Legible, "apply", Legible.apply)

    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.press("n", "n", "k")
        await how(pilot)

    sentence = crash(digit(), drive)
    assert sentence.startswith(r"the screen crashed: Broken: as wished\x1b[31m (test_running.py, line ")
    session = reopened(sentence)
    assert (session.problem, session.position) == ("digit", 2)
    assert [mark.position for mark in session.bookmarks] == [2]
    (folder,) = state.iterdir()
    report = (folder / "report.txt").read_text()
    assert sentence.endswith(f"; more about it is in {folder / 'report.txt'}")
    assert "Traceback (most recent call last)" in report
    assert "in broken\n" in report
    assert state.stat().st_mode & 0o077 == folder.stat().st_mode & 0o077 == 0
    assert capsys.readouterr() == ("", ""), "Textual draws no traceback of its own"


@pytest.mark.parametrize("where", some(["compose", "on_mount", "on_resize"], 3))
def test_a_crash_before_the_first_frame_saves_where_the_person_wanted_to_be(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = digit()
    app.debugger.asking.resume(Session("digit", 77))
    monkeypatch.setattr(DebuggerScreen, where, broken, raising=False)
    assert reopened(crash(app)).position == 77


@SELDOM
def test_what_was_typed_in_an_open_dialog_is_in_the_report(
    state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", "i", "_", "c", "=")
        monkeypatch.setattr(PromptScreen, "on_input_changed", broken)
        await pilot.press("=")
        await end(pilot)

    sentence = crash(digit(), drive)
    (report,) = state.glob("*/report.txt")
    assert sentence.endswith(f"; what was typed is in {report}")
    assert "Stop when: i_c==\n" in report.read_text()


def plain() -> Problem:
    rng = np.random.default_rng(0)
    A_prev, W = rng.standard_normal((4, 4, 1)), rng.standard_normal((2, 3, 3, 1))
    return Problem(A_prev, W, rng.standard_normal(2), rng.standard_normal((2, 2, 2)))


def test_a_problem_that_is_in_no_file_is_saved_with_its_session() -> None:
    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.press("n")
        await in_a_timer(pilot)

    sentence = crash(ScriptApp(plain(), "mine", torch=FakeTorch(), live=False), drive)
    session = reopened(sentence)
    assert session.position == 1
    assert np.array_equal(Problem.load(session.problem).dZ, plain().dZ)


def test_a_file_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain().save("mine.npz")
    app = DebuggerApp(plain(), "mine", command_name="mine.npz", torch=FakeTorch(), live=False)
    sentence = crash(app, in_a_timer)
    monkeypatch.chdir("/")
    assert reopened(sentence).problem == str(tmp_path / "mine.npz")


@SELDOM
def test_the_layer_that_is_open_is_saved() -> None:
    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "enter", "n", "n")
        await in_a_timer(pilot)

    captured = small()
    session = reopened(crash(LayersApp(captured.layers, torch=FakeTorch(), live=False), drive))
    assert session.position == 2
    assert np.array_equal(Problem.load(session.problem).W, captured.layers[1].problem().W)


def test_beside_a_candidate_the_sentence_leads_back_to_it() -> None:
    from convstep.ui.candidate_app import CandidateApp

    found = replace(verdict(stride_ignored), flags=("--timeout", "3"))
    beside = Silent(found, failing_problem(stride_ignored))
    sentence = crash(CandidateApp(beside, "mine.py:f", torch=FakeTorch()), in_a_timer)
    words, session = commands(sentence)[0], reopened(sentence)
    assert words[:2] == ["convstep", "debug"]
    assert words[3:] == [session.problem, "--goto", words[5], "--timeout", "3"]
    assert np.array_equal(Problem.load(session.problem).W, beside.problem.W)
    assert beside.released.is_set(), "its process is ended"


def test_of_a_lesson_progress_is_kept_and_what_was_half_answered(state: Path, tmp_path: Path) -> None:
    lesson = course.open_lesson("1", "en")
    at = next(n for n, page in enumerate(lesson.pages) if page.question and page.question.is_typed)

    async def drive(pilot: Pilot[Any]) -> None:
        for _ in range(at):
            await pilot.press("right_square_bracket")
        await pilot.press("4", "2")
        await in_a_timer(pilot)

    progress = Progress(tmp_path / "progress.json")
    sentence = crash(LessonApp(lesson, "en", progress, torch=FakeTorch(), live=False), drive)
    assert commands(sentence)[0] == ["convstep", "learn", lesson.key, "--lang", "en"]
    assert Progress(tmp_path / "progress.json").of(lesson.key)["page"] == at
    assert f"{lesson.title}: 42\n" in next(state.glob("*/report.txt")).read_text()
    assert reopened(sentence).problem.startswith(str(state)), "not what the lesson calls it"


def test_a_crash_while_saving_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asking, "session", lambda *_: 1 / 0)
    sentence = crash(digit(), in_a_timer)
    assert sentence.startswith("the screen crashed: Broken: as wished")
    assert "; not everything could be saved: ZeroDivisionError: division by zero; more about it" in sentence


def test_where_nothing_can_be_written_the_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    assert reopened(crash(digit(), in_a_timer)).problem == "digit", "in a temporary folder, then"
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    sentence = crash(digit(), in_a_timer)
    assert re.fullmatch(
        r"the screen crashed: Broken: .* \(test_running.py, line \d+\); not everything could be saved: "
        r".*: Not a directory",
        sentence,
    )


def test_what_was_rescued_does_not_grow_for_ever(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / "somebody-elses").mkdir(parents=True)
    for day in range(10, 20):
        (state / f"202001{day}-000000-abc").mkdir()
        (state / f"202001{day}-000000-abc" / "problem.npz").write_bytes(bytes(100))
    monkeypatch.setattr(rescue, "KEPT", 3)
    made = rescue._new_folder()
    rescue._forget_older(made)
    assert {path.name for path in state.iterdir()} == {
        "somebody-elses", made.name, "20200119-000000-abc", "20200118-000000-abc",
    }  # fmt: skip
    monkeypatch.setattr(rescue, "LARGEST", 150)
    rescue._forget_older(made)
    assert {path.name for path in state.iterdir()} == {"somebody-elses", made.name, "20200119-000000-abc"}


def test_a_command_whose_screen_crashes_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.console, "has_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("convstep.ui.app.run", lambda app: run(headless(app, in_a_timer)))
    assert cli.main(["open", "one-window"]) == 1
    said = capsys.readouterr().err.rpartition("\x1b[J")[2]
    assert said.startswith("convstep: the screen crashed: Broken")
    assert said.count("\n") == 1


def test_a_script_goes_on_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here, "can_open_here", lambda: True)
    monkeypatch.setattr("convstep.ui.running.run", lambda app: run(headless(app, in_a_timer)))
    with pytest.warns(
        RuntimeWarning, match="the screen crashed: Broken: as wished.*`convstep open"
    ) as warned:
        convstep.debug(plain())
    assert warned[0].filename == __file__


@pytest.mark.parametrize("number", some([signal.SIGTERM, signal.SIGHUP, signal.SIGINT]))
def test_a_signal_ends_the_screen_first_and_then_does_what_the_script_says(
    number: signal.Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "__stderr__", sys.stderr)
    came: list[tuple[int, bool]] = []
    app = digit()

    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.press("n")
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        while pilot.app.is_running:
            await asyncio.sleep(0.005)

    before = signal.signal(number, lambda number, _: came.append((number, app.is_running)))
    try:
        run(headless(app, drive))
    finally:
        signal.signal(number, before)
    said = capsys.readouterr().err
    assert came == [(number, False)]
    assert said.startswith(f"convstep: the screen was ended by {number.name}; ")
    assert reopened(said).position == 1


def test_a_signal_that_comes_before_the_first_frame_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    app = digit()
    monkeypatch.setattr(DebuggerApp, "on_load", lambda _: signal.raise_signal(signal.SIGTERM), raising=False)
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        run(headless(app))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert came == [signal.SIGTERM]
    assert app.left_for == signal.SIGTERM


LEFT = [f"\x1b[{end}".encode() for end in ("?1049l", "?25h", "?2004l", "?1003l", "?1000l", "?1004l", "<u")]
"""What gives a terminal its own screen, cursor and mouse back."""


class Window:
    """A command in a terminal window."""

    def __init__(self, code: str) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (40, 120))
        self.before, self.seen = termios.tcgetattr(self.slave), b""

        def own_terminal() -> None:
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)  # in the background of a shell some are ignored
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            preexec_fn=own_terminal, env=os.environ | {"TERM": "xterm-256color"},
        )  # fmt: skip

    def until(self, wanted: bytes) -> None:
        """Look at what is shown until it holds this."""
        end = time.monotonic() + GENEROUS
        while wanted not in self.seen:
            assert time.monotonic() < end, self.seen
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 1 << 16)

    def children(self) -> list[int]:
        """The processes it has started."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]

    def ended(self) -> int:
        """How it ends, with all that it has said meanwhile."""
        end = time.monotonic() + GENEROUS
        while self.process.poll() is None or select.select([self.master], [], [], 0)[0]:
            assert time.monotonic() < end, self.seen
            if select.select([self.master], [], [], 0.01)[0]:
                self.seen += os.read(self.master, 1 << 16)
        return self.process.returncode


@contextlib.contextmanager
def window(*arguments: str, first: str = "") -> Iterator[Window]:
    """The command line in a terminal window."""
    opened = Window(f"import sys\n{first}\nfrom convstep.cli import main\nsys.exit(main({list(arguments)}))")
    try:
        yield opened
    finally:
        opened.process.kill()
        opened.process.wait()
        for side in (opened.slave, opened.master):
            with contextlib.suppress(OSError):
                os.close(side)


@SELDOM
def test_a_latin_letter_ends_nothing_and_sigterm_restores_the_terminal(state: Path) -> None:
    with window("open", "digit") as shown:
        shown.until(b"-1.2609")
        os.write(shown.master, b"\xe9")
        os.write(shown.master, b"n/")
        shown.until(b"isnan(dA)")  # the dialog
        os.write(shown.master, b"i_c\xc3")
        os.write(shown.master, b"\xa9")
        shown.until("é".encode())
        children = shown.children()
        assert children or not os.path.exists("/proc"), "torch is being loaded"
        shown.process.terminate()
        assert shown.ended() == 143
        assert termios.tcgetattr(shown.slave) == shown.before
    assert all(sign in shown.seen for sign in LEFT)
    assert waited(lambda: not any(map(runs, children)))
    last = shown.seen.rpartition(b"\x1b[?1006l")[2].decode()
    assert last.startswith("convstep: the screen was ended by SIGTERM; `convstep open ")
    assert last.count("\n") == 1
    assert reopened(last).position == 1
    assert "Stop when: i_cé\n" in next(state.glob("*/report.txt")).read_text()


@SELDOM
def test_a_window_that_is_closed_ends_everything(state: Path) -> None:
    with window("open", "digit") as shown:
        shown.until(b"step 0/256")
        os.write(shown.master, b"nn")
        shown.until(b"step 2/256")
        children = shown.children()
        os.close(shown.slave)
        os.close(shown.master)
        assert shown.process.wait(GENEROUS) == 129
        assert waited(lambda: not any(map(runs, children)))
        shown.slave, shown.master = os.pipe()
    (saved,) = state.glob("*/session.json")
    assert reopened(f"`convstep open {saved}`").position == 2


@SELDOM
def test_a_terminal_that_stands_still_does_not_hold_up_the_end() -> None:
    impatient = "from convstep.ui import running; running.GRACE, running.LAST = 0.2, 0.1"
    with window("open", "digit", first=impatient) as shown:
        shown.until(b"step 0/256")
        children = shown.children()
        termios.tcflow(shown.slave, termios.TCOOFF)
        os.write(shown.master, b"nb" * 50)  # more frames than may wait
        shown.process.terminate()
        assert shown.process.wait(GENEROUS) == 143
        assert termios.tcgetattr(shown.slave) == shown.before
        assert waited(lambda: not any(map(runs, children)))
