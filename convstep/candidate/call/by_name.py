"""One call by the roles of its parameters, in the child process: first its own forward, if that is needed."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from convstep.candidate.call.call import Call
from convstep.candidate.call.containers import Path, built, path_of
from convstep.candidate.call.convention import Inputs, expected_forward
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.named import convention_of, given
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.returned import check_size, plain
from convstep.candidate.call.words import roles_of
from convstep.language import tr

_OPTIONS = ("stride", "padding", "dilation", "groups")
_LEFT_OUT = object()
LINEAR: tuple[Any, ...] = (None, "none", "linear", "identity", "", _LEFT_OUT)
"""What is said for "no activation", besides a function that returns what it is given."""


SAVES = re.compile("(save|store|keep|stash|put|remember)(_|$)")
"""What a ctx's method is called that keeps values for the backward."""


class ForwardFailed(Exception):
    """The candidate's own forward raised: nothing is known of its backward."""


class PyTorchFailed(ForwardFailed):
    """A kernel of PyTorch's own raised in the backward of a plain forward."""


class Context:
    """A ctx, for a library that brings none of its own along: anything can be kept in it.

    >>> ctx = Context()
    >>> ctx.save(1, 2)
    >>> ctx.saved_values, ctx.saved_tensors
    ((1, 2), (1, 2))
    """

    needs_input_grad = (True,) * 16

    def __getattr__(self, name: str) -> Any:
        """What saves, and what was saved, whatever a library calls it."""
        if name in ("mark_dirty", "mark_non_differentiable", "set_materialize_grads"):
            return lambda *values: None
        if re.match("saved|stored|kept|values|tensors|to_save", name) and "_kept" in vars(self):
            return self._kept
        if SAVES.match(name):
            return lambda *values: setattr(self, "_kept", values)
        raise AttributeError(f"ctx has no {name}")


@dataclass(slots=True)
class _Values:
    """What is given for a role."""

    inputs: Inputs
    call: Call
    candidate: Candidate
    activation: Any = None
    ctx: Any = None
    made: Any = None
    """The cache of its own forward, or None."""
    extras: Sequence[Any] = field(default_factory=tuple)
    """What its own forward returned besides Z, one by one."""

    def __call__(self, role: str) -> Any:
        inputs = self.inputs
        if role.startswith("own."):
            place = int(role.removeprefix("own."))
            if place >= len(self.extras):
                raise Unusable(tr("its own forward returns nothing that could be given for it"))
            return self.extras[place]
        if role == "padding:word":
            word = "same" if inputs.problem.geometry.padding[0][0] else "valid"
            return word.upper() if re.search(r"[\"'](SAME|VALID)[\"']", self.candidate.source) else word
        if role == "input_shape":
            return inputs.A_prev.shape
        if role == "W_shape":
            return inputs.W.shape
        if role == "kernel_size":
            _, f_h, f_w, _ = inputs.problem.geometry.kernel_shape
            return f_h if f_h == f_w and self.call.pairs is not True else (f_h, f_w)
        if role == "hparameters":
            return self._hparameters()
        if role == "cache":
            return self.made
        if role in ("activation", "ctx"):
            return getattr(self, role)
        if role == "A_prev_pad":
            return self._padded()
        if role == "Z" and inputs.Z is None:
            layouts = self.call.layouts
            assert layouts is not None
            Z = layouts.theirs("Z", expected_forward(inputs.problem))
            inputs.Z = _like(Z, inputs.dZ)
        return getattr(inputs, role)

    def _hparameters(self) -> dict[str, Any]:
        """All that the source looks up by a key that says what it wants, as deep as it does."""
        found = {"stride": self.inputs.stride, "pad": self.inputs.padding, "padding": self.inputs.padding}
        for word in re.findall(r"""["'](\w+)["']""", self.candidate.source):
            for role in roles_of(word):
                if role in _OPTIONS:
                    found[word] = getattr(self.inputs, role)
        nested: list[tuple[Path, Any]] = [((word,), value) for word, value in found.items()]
        for keys in re.findall(r"""((?:\[["']\w+["']\]){2,})""", self.candidate.source):
            path = path_of(f"_{keys}: ")
            for role in roles_of(str(path[-1])):
                if role in _OPTIONS:
                    nested.append((path, getattr(self.inputs, role)))
        held: dict[str, Any] = built([part for part in dict(nested).items() if part[0]])
        return held

    def _padded(self) -> Any:
        layouts, geometry = self.call.layouts, self.inputs.problem.geometry
        assert layouts is not None
        around = dict(zip("HW", geometry.padding, strict=True))
        x = np.asarray(self.inputs.A_prev)
        return _like(np.pad(x, [around.get(axis, (0, 0)) for axis in layouts.A]), self.inputs.dZ)


def _like(array: Any, dZ: Any) -> Any:
    """An array as what dZ is, a tensor or an array."""
    if isinstance(dZ, np.ndarray):
        return array
    from convstep.oracle.pytorch import tensor

    return tensor(array)


def run(
    function: Callable[..., Any],
    forward: Callable[..., Any] | None,
    candidate: Candidate,
    call: Call,
    inputs: Inputs,
    facts: dict[str, Any],
) -> Any:
    """What a candidate returns.

    Args:
        function: the candidate.
        forward: its own forward, if there is one.
        candidate: what is known of it.
        call: how it is called.
        inputs: the arrays, as the call lays them out.
        facts: the forward's Z is noted here.

    Raises:
        ForwardFailed: its own forward raised.
    """
    values = _Values(inputs, call, candidate)
    backward = call.backward
    assert backward is not None
    if backward.name == "closure":
        assert call.forward is not None
        made = _forward(function, values, facts)
        back = next((each for each in made if callable(each)), None) if isinstance(made, tuple) else None
        if back is None:
            raise Unusable(tr("{name} is a forward; name its backward", name=candidate.name))
        return back(inputs.dZ)
    if call.forward is not None:
        if forward is None:
            raise Unusable(tr("its own forward is not there"))
        try:
            made = _forward(forward, values, facts)
            if "Z" not in facts:
                raise Unusable(tr("what it makes is not Z in size"))
        except Exception as error:
            raise ForwardFailed from error
        values.made, values.extras = _cache_of(made, facts)
    elif call.watched is not None and forward is not None:
        seen = replace(call, own_cache=True, forward=call.watched, backward=None)
        with contextlib.suppress(Exception):  # its backward may be right all the same
            twin = convention_of(call).inputs(inputs.problem, integers=call.integers)
            _forward(forward, _Values(_as(twin, inputs.dZ), seen, candidate), facts)
    places, named = given(backward, candidate.parameters, values)
    return function(*places, **named)


def _as(inputs: Inputs, dZ: Any) -> Inputs:
    """Inputs as tensors where dZ is one."""
    for name in ("A_prev", "W", "b", "dZ"):
        if (array := getattr(inputs, name)) is not None:
            setattr(inputs, name, _like(array, dZ))
    return inputs


def _forward(forward: Callable[..., Any], values: _Values, facts: dict[str, Any]) -> Any:
    """What its own forward makes, without an activation."""
    method = values.call.forward
    assert method is not None
    parameters: tuple[str, ...] = ()
    with contextlib.suppress(TypeError, ValueError):
        by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        listed = inspect.signature(forward).parameters.values()
        parameters = tuple(each.name for each in listed if each.kind in by_place)
    failed: Exception | None = None
    first: Any = None
    for activation in _activations(any(role == "activation" for _, role in method.given)):
        values.activation, values.ctx = activation, _context(forward)
        said = tuple(pair for pair in method.given if activation is not _LEFT_OUT or pair[1] != "activation")
        try:
            places, named = given(type(method)(method.name, said), parameters, values)
            made = forward(*places, **named)
        except Exception as error:
            failed = failed or error
            continue
        first = first or (made, values.activation, values.ctx)
        Z = _Z_of(made, values)
        if Z is not None and np.allclose(Z, expected_forward(values.inputs.problem), atol=1e-4):
            facts["Z"] = Z
            return made
    if first is None:
        assert failed is not None
        raise failed
    made, values.activation, values.ctx = first
    if (Z := _Z_of(made, values)) is not None:
        facts["Z"] = Z
    return made


def _activations(asked: bool) -> Iterator[Any]:
    if asked:
        yield lambda Z: Z
        yield from LINEAR
    else:
        yield None


def _context(forward: Callable[..., Any]) -> Any:
    """A ctx: of a class of its own file's that has what the forward saves with, or else of ours."""
    plain = getattr(forward, "__func__", forward)
    saving = {name for name in getattr(getattr(plain, "__code__", None), "co_names", ()) if SAVES.match(name)}
    for value in list(getattr(plain, "__globals__", {}).values()):
        if isinstance(value, type) and not hasattr(value, "backward") and saving:
            with contextlib.suppress(Exception):
                if all(hasattr(value, name) for name in saving):
                    return value()
    return Context()


def _Z_of(made: Any, values: _Values) -> Any:
    """The output among what a forward made, in our layout; None if it is not there."""
    wanted = values.inputs.problem.dZ
    convention = convention_of(values.call)
    parts = (
        list(made.values()) if isinstance(made, dict) else made if isinstance(made, (tuple, list)) else [made]
    )
    for part in parts:
        if hasattr(part, "shape"):
            with contextlib.suppress(Exception):
                array = plain(part)
                check_size([array], values.inputs.problem)
                Z = convention.ours("dA_prev", array, values.inputs.problem)
                if "b" not in values.call.says and values.inputs.problem.b is not None:
                    Z = Z + values.inputs.problem.b  # a forward without a bias lacks none
                if Z.shape == wanted.shape:
                    return Z
    return None


def _cache_of(made: Any, facts: dict[str, Any]) -> tuple[Any, Sequence[Any]]:
    """The cache that a forward returned besides Z, as a whole and one by one."""
    if isinstance(made, (tuple, list)) and len(made) >= 2:
        rest = tuple(made[1:])
        inner = rest[0] if len(rest) == 1 and isinstance(rest[0], (tuple, list)) else rest
        return (rest[0] if len(rest) == 1 else rest), inner
    return made, ()


def through_autograd(
    function: Any, call: Call, candidate: Candidate, inputs: Inputs, facts: dict[str, Any]
) -> Any:
    """The gradients of an autograd Function or of a forward on tensors, by PyTorch's own engine."""
    from convstep.oracle.pytorch import leaf, tensor

    for name in ("A_prev", "W", "b"):
        if (array := getattr(inputs, name)) is not None:
            setattr(inputs, name, leaf(array, name))
    inputs.dZ = tensor(inputs.dZ, "dZ")
    assert call.forward is not None
    values = _Values(inputs, call, candidate)
    roles = [role for _, role in call.forward.given]
    places, named = given(call.forward, candidate.parameters, values)
    Z = getattr(function, "apply", function)(*places, **named)
    if (ours := _Z_of(Z, values)) is not None:
        facts["Z"] = ours
    leaves = {"dA_prev": inputs.A_prev, "dW": inputs.W, "db": inputs.b}
    told = {"dA_prev": "A_prev", "dW": "W", "db": "b"}
    return pulled_back(Z, inputs.dZ, {name: leaves[name] for name in leaves if told[name] in roles})


def pulled_back(Z: Any, dZ: Any, leaves: dict[str, Any]) -> dict[str, Any]:
    """What autograd makes of a forward's output, by the leaves' names; see `pytorch.pulled_back`.

    Raises:
        PyTorchFailed: it is a kernel of PyTorch's own that does not take this.
    """
    from convstep.oracle import pytorch

    try:
        return pytorch.pulled_back(Z, dZ, leaves)
    except RuntimeError as error:
        if (
            not hasattr(Z, "grad_fn")
            or Z.shape != dZ.shape
            or Z.grad_fn is None
            or pytorch.has_own_functions(Z)
        ):
            raise
        raise PyTorchFailed from error
