"""Which layers of a model are watched, and which cannot be, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convstep.oracle.capture_log import closest
from convstep.oracle.captured import CaptureError

if TYPE_CHECKING:
    from torch import nn


def chosen(
    torch_nn: Any, model: nn.Module, layer: str | nn.Conv2d | None
) -> tuple[dict[str, nn.Conv2d], dict[str, str]]:
    """The layers to watch by name, and those that cannot be, each with the sentence that says why.

    Args:
        torch_nn: the module `torch.nn`, which is imported elsewhere.
        model: a model, or one layer.
        layer: the one to watch; None is all of them.

    Raises:
        CaptureError: there is nothing to watch.
    """
    if not isinstance(model, torch_nn.Module):
        raise CaptureError(f"capture takes a torch.nn.Module, a model or one nn.Conv2d; this is {_a(model)}")
    everything = {name or type(model).__name__: module for name, module in model.named_modules()}
    convs = {name: module for name, module in everything.items() if isinstance(module, torch_nn.Conv2d)}
    if layer is not None:
        convs = dict([_one(torch_nn, model, layer, everything, list(convs))])
    elif not convs:
        raise CaptureError(f"{_a(model)} has no nn.Conv2d{_others(everything)}")
    reasons = {name: _cannot_be_watched(torch_nn, name, module) for name, module in convs.items()}
    refused = {name: reason for name, reason in reasons.items() if reason}
    if len(refused) == len(convs):
        raise CaptureError(next(iter(refused.values())))
    return {name: module for name, module in convs.items() if name not in refused}, refused


def _one(
    torch_nn: Any,
    model: nn.Module,
    layer: str | nn.Conv2d,
    everything: dict[str, nn.Module],
    convs: list[str],
) -> tuple[str, Any]:
    """The one layer that was asked for, and its name."""
    if isinstance(layer, torch_nn.Module):
        found = [(name, module) for name, module in everything.items() if module is layer]
        if not found:
            raise CaptureError(f"this {type(layer).__name__} is not part of the model; {closest('', convs)}")
    elif isinstance(layer, str):
        aliases = dict(model.named_modules(remove_duplicate=False)) | everything
        # wrappers such as DataParallel put a word of theirs in front
        spellings = [layer, f"module.{layer}", f"_orig_mod.{layer}"]
        found = [(name, aliases[name]) for name in spellings if name in aliases]
        if not found:
            raise CaptureError(f"the model has no layer {layer!r}; {closest(layer, convs)}")
    else:
        raise CaptureError(f"layer is {_a(layer)}; it must be a dotted name or an nn.Conv2d of the model")
    name, module = found[0]
    if not isinstance(module, torch_nn.Conv2d):
        raise CaptureError(f"{name!r} is {_a(module)}, not an nn.Conv2d; {closest(name, convs)}")
    return name, module


def _a(thing: object) -> str:
    kind = type(thing).__name__
    where = " (quantized)" if "quantized" in type(thing).__module__ else ""
    return f"{'an' if kind[:1] in 'AEIOUaeiou' else 'a'} {kind}{where}"


def _others(everything: dict[str, nn.Module]) -> str:
    """What comes closest to a layer that could be captured."""
    near = {type(module).__name__ for module in everything.values() if "Conv" in type(module).__name__}
    return f", only {', '.join(sorted(near))}, which convstep does not open" if near else ""


def _cannot_be_watched(torch_nn: Any, name: str, module: nn.Conv2d) -> str:
    """Why a layer cannot be captured, one sentence; empty if it can."""
    if torch_nn.parameter.is_lazy(module.weight):
        return f"{name!r} is lazy and has no weights yet; run one batch through the model first"
    if module.padding_mode != "zeros":
        mode = module.padding_mode
        return f"{name!r} has padding_mode={mode!r}; convstep opens only convolutions padded with zeros"
    if module.weight.is_meta:
        return f"{name!r} is on the meta device, without numbers; move the model to a device first"
    return ""


def is_compiled(module: nn.Module) -> bool:
    """Whether `torch.compile` has had its hands on it, so that hooks hung later do not fire."""
    return (
        type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None
    )
