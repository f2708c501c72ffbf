"""What holds whatever is pressed, as a person could say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from textual.app import App
from textual.screen import ModalScreen
from textual.strip import Strip

from convstep.cli.problems import start
from convstep.conv.timeline import Timeline
from convstep.recording.recording import Recording
from convstep.replay.session import save
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.modes.mode import Mode
from convstep.view.panels.stage import Stage
from tests.ui.terminal import Terminal, busy, stale_cells

_OF = re.compile(r"(\d[\d,]*)\s*/\s*(\d[\d,]*)")


class Broken(AssertionError):
    """A promise is not kept; the first word says which."""


def in_front(app: App[Any]) -> None:
    """Exactly one screen is in front, and it is the last one opened."""
    stack = app.screen_stack
    active = [screen for screen in stack if screen.is_active]
    gone = [screen for screen in stack if not screen.is_running]
    if active != stack[-1:] or gone or len(set(map(id, stack))) != len(stack):
        raise Broken(f"screens: {active} in front of {stack}, of which {gone} are closed")


def frame(strips: Sequence[Strip], width: int, height: int) -> None:
    """What is painted is no larger than the screen."""
    if len(strips) > height:
        raise Broken(f"frame: {len(strips)} lines on {height}")
    for number, strip in enumerate(strips):
        measured = Strip(strip).cell_length
        if measured > width:
            raise Broken(f"frame: line {number} takes {measured} columns of {width}: {strip.text!r}")


def title(text: str, timeline: Timeline | Recording) -> None:
    """No position on the first line lies beyond its total; the timeline's is where it stands."""
    for position, total in _OF.findall(text):
        at, of = (int(number.replace(",", "")) for number in (position, total))
        if at > of or (of == timeline.total and f"step {position}" in text and at != timeline.position):
            raise Broken(f"title: {position}/{total} at {timeline.position}/{timeline.total}: {text!r}")


def state(timeline: Timeline | Recording) -> None:
    """The arrays are those of a new pass to the same place, bit for bit."""
    if not 0 <= timeline.position <= timeline.total:
        raise Broken(f"state: position {timeline.position} of {timeline.total}")
    fresh = timeline.scout() if isinstance(timeline, Recording) else Timeline(timeline.problem)
    fresh.seek(0)
    fresh.seek(timeline.position)
    for _ in range(timeline.made):
        fresh.next_write()
    for name in timeline.arrays:
        ours, theirs = timeline.arrays[name], fresh.arrays.get(name)
        if theirs is None or ours.tobytes() != theirs.tobytes():
            raise Broken(f"state: {name} at {timeline.position}+{timeline.made} differs from a fresh seek")


def reopened(screen: DebuggerScreen, file: str = "end.json") -> None:
    """The session is written, read as the command line reads it, and resumed as it was."""
    session = screen.asking.session()
    save(session, file)
    again, problem = start(file, None, [])
    resumed = DebuggerScreen(Mode(State(Stage.on(problem), "again", again.problem)))
    resumed.asking.resume(again)
    if again != session:
        raise Broken(f"session: {session} was saved and {again} was read")


def timeline_of(screen: DebuggerScreen) -> Timeline | Recording:
    """What a debugger steps through."""
    assert isinstance(screen.timeline, (Timeline, Recording))
    return screen.timeline


def debuggers(app: App[Any]) -> list[DebuggerScreen]:
    """The debuggers that are open, be there something in front of them or not."""
    return [screen for screen in app.screen_stack if isinstance(screen, DebuggerScreen)]


def fresh(app: App[Any], terminal: Terminal) -> None:
    """Once nothing more is to be painted, the terminal shows what a fresh painting would."""
    # what lies behind a dialog is painted when its own clock comes round
    behind = any(s._dirty_widgets or s._compositor._dirty_regions for s in app._background_screens)
    stale = [] if behind or busy(app) else stale_cells(app, terminal)
    if stale:
        raise Broken(f"stale: {len(stale)} cells of {app.screen}; {stale[0]}")


def seen(app: App[Any], terminal: Terminal) -> None:
    """What is to hold at any moment of rest."""
    fresh(app, terminal)
    in_front(app)
    width, height = app.size
    strips = app.screen._compositor.render_strips(app.size)
    frame(strips, width, height)
    if isinstance(app.screen, DebuggerScreen):
        title(strips[0].text if strips else "", timeline_of(app.screen))


def at_the_end(app: App[Any], *, session: bool) -> None:
    """What takes longer, once.

    Args:
        app: after escape was pressed several times.
        session: whether its problem can be opened by name.
    """
    if isinstance(app.screen, ModalScreen):
        raise Broken(f"escape: it does not lead out of {app.screen}")
    app.export_screenshot()
    for screen in debuggers(app):
        state(timeline_of(screen))
        if session:
            reopened(screen)
