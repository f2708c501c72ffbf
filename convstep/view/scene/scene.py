"""The scene as data: what the widgets are given, whatever the tensors are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from convstep.view.grid.faces import Face
from convstep.view.grid.panel import Cell, Panel

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which faces to show; None follows the loop."""

    input_channel: int | None = None
    """Offset of the input channel within the step's group."""
    output_channel: int | None = None
    """The output channel whose kernel and upstream gradient are shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """One of the step's additions, in numbers."""

    target: str
    """What is added to, e.g. `dW[0]`."""
    shown: str
    """The part of it that is shown, its channel named where there are several: `dW[0, :, :, 1]`."""
    formula: str
    """What is added, e.g. `x * dz`."""
    factor_name: str
    """The array factor's name, or "" where a single value is added."""
    factor: Array
    """The array factor's face, `(rows, columns)`."""
    added: Array
    """What is added, in the shape of `factor`."""
    before: Array
    """The cells before the addition."""
    after: Array
    """The cells after the addition."""
    cells: Face
    """Where the cells stand, to name one of them."""
    origin: Cell
    """The cell of that face at which `before[0, 0]` stands."""
    pace: Cell
    """Rows and columns between neighbouring cells of `before` on the face."""
    done: bool
    """Whether it is already made."""
    part: tuple[str, ...] = ()
    """Whose sum it is added to, where not that of all samples, the longest form first."""


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """One `for` of the nest: its variable and how far it is."""

    name: str
    """`i_h` and the like."""
    at: int
    """Where it stands."""
    count: int
    """How many turns it takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What the screen shows at one position."""

    position: int
    """Steps executed."""
    total: int
    """Steps in all."""
    place: str
    """The loop index in words: `i_h 4, i_w 2, i_c 0`."""
    state: str
    """Whether the step is executed, under way, or about to be."""
    loops: tuple[Loop, ...]
    """The `for` nest, outermost first."""
    upstream: str
    """The step's `dz` by name: `dZ[4, 2, 0]`."""
    dz: float
    """Its value."""
    additions: tuple[Addition, ...]
    """The step's additions in the loop's order."""
    made: int
    """How many of them are made."""
    panels: tuple[Panel, ...]
    """In reading order: the stage first."""

    def panel(self, key: str) -> Panel:
        """The panel with a key.

        Raises:
            KeyError: it is not shown.
        """
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def find(self, key: str) -> Panel | None:
        """The panel with a key; None for that of a further face that has no room any more."""
        return next((panel for panel in self.panels if panel.key == key), None)
