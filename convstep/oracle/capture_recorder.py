"""Copies of what convolutions are given and of the gradients they get, as a backward pass goes through.

No operation is added to the graph. torch is imported inside functions only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convstep.language import tr
from convstep.oracle.capture_arrays import (
    array_of,
    bytes_of,
    cannot_be_read,
    cropped,
    eps_of,
    geometry_of,
    node_of,
    seen_in,
)
from convstep.oracle.capture_calls import Call, Calls
from convstep.oracle.capture_layers import Choice, Options
from convstep.oracle.capture_log import BackwardPass, CaptureLog, Convolution, Reached
from convstep.oracle.capture_reasons import Tally, first_bad
from convstep.steps.cells import Array

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(eq=False)
class _Noted:
    """One call whose gradients are to come; only the graph holds it."""

    convolution: Convolution
    tally: Tally
    flat: bool
    """Whether it convolves along one axis."""
    batched: bool
    sample: int | None
    """Which of the batch is kept; None keeps all."""
    again: bool
    """Whether it ran inside of a backward pass, as what a checkpoint keeps does."""
    passes: int = 0
    """How many have come by, and were kept."""
    met: bool = False
    """Whether any has."""

    def share(self, gradient: Tensor) -> Array:
        """What is kept of a gradient that has the batch's axes, as the convolution's node tells it."""
        if not self.batched:
            return array_of(gradient[0], flat=self.flat)
        return array_of(gradient if self.sample is None else gradient[self.sample], flat=self.flat)


class Recorder:
    """Everything that watches during one block."""

    def __init__(self, choice: Choice, options: Options, log: CaptureLog) -> None:
        self.log = log
        self.active = True
        """False once the block has ended: hooks in a graph outlive it."""
        self._options = options
        self._calls = Calls(choice, self._called, self._silent)
        self._handles: list[Any] = []
        self._parameters: dict[int, Tensor] = {}  # held, so that no other gets the same id
        self._shares: dict[int, tuple[Tensor, int, Array]] = {}
        self._order = 0
        self._warned = False

    def start(self) -> None:
        """Watch."""
        self._calls.start()

    def stop(self) -> None:
        """Take everything away again."""
        self.active = False
        self._calls.stop()
        for handle in self._handles:
            handle.remove()
        self._handles, self._parameters, self._shares = [], {}, {}

    def _called(self, name: str, kind: str, refused: str, call: Call, Z: Tensor) -> None:
        """Note one call, and hook its node in the graph."""
        tally = self.log.tally(name, kind)
        tally.calls += 1
        if refused := refused or cannot_be_read(Z):
            tally.refused = tally.refused or refused
            tally.unreadable += 1
        elif not Z.requires_grad:
            import torch

            tally.frozen += torch.is_grad_enabled()
            tally.switched_off += not torch.is_grad_enabled()
        elif not self._options.wanted(self.log.passes):
            self._pass_over(tally, Z)
        else:
            try:
                self._note(name, kind, tally, call, Z)
            except (RuntimeError, TypeError):  # a tensor subclass without numbers of its own
                tally.unreadable += 1
                tally.refused = tr(
                    "ran on tensors of a kind that does not give its numbers away; use plain tensors"
                )

    def _silent(self, name: str, kind: str) -> None:
        """Count a call of a layer in which nothing has convolved."""
        if _is_in_backward():  # a checkpoint stops in the middle as soon as it has what it needs
            return
        tally = self.log.tally(name, kind)
        tally.calls += 1
        tally.silent += 1

    def _pass_over(self, tally: Tally, Z: Tensor) -> None:
        """Count a call that runs for a pass that is not kept, and whether that was so."""
        again = _is_in_backward()
        tally.waiting += not again
        met: list[BackwardPass] = []

        def hook(*_: Any) -> None:
            if (backward := self._backward()) is None or met:
                return
            met.append(backward)
            _count_met(tally, again)
            wanted = self._options.wanted(backward.number)
            tally.early += wanted
            tally.unwanted += not wanted

        node: Any = node_of(Z) or Z
        node.register_hook(hook)

    def _note(self, name: str, kind: str, tally: Tally, call: Call, Z: Tensor) -> None:
        flat = call.weight.ndim == 3
        image, batched = call.input, call.input.ndim == call.weight.ndim
        batch = len(image) if batched else None
        kept: int | None = None
        out = Z
        if batch is not None and (kept := self._options.sample) is not None:
            if not -batch <= kept < batch:
                tally.short += 1
                return
            kept %= batch
            image, out = image.detach()[kept], Z.detach()[kept]
        need = bytes_of(call, image, out)
        if not self._has_room(need):
            tally.over += 1
            return
        convolution = Convolution(
            name=name,
            order=self._order,
            A_prev=array_of(image, Z.dtype, flat=flat),
            W=array_of(call.weight, Z.dtype, flat=flat),
            b=None if call.bias is None else array_of(call.bias, Z.dtype),
            **geometry_of(call, flat),
            eps=eps_of(Z),
            parameters=self._watched(W=call.weight, b=call.bias),
            Z=seen_in(out, flat),
            kind=kind,
            sample=kept,
            batch=None if kept is None else batch,
        )
        self._order += 1
        self.log.held.take(convolution, need)
        if not self.log.first_bad and convolution.Z.first is not None:
            self.log.first_bad = _first_bad(convolution)
        again = _is_in_backward()
        tally.waiting += not again
        self._hook(_Noted(convolution, tally, flat, batched, kept, again), Z)

    def _has_room(self, size: int, backward: BackwardPass | None = None) -> bool:
        """Whether so many bytes more may be kept; says it once when not."""
        log = self.log
        if backward is None and _is_in_backward():
            backward = log.under_way(_task())
        if log.has_room(size, backward):
            return True
        if not self._warned:
            self._warned = True
            warnings.warn(
                tr(
                    "capture has reached its limit of {limit} bytes; what it has is kept, more is not: see "
                    "captured.skipped, and give capture {less}",
                    limit=log.held.limit,
                    less=tr(" or ").join(filter(None, (log.less, tr("a larger limit=")))),
                ),
                RuntimeWarning,
                stacklevel=2,
            )
        return False

    def _watched(self, **tensors: Tensor | None) -> dict[str, int]:
        """Which of them are leaves that accumulate a gradient; from now on they tell what they get."""
        keys = {}
        for name, tensor in tensors.items():
            if tensor is None or not tensor.requires_grad or not tensor.is_leaf:
                continue
            keys[name] = key = id(tensor)
            if key not in self._parameters:
                self._parameters[key] = tensor
                hook: Any = tensor.register_hook  # torch gives it no types
                self._handles.append(hook(self._accumulates(key, tensor.ndim == 3)))
        return keys

    def _hook(self, noted: _Noted, Z: Tensor) -> None:
        """The graph holds what was noted of the call, and hands it over when a backward pass comes by."""
        node = node_of(Z)
        if node is None:  # an operator of its own: its output still tells dZ
            output: Any = Z  # torch gives register_hook no types
            add_axis = not noted.batched
            output.register_hook(lambda dZ: self._came_by(noted, dZ[None] if add_axis else dZ, ()))
            return

        def hook(grad_inputs: tuple[Tensor | None, ...], grad_outputs: tuple[Tensor | None, ...]) -> None:
            if (dZ := grad_outputs[0]) is not None:
                self._came_by(noted, dZ, grad_inputs)

        node.register_hook(hook)

    def _backward(self) -> BackwardPass | None:
        """The backward pass under way; None when the block has ended."""
        if not self.active:
            return None
        before = self.log.passes
        backward = self.log.backward(_task())
        if self.log.passes > before:
            self._calls.count_anew()
            self._shares.clear()
        return backward

    def _came_by(self, noted: _Noted, dZ: Tensor, own: tuple[Tensor | None, ...]) -> None:
        """Note what one backward pass brings one call: `own` is of A_prev, W and b, as far as wanted."""
        backward = self._backward()
        if backward is None:
            return
        if not noted.met:
            noted.met = True
            _count_met(noted.tally, noted.again)
        if backward.dropped:
            return
        convolution = noted.convolution
        if not self._options.wanted(backward.number):
            noted.tally.unwanted += 1
            return
        found = dict(zip(("dA_prev", "dW", "db"), own, strict=False))
        if noted.passes:  # room was made for one
            size = sum(each.numel() * 8 for each in (dZ, *found.values()) if each is not None)
            if not self._has_room(size, backward):
                noted.tally.over += 1
                return
            self.log.held.take(convolution, size)
        noted.passes += 1
        arrays = {}
        if (dA := found.get("dA_prev")) is not None:
            arrays["dA_prev"] = cropped(noted.share(dA), convolution)
        for name, parameter in (("dW", "W"), ("db", "b")):
            if (gradient := found.get(name)) is not None:
                arrays[name] = array = array_of(gradient, flat=noted.flat)
                if (key := convolution.parameters.get(parameter)) is not None:
                    self._shares[key] = (gradient, gradient._version, array)
        self.log.reach(Reached(convolution, backward, noted.share(dZ), arrays))

    def _accumulates(self, key: int, flat: bool) -> Callable[[Tensor], None]:
        """A hook that notes what one backward pass adds to `.grad` of a parameter."""

        def hook(gradient: Tensor) -> None:
            backward = self._backward()
            share = self._shares.pop(key, None)
            if backward is None or key not in backward.parameters:
                return
            if share is not None and share[0] is gradient and share[1] == gradient._version:
                backward.accumulated[key] = share[2]  # the whole is what one call got
                return
            backward.accumulated[key] = array = array_of(gradient, flat=flat)
            self.log.held.take(array, array.nbytes)

        return hook


def _task() -> int:
    """PyTorch's number of the backward pass under way in this thread; -1 for none."""
    import torch

    return int(torch._C._current_graph_task_id())


def _is_in_backward() -> bool:
    return _task() != -1


def _count_met(tally: Tally, again: bool) -> None:
    """A first backward pass has come by a call."""
    tally.recomputed += again
    tally.waiting -= not again


def _first_bad(one: Convolution) -> str:
    given = {"W": one.W, "b": one.b, "A_prev": one.A_prev}
    return first_bad(
        one.name, {name: each for name, each in given.items() if each is not None}, one.Z.first or ()
    )
