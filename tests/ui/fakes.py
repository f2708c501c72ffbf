"""Stand-ins for the process that runs PyTorch: one answers at once, one late, one never can, one hangs."""

from __future__ import annotations

import threading
from dataclasses import replace

from convstep.conv.problem import Problem
from convstep.oracle.comparison import Comparison, RunningGradients, compare
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.service import ServiceClosed, TorchService

MISSING = "PyTorch is not installed; pip install torch adds it"


class FakeTorch(TorchService):
    """Answers in this process, with the numeric oracle under PyTorch's name."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        """The positions of all questions."""

    def start(self) -> None:
        """There is no process."""

    @property
    def ready(self) -> bool:
        return True

    def compare(
        self, problem: Problem, position: int | None = None, gradients: RunningGradients | None = None
    ) -> Comparison:
        self.asked.append(problem.total_steps if position is None else position)
        return replace(compare(problem, position, gradients, "numeric"), oracle="PyTorch 0.0 (fake)")

    def close(self) -> None:
        """There is no process."""


class MissingTorch(FakeTorch):
    """A machine without PyTorch."""

    def compare(
        self, problem: Problem, position: int | None = None, gradients: RunningGradients | None = None
    ) -> Comparison:
        raise OracleUnavailable(MISSING)


class HangingTorch(FakeTorch):
    """Loads for ever; whoever waits is released when the app ends."""

    def __init__(self) -> None:
        super().__init__()
        self._closed_event = threading.Event()
        self.waiting = threading.Event()
        """Set once somebody asks."""

    def compare(
        self, problem: Problem, position: int | None = None, gradients: RunningGradients | None = None
    ) -> Comparison:
        self.waiting.set()
        self._closed_event.wait(60)
        raise ServiceClosed("closed")

    def close(self) -> None:
        self._closed_event.set()


class SlowTorch(FakeTorch):
    """Loads until it is released, then answers; also when the app ends."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        """Lets it answer."""

    def compare(
        self, problem: Problem, position: int | None = None, gradients: RunningGradients | None = None
    ) -> Comparison:
        self.released.wait(60)
        return super().compare(problem, position, gradients)

    def close(self) -> None:
        self.released.set()
