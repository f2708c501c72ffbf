"""Runs in the child: call a function by its parameters' roles, after its own forward if it needs that."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from convstep.candidate.call import tape
from convstep.candidate.call.call import CLOSURE, TAPE, Call, Method
from convstep.candidate.call.containers import sides_of
from convstep.candidate.call.conventions import CONVENTIONS, convention_of
from convstep.candidate.call.failure import Unusable, failure
from convstep.candidate.call.given import Config, value_of
from convstep.candidate.call.layers import told_same
from convstep.candidate.call.layouts import Inputs
from convstep.candidate.call.named import BOXED, FILLED, given
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.parameters import signature_of, written_as
from convstep.candidate.call.returned import check_size, meaning_among, plain, taken
from convstep.candidate.call.words import making_roles, roles_of
from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.language import tr

_LEFT_OUT = object()
LINEAR: tuple[Any, ...] = (None, "none", "linear", "identity", "", _LEFT_OUT)
"""What is said for "no activation", besides a function that returns what it is given."""


SAVES = re.compile("(save|store|keep|stash|put|remember)(_|$)")
"""What a ctx's method is called that keeps values for the backward."""


class ForwardFailed(Exception):
    """The candidate's own forward raised: nothing is known of its backward."""


class PyTorchFailed(ForwardFailed):
    """A kernel of PyTorch's own raised in the backward of a plain forward, or its compiler."""


class Context:
    """Stands in for a library's ctx: anything can be saved in it under any name.

    >>> ctx = Context()
    >>> ctx.save(1, 2)
    >>> ctx.saved_values, ctx.saved_tensors
    ((1, 2), (1, 2))
    """

    needs_input_grad = (True,) * 16

    def __getattr__(self, name: str) -> Any:
        """A method that saves, or what was saved, whatever the library calls either."""
        if name in ("mark_dirty", "mark_non_differentiable", "set_materialize_grads"):
            return lambda *values: None
        if re.match("saved|stored|kept|values|tensors|to_save", name) and "_kept" in vars(self):
            return self._kept
        if SAVES.match(name):
            return lambda *values: setattr(self, "_kept", values)
        raise AttributeError(f"ctx has no {name}")


@dataclass(slots=True)
class Values:
    """From a role to the value that a parameter with this role is given."""

    inputs: Inputs
    """The arrays and the integers."""
    call: Call
    """How it is called, written out."""
    candidate: Candidate
    """Who is."""
    function: Callable[..., Any] = print
    """What is called."""
    activation: Any = None
    """What is said for "no activation"."""
    ctx: Any = None
    """What its own forward keeps things in."""
    made: Any = None
    """The cache of its own forward, or None."""
    filled: dict[str, Any] = field(default_factory=dict)
    """The arrays that it was handed to write its gradients into, by name."""
    nodes: dict[str, Any] = field(default_factory=dict)
    """The arrays that it was handed as nodes of a graph, by role."""
    extras: Sequence[Any] = field(default_factory=tuple)
    """What its own forward returned besides Z, one by one."""

    def __call__(self, role: str) -> Any:
        """What a parameter with a role is given."""
        inputs = self.inputs
        if role.startswith("own."):
            place = int(role.removeprefix("own."))
            if place >= len(self.extras):
                raise Unusable(tr("its own forward returns nothing that could be given for it"))
            return self.extras[place]
        if role.startswith(BOXED):
            name = role.removeprefix(BOXED)
            if name not in self.nodes:
                self.nodes[name] = tape.node_of(self.function, getattr(inputs, name))
            return self.nodes[name]
        if role.startswith("node"):
            return self._output(role)
        if role == FILLED:
            return defaultdict(float)
        if role.startswith("into "):
            like = np.zeros_like(np.asarray(getattr(inputs, role[6:])))
            return self.filled.setdefault(role[5:], _like(like, inputs.dZ))
        if role == "padding:word":
            word = "same" if told_same(self.call, inputs.problem.geometry) else "valid"
            return word.upper() if re.search(r"[\"'](SAME|VALID)[\"']", self.candidate.source) else word
        if role == "padding" and (order := sides_of(self.candidate.source)):
            (top, bottom), (left, right) = inputs.problem.geometry.padding
            if order == "pairs":
                return (top, bottom), (left, right)
            return tuple({"t": top, "b": bottom, "l": left, "r": right}[side] for side in order)
        if role == "padding:pair":
            return tuple(before for before, _ in inputs.problem.geometry.padding)
        if role in ("stride:pair", "dilation:pair"):
            return getattr(inputs.problem.geometry, role.partition(":")[0])
        if role == "input_shape":
            return np.shape(inputs.A_prev)
        if role == "W_shape":
            return np.shape(inputs.W)
        if role == "kernel_size":
            _, f_h, f_w, _ = inputs.problem.geometry.kernel_shape
            return f_h if f_h == f_w and self.call.pairs is not True else (f_h, f_w)
        if role == "hparameters":
            return self._options()
        if role == "cache":
            return self.made
        if role in ("activation", "ctx"):
            return getattr(self, role)
        if role == "A_prev_pad":
            return self._padded()
        if role == "Z":
            assert self.call.layouts is not None
            return _like(self.call.layouts.theirs("Z", expected_forward(inputs.problem)), inputs.dZ)
        return getattr(inputs, role) if hasattr(inputs, role) else value_of(role, inputs.problem, self.call)

    def _options(self) -> Any:
        """Hyperparameters, made by a class of its own file if it has one for them."""
        kind, *fields = self.candidate.options or ("",)
        made = getattr(self.function, "__globals__", {}).get(kind)
        if made is None:
            return Config(lambda key: self((*making_roles(key), "")[0]))
        return made(**{name: self(roles_of(name)[0]) for name in fields})

    def _output(self, role: str) -> Any:
        """The node that its forward made, or one like it, with the gradient from above in it."""
        made = self.made
        if self.call.forward is None:
            names = [name for name in ("A_prev", "W", "b") if getattr(self.inputs, name) is not None]
            parts = [self(f"{BOXED}{name}") for name in names[: 2 if role == "node:two" else 3]]
            made = tape.node_of(self.function, self("Z"), parts)
        tape.hand_back(made, self.inputs.dZ)
        return made

    def aside(self) -> Values:
        """The same on copies of the arrays: what a forward writes into them must not reach the backward."""
        twin = convention_of(self.call).inputs(self.inputs.problem, integers=self.call.integers)
        for name in ("A_prev", "W", "b", "dZ"):
            if (array := getattr(twin, name)) is not None:
                setattr(twin, name, _like(array, self.inputs.dZ))
        return replace(self, inputs=twin)

    def _padded(self) -> Any:
        layouts, geometry = self.call.layouts, self.inputs.problem.geometry
        assert layouts is not None
        around = dict(zip("HW", geometry.padding, strict=True))
        x = np.asarray(self.inputs.A_prev)
        return _like(np.pad(x, [around.get(axis, (0, 0)) for axis in layouts.A]), self.inputs.dZ)


def _like(array: Any, dZ: Any) -> Any:
    """The array as a tensor if dZ is one, else as it is."""
    if not hasattr(dZ, "detach"):
        return array
    from convstep.oracle.pytorch import tensor

    return tensor(array)


def run(
    function: Callable[..., Any], forward: Callable[..., Any] | None, values: Values, facts: dict[str, Any]
) -> Any:
    """What a candidate returns, its parameters given the values of their roles.

    The forward's Z is noted in the facts, and why it could not be used. `ForwardFailed` if its own forward
    raised, and its backward needs what that makes.
    """
    call, candidate, inputs = values.call, values.candidate, values.inputs
    known, backward = call.convention in CONVENTIONS, call.backward
    assert backward is not None
    if backward.name == TAPE:
        assert call.forward is not None
        return _by_tape(function, call.forward, values, facts)
    if backward.name == CLOSURE:
        assert call.forward is not None
        made = _forward(function, call.forward, values, facts)
        back = next((each for each in made if callable(each)), None) if isinstance(made, tuple) else None
        if back is None:
            raise Unusable(tr("{name} is a forward; name its backward", name=candidate.name))
        return back(inputs.dZ)
    if call.forward is not None:
        if forward is None:
            raise Unusable(tr("its own forward is not there"))
        try:
            made = _forward(forward, call.forward, values.aside() if known else values, facts)
            if "Z" not in facts and not known:
                raise Unusable(tr("what it makes is not Z in size"))
        except Exception as error:
            raise ForwardFailed from error
        values.made, values.extras = (made, ()) if "node" in call.says else _cache_of(made)
    elif call.watched is not None and forward is not None and _can_hear(call.watched, inputs):
        try:  # its backward may be right all the same
            _forward(forward, call.watched, values.aside(), facts)
        except Exception as error:
            if known or isinstance(error, AssertionError):
                facts["forward_message"] = failure(error, candidate)["message"]
    places, named = given(backward, candidate.parameters, values)
    handed = (each for each in (*places, *named.values()) if isinstance(each, (dict, SimpleNamespace)))
    held = [(each, {**_contents(each)}) for each in handed]
    returned = function(*places, **named)
    put = {
        key: value
        for each, before in held
        for key, value in _contents(each).items()
        if value is not before.get(key) and meaning_among(taken(call), str(key))
    }
    if values.nodes:
        found = {f"d{name}": tape.gradient_of(node) for name, node in values.nodes.items()}
        put |= {name: gradient for name, gradient in found.items() if gradient is not None}
    if returned is None or (values.nodes and put):
        return values.filled or put or None
    return (returned, put) if put and hasattr(returned, "shape") else returned


def _contents(container: Any) -> dict[str, Any]:
    """What a dict or an object that a candidate is handed has in it; nothing for anything else."""
    if isinstance(container, SimpleNamespace):
        return vars(container)
    return container if isinstance(container, dict) else {}


def _by_tape(function: Callable[..., Any], method: Method, values: Values, facts: dict[str, Any]) -> Any:
    """The gradients that an autograd of the candidate's own file leaves in what it was handed."""
    kind, inputs = tape.tape_of(function), values.inputs
    assert kind is not None
    told = {f"d{role}": role for _, role in method.given if role in ("A_prev", "W", "b")}
    boxes = {name: tape.boxed(kind, getattr(inputs, role)) for name, role in told.items()}
    try:
        for name, role in told.items():
            setattr(inputs, role, boxes[name])
        out = _forward(function, method, values, facts)
    finally:
        for name, role in told.items():
            setattr(inputs, role, tape.array_in(boxes[name]))
    if not isinstance(out, kind):
        raise Unusable(tr("{name} is a forward; name its backward", name=values.candidate.name))
    if (Z := _Z_of(tape.array_in(out), method, values)) is not None:
        facts["Z"] = Z
    return tape.pulled_back(out, inputs.dZ, boxes)


def accepted(function: Callable[..., Any] | None, *, by_place: bool = False) -> tuple[str, ...]:
    """The parameters that a function can be given one by one, or by place; none where they cannot be told."""
    with contextlib.suppress(TypeError, ValueError):
        listed = [*signature_of(function).parameters.values()] if function is not None else []
        left_out = {inspect.Parameter.VAR_KEYWORD, *([inspect.Parameter.KEYWORD_ONLY] if by_place else [])}
        if by_place:
            listed = [each for each in listed if each.kind is not each.VAR_POSITIONAL]
        if all(each.kind is not each.VAR_POSITIONAL for each in listed):
            return tuple(each.name for each in listed if each.kind not in left_out)
    return ()


def _can_hear(method: Method, inputs: Inputs) -> bool:
    """Whether a forward is given this problem's dilation and groups, without which its Z says nothing."""
    geometry, roles = inputs.problem.geometry, {role for _, role in method.given}
    return (geometry.dilation == (1, 1) or "dilation" in roles) and (
        geometry.groups == 1 or "groups" in roles
    )


def _forward(forward: Callable[..., Any], method: Method, values: Values, facts: dict[str, Any]) -> Any:
    """Run its own forward with its activation switched off, if it can be."""
    parameters = accepted(forward, by_place=True)
    failed: Exception | None = None
    first: Any = None
    asked = any(role == "activation" for _, role in method.given)
    for activation in (lambda Z: Z, *LINEAR) if asked else (None,):
        values.activation, values.ctx = activation, context_of(forward)
        said = tuple(pair for pair in method.given if activation is not _LEFT_OUT or pair[1] != "activation")
        try:
            places, named = given(Method(method.name, said), parameters, values)
            made = forward(*places, **named)
        except Exception as error:
            failed = failed or error
            continue
        Z = _Z_of(made, method, values)
        first = first or (made, Z, values.activation, values.ctx)
        if not asked or (Z is not None and _is_right(Z, values.inputs.problem)):
            first = made, Z, activation, values.ctx
            break
    if first is None:
        assert failed is not None
        raise failed
    made, Z, values.activation, values.ctx = first
    if Z is not None:
        facts["Z"] = Z
    return made


def _is_right(Z: Any, problem: Problem) -> bool:
    return Z.shape == problem.dZ.shape and np.allclose(Z, expected_forward(problem), atol=1e-4)


def context_of(forward: Callable[..., Any] | None) -> Any:
    """A ctx: a dict where the forward puts items into it, else of a class that has the methods that it calls.

    Where its own file has no such class it is a `Context`.
    """
    plain = getattr(forward, "__func__", forward)
    name = next((each for each in accepted(plain) if "ctx" in roles_of(each)), "")
    if name and re.search(rf"\b{name}(\[[^\]]+\] *=(?!=)|\.update\()", written_as(plain)):
        return {}
    saving = {name for name in getattr(getattr(plain, "__code__", None), "co_names", ()) if SAVES.match(name)}
    for value in list(getattr(plain, "__globals__", {}).values()):
        if isinstance(value, type) and not hasattr(value, "backward") and saving:
            with contextlib.suppress(Exception):
                if all(hasattr(value, name) for name in saving):
                    return value()
    return Context()


def _Z_of(made: Any, method: Method, values: Values) -> Any:
    """The output among what a forward made, in our layout; None if it is not there.

    A convention says where it is; elsewhere it is what has its shape.
    """
    problem, convention = values.inputs.problem, convention_of(values.call)
    known = convention.told is None
    parts = list(made) if isinstance(made, (tuple, list)) else [made]
    if isinstance(made, dict):
        parts = [made.get("Z", made.get("out"))] if known else list(made.values())
    for part in parts[: 1 if known else None]:
        part = part if known else tape.array_in(part)
        if hasattr(part, "shape") or (known and part is not None):
            with contextlib.suppress(Exception):
                array = plain(part)
                check_size([array], problem)
                Z = convention.ours("Z" if convention.layouts.Z else "dA_prev", array, problem)
                if problem.b is not None and all(role not in ("b", f"{BOXED}b") for _, role in method.given):
                    Z = Z + problem.b  # a forward without a bias lacks none
                if known or Z.shape == problem.dZ.shape:
                    return Z
    return None


def _cache_of(made: Any) -> tuple[Any, Sequence[Any]]:
    """The cache that a forward returned after Z: as one value, and as its parts."""
    if isinstance(made, (tuple, list)) and len(made) >= 2:
        rest = tuple(made[1:])
        inner = rest[0] if len(rest) == 1 and isinstance(rest[0], (tuple, list)) else rest
        return (rest[0] if len(rest) == 1 else rest), inner
    return made, ()


def through_autograd(function: Any, values: Values, facts: dict[str, Any]) -> Any:
    """The gradients of an autograd Function or of a forward on tensors, by PyTorch's own engine."""
    from convstep.oracle.pytorch import leaf, tensor

    call, inputs = values.call, values.inputs
    for name in ("A_prev", "W", "b"):
        if (array := getattr(inputs, name)) is not None:
            setattr(inputs, name, leaf(array, name))
    inputs.dZ = tensor(inputs.dZ, "dZ")
    assert call.forward is not None
    roles = [role for _, role in call.forward.given]
    places, named = given(call.forward, values.candidate.parameters, values)
    try:
        Z = getattr(function, "apply", function)(*places, **named)
    except Exception as error:
        if (type(error).__module__ or "").startswith(("torch._inductor", "torch._dynamo")):
            raise PyTorchFailed from error  # its compiler's, not the candidate's
        raise
    if (ours := _Z_of(Z, call.forward, values)) is not None:
        facts["Z"] = ours
    leaves = {"dA_prev": inputs.A_prev, "dW": inputs.W, "db": inputs.b}
    told = {"dA_prev": "A_prev", "dW": "W", "db": "b"}
    return pulled_back(Z, inputs.dZ, {name: leaves[name] for name in leaves if told[name] in roles})


def pulled_back(Z: Any, dZ: Any, leaves: dict[str, Any]) -> dict[str, Any]:
    """What autograd makes of a forward's output, by the leaves' names; see `pytorch.pulled_back`.

    `PyTorchFailed` if it is a kernel of PyTorch's own that does not take this.
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
