"""What is compared with PyTorch: the running gradients of a convolution, and those of any operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.operators.registry import OperatorError
from convstep.oracle.comparison import Comparison, compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.tolerance import describe
from convstep.oracle.wording import MATCHING
from convstep.view.grid.panel import Panel
from convstep.view.panels.problem_words import difference_panel, gradient_names, waiting_panel

if TYPE_CHECKING:
    from convstep.candidate.operators.so_far import Running, SoFar
    from convstep.conv.timeline import Timeline
    from convstep.oracle.row import Row
    from convstep.oracle.service import TorchService


class TimelineCompared:
    """The running gradients of a convolution; see `Compared`."""

    def __init__(self, timeline: Timeline) -> None:
        """Copy what stands at the timeline's position; an addition under way is not counted."""
        self._problem = timeline.problem
        self.position, self.total = timeline.position, timeline.total
        self.under_way = bool(timeline.made)
        self._gradients = timeline.settled_copy()

    @property
    def names(self) -> list[str]:
        """What backward returns."""
        return gradient_names(self._problem)

    def oracles(self) -> dict[str, str]:
        """PyTorch, central differences, and what was recorded."""
        recorded = self._problem.recorded
        return asked() if recorded is None else asked() | {"recorded": tr("recorded: {by} …", by=recorded.by)}

    def rows(self, oracle: str) -> int:
        """Not everything need have been recorded."""
        recorded = self._problem.recorded
        return len(recorded.gradients if oracle == "recorded" and recorded else self.names)

    def foreseen(self, oracle: str) -> str:
        """See `Compared`."""
        problem, recorded = self._problem, self._problem.recorded
        by = "" if recorded is None else recorded.by
        wider = "" if problem.dtype == "float64" else " (float64)"
        count = problem.W.size + problem.A_prev.size + (0 if problem.b is None else problem.b.size)
        return foreseen(oracle, by, wider, count, self.position, self.total)

    def tolerance(self, oracle: str) -> str:
        """That of PyTorch depends on the dtype alone."""
        return describe(self._problem.dtype) if oracle == "torch" else ""

    def ask(self, oracle: str, torch: TorchService) -> Comparison:
        """See `Compared`."""
        if oracle == "torch":
            return torch.compare(self._problem, self.position, self._gradients)
        return compare(self._problem, self.position, self._gradients, oracle)

    def explained(self) -> str:
        """See `Compared`."""
        if self.position == self.total:
            return tr("Every step is executed: these are the gradients that backward returns.")
        return tr(
            "Backward is linear in dZ: with dZ set to zero for the steps not yet executed, "
            "an oracle's whole backward is what the running gradients must be here."
        )

    def remarks(self) -> list[str]:
        """Nothing."""
        return []

    def waiting_panel(self, name: str, note: str) -> Panel:
        """See `Compared`."""
        array = {"dW": self._problem.W, "db": self._problem.b, "dA_prev": self._problem.A_prev}[name]
        assert array is not None
        return waiting_panel(name, array, note)

    def difference_panel(self, row: Row) -> Panel:
        """See `Compared`."""
        return difference_panel(row)


class OperatorCompared:
    """The gradients of an operator; see `Compared`."""

    def __init__(self, running: Running, found: SoFar, made: int) -> None:
        """Compare what was found at a position, with the half steps that were made of a further one."""
        self._running, self._found = running, found
        self.position, self.total, self.under_way = found.position, found.total, bool(made)

    @property
    def names(self) -> list[str]:
        """Those that can be compared here."""
        return list(self._found.gradients)

    def oracles(self) -> dict[str, str]:
        """PyTorch, where an expression of it is known, and central differences of the forward."""
        every = asked()
        return every if self._running.operator.torch else {"numeric": every["numeric"]}

    def rows(self, oracle: str) -> int:
        """All."""
        return len(self.names)

    def foreseen(self, oracle: str) -> str:
        """See `Compared`."""
        count = sum(value.size for value in self._found.gradients.values())
        return foreseen(oracle, "", "", count, self.position, self.total)

    def tolerance(self, oracle: str) -> str:
        """It comes with the answer."""
        return ""

    def ask(self, oracle: str, torch: TorchService) -> Comparison:
        """See `Compared`."""
        if oracle == "numeric":
            try:
                return self._running.by_slopes(self._found)
            except OperatorError as error:  # of somebody's file: its process has ended, say
                raise OracleUnavailable(str(error)) from error
        return self._running.beside(self._found, torch.gradients)

    def explained(self) -> str:
        """See `Compared`."""
        above = ", ".join(self._running.operator.upstream)
        if self.position == self.total:
            return tr("Every step is executed: these are the gradients that backward returns.")
        return tr(
            "Backward is linear in {above}: with zeros in the cells that are not read yet, "
            "an oracle's whole backward is what the running gradients must be here.",
            above=above,
        )

    def remarks(self) -> list[str]:
        """Which of its caller's arrays it has written into by now."""
        arrays = ", ".join(self._found.changed)
        return [tr("It writes into arrays of its caller: {arrays}", arrays=arrays)] if arrays else []

    def waiting_panel(self, name: str, note: str) -> Panel:
        """See `Compared`."""
        return waiting_panel(name, self._found.gradients[name], note, channels_last=False)

    def difference_panel(self, row: Row) -> Panel:
        """See `Compared`."""
        return difference_panel(row, channels_last=False)


def asked() -> dict[str, str]:
    """Who is always asked, and what stands there until they answer."""
    return {"torch": tr("PyTorch is loading …"), "numeric": tr("central differences …")}


def foreseen(oracle: str, by: str, wider: str, count: int, position: int, total: int) -> str:
    """A verdict that is about as long as an oracle's will be."""
    name = {"torch": f"PyTorch 2.13.0{wider}", "numeric": tr("central differences")}.get(oracle, by)
    place = "end" if position == total else "running"
    said = tr(MATCHING[place][1], checked=f"{count:,}", oracle=name, position=position)
    return said + tr("; ") + tr("largest difference {largest}", largest="1.23e-45")
