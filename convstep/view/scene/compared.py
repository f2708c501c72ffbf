"""Compared: the gradients at one position, and what oracles can be asked about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from convstep.oracle.comparison import Comparison
    from convstep.oracle.row import Row
    from convstep.oracle.service import TorchService
    from convstep.view.grid.panel import Panel


class Compared(Protocol):
    """A copy of what stands there, so that time may go on while it is compared."""

    @property
    def position(self) -> int:
        """How many steps had been executed."""

    @property
    def total(self) -> int:
        """How many there are."""

    @property
    def under_way(self) -> bool:
        """Whether a further step has begun, whose additions are not counted."""

    @property
    def names(self) -> Sequence[str]:
        """What the gradients are called, in their order."""

    def oracles(self) -> dict[str, str]:
        """Who is asked, and what stands there until they answer; "torch" is PyTorch."""

    def rows(self, oracle: str) -> int:
        """How many gradients an oracle will compare."""

    def foreseen(self, oracle: str) -> str:
        """About as many words as its verdict will have."""

    def tolerance(self, oracle: str) -> str:
        """What is said of its tolerance before it answers; "" for nothing."""

    def ask(self, oracle: str, torch: TorchService) -> Comparison:
        """Ask one of them; blocks, and raises `OracleUnavailable` or `ServiceClosed`."""

    def explained(self) -> str:
        """What is compared with what, a sentence."""

    def remarks(self) -> list[str]:
        """What else is to be said of what ran, sentences."""

    def waiting_panel(self, name: str, note: str) -> Panel:
        """The place of a gradient's difference before there is one; `note` is what is waited for."""

    def difference_panel(self, row: Row) -> Panel:
        """The face of a gradient's difference with the worst cell on it."""
