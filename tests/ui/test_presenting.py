"""Presenting: large numbers, nothing around the panels, and everything else as it was."""

from __future__ import annotations

import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.examples import catalog
from convstep.lessons import course
from convstep.steps.number_text import short
from convstep.ui.debugger.playing import Playing
from convstep.view.numbers.big_digits import GLYPHS, LINES, drawn
from convstep.view.scene.sentence import BIG
from tests import candidates
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened, opened_beside
from tests.ui.learning import opened_lesson

STAGE = ("input", "input_gradient")
CHROME = ("#status", "#timeline", "KeyLine")


def lines_of(session: Session, key: str) -> int:
    plan = session.grid(key)._plan
    assert plan is not None
    return plan.lines


def shown(session: Session) -> list[bool]:
    """Whether there is something around the panels."""
    return [bool(session.debugger.query_one(name).display) for name in CHROME]


@SELDOM
async def test_z_hides_what_is_around_the_panels_and_z_or_escape_brings_it_back() -> None:
    async with opened(position=137, size=(108, 32)) as session:
        before = session.lines
        for leave in ("z", "escape"):
            await session.press("z")
            assert session.debugger.state.presenting
            assert shown(session) == [False, False, False]
            assert {"source", "card", "map"} & session.visible() == set()
            assert " ".join(session.lines[0].split()) == "digit · z leaves step 137/256 (i_h 4, i_w 2, i_c 0)"
            big = drawn("-0.16", BIG)
            assert [line[20 : 20 + BIG] for line in session.lines[-LINES:]] == [*big], "dz = -0.16"
            assert session.lines[-2].startswith(" dz = dZ[4, 2, 0] = ")
            assert [line[20 + BIG :].strip() for line in session.lines[-LINES:]] == [
                "✓ dW[0] += x * dz", "✓ dA_prev_pad[4:7, 2:5] += w * dz", "✓ db[0] += dz",
            ]  # fmt: skip
            assert [lines_of(session, key) for key in STAGE] == [LINES, LINES]
            assert session.stale_cells() == []
            await session.press(leave)
            assert not session.debugger.state.presenting
            assert session.lines == before
            assert session.stale_cells() == []


async def test_what_is_said_before_a_class_covers_no_panel_and_goes_with_the_mode_or_the_next_move() -> None:
    async with opened(position=137, size=(80, 24), notifications=True) as session:
        await session.press("z")
        assert "z leaves" in session.lines[0]
        sentence = session.lines[-LINES:]
        await session.press("y")
        assert session.lines[-1].rstrip().endswith(f"   copied: {session.app.clipboard}")
        assert "✓ db[0] += dz" in session.lines[-2], "the step stays"
        assert not session.app._notifications, "a toast lies on the panels"
        assert session.stale_cells() == []
        await session.press("n", "N")
        assert session.lines[-LINES:] == sentence
        await session.press("k", "z")
        assert "z leaves" not in session.text
        assert "bookmark" not in session.text
        assert session.stale_cells() == []


@SELDOM
async def test_every_move_is_followed_in_large() -> None:
    async with opened("stride-2", (80, 24), position=21) as session:
        await session.press("z")
        for key in ("n", "s", "S", "N", "l", "v", "v", "v", "+", "home", "m", "tab", "escape", "down", "b"):
            await session.press(key)
            assert session.stale_cells() == [], key
            assert session.debugger.state.presenting, key
        await session.resize(60, 16)
        assert session.stale_cells() == []


@SELDOM
async def test_clicks_and_hovers_hit_big_cells_on_all_their_lines() -> None:
    async with opened("stride-2", (120, 40), position=21) as session:
        await session.press("z")
        x, y = session.place("input", 5, 5)
        for line in range(LINES):
            session.grid("input").cursor = None
            await session.click(x + 2, y + line)
            assert session.grid("input").cursor == (5, 5)
        x, y = session.place("upstream", 2, 1)
        await session.click(x, y)
        assert session.timeline.step.loop_index[1:3] == (2, 1)
        assert session.stale_cells() == []


async def test_a_digit_is_drawn_big_at_its_place() -> None:
    async with opened("one-window", (80, 24), position=0) as session:
        await session.press("z")
        x, y = session.place("input", 0, 2)  # a zero
        plan = session.grid("input")._plan
        assert plan is not None
        for line, glyph in enumerate(GLYPHS["0"]):
            cells = [session.cell(x + column, y + line).text for column in range(plan.text)]
            assert "".join(cells).strip() == glyph.strip()


async def test_the_title_says_that_it_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Playing, "_await_tick", lambda self, seconds: None)
    async with opened(position=137, size=(80, 24)) as session:
        await session.press("z", "e")
        assert "▶ 2 steps/s   step 137/256" in session.lines[0]
        session.debugger.playing.tick()
        await session.settle()
        assert "▶ 2 steps/s   step 138/256" in session.lines[0]
        await session.press("escape")
        assert "▶" not in session.lines[0]
        assert session.debugger.state.presenting, "Escape pauses first"
        await session.press("escape")
        assert not session.debugger.state.presenting


@SELDOM
async def test_presenting_from_a_part_that_is_then_hidden_focuses_a_panel() -> None:
    async with opened(position=137, size=(108, 32)) as session:
        session.debugger.set_focus(session.debugger.query_one("#source"))
        await session.press("z")
        assert session.debugger.focused is session.grid("input_gradient")
        seen = set()
        for _ in session.visible():
            await session.press("tab")
            assert session.debugger.focused is not None
            seen.add(session.debugger.focused.id)
        assert seen == session.visible()


@SELDOM
async def test_a_candidate_is_presented_too() -> None:
    function = candidates.stride_ignored
    with Worker.of_function(function) as worker:
        candidate = CandidateTimeline(worker, candidates.verdict(function), catalog.load("stride-2"))
        async with opened_beside(candidate, (120, 42), position=5) as session:
            await session.answered()
            await session.press("z")
            await session.answered()
            assert shown(session) == [False, False, False]
            assert "z leaves" in session.lines[0]
            assert "diagnosis" not in session.visible()
            assert all(lines_of(session, key) == LINES for key in session.visible())
            assert session.stale_cells() == []
            await session.press("n", "m", "escape", "escape")
            assert shown(session) == [True, True, True]
            await session.answered()
            assert session.stale_cells() == []


@SELDOM
async def test_a_cell_chosen_before_a_class_stays_chosen() -> None:
    async with opened(position=1, size=(80, 24)) as session:
        while session.app.focused is None or session.app.focused.id != "source":
            await session.press("shift+tab")
        hidden = session.debugger.focused
        await session.press("z", "z")
        assert session.debugger.focused is hidden, "nothing else was looked at"
        await session.press("z", "right", "right", "z")
        assert session.debugger.focused is session.grid("input_gradient")
        await session.press("down")
        assert session.text.count("dA_prev_pad[1, 1, 0] = ") == 1


@SELDOM
@pytest.mark.parametrize("size", some([(60, 16), (80, 24), (120, 40), (200, 50)]))
async def test_the_value_of_the_step_is_seen_at_every_size_and_no_row_in_part(size: tuple[int, int]) -> None:
    async with opened(position=137, size=size) as session:
        await session.press("z")
        for position in (138, 139, 140):
            await session.press("n")
            dz = session.timeline.step.dz
            if size[1] < 24:
                assert session.lines[-1].startswith(f" dz = {short(dz, 3)} ")
            else:
                below = session.lines[-LINES:]
                begin = below[1].index(" = " if size[0] < 100 else "] = ") + (3 if size[0] < 100 else 4)
                assert [line[begin : begin + BIG] for line in below] == [*drawn(short(dz, 3), BIG)]
            for key in STAGE:
                labels = [line[1:3].strip() for line in session.part(key)[1:-1]]
                rows = [int(label) for label in labels if label.isdigit()]
                assert len(rows) * lines_of(session, key) <= len(labels), (position, rows)
            assert session.stale_cells() == []


@SELDOM
async def test_a_lesson_before_a_class_has_the_value_and_nobodys_points() -> None:
    async with opened_lesson(course.load(course.find("1", "en")), (80, 24)) as learner:
        assert "points" in learner.text
        await learner.press("z")
        assert "points" not in learner.text
        dz = learner.mode.state.scene.dz
        assert [*drawn(short(dz, 3), BIG)] == [line[6 : 6 + BIG] for line in learner.lines[-LINES:]]
