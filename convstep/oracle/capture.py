"""Convolutions of a running PyTorch model: what they convolve, and what their backward really computes.

torch is imported inside functions only. Nothing of the model changes: PyTorch tells of every convolution in
the block (`capture_calls`), and what it was given and got is copied (`capture_recorder`).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import TYPE_CHECKING, Any

from convstep.oracle.capture_layers import LIMIT, Choice, Options, chosen, is_compiled
from convstep.oracle.capture_log import CaptureLog
from convstep.oracle.capture_recorder import Recorder
from convstep.oracle.captured import Captured as Captured
from convstep.oracle.captured_layer import CaptureError as CaptureError
from convstep.oracle.pytorch import version

if TYPE_CHECKING:
    from torch import nn


def capture(
    model: nn.Module,
    layer: str | nn.Module | None = None,
    *,
    layers: Iterable[str | nn.Module] | None = None,
    last: int | None = None,
    when: int | Container[int] | Callable[[int], bool] | None = None,
    sample: int | None = None,
    limit: int | None = LIMIT,
) -> Capture:
    """Watch the convolutions of a model while it trains.

    Run forward and backward inside the block, as often as you like; every call that a backward pass
    reaches is kept, with copies of its arrays as they were then. Afterwards nothing of it is left.

        with convstep.capture(model, "features.0") as captured:
            loss(model(images), labels).backward()
        problem = captured.problem(sample=0)

    Captured are `nn.Conv2d` and `nn.Conv1d` (as a Conv2d of height 1), classes made from them that
    have a forward of their own, and every call of `F.conv2d`, `torch.conv1d` and the like inside the
    block. What a module's forward convolves with the module itself has its dotted name; any other call
    has the name of the module in whose forward it ran, the function and its number there:
    `block.attn F.conv2d #2`; outside of all modules `F.conv2d #1`, where the numbers begin anew after
    each backward pass. `A_prev` is what was convolved: circular or other padding is already part of
    it. A layer is named as the model has it when it first runs. What cannot be captured stands in
    `captured.skipped` with the reason.

    Args:
        model: a module, or an `nn.Conv2d` itself.
        layer: the only one to watch; as one of `layers`.
        layers: the ones to watch: dotted names (a module's stands for all that is inside), patterns
            with `*`, `?` and `[...]`, or modules. None watches everything.
        last: how many backward passes to keep, the latest; None keeps all of them.
        when: which backward passes to keep, counted from 0: a number, a collection such as
            `range(0, 1000, 100)`, or a function that is given the number. It is asked before each
            forward, too, with the number of the pass that comes next, so that nothing is copied
            for passes that are not kept: of two forwards before two backward passes both are taken
            for the first, and what is missed by that stands in `captured.skipped`.
        sample: keep only this sample of every batch; `dW` and `db` are then the whole batch's and
            are not compared.
        limit: how many bytes to keep at most, 4 GiB unless given; None is without bound. What would
            go beyond is not kept and stands in `captured.skipped`; a warning says so. With `last`, the
            next pass may take the room of the oldest already while that is still there.

    Raises:
        CaptureError: there is no such layer, none that can be captured, or an argument is wrong.
    """
    import torch

    if layer is not None and layers is not None:
        raise CaptureError("layer and layers are given; name all of them in layers")
    choice = chosen(torch, model, layers if layer is None else [layer])
    compiled = any(is_compiled(module) for module in model.modules())
    return Capture(
        choice, Options.of(last, when, sample, limit), f"PyTorch {version()} during training", compiled
    )


class NotEnteredError(CaptureError, AttributeError):
    """What `capture` returns was used without `with`."""


class Capture:
    """A capture that begins with its `with` block and ends with it."""

    def __init__(self, choice: Choice, options: Options, by: str, compiled: bool) -> None:
        self._choice, self._options, self._by, self._compiled = choice, options, by, compiled
        self._recorder: Recorder | None = None
        self._captured: Captured | None = None

    def __enter__(self) -> Captured:
        if self._recorder is not None:
            raise CaptureError("this capture is running; call convstep.capture again for another block")
        convs, refused = self._choice.convs, self._choice.refused
        log = CaptureLog(
            [name for name in convs if name not in refused],
            refused,
            self._by,
            kinds=convs,
            last=self._options.last,
            sample=self._options.sample,
            limit=self._options.limit,
        )
        log.compiled = self._compiled
        self._recorder, self._captured = Recorder(self._choice, self._options, log), Captured(log)
        try:
            self._recorder.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self._captured

    def __exit__(self, *_: object) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.stop()
            recorder.log.closed = True

    def seen(self) -> Captured:
        """What the last block has seen; raises CaptureError if there has been none."""
        if self._captured is None:
            raise NotEnteredError(
                "nothing is captured without a with block; write: with convstep.capture(model) as captured:"
            )
        return self._captured

    def __getattr__(self, name: str) -> Any:
        """What somebody wants who forgot the `as`, or the `with`."""
        if name.startswith("_") or not hasattr(Captured, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.seen(), name)
