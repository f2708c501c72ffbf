"""One call of a candidate, in the child process: arguments in, whatever happens out."""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.conventions import (
    CONVENTIONS,
    Arguments,
    Convention,
    Inputs,
    autograd_arguments,
    flattened,
)
from convstep.candidate.failure import Unusable, failure, short
from convstep.candidate.outcome import RETURNED, Candidate, Outcome
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.oracle.messages import longest_about

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[Any]

PRINTED = 2000
"""Characters kept of what a candidate prints."""
WARNINGS = 5
"""Different warnings kept of one call."""
MOST = 64
"""Values that a candidate may return."""
INPUTS = ("A_prev", "W", "b", "dZ")


@dataclass(frozen=True, slots=True)
class Call:
    """How a candidate is called."""

    convention: str
    """Name of the convention."""
    own_cache: bool = False
    """Whether the cache comes from the candidate's own forward."""
    integers: bool = False
    """Whether `A_prev` and `W` are passed as integers."""
    tensors: bool | None = None
    """Whether the torch convention passes PyTorch's tensors; None is as its file suggests."""

    def with_tensors(self, candidate: Candidate) -> bool:
        """Whether a candidate is given tensors."""
        wanted = candidate.tensors if self.tensors is None else self.tensors
        return wanted and self.convention == "torch"


class Tail(io.TextIOBase):
    """A text stream that keeps the end of what is written to it, and no file."""

    def __init__(self) -> None:
        self._kept = ""

    def writable(self) -> bool:
        """Anything may be written."""
        return True

    def write(self, text: str) -> int:
        """Keep the last characters."""
        self._kept = (self._kept + text)[-PRINTED:]
        return len(text)

    def take(self) -> str:
        """What is kept; forgotten afterwards."""
        kept, self._kept = self._kept, ""
        return kept


def perform(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    problem: Problem,
    hint: Callable[[BaseException], str | None] = lambda error: None,
) -> Outcome:
    """Call a candidate on a problem; never raises, except for what ends the process.

    Args:
        function: the candidate.
        forward: its own forward, if there is one.
        candidate: what is known of it.
        call: how to call it.
        problem: what on; its arrays are made writable, as a caller's own would be.
        hint: says what to do about an exception that comes of how it was loaded.
    """
    convention = CONVENTIONS[call.convention]
    for name in INPUTS:
        if (array := getattr(problem, name)) is not None:
            array.setflags(write=True)
    facts: dict[str, Any] = {}
    before = {name: array.copy() for name in INPUTS if (array := getattr(problem, name)) is not None}
    inputs = convention.inputs(problem, integers=call.integers)
    kept = {name: np.array(value) for name in INPUTS if (value := getattr(inputs, name)) is not None}
    with _listening() as heard:
        try:
            result = _result(function, forward, candidate, call, inputs, facts)
            returned, labels = _arrays(result, convention, problem)
            facts |= {"kind": RETURNED, "returned": returned, "labels": labels}
        except BaseException as error:
            facts |= failure(error, candidate)
            if hinted := hint(error):
                facts["message"] = hinted
    held = vars_of(inputs) if convention.name != "problem" else {n: getattr(problem, n) for n in before}
    originals = kept if convention.name != "problem" else before
    facts["changed"] = tuple(name for name in originals if not _same(originals[name], held[name]))
    return Outcome(memory=resident(), **facts, **heard)


def vars_of(inputs: Inputs) -> dict[str, Any]:
    """The inputs' arrays by name, as they are now."""
    return {name: getattr(inputs, name) for name in INPUTS}


def _result(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    inputs: Inputs,
    facts: dict[str, Any],
) -> Any:
    """What the candidate makes of the inputs."""
    convention = CONVENTIONS[call.convention]
    if candidate.kind == "autograd":
        return _through_autograd(function, candidate, inputs, facts)
    if call.with_tensors(candidate):
        _to_tensors(inputs)
    cache: Any = None
    accepted = _parameters(forward)
    # a forward that knows no dilation is not wrong where there is some: it cannot be asked
    asked = call.own_cache or _says_all(inputs, accepted, convention)
    if forward is not None and convention.forward is not None and asked:
        # what the forward is given is not what the backward is: it may change it
        twin = convention.inputs(inputs.problem, integers=call.integers)
        if call.with_tensors(candidate):
            _to_tensors(twin)
        try:
            cache = _own_cache(forward, convention.forward(twin, accepted), convention, inputs, facts)
        except Exception as error:
            facts["forward_message"] = failure(error, candidate)["message"]
            if call.own_cache:
                raise
    arguments, named = convention.arguments(inputs, candidate, cache if call.own_cache else None)
    return function(*arguments, **named)


def _parameters(function: Callable[..., Any] | None) -> tuple[str, ...]:
    """The names of a function's parameters; none where they cannot be told."""
    try:
        return () if function is None else tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _says_all(inputs: Inputs, parameters: tuple[str, ...], convention: Convention) -> bool:
    """Whether a forward can be told the dilation and the groups."""
    if inputs.dilation == 1 and inputs.groups == 1:
        return True
    if convention.name == "torch" and (not parameters or len(parameters) >= 7):
        return True
    return {"dilation", "groups"} <= set(parameters)


def _to_tensors(inputs: Inputs) -> None:
    """The same inputs as PyTorch's tensors."""
    from convstep.oracle.pytorch import tensor

    for name in INPUTS:
        if (array := getattr(inputs, name)) is not None:
            setattr(inputs, name, tensor(array))


def _through_autograd(
    function: Callable[..., Any], candidate: Candidate, inputs: Inputs, facts: dict[str, Any]
) -> Any:
    """An autograd Function's gradients, by PyTorch's own engine."""
    from convstep.oracle.pytorch import leaf, pulled_back, tensor

    for name in ("A_prev", "W", "b"):
        if (array := getattr(inputs, name)) is not None:
            setattr(inputs, name, leaf(array))
    inputs.dZ = tensor(inputs.dZ)
    Z = function.apply(*autograd_arguments(inputs, candidate))  # type: ignore[attr-defined]
    facts["Z"] = _ours(Z, CONVENTIONS["torch"], inputs.problem)
    leaves = {"dA_prev": inputs.A_prev, "dW": inputs.W, "db": inputs.b}
    return pulled_back(Z, inputs.dZ, {name: value for name, value in leaves.items() if value is not None})


def _own_cache(
    forward: Callable[..., Any],
    arguments: Arguments,
    convention: Convention,
    inputs: Inputs,
    facts: dict[str, Any],
) -> Any:
    """The cache that the candidate's own forward makes; its Z is noted."""
    made = forward(*arguments[0], **arguments[1])
    cache: Any = None
    if isinstance(made, dict):
        Z, cache = made.get("Z", made.get("out")), made
    elif isinstance(made, (tuple, list)) and len(made) >= 2:
        Z, cache = made[0], made[1] if len(made) == 2 else tuple(made[1:])
    else:
        Z = made
    if Z is not None:
        facts["Z"] = _ours(Z, convention, inputs.problem)
    return cache


def _ours(Z: Any, convention: Convention, problem: Problem) -> Array:
    """A forward's output in our layout; the gradient of the input has the same axes."""
    array = _array(Z)
    _check_size([array], problem)
    return convention.ours("dA_prev", array, problem)


def _arrays(
    result: Any, convention: Convention, problem: Problem
) -> tuple[tuple[Array, ...], tuple[str, ...]]:
    """What came back as arrays, with names where it has them or some of them are None.

    Raises:
        Unusable: something in it is not an array of numbers.
    """
    if result is None:
        raise Unusable(tr("it returned None; a backward must return its gradients"))
    values, labels = flattened(result)
    if not values:
        raise Unusable(tr("it returned no gradient: {result}", result=short(repr(result))))
    if not labels and any(value is None for value in values[: len(convention.returns)]):
        # a first layer returns None for the gradient of its input; the others keep their places
        labels = convention.returns[: len(values)]
        values = values[: len(labels)]
    if len(values) > MOST:
        raise Unusable(tr("it returned {count} values; a backward returns its gradients", count=len(values)))
    kept = [value is not None for value in values]
    if not any(kept):
        raise Unusable(tr("every gradient that it returned is None"))
    arrays = [_array(value) for value in values if value is not None]
    _check_size(arrays, problem)
    return (
        tuple(arrays),
        tuple(label for label, has in zip(labels, kept, strict=True) if has) if labels else (),
    )


def _check_size(arrays: Sequence[Array], problem: Problem) -> None:
    """Refuse what is no gradient by its size, and would fill the memory of who compares it.

    Raises:
        Unusable: it has far too many numbers.
    """
    if sum(array.nbytes for array in arrays) > longest_about(problem) // 4:
        count = sum(array.size for array in arrays)
        raise Unusable(tr("it returned {count} numbers, far more than its gradients have", count=count))


def _array(value: Any) -> Array:
    """A plain array of real numbers: of what is masked the data, of a subclass the numbers in memory."""
    try:
        array = np.asarray(_readable(value) if hasattr(value, "detach") else value)
    except Exception as error:
        kind, reason = type(value).__name__, short(str(error))
        raise Unusable(
            tr("it returned a {kind} that cannot be read as an array: {reason}", kind=kind, reason=reason)
        ) from None
    if np.iscomplexobj(array):
        largest = np.abs(array.real).max(initial=1e-300, where=np.isfinite(array.real))
        if not (np.abs(array.imag) <= 1e-9 * largest).all():  # NaN is not real either
            raise Unusable(tr("it returned complex numbers; a gradient is real"))
        array = array.real
    if array.dtype.kind not in "biuf":
        raise Unusable(
            tr(
                "it returned a {kind} of {dtype}; a gradient is an array of numbers",
                kind=type(value).__name__,
                dtype=array.dtype.name,
            )
        )
    return np.ascontiguousarray(array) if array.ndim else array


def _readable(tensor: Any) -> Any:
    """A tensor as NumPy can read it: on the CPU, its sign carried out, in a precision that NumPy has."""
    plain = tensor.detach().cpu()
    for lazy in ("resolve_conj", "resolve_neg"):
        plain = getattr(plain, lazy, lambda plain=plain: plain)()
    return plain.float() if str(getattr(plain, "dtype", "")) == "torch.bfloat16" else plain


@contextlib.contextmanager
def _listening() -> Iterator[dict[str, Any]]:
    """Collect what is printed and warned of meanwhile."""
    heard: dict[str, Any] = {}
    tail, streams = Tail(), (sys.stdout, sys.stderr)
    sys.stdout = sys.stderr = tail
    try:
        with np.errstate(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield heard
    finally:
        sys.stdout, sys.stderr = streams
        said = dict.fromkeys(f"{w.category.__name__}: {short(str(w.message))}" for w in caught)
        heard |= {"printed": tail.take(), "warnings": tuple(said)[:WARNINGS]}


def _same(kept: Array, now: Any) -> bool:
    array = now.detach().cpu().numpy() if hasattr(now, "detach") else np.asarray(now)
    return kept.shape == array.shape and bool(np.array_equal(kept, array, equal_nan=True))


def resident() -> int:
    """Bytes this process holds in memory; 0 where that cannot be told."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0
