"""Which convolutions of a model are watched, and which cannot be, in words."""

from __future__ import annotations

import functools
import operator
import re
import weakref
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from convstep.language import tr
from convstep.oracle.capture_reasons import closest
from convstep.oracle.captured_layer import CaptureError
from convstep.printable import printable

if TYPE_CHECKING:
    from torch import nn


LIMIT = 4 * 2**30
"""Bytes kept at most, unless it is said otherwise."""


@dataclass(frozen=True)
class Options:
    """How much of a run is kept."""

    last: int | None
    """How many backward passes, the latest; None keeps all."""
    wanted: Callable[[int], bool]
    """Whether the backward pass with this number, from 0, is kept."""
    sample: int | None
    """The one sample of every batch that is kept; None keeps all."""
    limit: int | None

    @classmethod
    def of(cls, last: Any, when: Any, sample: Any, limit: Any) -> Options:
        """The options that `capture`'s arguments stand for; raises CaptureError, which says how they are."""
        return cls(
            None if last is None else _whole("last", last, "how many backward passes to keep", 1),
            _choice(when),
            None if sample is None else _whole("sample", sample, "the number of a sample, from 0"),
            None if limit is None else _whole("limit", limit, "how many bytes to keep at most", 1),
        )


def _whole(name: str, given: Any, meaning: str, least: int | None = None) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = None
    if number is None or isinstance(given, bool) or (least is not None and number < least):
        raise CaptureError(f"{name} is {printable(repr(given))}; it must be {meaning}, a whole number")
    return number


def _choice(when: Any) -> Callable[[int], bool]:
    if when is None:
        return lambda _: True
    if callable(when):
        # asked once for a pass: it may draw lots
        return functools.lru_cache(1024)(lambda number: bool(when(number)))
    if isinstance(when, int) and not isinstance(when, bool):
        return lambda number: number == when
    if isinstance(when, Container) and not isinstance(when, (str, bytes)):
        return lambda number: number in when
    raise CaptureError(
        f"when is {printable(repr(when))}; it must be the number of a backward pass, several such as "
        "range(0, 1000, 100), or a function that takes the number and says whether to keep the pass"
    )


FUNCTION = re.compile(r"(?:(?P<module>.+) )?(?:F|torch)\.\w+ #\d+")
"""The name of a call that is no module's own: `block.attn F.conv2d #2`."""


@dataclass(frozen=True)
class Choice:
    """The modules of a model by name, and which of the convolutions in them are watched."""

    model: weakref.ref[nn.Module]
    """What capture was given."""
    convs: dict[str, str]
    """The modules that convolve and are watched, with the names of their classes."""
    refused: dict[str, str]
    """Those of them that cannot be captured, and why: what follows the name in a sentence."""
    patterns: list[str] | None
    """What names may be; None is any."""
    names: dict[int, tuple[weakref.ref[nn.Module], str | None]]
    """By id, every module that was looked up, and its name; an id is given again when a module is gone."""

    def name_of(self, module: nn.Module) -> str | None:
        """The dotted name of a module when it first ran; None for one that is not in the model then."""
        found = self.names.get(id(module))
        if found is None or found[0]() is not module:
            self.names[id(module)] = weakref.ref(module), None
            model = self.model()
            for name, each in () if model is None else model.named_modules():
                if each is module or id(each) not in self.names or self.names[id(each)][0]() is not each:
                    self.names[id(each)] = weakref.ref(each), name or type(each).__name__
            found = self.names[id(module)]
        return found[1]

    def wants(self, name: str) -> bool:
        """Whether the convolution of this name is watched."""
        return self.patterns is None or any(_matches(name, pattern) for pattern in self.patterns)


def chosen(torch: Any, model: nn.Module, layers: Any) -> Choice:
    """What to watch of a model or layer: names, patterns, modules, None for all; CaptureError if nothing."""
    if not isinstance(model, torch.nn.Module):
        raise CaptureError(f"capture takes a torch.nn.Module, a model or one nn.Conv2d; this is {_a(model)}")
    everything = {name or type(model).__name__: module for name, module in model.named_modules()}
    refused = {name: _cannot_be_watched(torch, module) for name, module in everything.items()}
    convs = {
        name: kind_of(module)
        for name, module in everything.items()
        if refused[name] or _convolves(torch, module)
    }
    functional = [
        name for name, module in everything.items() if type(module).__module__.split(".")[0] != "torch"
    ]
    patterns = None
    if layers is None and _convolves(torch, model):
        layers = [model]
    if layers is not None:
        patterns = [
            _pattern(torch, model, layer, everything, list(convs), functional) for layer in _listed(layers)
        ]
        names = {name for name in convs if any(_matches(name, pattern) for pattern in patterns)}
        convs = {name: kind for name, kind in convs.items() if name in names}
        functional = [name for name in functional if any(_matches(f"{name} F", each) for each in patterns)]
        if all(FUNCTION.fullmatch(pattern) for pattern in patterns):
            functional = [""]  # outside of all modules
    why_not = {name: refused[name] for name in convs if refused[name]}
    unmoved = {
        name: tr("is on the meta device, without numbers; move the model to a device first")
        for name in convs
        if _is_meta(everything[name])
    }
    if len({**why_not, **unmoved}) == len(convs) and not (functional and not unmoved):
        raise CaptureError(_nothing(model, everything, {**why_not, **unmoved}))
    return Choice(
        weakref.ref(model),
        convs,
        why_not,
        patterns,
        {id(module): (weakref.ref(module), name) for name, module in everything.items()},
    )


def _listed(layers: Any) -> list[Any]:
    """The layers asked for, of which there may be one alone."""
    if isinstance(layers, str) or not isinstance(layers, Iterable) or hasattr(layers, "named_modules"):
        return [layers]
    if not (found := list(layers)):
        raise CaptureError("layers is empty; leave it out to capture all of them")
    return found


def _pattern(
    torch: Any,
    model: nn.Module,
    layer: Any,
    everything: dict[str, nn.Module],
    convs: list[str],
    functional: list[str],
) -> str:
    """The names that one layer asked for stands for."""
    if isinstance(layer, torch.nn.Module):
        found = [name for name, module in everything.items() if module is layer]
        if not found:
            raise CaptureError(f"this {type(layer).__name__} is not part of the model; {closest('', convs)}")
    elif isinstance(layer, str):
        # wrappers such as DataParallel put a word of theirs in front
        spellings = [layer, f"module.{layer}", f"_orig_mod.{layer}"]
        aliases = {
            alias: name
            for alias, module in model.named_modules(remove_duplicate=False)
            for name, other in everything.items()
            if other is module
        } | {name: name for name in everything}
        found = [aliases[name] for name in spellings if name in aliases]
        if not found and (function := FUNCTION.fullmatch(layer)):
            found = [name for name in spellings if function["module"] in (None, *everything)][:1]
        if not found and any(letter in layer for letter in "*?["):
            possible = [*convs, "F.conv2d #1", *(f"{name} F.conv2d #1" for name in functional)]
            found = [each for each in spellings if any(fnmatchcase(name, each) for name in possible)]
        if not found:
            raise CaptureError(f"the model has no layer {printable(repr(layer))}; {closest(layer, convs)}")
    else:
        raise CaptureError(f"layer is {_a(layer)}; it must be a dotted name or an nn.Conv2d of the model")
    name = found[0]
    module = everything.get(name)
    if module is not None and not any(_matches(each, name) for each in (*convs, *functional)):
        raise CaptureError(f"{name!r} is {_a(module)}, not an nn.Conv2d; {closest(name, convs)}")
    return "*" if module is model and not _convolves(torch, model) else name


def _matches(name: str, pattern: str) -> bool:
    """Whether a pattern is a convolution's name, a module's that it is in, or fits with `*`, `?`, `[…]`."""
    return name == pattern or name.startswith((f"{pattern}.", f"{pattern} ")) or fnmatchcase(name, pattern)


def _convolves(torch: Any, module: nn.Module) -> bool:
    return isinstance(module, (torch.nn.Conv1d, torch.nn.Conv2d))


def kind_of(module: nn.Module) -> str:
    """The class of a module, also where torch.jit has compiled it."""
    return getattr(module, "original_name", type(module).__name__)  # torch.jit's


def _a(thing: object) -> str:
    kind = type(thing).__name__
    return f"{'an' if kind[:1] in 'AEIOUaeiou' else 'a'} {kind}"


def _nothing(model: nn.Module, everything: dict[str, nn.Module], refused: dict[str, str]) -> str:
    """Why there is nothing to watch."""
    if not refused:
        return f"{_a(model)} has no nn.Conv2d"
    kinds = sorted({kind_of(everything[name]) for name in refused})
    name, reason = next(iter(refused.items()))
    if len(refused) == 1:
        return f"{name!r} {reason}"
    return f"{_a(model)} has no nn.Conv2d that can be captured, only {', '.join(kinds)}: {name!r} {reason}"


def _cannot_be_watched(torch: Any, module: nn.Module) -> str:
    """Why a module that convolves cannot be captured, what follows its name; empty if it can or does not."""
    kind, home = kind_of(module), type(module).__module__.split(".")
    if "Conv" not in kind:
        return ""
    if home[:2] == ["torch", "jit"] and hasattr(torch.nn, kind):
        return tr("was compiled by torch.jit, which cannot be watched; capture the model before that")
    if "quantized" in home:
        return tr("is quantized and has no backward pass; capture the model before it is converted")
    if isinstance(module, torch.nn.modules.conv._ConvNd) and not _convolves(torch, module):
        return not_opened(kind)
    return ""


def not_opened(kind: str) -> str:
    """What is said of convolutions of another kind, after the name."""
    return tr("convolves by {kind}; convstep opens Conv1d and Conv2d, not transposed ones", kind=kind)


def _is_meta(module: Any) -> bool:
    weight = getattr(module, "weight", None)
    return bool(getattr(weight, "is_meta", False))


def is_compiled(module: nn.Module) -> bool:
    """Whether `torch.compile` has had its hands on it, so that nothing inside can be watched."""
    return (
        type(module).__name__ == "OptimizedModule" or getattr(module, "_compiled_call_impl", None) is not None
    )
