"""Every key of every command, pressed in the running program."""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from textual.command import CommandPalette
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from convstep.conv.blocks import exact_gradients
from convstep.replay.places import parse_place
from convstep.replay.stops import Breakpoint
from convstep.replay.visited import Bookmarks, Visited
from convstep.ui.commands import COMMANDS, groups, meanings
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.grid.drawing import WAITING
from convstep.view.grid.panel import Cell
from convstep.view.layout.arrange import CARD
from convstep.view.numbers.text import full
from tests.strategies import SELDOM, THOROUGH, some, tried
from tests.ui.driving import Session, opened

Behaviour = Callable[[Session, str], Awaitable[None]]

HERE = 137
"""Where every behaviour begins: in the digit, just after i_h 4, i_w 2, i_c 0."""
CHANNELS, ROW = 4, 32
"""Steps of the digit's channel loop, and of one output row."""


async def goes_one_step_on(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == HERE + 1
    assert f"step {HERE + 1}/256" in session.lines[0]
    assert "i_h 4, i_w 2, i_c 1" in session.lines[0]


async def goes_one_step_back(session: Session, key: str) -> None:
    before = session.timeline.dW.copy()
    session.timeline.next()
    await session.press(key)
    assert session.position == HERE
    assert session.timeline.dW.tobytes() == before.tobytes()
    assert f"step {HERE}/256" in session.lines[0]


async def makes_one_addition(session: Session, key: str) -> None:
    for made in (1, 2):
        await session.press(key)
        assert (session.position, session.timeline.made) == (HERE, made)
        assert f"{made} of 3 additions made" in session.text
    await session.press(key)
    assert (session.position, session.timeline.made) == (HERE + 1, 0)


async def undoes_one_addition(session: Session, key: str) -> None:
    for made in (2, 1):
        await session.press(key)
        assert (session.position, session.timeline.made) == (HERE - 1, made)
        assert f"{made} of 3 additions made" in session.text
    await session.press(key)
    assert (session.position, session.timeline.made) == (HERE - 1, 0)


async def completes_the_channel_loop(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == 140
    await session.press(key)
    assert session.position == 140 + CHANNELS


async def returns_to_where_the_channel_loop_began(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == 136
    await session.press(key)
    assert session.position == 136 - CHANNELS


async def completes_the_row(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == 160
    await session.press(key)
    assert session.position == 160 + ROW


async def returns_to_where_the_row_began(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == 128
    await session.press(key)
    assert session.position == 128 - ROW


async def goes_to_the_end(session: Session, key: str) -> None:
    await session.press(key)
    assert (session.position, session.dialog) == (256, "")
    await session.press(key)
    assert session.dialog == "ComparisonScreen"


async def goes_to_the_start(session: Session, key: str) -> None:
    await session.press(key)
    assert session.position == 0
    assert not session.timeline.dA_prev_pad.any()
    assert "about to run" in session.text


async def runs_to_the_next_stop_or_to_the_end(session: Session, key: str) -> None:
    session.debugger.state.stops.add(Breakpoint(i_h=6, i_w=1, i_c=2))
    await session.press(key)
    await session.answered()
    assert session.position == 6 * ROW + CHANNELS + 2 + 1
    assert "stop 1: i_h == 6 and i_w == 1 and i_c == 2" in session.text
    await session.press(key)
    await session.answered()
    assert (session.position, session.dialog) == (256, "")


async def runs_to_the_previous_stop_or_to_the_start(session: Session, key: str) -> None:
    session.debugger.state.stops.add(Breakpoint(i_h=2, i_w=1, i_c=2))
    await session.press(key)
    await session.answered()
    assert session.position == 2 * ROW + CHANNELS + 2 + 1
    await session.press(key)
    await session.answered()
    assert session.position == 0
    assert "no earlier stop: ran back to the start" in session.text


async def sets_and_removes_a_stop(session: Session, key: str) -> None:
    await focus(session, "upstream")
    await session.press(key)
    assert [str(stop) for stop in session.debugger.state.stops] == ["i_h == 4 and i_w == 2 and i_c == 0"]
    assert "stop 1 set" in session.text
    await session.press(key)
    assert len(session.debugger.state.stops) == 0
    assert "stop removed" in session.text


async def asks_for_a_condition(session: Session, key: str) -> None:
    await session.press(key)
    await session.type("dz > 9 and i_c == 2")
    await session.press("enter")
    assert [str(stop) for stop in session.debugger.state.stops] == ["dz > 9 and i_c == 2"]
    await session.press(key, "escape")
    assert (session.dialog, len(session.debugger.state.stops)) == ("", 1)


async def lists_the_stops(session: Session, key: str) -> None:
    session.debugger.state.stops.add(Breakpoint(i_c=1))
    await session.press(key)
    assert session.dialog == "StopsScreen"
    assert "1  on   i_c == 1" in session.text
    await session.press("escape")
    assert (session.dialog, session.position) == ("", HERE)


async def goes_to_the_next_step_that_writes_the_cell(session: Session, key: str) -> None:
    await focus(session, "kernel_gradient")
    await session.press(key, key)
    assert session.position == HERE + 2 * CHANNELS


async def goes_to_the_step_before_that_wrote_the_cell(session: Session, key: str) -> None:
    await focus(session, "kernel_gradient")
    await session.press(key, key)
    assert session.position == HERE - 2 * CHANNELS


async def comes_back_from_a_jump(session: Session, key: str) -> None:
    await session.press("home", key)
    assert session.position == HERE


async def goes_forward_to_where_one_came_back_from(session: Session, key: str) -> None:
    await session.press("home", "comma", key)
    assert session.position == 0
    await session.press(key)
    assert session.position == 0
    assert "no later place" in session.text


async def sets_and_removes_a_bookmark(session: Session, key: str) -> None:
    await session.press(key)
    assert [mark.position for mark in session.debugger.state.bookmarks.list()] == [HERE]
    assert "▼" not in session.lines[-2]  # the position itself stands there
    await session.press("l")
    assert "▼" in session.lines[-2]
    session.debugger.travel.to(HERE)
    await session.press(key)
    assert len(session.debugger.state.bookmarks) == 0


async def goes_through_the_bookmarks(session: Session, key: str) -> None:
    await session.press(key)
    assert "no bookmarks; k sets one" in session.text
    await session.press("k", "l", "k", key)
    assert session.position == HERE
    await session.press(key)
    assert session.position == 160


async def lists_what_makes_the_cell(session: Session, key: str) -> None:
    await session.press(key)
    assert session.dialog == "TableScreen"
    assert "dA_prev_pad[4, 2, 0]: 36 contributions" in session.text
    await session.press("escape")
    assert (session.dialog, session.position) == ("", HERE)


async def edits_an_input(session: Session, key: str = "enter") -> None:
    session.debugger.panels.focus("kernel")
    await session.press("down", key)
    assert session.dialog == "PromptScreen"
    await session.type("7")
    await session.press("enter")
    assert 7 in session.timeline.problem.W[0, :, :, 0]
    assert session.position == HERE
    assert "numbers edited (1)" in session.lines[0]


async def takes_an_edit_back(session: Session, key: str) -> None:
    before = session.timeline.problem
    await edits_an_input(session)
    await session.press(key)
    assert session.timeline.problem is before
    assert session.position == HERE


async def makes_an_edit_again(session: Session, key: str) -> None:
    await edits_an_input(session)
    await session.press("U", key)
    assert "numbers edited (1)" in session.lines[0]
    assert session.position == HERE


async def asks_for_a_file_to_save_in(session: Session, key: str) -> None:
    await session.press(key)
    assert "Save the session to" in session.text
    assert "digit.session.json" in session.text
    await session.press("escape")
    assert (session.dialog, session.position) == ("", HERE)


async def shows_the_other_direction_at_the_same_place(session: Session, key: str) -> None:
    await session.press(key)
    assert "forward.py" in session.text
    assert "Z[i_h, i_w, i_c] = np.sum(x * w)" in session.text
    assert f"step {HERE}/256" in session.lines[0]
    await session.press("n", key)
    assert "backward.py" in session.text
    assert session.position == HERE + 1


async def asks_where_to_go(session: Session, key: str) -> None:
    await session.press(key)
    assert session.dialog == "PromptScreen"
    await session.type("9,0,0")
    assert "i_h is 9, but it goes from 0 to 7" in session.text
    await session.press("enter")
    assert session.dialog == "PromptScreen"
    assert session.position == HERE
    await session.press("escape")
    assert (session.dialog, session.position) == ("", HERE)
    await session.press(key)
    await session.type("1,2,3")
    assert "Step 44 of 256: just after i_h 1, i_w 2, i_c 3." in session.text
    await session.press("enter")
    assert (session.dialog, session.position) == ("", 44)


async def turns_the_card(session: Session, key: str) -> None:
    step = session.part(CARD)
    await session.press(key)
    assert "y = sum(x * w) + b" in "\n".join(session.part(CARD))
    await session.press(key)
    assert session.part(CARD) == step


async def turns_through_numbers_and_heat(session: Session, key: str) -> None:
    seen = [session.part("upstream")]
    for mode in ("numbers", "heat", "both"):
        await session.press(key)
        assert session.debugger.state.values == mode
        seen.append(session.part("upstream"))
    both, numbers, heat, again = seen
    assert both == again
    assert numbers == both  # with colours, the numbers of "both" are the same text
    assert WAITING in "".join(heat[2:-1])  # values still to come; those before are coloured blanks
    dz = session.timeline.step.dz
    numbers_left = re.findall(r"-?\d*\.\d+", "".join(heat[2:-1]))
    assert [round(float(one), 2) for one in numbers_left] == [round(dz, 2)], (
        "the current one alone is written"
    )
    assert not any(shade in "".join(both) for shade in "░▒▓█")


async def shows_the_next_face(session: Session, key: str) -> None:
    await focus(session, "upstream")
    for channel in (1, 2, 3, 0):
        await session.press(key)
        assert f"dZ[:, :, {channel}]" in session.part("upstream")[0]
        assert f"W[{channel}]" in session.part("kernel")[0]


async def shows_the_face_before(session: Session, key: str) -> None:
    await focus(session, "kernel")
    for channel in (3, 2, 1, 0):
        await session.press(key)
        assert f"W[{channel}]" in session.part("kernel")[0]
        assert f"dZ[:, :, {channel}]" in session.part("upstream")[0]


async def follows_the_loop_again(session: Session, key: str) -> None:
    await focus(session, "upstream")
    await session.press("[", "m")
    assert session.visible() == {"upstream"}
    await session.press(key)
    assert len(session.visible()) > 1
    assert "dZ[:, :, 3]" in session.part("upstream")[0]
    await session.press(key)
    assert "dZ[:, :, 0]" in session.part("upstream")[0]


async def shows_more_digits(session: Session, key: str) -> None:
    before = digits_shown(session)
    await session.press(key)
    assert digits_shown(session) > before


async def shows_fewer_digits(session: Session, key: str) -> None:
    before = digits_shown(session)
    await session.press(key)
    assert digits_shown(session) < before


async def gives_the_whole_room_to_one_panel(session: Session, key: str) -> None:
    await session.press(key)
    assert session.visible() == {"input_gradient"}
    assert session.grid("input_gradient").region.width == 120
    await session.press(key)
    assert {"input", "input_gradient", "source", "card", "upstream"} <= session.visible()


async def focuses_every_part_in_turn(session: Session, key: str) -> None:
    seen = []
    for _ in range(8):
        await session.press(key)
        assert session.app.focused is not None
        seen.append(session.app.focused.id)
        assert session.part(str(seen[-1]))[0].startswith("┏━")
    assert set(seen) == session.visible()
    assert len(set(seen)) == 8


async def moves_the_cursor_up(session: Session, key: str) -> None:
    await moves_the_cursor(session, key, (-1, 0))


async def moves_the_cursor_down(session: Session, key: str) -> None:
    await moves_the_cursor(session, key, (1, 0))


async def moves_the_cursor_left(session: Session, key: str) -> None:
    await moves_the_cursor(session, key, (0, -1))


async def moves_the_cursor_right(session: Session, key: str) -> None:
    await moves_the_cursor(session, key, (0, 1))


async def moves_the_cursor(session: Session, key: str, by: tuple[int, int]) -> None:
    """The first key shows the cursor at the window, the next ones move it, never beyond the face."""
    grid = session.grid("input_gradient")
    await session.press(key)
    assert grid.cursor == Cell(4, 2)
    await session.press(key)
    assert grid.cursor == Cell(4 + by[0], 2 + by[1])
    row, column = grid.cursor
    value = full(session.timeline.dA_prev_pad[row, column, 0])
    assert f"dA_prev_pad[{row}, {column}, 0] = {value}" in session.text
    for _ in range(10):
        await session.press(key)
    assert grid.cursor in ((0, 2), (9, 2), (4, 0), (4, 9))


async def says_that_every_gradient_is_finite(session: Session, key: str) -> None:
    await session.press(key)
    await session.answered()
    assert "no step makes a NaN or inf" in session.text
    assert session.position == HERE


async def compares_in_the_middle(session: Session, key: str) -> None:
    await session.press(key)
    assert session.dialog == "ComparisonScreen"
    await session.answered()
    assert f"after step {HERE} of 256" in session.text
    assert f"running gradients match PyTorch 0.0 (fake) after step {HERE}" in session.text
    await session.press("escape")
    assert (session.dialog, session.position) == ("", HERE)


async def copies_a_command_that_leads_back(session: Session, key: str) -> None:
    await session.press(key)
    words = shlex.split(session.app.clipboard)
    assert words[:4] == ["convstep", "open", "digit", "--goto"]
    assert parse_place(words[4], session.timeline.problem.geometry) == HERE


async def copies_the_case_as_code_and_then_as_a_test(session: Session, key: str) -> None:
    for said, name in (("NumPy code", "case.py"), ("a pytest function", "test_case.py")):
        await session.press(key)
        await session.answered()
        assert said in session.lines[-3]
        assert name in session.lines[-3]
        code = session.app.clipboard
        names: dict[str, Any] = {}
        exec(compile(code, name, "exec"), names)  # and nothing is raised: what it expects is so
        path = Path(re.findall(rf"/\S*{name}", session.lines[-3])[0])
        assert path.read_text() == code
        problem = session.timeline.problem
        if name == "case.py":
            assert names["W"].tobytes() == problem.W.tobytes()
            assert names["dW"].tobytes() == exact_gradients(problem)[0].tobytes()
        else:
            names["test_conv2d_backward"]()


async def explains_every_command(session: Session, key: str) -> None:
    await session.press(key)
    assert session.dialog == "ParagraphsScreen"
    found, pane = session.text, session.app.screen.query_one(VerticalScroll)
    assert "↑ ↓ scroll · Esc closes" in found
    for _ in range(6):
        await session.press("pagedown")
        await session.until(lambda: pane.scroll_y == pane.scroll_target_y)
        found += session.text
    works = session.debugger.handlers
    for command in COMMANDS:
        said = command.help.split(",")[0].split(".")[0][:40] in found
        assert said == (command.id in works or bool(command.of_app)), command.id
    await session.press("escape")
    assert session.dialog == ""


async def lists_every_command_by_name(session: Session, key: str) -> None:
    await session.press(key)
    assert isinstance(session.app.screen, CommandPalette)
    offered = {c.title for c in session.app.get_system_commands(cast("Screen[object]", session.debugger))}
    wanted: dict[str, bool] = {}
    for command in COMMANDS:
        applies = command.palette and (bool(command.of_app) or session.debugger.applies(command.id))
        title = f"{command.label}  {' '.join(command.key_texts)}"
        wanted[title] = wanted.get(title, False) or applies
    assert {title for title, applies in wanted.items() if applies} == offered & set(wanted)
    session.app.screen.query_one(Input).value = "outer end"
    await session.answered()
    await session.press("enter")
    await session.answered()
    if session.dialog:  # the first Enter chooses, the second one runs
        await session.press("enter")
        await session.answered()
    assert (session.dialog, session.position) == ("", 160)


async def leaves(session: Session, key: str) -> None:
    session.send(key)
    await session.pilot.pause()
    assert session.app._exit
    assert session.app.return_code == 0


async def says_that_it_belongs_to_another_command(session: Session, key: str) -> None:
    await session.press(key)
    assert "convstep debug mine.py:conv_backward" in session.lines[-3]
    assert session.position == HERE


async def says_that_there_is_no_batch(session: Session, key: str) -> None:
    await session.press(key)
    assert "this problem has no batch axis" in session.lines[-3]
    assert session.position == HERE


async def says_that_it_belongs_to_lessons(session: Session, key: str) -> None:
    await session.press(key)
    assert "this key is for lessons" in session.lines[-3]
    assert "convstep learn" in session.lines[-3]
    assert session.position == HERE


async def plays_and_pauses(session: Session, key: str) -> None:
    await session.press(key)
    assert "playing, 2 steps/s · e pauses" in session.lines[-3]
    await session.press(key)
    assert f"paused after step {session.position} · e resumes" in session.lines[-3]


async def makes_playing_faster(session: Session, key: str) -> None:
    await session.press(key)
    assert "4 steps/s · e plays" in session.lines[-3]
    await session.press("(")


async def makes_playing_slower(session: Session, key: str) -> None:
    await session.press(key)
    assert "1 step/s · e plays" in session.lines[-3]
    await session.press(")")


async def shows_large_numbers_and_nothing_around_them(session: Session, key: str) -> None:
    await session.press(key)
    assert {"source", "card"} & session.visible() == set()
    assert any(line.startswith(" dz = dZ[4, 2, 0] = ") for line in session.lines[-3:])
    plan = session.grid("input_gradient")._plan
    assert plan is not None
    assert plan.lines == 3
    await session.press(key)
    assert {"source", "card"} <= session.visible()


BEHAVIOURS: dict[str, Behaviour] = {
    "next": goes_one_step_on,
    "back": goes_one_step_back,
    "next-addition": makes_one_addition,
    "back-addition": undoes_one_addition,
    "channels-end": completes_the_channel_loop,
    "channels-start": returns_to_where_the_channel_loop_began,
    "row-end": completes_the_row,
    "row-start": returns_to_where_the_row_began,
    "play": plays_and_pauses,
    "faster": makes_playing_faster,
    "slower": makes_playing_slower,
    "end": goes_to_the_end,
    "start": goes_to_the_start,
    "run": runs_to_the_next_stop_or_to_the_end,
    "run-back": runs_to_the_previous_stop_or_to_the_start,
    "stop-line": sets_and_removes_a_stop,
    "stop-here": sets_and_removes_a_stop,
    "condition": asks_for_a_condition,
    "stops": lists_the_stops,
    "next-line": goes_to_the_next_step_that_writes_the_cell,
    "previous-line": goes_to_the_step_before_that_wrote_the_cell,
    "next-write": goes_to_the_next_step_that_writes_the_cell,
    "previous-write": goes_to_the_step_before_that_wrote_the_cell,
    "goto": asks_where_to_go,
    "first-nonfinite": says_that_every_gradient_is_finite,
    "next-sample": says_that_there_is_no_batch,
    "previous-sample": says_that_there_is_no_batch,
    "other-way": shows_the_other_direction_at_the_same_place,
    "visited-back": comes_back_from_a_jump,
    "visited-forward": goes_forward_to_where_one_came_back_from,
    "bookmark": sets_and_removes_a_bookmark,
    "next-bookmark": goes_through_the_bookmarks,
    "values": turns_through_numbers_and_heat,
    "next-face": shows_the_next_face,
    "previous-face": shows_the_face_before,
    "share": says_that_there_is_no_batch,
    "window": turns_the_card,
    "mark": goes_one_step_on,
    "mark-block": sets_and_removes_a_stop,
    "stop-marking": follows_the_loop_again,
    "pause": follows_the_loop_again,
    "land": follows_the_loop_again,
    "restore": follows_the_loop_again,
    "stop-presenting": follows_the_loop_again,
    "follow": follows_the_loop_again,
    "to-layers": follows_the_loop_again,
    "choose-up": moves_the_cursor_up,
    "choose-down": moves_the_cursor_down,
    "digit": says_that_it_belongs_to_lessons,
    "continue": lists_what_makes_the_cell,
    "more-digits": shows_more_digits,
    "fewer-digits": shows_fewer_digits,
    "maximise": gives_the_whole_room_to_one_panel,
    "present": shows_large_numbers_and_nothing_around_them,
    "next-panel": focuses_every_part_in_turn,
    "previous-panel": focuses_every_part_in_turn,
    "line-up": moves_the_cursor_up,
    "line-down": moves_the_cursor_down,
    "up": moves_the_cursor_up,
    "down": moves_the_cursor_down,
    "left": moves_the_cursor_left,
    "right": moves_the_cursor_right,
    "outcome": compares_in_the_middle,
    "compare": compares_in_the_middle,
    "values-of-line": lists_what_makes_the_cell,
    "edit": edits_an_input,
    "provenance": lists_what_makes_the_cell,
    "undo-edit": takes_an_edit_back,
    "redo-edit": makes_an_edit_again,
    "next-divergence": says_that_it_belongs_to_another_command,
    "previous-divergence": says_that_it_belongs_to_another_command,
    "diagnosis": says_that_it_belongs_to_another_command,
    "answer": says_that_it_belongs_to_lessons,
    "arrays": says_that_it_belongs_to_lessons,
    "hint": says_that_it_belongs_to_lessons,
    "solution": says_that_it_belongs_to_lessons,
    "next-page": says_that_it_belongs_to_lessons,
    "previous-page": says_that_it_belongs_to_lessons,
    "return": says_that_it_belongs_to_lessons,
    "read-on": says_that_it_belongs_to_lessons,
    "read-back": says_that_it_belongs_to_lessons,
    "restart": says_that_it_belongs_to_lessons,
    "copy": copies_a_command_that_leads_back,
    "copy-case": copies_the_case_as_code_and_then_as_a_test,
    "save": asks_for_a_file_to_save_in,
    "help": explains_every_command,
    "palette": lists_every_command_by_name,
    "quit": leaves,
}
"""What the key of each command must do here, by its id."""


def test_every_command_has_a_behaviour_to_hold_it_to() -> None:
    assert set(BEHAVIOURS) == {command.id for command in COMMANDS}


@pytest.mark.parametrize("group", groups())
async def test_every_key_does_what_the_table_says(group: str) -> None:
    async with opened(position=HERE) as session:
        fresh, focused = session.lines, session.app.focused
        for command in some(groups()[group], 8):
            try:
                await BEHAVIOURS[command.id](session, command.keys[0])
            except BaseException as error:
                error.add_note(f"the key {command.keys[0]!r}, for {command.id}")
                raise
            if command.id != "quit":
                await begin_again(session, focused)
                assert session.lines == fresh, f"after {command.id}, it could not begin again"


async def begin_again(session: Session, focused: Widget | None) -> None:
    """Everything as it was when the program was opened at `HERE`."""
    await session.answered()
    if session.dialog:
        await session.press("escape")
    debugger = session.debugger
    debugger.editing.forget()
    debugger.state.stops._stops.clear()
    debugger.state.stops._last_id = 0
    debugger.state.bookmarks = Bookmarks()
    debugger.state.values, debugger.state.precision, debugger.state.card = "both", 0, ""
    debugger.panels.apply_look()
    if debugger.state.maximised:
        await session.press("escape")
    await session.press("escape")
    for grid in debugger.query(TensorGrid):
        grid.cursor = None
    debugger.set_focus(focused)
    debugger.travel.to(0)
    await session.settle()
    debugger.travel.to(HERE)
    debugger.state.visited = Visited(HERE)
    debugger.stops.changed()
    await session.settle()


@SELDOM
async def test_a_key_does_what_its_first_row_that_applies_says_or_answers_why_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []
    monkeypatch.setattr(DebuggerScreen, "action_do", lambda screen, id, *key: called.append(id))
    monkeypatch.setattr(DebuggerScreen, "action_explain_key", lambda screen, key: called.append(f"not {key}"))
    async with opened(position=HERE) as session:
        for key, rows in meanings().items():
            applying = [command.id for command in rows if session.debugger.applies(command.id)]
            called.clear()
            session.send(key)
            await session.settle()
            assert called == (applying or [f"not {key}"])[:1], key
            assert applying or rows[-1].otherwise, key


async def focus(session: Session, key: str) -> None:
    """Tab to a part; the screen needs to follow only where tabs are turned."""
    behind = key not in session.visible()
    for _ in range(12):
        if session.app.focused is not None and session.app.focused.id == key:
            await session.settle()
            return
        session.send("tab")
        await (session.settle() if behind else session._handled())
    raise AssertionError(f"{key} is never focused")


def digits_shown(session: Session) -> int:
    """The most decimals that a number of the kernel has."""
    decimals = re.findall(r"\.\d+", "\n".join(session.part("kernel")))
    return max(map(len, decimals))


@SELDOM
async def test_tab_turns_the_tabs_of_a_small_screen_and_shift_tab_the_other_way() -> None:
    async with opened(size=(80, 24), position=HERE) as session:
        shown = {key for key in ("card", "source", "kernel", "upstream") if key in session.visible()}
        assert shown == {"card"}
        seen = set()
        forward: list[str | None] = []
        backward: list[str | None] = []
        for found, key in ((forward, "tab"), (backward, "shift+tab")):
            for _ in range(8):
                await session.press(key)
                assert session.app.focused is not None
                assert session.app.focused.id in session.visible()
                assert {"input", "input_gradient"} <= session.visible()
                seen |= session.visible()
                found.append(session.app.focused.id)
            if key == "tab":
                assert {"card", "source", "kernel", "upstream", "kernel_gradient", "bias_gradient"} <= seen
        assert backward == [*forward[-2::-1], forward[-1]]


@SELDOM
async def test_the_least_screen_shows_the_part_in_focus_too() -> None:
    async with opened(size=(60, 16)) as session:
        for _ in range(10):
            await session.press("tab", "n")
            assert session.app.focused is not None
            assert session.app.focused.id in session.visible()


@SELDOM
async def test_nothing_happens_before_the_start_and_beyond_the_end() -> None:
    async with opened("one-window") as session:
        for key in ("N", "S", "F", "L", "home", "C", "backspace"):
            await session.press(key)
            assert (session.position, session.timeline.made, session.dialog) == (0, 0, "")
        assert "step 0/1 " in session.lines[0]
        await session.press("n")
        for key in some(("n", "s", "f", "l", "c", "end"), 3):
            await session.press(key)
            assert (session.position, session.timeline.made) == (1, 0)
            assert session.dialog == "ComparisonScreen"
            await session.press("escape")


@SELDOM
async def test_a_step_under_way_is_completed_or_dropped_and_held_keys_lead_back() -> None:
    async with opened(position=HERE) as session:
        await session.press("s", "n")
        assert (session.position, session.timeline.made) == (HERE + 1, 0)
        await session.press("s", "s", "N")
        assert (session.position, session.timeline.made) == (HERE + 1, 0)
        await session.press("s", "F")
        assert (session.position, session.timeline.made) == (136, 0)
        before, held = session.text, tried(40)
        for key in "n" * held + "N" * held + "s" * 3 * held + "S" * 3 * held:
            session.send(key)
        await session.settle()
        assert session.text == before, "held back and forth"


@SELDOM
async def test_many_fast_presses_end_where_a_fresh_start_there_does() -> None:
    many = 200 if THOROUGH else 50
    async with opened() as held, opened(position=many) as fresh:
        for _ in range(many):
            held.send("n")
        await held.settle()
        assert held.position == many
        assert held.lines == fresh.lines
        assert held.stale_cells() == []


async def test_tab_goes_to_what_its_line_names_next() -> None:
    async with opened(size=(80, 24), position=HERE) as session:
        line = re.search(r"Tab: (.+) ─", session.text)
        assert line is not None
        assert line[1].split() == ["‹step›", "source", "W", "dZ"]
        await focus(session, "card")
        for key in ("source", "kernel", "upstream"):
            await session.press("tab")
            assert session.app.focused is not None
            assert session.app.focused.id == key
