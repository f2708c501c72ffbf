"""Sessions and the screen: what of a view is kept, and whether a problem has what a session names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from convstep.conv.geometry import Geometry
from convstep.conv.layout import forward_layout, layout
from convstep.printable import printable
from convstep.replay.session import Session, SessionError
from convstep.replay.stop_kinds import Stop
from convstep.replay.stop_text import parse_stop
from convstep.steps.layout import Layout
from convstep.view.grid.look import MODES, PRECISIONS
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.scene.cards import CARDS
from convstep.view.scene.staged import Resumed as Resumed


def resumed(session: Session, geometry: Geometry, bias: bool, *, forward: bool = False) -> Resumed:
    """What a session, of this problem or another, brings back.

    A `SessionError` is one sentence that says what it names and the problem lacks, and what that has.
    """
    about = forward_layout(geometry, bias) if forward else layout(geometry, bias)
    return resumed_run(session, about, lambda: _choice(session, geometry))


def resumed_run(session: Session, about: Layout, choice: Callable[[], Any]) -> Resumed:
    """The same, of any run; `choice` reads the chosen faces, or raises a `SessionError`."""
    session.check_fits(about.nest.total)
    view = session.view
    if view.mode and view.mode not in MODES:
        modes = f"{', '.join(MODES[:-1])} and {MODES[-1]}"
        raise SessionError(f'the view\'s mode is "{printable(view.mode)}"; the modes are {modes}')
    if view.precision not in PRECISIONS:
        raise SessionError(
            f"the view's precision is {view.precision}; it goes from {PRECISIONS[0]} to {PRECISIONS[-1]}"
        )
    if view.card and view.card not in CARDS:
        cards = " and ".join(CARDS)
        raise SessionError(f'the view\'s card is "{printable(view.card)}"; the cards are {cards}')
    chosen = choice()
    return Resumed(tuple(_stops(session, about)), chosen, view.mode, view.precision, view.card)


def _choice(session: Session, geometry: Geometry) -> Choice:
    """The faces; beside a candidate, those of the input go through all channels and not only a group's."""
    counts = {"input": geometry.input_shape[-1], "output": geometry.kernel_shape[0]}
    faces, problem = session.view.faces, printable(session.problem)
    for name, face in faces.items():
        if name not in counts:
            known = " and of ".join(counts)
            raise SessionError(f'the view has a face of "{printable(name)}"; {problem} has faces of {known}')
        if face >= counts[name]:
            last = counts[name] - 1
            numbers = f"faces 0 to {last}" if last else "face 0 only"
            raise SessionError(f"the view's face of {name} is {face}, but {problem} has {numbers}")
    chosen = faces.get("input")
    return Choice(None if chosen is None else chosen % geometry.kernel_shape[-1], faces.get("output"))


def _stops(session: Session, about: Layout) -> Iterator[Stop]:
    for number, saved in enumerate(session.stops, 1):
        try:
            stop = parse_stop(saved.text, about)
        except ValueError as error:
            text = printable(saved.text, 60)
            raise SessionError(f'the session\'s stop {number}, "{text}": {printable(error)}') from error
        yield stop.changed(enabled=saved.enabled)
