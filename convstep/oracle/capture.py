"""Layers of a running PyTorch model: what they convolve, and what their backward really computes.

torch is imported inside functions only. Nothing of the model is changed and no operation is added to
its graph: while a layer runs, the function that it calls to convolve is ours and passes everything
on; the convolution's node in the graph then tells its gradients when a backward pass goes through it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.oracle.capture_layers import chosen, is_compiled
from convstep.oracle.capture_log import CaptureLog, Convolution, Reached, Seen
from convstep.oracle.captured import Captured as Captured
from convstep.oracle.captured import CaptureError as CaptureError
from convstep.oracle.pytorch import version

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = npt.NDArray[Any]

TF32_EPS = 2.0**-9
"""TF32 rounds both factors to 11 bits: their product is as far off as if this were its eps."""

DEPTH = 4
"""How many nodes may lie between a layer's output and its convolution: squeezing a batch of one."""


def capture(
    model: nn.Module, layer: str | nn.Conv2d | None = None
) -> contextlib.AbstractContextManager[Captured]:
    """Watch `nn.Conv2d` layers while a model trains.

    Run forward and backward inside the block, as often as you like; every call that a backward pass
    reaches is kept, with copies of its arrays as they were then. The hooks are gone afterwards.

        with convstep.capture(model, "features.0") as captured:
            loss(model(images), labels).backward()
        problem = captured.problem(sample=0)

    Args:
        model: a module, or an `nn.Conv2d` itself.
        layer: the one to watch, by its dotted name or itself; None watches all of them.

    Raises:
        CaptureError: there is no such layer, or none that can be captured.
    """
    from torch import nn

    layers, refused = chosen(nn, model, layer)
    log = CaptureLog(list(layers), refused, f"PyTorch {version()} during training")
    log.compiled = any(is_compiled(module) for module in model.modules())
    return _capturing(layers, log)


@contextlib.contextmanager
def _capturing(layers: dict[str, nn.Conv2d], log: CaptureLog) -> Iterator[Captured]:
    recorder = _Recorder(layers, log)
    try:
        recorder.start()
        yield Captured(log)
    finally:
        recorder.stop()
        log.closed = True


class _Recorder:
    """The hooks of one block."""

    def __init__(self, layers: dict[str, nn.Conv2d], log: CaptureLog) -> None:
        self.log = log
        self.active = True
        """False once the block has ended: hooks in a graph, or in a copy of the model, outlive it."""
        self._layers = layers
        self._names = {id(module): name for name, module in layers.items()}
        self._handles: list[Any] = []
        self._parameters: dict[int, Tensor] = {}  # held, so that no other gets the same id
        self._calls = 0

    def start(self) -> None:
        """Hang a hook before and after each layer."""
        for module in self._layers.values():
            self._handles.append(module.register_forward_pre_hook(_before(self)))
            self._handles.append(module.register_forward_hook(_after, always_call=True))

    def stop(self) -> None:
        """Take everything away again."""
        self.active = False
        for handle in self._handles:
            handle.remove()
        for module in self._layers.values():
            while _give_back(module):  # a call that Ctrl+C ended
                pass
        self._handles, self._layers, self._names, self._parameters = [], {}, {}, {}

    def name_of(self, module: nn.Module) -> str | None:
        """The layer's name; None for a copy of one, or when the block has ended."""
        return self._names.get(id(module)) if self.active else None

    def called(
        self, name: str, module: nn.Conv2d, given: tuple[Tensor, Tensor, Tensor | None], Z: Tensor
    ) -> None:
        """Note one call, and hook its node in the graph."""
        log = self.log
        log.called[name] = log.called.get(name, 0) + 1
        if not Z.requires_grad:
            log.switched_off[name] = log.switched_off.get(name, 0) + 1
            return
        if sentence := _cannot_be_read(name, (*given, Z)):
            log.refused[name] = sentence
            return
        try:
            convolution = self._noted(name, module, given, Z)
        except RuntimeError:  # what vmap and the like pass around holds no numbers of its own
            log.refused[name] = f"{name!r} ran under torch.func or on a tensor subclass; use plain tensors"
            return
        self._calls += 1
        self._hook(convolution, Z)

    def _noted(
        self, name: str, module: nn.Conv2d, given: tuple[Tensor, Tensor, Tensor | None], Z: Tensor
    ) -> Convolution:
        image, weight, bias = given
        return Convolution(
            name=name,
            order=self._calls,
            A_prev=_array(image, Z.dtype),
            W=_array(weight, Z.dtype),
            b=None if bias is None else _array(bias, Z.dtype),
            **_geometry(module),
            eps=_eps(Z),
            parameters=self._watched(W=weight, b=bias),
            Z=_seen(Z),
        )

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
                self._handles.append(hook(_accumulates(self, key)))
        return keys

    def _hook(self, convolution: Convolution, Z: Tensor) -> None:
        """The graph holds what was noted of the call, and hands it over when a backward pass comes by."""
        node = _node(Z)
        if node is None:  # an operator of its own: its output still tells dZ
            output: Any = Z  # torch gives register_hook no types
            output.register_hook(lambda dZ: self.came_by(convolution, dZ, ()))
            return
        batched = convolution.A_prev.ndim == 4

        def hook(grad_inputs: tuple[Tensor | None, ...], grad_outputs: tuple[Tensor | None, ...]) -> None:
            dZ = grad_outputs[0]
            if dZ is not None:
                own = grad_inputs if batched else (_first(grad_inputs[0]), *grad_inputs[1:])
                self.came_by(convolution, dZ if batched else dZ[0], own)

        node.register_hook(hook)

    def came_by(self, convolution: Convolution, dZ: Tensor, own: tuple[Tensor | None, ...]) -> None:
        """Note what one backward pass brings one call: `own` is of A_prev, W and b, as far as wanted."""
        if not self.active:
            return
        backward = self.log.backward(_task())
        named = zip(("dA_prev", "dW", "db"), own, strict=False)
        found = {name: _array(gradient) for name, gradient in named if gradient is not None}
        if "dA_prev" in found:
            found["dA_prev"] = _cropped(found["dA_prev"], convolution)
        backward.reached[convolution.order] = Reached(convolution, backward, _array(dZ), found)

    def accumulated(self, key: int, gradient: Tensor) -> None:
        """Note what one backward pass adds to `.grad` of a parameter."""
        if self.active:
            self.log.backward(_task()).accumulated[key] = _array(gradient)


def _before(recorder: _Recorder) -> Callable[[nn.Module, Any], None]:
    """A hook that puts ours in the place of the function by which a layer convolves, for one call."""

    def hook(module: nn.Module, _: Any) -> None:
        import torch

        # tracing must not see any of this: then nothing is captured, which has a sentence
        name = None if torch.compiler.is_compiling() else recorder.name_of(module)
        if name is None:
            return
        convolve: Any = module._conv_forward

        def watched(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
            Z: Tensor = convolve(input, weight, bias)
            recorder.called(name, module, (input, weight, bias), Z)  # type: ignore[arg-type]
            return Z

        watched.replaced = module.__dict__.get("_conv_forward")  # type: ignore[attr-defined]
        module.__dict__["_conv_forward"] = watched

    return hook


def _after(module: nn.Module, *_: Any) -> None:
    """A hook that gives the layer its own function back, also when the call failed."""
    _give_back(module)


def _give_back(module: nn.Module) -> bool:
    """Undo one replacement, if there is one."""
    current: Any = module.__dict__.get("_conv_forward")
    if not hasattr(current, "replaced"):
        return False
    if current.replaced is None:
        del module.__dict__["_conv_forward"]
    else:
        module.__dict__["_conv_forward"] = current.replaced
    return True


def _accumulates(recorder: _Recorder, key: int) -> Callable[[Tensor], None]:
    return lambda gradient: recorder.accumulated(key, gradient)


def _node(Z: Tensor) -> Any:
    """The convolution's node in the graph."""
    node: Any = Z.grad_fn
    for _ in range(DEPTH):
        if node is None or "ConvolutionBackward" in node.name():
            return node
        node = node.next_functions[0][0] if node.next_functions else None
    return None


def _task() -> int:
    """PyTorch's number of the backward pass under way."""
    import torch

    return int(torch._C._current_graph_task_id())


def _eps(Z: Tensor) -> float:
    import torch

    if Z.is_cuda and Z.dtype == torch.float32 and torch.backends.cudnn.allow_tf32:
        return TF32_EPS
    return float(torch.finfo(Z.dtype).eps)


def _first(batch: Tensor | None) -> Tensor | None:
    return None if batch is None else batch[0]


def _array(tensor: Tensor, dtype: Any = None) -> Array:
    """A copy in the article's layout; half precisions as float32, which holds them exactly.

    Args:
        tensor: on any device, of 1, 3 or 4 axes.
        dtype: what it was converted to before it was convolved, as autocast does.
    """
    import torch

    plain = tensor.detach().to(dtype or tensor.dtype).cpu()
    wide = plain if plain.dtype in (torch.float32, torch.float64) else plain.float()
    values = wide.resolve_neg().numpy()
    copy = np.array(np.moveaxis(values, -3, -1) if values.ndim >= 3 else values, order="C")
    copy.setflags(write=False)
    return copy


def _seen(Z: Tensor) -> Seen:
    """The NaN and inf of an output; the article's layout is made only where there are any."""
    if Z.detach().isfinite().all():
        return Seen(0, 0, None)
    values = _array(Z)
    bad = np.argwhere(~np.isfinite(values))
    first = tuple(int(i) for i in bad[0]) if len(bad) else None
    return Seen(int(np.isnan(values).sum()), int(np.isinf(values).sum()), first)


def _cropped(dA: Array, convolution: Convolution) -> Array:
    """`dA_prev` of what may have been padded before it was convolved: at the end, by one cell, for "same"."""
    height, width, _ = convolution.A_prev.shape[-3:]
    return dA[..., :height, :width, :]


def _geometry(module: nn.Conv2d) -> dict[str, Any]:
    padding = module.padding
    return {
        "stride": tuple(module.stride),
        "padding": padding if isinstance(padding, str) else tuple(padding),
        "dilation": tuple(module.dilation),
        "groups": module.groups,
    }


def _cannot_be_read(name: str, tensors: tuple[Tensor | None, ...]) -> str:
    """Why the tensors of a call cannot be captured, one sentence; empty if they can."""
    for tensor in tensors:
        if tensor is not None and tensor.is_meta:
            return f"{name!r} ran on the meta device, without numbers; move the model to a device first"
        if tensor is not None and tensor.is_complex():
            return f"{name!r} convolved complex numbers; convstep opens only real ones"
    return ""
