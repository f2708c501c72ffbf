"""Runs in the child: a `torch.autograd.Function`, or what takes tensors, over NumPy arrays in float64."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.returned import plain as plain_array
from convstep.oracle import pytorch
from convstep.oracle.pytorch import leaf, tensor


def inputs_of(kind: Any) -> list[inspect.Parameter]:
    """The parameters of a Function's `apply`."""
    listed = parameters_of(kind.forward)
    own = any("setup_context" in vars(base) for base in kind.__mro__ if base.__module__ != _MODULE)
    return listed if own else listed[1:]


_MODULE = "torch.autograd.function"


def overheard(
    function: Any, around: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext
) -> tuple[Any, list[tuple[Any, ...]]]:
    """The Function, and a list to which goes what its backward returns before PyTorch refuses the shapes.

    Its backward runs in `around`.
    """
    returned: list[tuple[Any, ...]] = []

    def backward(ctx: Any, *above: Any) -> Any:
        with around():
            made = function.backward(ctx, *above)
        returned.append(made if isinstance(made, tuple) else (made,))
        return made

    return type(function.__name__, (function,), {"backward": staticmethod(backward)}), returned


def fitted(gradient: Any, array: Any) -> Any:
    """A gradient summed to its array's shape, as PyTorch does where it can; else as it is."""
    try:
        return gradient.sum_to_size(array.shape)
    except (RuntimeError, AttributeError):
        return gradient


def as_functions(kind: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Its forward, and its backward by PyTorch's engine.

    The forward returns the first output that has a gradient, and what it was given, by name, as `ctx`. A
    single number comes as `(1,)`, so that its gradient is drawn, too, and is not always 1. The backward
    returns the gradients by name: `{"dx": …}`.
    """
    taken = inspect.Signature([each.replace(kind=each.POSITIONAL_OR_KEYWORD) for each in inputs_of(kind)])

    def apply(*places: Any, **named: Any) -> Any:
        bound = taken.bind(*places, **named)
        bound.apply_defaults()
        with _wide():
            out = _first(kind.apply(*_given(bound.arguments)[0]))
            return np.atleast_1d(plain_array(out)), dict(bound.arguments)

    def backward(ctx: Mapping[str, Any], grad_output: Any) -> dict[str, Any]:
        heard, returned = overheard(kind, _wide)
        with _wide():
            given, leaves = _given(ctx)
            out = _first(heard.apply(*given))
            above = tensor(np.asarray(grad_output, np.float64)).reshape(out.shape)
            try:
                found = pytorch.torch_module().autograd.grad(
                    out, list(leaves.values()), above, allow_unused=True
                )
            except RuntimeError:
                if not returned:
                    raise
                by_input = dict(zip(ctx, returned[-1], strict=False))
                found = [fitted(by_input.get(name), array) for name, array in leaves.items()]
        return {
            f"d{name}": plain_array(gradient)
            for name, gradient in zip(leaves, found, strict=True)
            if gradient is not None
        }

    apply.__signature__ = taken  # type: ignore[attr-defined]
    apply.__wrapped__ = kind.forward  # type: ignore[attr-defined]  # its text says what it takes
    apply.__qualname__, backward.__qualname__ = f"{kind.__name__}.apply", f"{kind.__name__}.backward"
    return apply, backward


def over_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function over tensors as one over NumPy arrays, also where they lie in tuples, lists and dicts."""

    @functools.wraps(function)
    def called(*places: Any, **named: Any) -> Any:
        known: dict[int, Any] = {}
        with _wide():
            given = [_turned(one, np.ndarray, tensor, known) for one in (places, named)]
            made = function(*given[0], **given[1])
            return _turned(made, pytorch.torch_module().Tensor, plain_array, {})

    return called


def _turned(value: Any, kind: type, how: Callable[[Any], Any], known: dict[int, Any]) -> Any:
    """A value with all of a kind in it turned into something else, each once."""
    if isinstance(value, kind):
        return known.setdefault(id(value), how(value))
    if isinstance(value, dict):
        return {name: _turned(one, kind, how, known) for name, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_turned(one, kind, how, known) for one in value)
    return value


def _given(bound: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What is handed to `apply`, and the leaves by name, of which it gets copies that it may write into."""
    leaves = {
        name: leaf(value)
        for name, value in bound.items()
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub"
    }
    given = [leaves[name].clone() if name in leaves else value for name, value in bound.items()]
    return given, {name: value for name, value in leaves.items() if value.requires_grad}


def _first(made: Any) -> Any:
    """The first output that has a gradient; a ValueError if none has."""
    outputs = made if isinstance(made, (tuple, list)) else [made]
    found = next((each for each in outputs if getattr(each, "requires_grad", False)), None)
    if found is None:
        raise ValueError("no output of it has a gradient")
    return found


@contextlib.contextmanager
def _wide() -> Iterator[None]:
    """All that is made or cast to float32 is float64, whose slopes say more."""
    torch = pytorch.torch_module()
    narrow = (torch.float32, torch.float16, torch.bfloat16)
    casts = (torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16)

    class Wide(torch.overrides.TorchFunctionMode):  # type: ignore[misc,name-defined]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function in casts:
                function, args = torch.Tensor.double, args[:1]
            named = {name: wide(one) for name, one in (kwargs or {}).items()}
            return function(*map(wide, args), **named)

    def wide(value: Any) -> Any:
        return torch.float64 if isinstance(value, torch.dtype) and value in narrow else value

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.random.fork_rng(devices=()), Wide():
            # so that the same numbers are drawn each time; all devices' take a hundred times as long
            seeded = torch.manual_seed if torch.cuda.is_initialized() else torch.default_generator.manual_seed
            seeded(29)
            yield
    finally:
        torch.set_default_dtype(before)
