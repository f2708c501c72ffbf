"""The convolutions that a running program calls, each with its tensors and a name.

A mode of PyTorch's sees functions, hooks tell in whose forward they run; neither leaves anything in a model.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.oracle.capture_layers import Choice, kind_of, not_opened

if TYPE_CHECKING:
    from torch import Tensor, nn


class Call(NamedTuple):
    """What a function that convolves was given, by the names of `F.conv2d`'s arguments."""

    input: Tensor
    weight: Tensor
    bias: Tensor | None = None
    stride: Any = 1
    padding: Any = 0
    dilation: Any = 1
    groups: int = 1
    transposed: bool = False


@dataclass(eq=False, slots=True)
class _Frame:
    """A module whose forward is under way."""

    module: nn.Module
    name: str | None
    """In the model that is watched."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often each function has convolved in this forward."""
    mode: Any = None
    """Ours, where it was entered with this module instead of with the block."""
    caller: FrameType | None = None
    """Python's frame of the call, which tells whether it is still under way."""
    inside: bool = False
    """Whether it is known to have been called while the one before it was: so that is as long as it is."""


class _Thread(threading.local):
    """What is under way in one thread."""

    def __init__(self) -> None:
        self.frames: list[_Frame] = []
        self.entered = False
        """Whether our mode is."""


class Calls:
    """Tells of every convolution inside the block."""

    def __init__(
        self,
        choice: Choice,
        seen: Callable[[str, str, str, Call, Tensor], None],
        silent: Callable[[str, str], None],
    ) -> None:
        """Prepare; `start` begins.

        `seen` is told name, kind, why it cannot be captured if so, what was given, and the output; `silent`
        name and kind of a layer that ran, and no function has convolved in it itself.
        """
        self._choice = choice
        self._seen, self._silent = seen, silent
        self._thread = _Thread()
        self._outside: dict[str, int] = {}
        self._handles: list[Any] = []
        self._mode: Any = None
        self._leaves = _leaves()

    def start(self) -> None:
        """Watch this thread, and every other while a module runs in it."""
        from torch.nn.modules import module

        before, after = module.register_module_forward_pre_hook, module.register_module_forward_hook
        self._handles = [before(self._before), after(self._after, always_call=True)]
        self._mode = _mode(self)
        self._mode.__enter__()
        self._thread.entered = True

    def stop(self) -> None:
        """Watch no more."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self._mode is not None:
            _leave(self._mode)
            self._mode = None
        self._thread = _Thread()

    def count_anew(self) -> None:
        """The next convolution outside of all modules is the first again."""
        self._outside = {}

    def _before(self, module: nn.Module, _: Any) -> None:
        if is_compiling():  # first of all, so that the compiler sees nothing else
            return
        if self._is_leaf(module) or _is_traced():
            return
        thread, frame = self._thread, _Frame(module, self._choice.name_of(module))
        frame.caller = sys._getframe(1)
        if not thread.entered:  # a mode is one thread's
            frame.mode = _mode(self)
            frame.mode.__enter__()
            thread.entered = True
        thread.frames.append(frame)

    def _after(self, module: nn.Module, *_: Any) -> None:
        """Also when the call failed."""
        if is_compiling():
            return
        frames = self._thread.frames
        if self._is_leaf(module):  # one that was given a hook in its own forward stays until it is missed
            return
        at = next((at for at in reversed(range(len(frames))) if frames[at].module is module), None)
        if at is not None:
            self._end(frames[at:])

    def _end(self, ended: list[_Frame]) -> None:
        for frame in ended:
            self._thread.frames.remove(frame)
            if not frame.counts and (name := frame.name) is not None and self._is_conv(frame.module, name):
                self._silent(name, kind_of(frame.module))
            if frame.mode is not None:
                _leave(frame.mode)
                self._thread.entered = False

    def _is_leaf(self, module: nn.Module) -> bool:
        """Whether nothing can convolve in its forward: these are most modules of a model."""
        return type(module) in self._leaves and not (
            module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module)
        )

    def _is_conv(self, module: nn.Module, name: str) -> bool:
        """Whether a module should convolve, and is watched."""
        from torch.nn.modules.conv import _ConvNd

        return name in self._choice.convs or (isinstance(module, _ConvNd) and self._choice.wants(name))

    @contextlib.contextmanager
    def left(self) -> Iterator[None]:
        """While a function runs that PyTorch leaves the mode for."""
        entered, self._thread.entered = self._thread.entered, False
        try:
            yield
        finally:
            self._thread.entered = entered

    def called(self, function: str, call: Call, Z: Tensor) -> None:
        """A function has convolved: pass it on with its name, if it is watched."""
        if _is_traced() or self._mode is None or self._is_scripted():
            return
        name, kind, refused = self._place(function, Z)
        if call.transposed or call.weight.ndim not in (3, 4):
            refused = refused or not_opened(function)
        if self._choice.wants(name):
            self._seen(name, kind, refused, call, Z)

    def _is_scripted(self) -> bool:
        """Whether torch.jit's code runs, whose calls come by only where a mode of somebody's looks on."""
        import torch

        return any(isinstance(frame.module, torch.jit.ScriptModule) for frame in self._thread.frames)

    def _place(self, function: str, Z: Tensor) -> tuple[str, str, str]:
        """The name and the kind of the call under way, and why it is not captured where it runs."""
        frames = self._thread.frames
        if frames and not _under_way(frames):  # Ctrl+C ends a forward without a word
            callers = _callers()
            self._end([frame for frame in frames if id(frame.caller) not in callers])
        frame = next((frame for frame in reversed(frames) if frame.name is not None), None)
        if frame is not None:
            return *self._inside(frame, function), ""
        if frames:
            kind = type(frames[-1].module).__name__
            reason = tr("is no part of the model that was given to capture, or is a copy; capture that one")
            return f"{kind} outside the model", kind, reason
        if Z.requires_grad:
            return _numbered("", self._outside, function), function, ""
        return function, function, ""  # there may be any number

    def _inside(self, frame: _Frame, function: str) -> tuple[str, str]:
        """A conv layer's first convolution has the layer's own name."""
        from torch.nn.modules.conv import _ConvNd

        assert frame.name is not None
        own = isinstance(frame.module, _ConvNd) and not frame.counts
        numbered = _numbered(f"{frame.name} ", frame.counts, function)
        return (frame.name, type(frame.module).__name__) if own else (numbered, function)


def _numbered(where: str, counts: dict[str, int], function: str) -> str:
    counts[function] = counts.get(function, 0) + 1
    return f"{where}{function} #{counts[function]}"


def _under_way(frames: list[_Frame]) -> bool:
    """Whether all of them are; up through all of Python's frames takes longer than many a convolution."""
    found, caller = 0, cast("FrameType | None", sys._getframe(1))
    while caller is not None:
        if caller is frames[-1 - found].caller:
            found += 1
            if found == len(frames) or frames[-found].inside:
                for frame in frames[-found:]:
                    frame.inside = True
                return True
        caller = caller.f_back
    return False


def _callers() -> set[int]:
    """The ids of Python's frames in this thread; to hold them would make a ring."""
    found, frame = set(), cast("FrameType | None", sys._getframe(1))
    while frame is not None:
        found.add(id(frame))
        frame = frame.f_back
    return found


def _leave(mode: Any) -> None:
    """Leave a mode, also where one that was entered later is still there."""
    import torch

    above: list[Any] = []
    while torch._C._len_torch_function_stack():
        if (top := torch._C._pop_torch_function_stack()) is mode:
            break
        above.append(top)
    for later in reversed(above):
        torch._C._push_on_torch_function_stack(later)


def is_compiling() -> bool:
    """Whether torch.compile reads along instead of running the code."""
    import torch

    return torch.compiler.is_compiling()


def _is_traced() -> bool:
    """Whether the call is only written down, by torch.compile or torch.jit: that must not see any of ours."""
    return any(state() is not None for state in _traces())


@functools.cache
def _traces() -> tuple[Callable[[], Any], ...]:
    import torch

    return torch._C._get_tracing_state, torch._guards.TracingContext.try_get


def _mode(calls: Calls) -> Any:
    """A mode that tells of every convolution, after it was done."""
    import torch
    from torch.overrides import TorchFunctionMode

    table = _functions()
    backward = {torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad}

    class Watching(TorchFunctionMode):
        """Passes everything on."""

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if torch.compiler.is_compiling():
                return func(*args, **(kwargs or {}))
            if func in backward:  # where no mode is under way, also not for what a checkpoint runs again
                with calls.left():
                    return func(*args, **(kwargs or {}))
            result = func(*args, **(kwargs or {}))
            if (found := table.get(func)) is not None:
                name, read = found
                calls.called(name, read(*args, **(kwargs or {})), result)
            return result

    return Watching()


def _transposed(input: Any, weight: Any, *_: Any, **__: Any) -> Call:
    return Call(input, weight, transposed=True)


def _convolution(*given: Any, **named: Any) -> Call:
    """As PyTorch's own functions list them: with what an output gets besides, and more after that."""
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "transposed", "", "groups")
    found = dict(zip(names, given, strict=False)) | named
    return Call(**{name: found[name] for name in names if name})


@functools.cache
def _leaves() -> frozenset[type[nn.Module]]:
    """PyTorch's own modules that hold no others and call no function that convolves."""
    from torch.nn.modules import (
        activation,
        batchnorm,
        dropout,
        flatten,
        instancenorm,
        linear,
        normalization,
        pooling,
    )

    rooms = (activation, batchnorm, dropout, flatten, instancenorm, linear, normalization, pooling)
    found = {
        each
        for room in rooms
        for each in vars(room).values()
        if isinstance(each, type) and each.__module__ == room.__name__ and "forward" in dir(each)
    }
    return frozenset(found - {activation.MultiheadAttention})


@functools.cache
def _functions() -> dict[Any, tuple[str, Callable[..., Call]]]:
    """PyTorch's functions that convolve, by the objects that are called, with their arguments' names."""
    import torch

    known: dict[str, Callable[..., Call]] = {f"conv{axes}d": Call for axes in (1, 2, 3)}
    known |= {f"conv_transpose{axes}d": _transposed for axes in (1, 2, 3)}
    known |= {"convolution": _convolution, "_convolution": _convolution}
    table = {}
    for name, read in known.items():
        operators = getattr(torch.ops.aten, name)
        overloads = [getattr(operators, overload) for overload in operators.overloads()]
        written = f"torch.{name}" if name.endswith("convolution") else f"F.{name}"
        for function in (getattr(torch, name), operators, *overloads):
            table[function] = (written, read)
    return table
