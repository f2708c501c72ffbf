"""A candidate beside the reference: where the screen opens, what it marks, and that it never freezes."""

from __future__ import annotations

import asyncio
import itertools
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.record.recorder import Recorder
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.candidate.verdict import Verdict
from convstep.conv.problem import Problem
from convstep.export.draw import candidate_frames
from convstep.replay.places import parse_place
from convstep.ui.candidate_app import CandidateApp
from convstep.ui.modes.candidate import CandidateMode
from convstep.ui.widgets.timeline_bar import TimelineBar
from convstep.view.candidate.candidate_panels import keys_of
from convstep.view.panels.problem_words import window_facts
from tests import candidates
from tests.guide import block
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened_beside
from tests.waiting import GENEROUS

NINE = {key for name in ("dA_prev", "dW", "db") for key in keys_of(name)}


def beside(function: Any, problem: Problem | None = None) -> CandidateTimeline:
    """A candidate on a problem, on its failing one by default; the screen ends its process."""
    verdict = candidates.verdict(function)
    return CandidateTimeline(
        Worker.of_function(function), verdict, problem or candidates.failing_problem(function)
    )


def check_layout(session: Session) -> None:
    """Parts lie beside each other with closed borders; nothing is painted twice or not at all."""
    parts = [session.debugger.query_one(f"#{key}").region for key in session.visible()]
    for region, other in itertools.combinations(parts, 2):
        assert not region.overlaps(other)
    for region in parts:
        corners = "".join(session.cell(x, y).text for y in (region.y, region.bottom - 1)
                          for x in (region.x, region.right - 1))  # fmt: skip
        assert corners in ("╭╮╰╯", "┏┓┗┛")
    assert session.stale_cells() == []


async def test_opens_after_the_first_divergent_step_with_all_nine_faces_and_the_keys_work() -> None:
    candidate = beside(candidates.stride_ignored)
    first = candidate.verdict.first_divergence
    assert first is not None
    async with opened_beside(candidate) as session:
        await session.answered()
        assert session.position == first.step + 1
        assert visible_nine(session)
        title, status = session.lines[0], session.lines[-3]
        assert "mine.py:conv_backward · wrong only when stride > 1" in title
        assert "some/" not in title
        assert "differ" in status
        assert "db agrees" in status
        difference = "\n".join(session.part(keys_of(first.gradient)[2]))
        assert "≠" in difference
        assert "·" in difference
        assert "≠" in "\n".join(session.part(keys_of(first.gradient)[1]))
        assert "≠" not in "\n".join(session.part(keys_of(first.gradient)[0]))
        assert "[" in session.part("input_gradient")[2], "one row of a window"
        assert "]" in session.part("input_gradient_candidate")[2]
        assert "+ h_start, w_start = i_h *" in session.text
        check_layout(session)
        await moves_between_divergent_steps(session, candidate)
        await shows_the_whole_diagnosis(session)
        await keeps_to_the_debuggers_ways(session)
        for size in some(((60, 16), (80, 24), (200, 50), (120, 40)), 3):
            await session.resize(*size)
            await session.answered()
            check_layout(session)


def visible_nine(session: Session) -> bool:
    return session.visible() >= NINE


async def moves_between_divergent_steps(session: Session, candidate: CandidateTimeline) -> None:
    wrong: list[int] = []
    candidate.wrong_steps(lambda first, last: wrong.extend(range(first, last)))
    mode = session.debugger.mode
    assert isinstance(mode, CandidateMode)
    assert [step for step, _ in mode.queries.wrong_steps] == wrong
    marked = {position for position, mark in session.debugger.query_one(TimelineBar).marks if mark == "✗"}
    assert len(marked) == len(wrong)
    assert "✗" in session.lines[-2]
    at = session.position
    await session.press(">")
    assert session.position == next(step + 1 for step in wrong if step + 1 > at)
    await session.press("<")
    assert session.position == at
    await session.press("<")
    assert session.position == at
    assert "no earlier step" in session.lines[-3]
    await session.press("V")
    assert "without a candidate" in session.lines[-3]


async def shows_the_whole_diagnosis(session: Session) -> None:
    await session.press("d")
    assert session.dialog == "ParagraphsScreen"
    for words in ("Smallest failing problem", "First divergence", "stride-ignored", "def stride_ignored"):
        assert words in session.text
    await session.press("end")
    assert "To see it" not in session.text, "one is seeing it"
    await keeps_title_and_keys_in_sight(session)
    await session.press("question_mark")
    assert "Your own backward: convstep debug " in session.text, "a heading is as long as it is"
    await keeps_title_and_keys_in_sight(session)


async def keeps_title_and_keys_in_sight(session: Session) -> None:
    dialog, title, keys = session.dialog, session.lines[0], session.lines[-1]
    assert dialog
    await session.press("escape")
    assert session.dialog == ""
    assert (title, keys) == (session.lines[0], session.lines[-1]), f"{dialog} covers parts of them"


async def keeps_to_the_debuggers_ways(session: Session) -> None:
    position = session.position
    await session.press("y")
    command = f"convstep debug {session.app.candidate.verdict.target} --goto "  # type: ignore[attr-defined]
    assert session.app.clipboard.startswith(command)
    await session.press("s", "s")
    await session.answered()
    assert session.timeline.made == 2
    await session.press("S", "S", "k", "n")
    await session.answered()
    assert session.position == position + 1
    await session.press("down", "b")
    assert len(session.debugger.state.stops) == 1
    assert session.debugger.state.scene.panel("kernel_gradient_candidate").stops
    await session.press("b", "i")
    assert session.dialog == "TableScreen"
    assert " made · in the reference " in session.text
    await session.press("escape", "w")
    assert "is not in a file" in session.lines[-3]
    await session.press("end")
    await session.answered()
    assert session.dialog == ""  # the comparison does not open by itself
    for key in ("n", "s", "f", "l", "c", "end"):
        await session.press("left", key)
        assert (
            session.lines[-3]
            .strip()
            .startswith("last step: d shows the diagnosis, o compares the reference with PyTorch")
        ), key
    await says_whose_gradients_pytorch_confirms(session)
    await session.press("K")
    assert session.position == position


async def says_whose_gradients_pytorch_confirms(session: Session) -> None:
    await session.press("left", "o")
    await session.answered()
    dialog = " ".join(session.text.replace("┃", " ").split())
    assert "The reference's gradients after step" in dialog
    assert "✓ the reference: All " in dialog
    assert "✓ All" not in dialog
    standing = session.debugger.state.stage.standing()
    assert " differ" in standing
    assert f"Your own backward is on the screen behind: {standing} " in dialog
    assert "Difference (reference − PyTorch 0.0 (fake))" in dialog
    assert "ours" not in dialog
    await session.press("escape")


@SELDOM
@pytest.mark.parametrize(
    "function", some([candidates.overwriting, candidates.stride_ignored, candidates.misshapen], 3)
)
async def test_the_step_that_check_prints_is_the_one_that_goto_opens(function: Any) -> None:
    said = " ".join(str(candidates.verdict(function)).split())
    printed = re.search(r"first divergence: ([a-z ]+, |)step (\d+) of (\d+) \(([^)]*)\)", said)
    assert printed
    when, number, total, place = printed.groups()
    assert candidates.verdict(function).as_dict()["first_divergence"]["position"] == int(number)
    geometry = candidates.failing_problem(function).geometry
    position = parse_place(number, geometry)
    async with opened_beside(beside(function), (60, 16), position=position) as session:
        bare = ", ".join(word.split()[-1] for word in place.split(", "))
        for width, shown in ((120, place), (80, place), (60, bare)):
            await session.resize(width, 40)
            assert session.lines[0].rstrip().endswith(f"({shown})")
            assert f"step {number}/{total} " in session.lines[0]
            for fact in window_facts(session.timeline.problem):
                assert fact in session.lines[0], width
        await session.press("d")
        assert f"First divergence: {when}step {number} of {total} ({place})" in " ".join(
            session.text.replace("┃", " ").split()
        )


@SELDOM
async def test_another_problem_opens_where_the_two_part_on_it_on_the_face_with_that_cell() -> None:
    numbers = np.random.default_rng(3)
    A_prev = numbers.standard_normal((5, 4, 2))
    A_prev[..., 0] = 0  # so that channel 0 of dW is right
    W, b = numbers.standard_normal((2, 2, 2, 2)), numbers.standard_normal(2)
    candidate = beside(candidates.stride_ignored, Problem(A_prev, W, b, None, stride=2))
    first = candidate.first_divergence()
    assert first is not None
    async with opened_beside(candidate, (80, 24), problem_name="my problem.npz") as session:
        await session.answered()
        assert session.position == first.step + 1
        scene = session.debugger.state.scene
        differing = scene.panel(keys_of(first.gradient)[2]).differing
        assert differing is not None
        assert differing.any()
        assert "dW[0, :, :, 1]" in session.text
        await session.press("y")
        assert "'my problem.npz' --goto" in session.app.clipboard
        await session.press("]")
        assert (
            scene.panel("kernel_gradient").face.label
            != session.debugger.state.scene.panel("kernel_gradient").face.label
        )
        check_layout(session)


@SELDOM
async def test_the_readme_s_candidate_stands_on_its_own_line_with_both_windows(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(block("mine.py"), encoding="utf-8")
    worker = open_caller(f"{tmp_path / 'mine.py'}:conv2d_backward")
    verdict = verdict_of(worker)
    assert verdict.failing is not None
    async with opened_beside(CandidateTimeline(worker, verdict, verdict.failing)) as session:
        await session.answered()
        own = session.part("own")
        (at,) = (n for n, line in enumerate(own) if "▶" in line)
        assert "window = slice(i_h, i_h + f), slice(i_w, i_w + f)" in own[at]
        assert "[0:2, 1:3]; reference: [0:2, 2:4]" in own[at + 1]
        assert "mine.py: yours" in own[0]
        check_layout(session)
        await session.press(">")  # the first steps of a row are right, and so is their window
        await session.answered()
        assert session.position == 4
        assert "[0:2, 1:3]; reference: [0:2, 2:4]" in "\n".join(session.part("own"))
        await session.press("home", "n")
        own = session.part("own")
        assert "reference" not in "\n".join(own)
        assert re.search(r"dW\[0\] \+= A_prev_pad.*dZ\[0, 0, 0\]", "\n".join(own))
        await session.press("d")
        assert "line 15: window = slice(" in session.text
        await session.press("escape", "Y")
        await session.until("NumPy code")
        assert f"sys.path.insert(0, {str(tmp_path)!r})" in session.app.clipboard
        with pytest.raises(AssertionError, match=r"\[0, 0, 0, 0\]: -1.5548.* 0.3246"):
            exec(compile(session.app.clipboard, "case.py", "exec"), {})
        sys.path.remove(str(tmp_path))
        del sys.modules["mine"]
        await session.press("Y")
        await session.until("test_case.py")
        assert "def test_conv2d_backward():" in session.app.clipboard
        await session.press("end", "<")
        for size in some(((60, 16), (80, 24), (200, 50), (120, 40)), 3):
            await session.resize(*size)
            await session.answered()
            check_layout(session)
            assert "▶" in "\n".join(session.part("own"))


@SELDOM
async def test_own_lines_of_another_problem_are_shown_once_they_are_known() -> None:
    numbers = np.random.default_rng(3)
    A_prev, W = numbers.standard_normal((5, 4, 2)), numbers.standard_normal((2, 2, 2, 2))
    problem = Problem(A_prev, W, numbers.standard_normal(2), None, stride=2)
    worker = Recorder.of_function(candidates.stride_ignored)
    candidate = CandidateTimeline(worker, candidates.verdict(candidates.stride_ignored), problem)
    async with opened_beside(candidate, problem_name="other.npz") as session:
        await session.until("candidates.py: yours")
        await session.answered()
        own = "\n".join(session.part("own"))
        assert re.search(r"▶ +dW\[c\] \+= A_pad", own)
        assert "[0:2, 1:3]; reference: [0:2, 2:4]" in own


@SELDOM
async def test_without_colour_what_differs_is_still_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened_beside(beside(candidates.stride_ignored), (80, 24)) as session:
        await session.answered()
        assert session.app.no_color
        assert "≠" in session.text
        assert "✗" in session.lines[-2]
        check_layout(session)


@SELDOM
async def test_a_candidate_that_never_answers_leaves_the_screen_alive() -> None:
    verdict = candidates.verdict(candidates.stride_ignored)
    candidate = candidates.Silent(verdict, candidates.failing_problem(candidates.stride_ignored))
    async with opened_beside(candidate) as session:
        assert candidate.asked.wait(5)
        assert session.position > 0
        assert "…" in "\n".join(session.part("input_gradient_candidate"))
        position = session.position
        await session.press("n", "n", "N", "v", "d", "escape", "]", ">", "down")
        assert session.position == position + 1
        check_layout(session)
        candidate.released.set()  # its process ends
        await session.until("its process ended")
        assert "its process ended" in "\n".join(session.part("input_gradient_candidate"))
        candidate.released.clear()
    assert not candidate.waited_in_vain, "leaving does not wait for it"


@SELDOM
async def test_a_wrong_shape_says_so_in_its_panels() -> None:
    async with opened_beside(beside(candidates.misshapen)) as session:
        await session.answered()
        for key in keys_of("db")[1:]:
            assert "its shape is" in " ".join(" ".join(session.part(key)).replace("│", " ").split())
        assert "db: its shape is 2x1, not 2" in session.lines[-3]
        await session.press("n", "N")
        check_layout(session)


async def test_a_right_candidate_is_said_to_be_right_and_shown_beside_the_reference() -> None:
    problem = Problem(np.ones((3, 4, 1)), np.ones((2, 2, 2, 1)), np.ones(2), None)
    async with opened_beside(beside(candidates.right, problem)) as session:
        await session.answered()
        assert "no mistake found" in session.lines[0]
        assert session.position == problem.total_steps
        assert visible_nine(session)
        assert session.lines[-3].strip().startswith("agrees")
        assert "≠" not in session.text
        await session.press("home", ">")
        assert "no later step adds anything wrong" in session.lines[-3]


@SELDOM
def test_pictures_wait_for_the_candidates_answers() -> None:
    candidate = beside(candidates.stride_ignored)
    try:
        (frame,) = candidate_frames(candidate, "mine.py:conv_backward", [None], (80, 24))
        picture = "\n".join(frame.lines)
        assert picture.count("✗") >= 3
        assert "≠" in picture
        assert "at work" not in picture
        assert candidate.at(0).gradients  # its process is left running
    finally:
        candidate.close()


@SELDOM
def test_the_plain_debugger_loads_nothing_of_candidates() -> None:
    script = (
        "import sys, convstep.ui.app; "
        "print([m for m in sys.modules if m.startswith('convstep.candidate') or 'candidate' in m])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@SELDOM
async def test_after_a_crash_no_thread_waits_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CandidateMode, "closed", lambda mode: None)  # as if it came too early
    monkeypatch.setattr(CandidateTimeline, "wrong_steps", lambda timeline, found, leave: leave())

    async def crash() -> None:
        async with opened_beside(beside(candidates.stride_ignored)) as session:
            mode = session.debugger.mode
            assert isinstance(mode, CandidateMode)
            await session.answered()
            mode.queries._idle = threading.Event()  # a question is open, and stays so
            session.debugger.begin("marks", mode.queries._find_wrong_steps)
            session.app._handle_exception(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        await crash()
    await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), GENEROUS)


class SavedFile:
    """A file that is saved when a test says so, and what checking it comes to."""

    def __init__(self, *found: tuple[Worker, Verdict] | str) -> None:
        self.found, self.saved = [*found], threading.Event()

    def changed(self) -> bool:
        was = self.saved.is_set()
        self.saved.clear()
        return was

    def checked(self) -> tuple[Worker, Verdict]:
        found = self.found.pop(0)
        if isinstance(found, str):
            raise CandidateError(found)
        return found


@SELDOM
async def test_a_file_that_is_saved_is_checked_anew_and_opens_where_one_stood() -> None:
    candidate = beside(candidates.stride_ignored)
    worker: Any = SimpleNamespace(close=lambda: None)
    fixed = (worker, candidate.verdict)
    file = SavedFile("mine.py does not compile: line 3", fixed)
    async with opened_beside(candidate, again=file) as session:
        app = session.app
        assert isinstance(app, CandidateApp)
        await session.answered()
        await session.press("n", "n")
        dz = session.debugger.state.stage.input_of("dZ", (0,) * candidate.problem.dZ.ndim)
        session.debugger.editing.set(dz, "77")
        await session.answered()
        position = session.position
        file.saved.set()
        app.look_at_file()
        await session.until("the previous verdict stays: mine.py does not compile: line 3")
        assert session.position == position
        await session.press("question_mark")
        file.saved.set()
        app.look_at_file()
        assert file.saved.is_set(), "a dialog is about what lies below it"
        await session.pilot.press("escape")  # the app may leave at once: it looks at the file by itself
        app.look_at_file()
        while app.anew is None:
            await session.pilot.pause(0.01)
            app.look_at_file()
        assert (app.anew.worker, app.anew.verdict) == fixed
        assert (app.anew.problem, app.anew.session.position) == (candidate.problem, position)
        edits = app.anew.edits
    app.look_at_file()  # the clock may still ring when no screen is left
    async with opened_beside(beside(candidates.stride_ignored), edits=edits) as session:
        await session.until("numbers edited (1)")
        assert session.timeline.problem.dZ.flat[0] == 77
