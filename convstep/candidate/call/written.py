"""Calls, arrays and cells written as the candidate's author would write them, and as an adapter does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from convstep.candidate.call.by_name import Values
from convstep.candidate.call.call import BROUGHT, Call, Method
from convstep.candidate.call.containers import built
from convstep.candidate.call.conventions import CONVENTIONS, convention_of, spelled
from convstep.candidate.call.given import config_role, value_of
from convstep.candidate.call.layouts import FILTERS, NUMBERS, PLANES, Inputs, Layouts, axes_of
from convstep.candidate.call.named import BOXED, FILLED, UNUSED, given
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.words import roles_of
from convstep.conv.problem import Problem

Shape = tuple[int, ...]

_WORDS = {"NCHW": {"A_prev": "x", "W": "w", "dZ": "dout"}}
"""What the arrays are called by people who lay them out so; others say A_prev, W and dZ."""


def layouts_of(call: Call) -> Layouts | None:
    """How a candidate's arrays lie; None where they lie as ours."""
    known = CONVENTIONS.get(call.convention)
    return call.layouts if known is None or call.layouts or known.name == "problem" else known.layouts


def their_cell(call: Call, name: str, index: Shape) -> Shape:
    """A cell of ours as the author indexes it."""
    lie = layouts_of(call)
    axes = {"W": (4,), "b": ()}.get(name[-1], (3, 4))  # a bias is flat, or is flattened by some
    return index if lie is None or len(index) not in axes else lie.cell(name, index)


def their_shape(call: Call, name: str, shape: Shape) -> Shape:
    """A shape of ours as the author has it: an axis that ours lacks has the length 1."""
    last = their_cell(call, name, tuple(length - 1 for length in shape))
    return tuple(length + 1 for length in last)


def call_text(call: Call, candidate: Candidate, problem: Problem) -> str:
    """The call as one would type it, with shapes in the place of arrays; "" for what is given a problem.

    >>> from convstep.candidate.check.cases import Case, right_of
    >>> problem = right_of(Case((4, 5), (3, 3), filters=2)).problem
    >>> call_text(Call("coursera"), Candidate("back", "function", ("dZ", "cache"), 2), problem)
    "back(dZ of (1, 2, 3, 2), (A_prev of (1, 4, 5, 1), W of (3, 3, 1, 2), b, {'stride': 1, 'pad': 0}))"
    """
    if call.convention == "problem":
        return ""
    inputs, told = convention_of(call).inputs(problem, integers=call.integers), spelled(call, candidate)
    method = told.backward.name if told.backward is not None else "apply"
    owner = candidate.name.removesuffix(f".{method}").removesuffix(".backward").removesuffix(".apply")
    applied = f"{owner}.apply" if candidate.kind == "autograd" else candidate.name
    names = {told.maker: f"layer = {owner}", told.forward: applied, told.backward: candidate.name}
    methods = [told.forward if told.by_autograd(candidate) else told.backward]
    if told.maker is not None:
        methods = [told.maker, told.forward, told.backward]
        named = ((each, each.name) for each in methods[1:] if each is not None)
        names |= {each: "layer" if name == "__call__" else f"layer.{name}" for each, name in named}
    if told.backward is not None and told.backward.name in BROUGHT:
        out, back = BROUGHT[told.backward.name]
        forward = f"layer.{told.forward.name}" if told.maker is not None and told.forward else candidate.name
        names |= {told.forward: f"{out}{forward}", told.backward: back}
        methods = [each for each in (told.maker, told.forward, told.backward) if each is not None]
    return "; ".join(
        f"{names[each]}({_arguments(told, each, candidate, inputs)})" for each in methods if each is not None
    )


class Code(str):
    """Code that stands for a value; its repr is the code itself, also inside tuples and dicts."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Array(Code):
    """An array; it goes by the parameter that takes it."""

    __slots__ = ()


def listed(given: Sequence[Any], named: Mapping[str, Any], parameters: Sequence[str] = ()) -> str:
    """Arguments with commas between them; those by position are taken by the parameters."""
    places = [*parameters, *[""] * len(given)]
    shown = [_shown(value, place) for value, place in zip(given, places, strict=False)]
    return ", ".join([*shown, *(f"{name}={value!r}" for name, value in named.items())])


def _shown(value: Any, parameter: str) -> str:
    if callable(value):
        return "lambda Z: Z"
    if isinstance(value, _Array) and parameter:
        return f"{parameter}{value[value.find(' of') :] if ' of' in value else ''}"
    parts = value if isinstance(value, tuple) else (value,)
    whole = isinstance(value, Mapping) or any(isinstance(each, Code) for each in parts)
    return repr(value) if whole or not parameter else f"{parameter}={value!r}"


def _arguments(call: Call, method: Method, candidate: Candidate, inputs: Inputs) -> str:
    """The arguments of a call as text, with containers that the candidate takes apart put together."""
    words, values = _WORDS.get((call.layouts or Layouts()).A, {}), Values(inputs, call, candidate)
    parameters, layer = candidate.parameters, call.maker is not None
    if layer:
        told = tuple(
            pair for pair in method.given if not pair[0].startswith("self.")
        )  # else set from outside
        method, parameters = Method(method.name, told), tuple(name for name, _ in told)
    elif call.backward is not None and call.backward.name in BROUGHT:
        parameters = parameters if method is call.forward else ()
    elif method is call.forward and not call.by_autograd(candidate):
        parameters = candidate.forward_parameters

    def code(role: str) -> Any:
        if role == UNUSED:
            return None
        if role.startswith("node"):
            return _Array(f"node of {tuple(inputs.dZ.shape)}")
        role = role.removeprefix(BOXED)
        if role in ("A_prev", "W", "dZ", "b"):
            shape = "" if role == "b" else f" of {tuple(getattr(inputs, role).shape)}"
            return _Array(f"{words.get(role, role)}{shape}")
        if role == "cache" and call.convention in CONVENTIONS and call.forward is not None:
            return Code(
                f"the cache of {candidate.forward}({_arguments(call, call.forward, candidate, inputs)})"
            )
        value: Any = None
        if layer:
            value = value_of(role, inputs.problem, call)
        elif not role.startswith("own."):
            value = values(role)
        plain = isinstance(value, (bool, int, float, str, tuple)) or (callable(value) and not layer)
        return value if plain else _Array(role.partition(".")[0])

    places, named = given(method, parameters, code)
    if candidate.kind == "autograd":  # its `apply` takes nothing by name
        parameters = tuple(p * isinstance(value, Code) for p, value in zip(parameters, places, strict=False))
    return listed(places, named, parameters)


NODES = {"A_prev": "x", "W": "w", "b": "b", "node": "out"}
"""What an adapter calls the nodes of a graph, by role."""
DECIDE = "  # decide: "
"""What stands before a comment where the person has to."""
_K, _L = "n.w.shape[2]", "n.w.shape[3]"
_VALUES = {
    "in_channels": "n.x.shape[1]",
    "out_channels": "len(n.w)",
    "kernel_size": _K,
    "kernel_size:pair": f"({_K}, {_L})",
    "kernel_size:shape": f"(n.x.shape[1], {_K}, {_L})",
    "kernel_size:shape last": f"({_K}, {_L}, n.x.shape[1])",
    "kernel_size:full": "n.w.shape",
    "kernel_size:full last": f"({_K}, {_L}, n.x.shape[1], len(n.w))",
    "kernel_h": _K,
    "kernel_w": _L,
    "input_shape:HW": "n.x.shape[2:]",
    "input_shape:side": "n.x.shape[2]",
    "in_h": "n.x.shape[2]",
    "in_w": "n.x.shape[3]",
    "batch": "len(n.x)",
    "padding:word": '"same" if n.padding else "valid"',
    "padding:WORD": '"SAME" if n.padding else "VALID"',
    "padding:flag": "n.padding > 0",
    "rate": "1.0",  # so that the change of what it updates is the gradient
    "use_bias": "True",
    "flag": "True",
    "wanted": "(True, True, True)",
    "dW": "numpy.zeros(n.w.shape)",
    "db": "numpy.zeros(n.b.shape)",
    "W:vector": "numpy.zeros(n.w.size + n.b.size)",
    "dW:vector": "numpy.zeros(n.w.size + n.b.size)",
    "wanted:numbers": "(0, 1, 2)",
    "in_channels:chain": "[n.x.shape[1], len(n.w)]",
    "zero": "0.0",
    "name": '"layer"',
    "seed": "0",
    "dilation:less": "n.dilation - 1",
    "layer": "1",
    "rng": "numpy.random.RandomState(0)",
    "dtype": '"float64"',
    "activation": "lambda Z: Z",
    "activation:linear": '"linear"',
    "format": '"channels_first"',
    "format last": '"channels_last"',
    "ctx": "ctx",
}
"""What a role is given whose code is always the same; "last" where the channels are."""
_KNOWN = ("stride", "padding", "dilation", "groups", "in_channels", "out_channels", "kernel_size")
"""What a dict of hyperparameters may hold."""


class Given:
    """From a role to the code that an adapter passes for it, for one way of calling."""

    def __init__(self, candidate: Candidate, call: Call) -> None:
        self._candidate, self._call = candidate, call
        self.tensors = call.with_tensors(candidate) or candidate.kind == "autograd"
        self.lie = lie = layouts_of(call) or Layouts("NCHW", "OIHW")
        """How its arrays lie."""
        self.undecided: list[str] = []
        """Lines for what the names do not tell."""
        bias = "n.b" if lie.b in ("O", "") else f"n.b.reshape({re.sub('O', '-1', ', '.join(lie.b))})"
        pairs = call.convention != "layer" and call.pairs
        numbers = {x: Code(f"(n.{x}, n.{x})" if pairs else f"n.{x}") for x in _KNOWN[:3]}
        flat = {"O(": ".reshape(len(n.w), -1)", "(H": ".reshape(-1, len(n.w))"} if call.maker is None else {}
        self.inputs = Inputs(
            A_prev=self.array(moved("n.x", "NCHW", lie.A), lie.A),
            W=self.array(moved("n.w", "OIHW", axes_of(lie.W)) + flat.get(lie.W[:2], ""), lie.W, kernels=True),
            b=self.array(bias),
            dZ=self.array(moved("n.dz", "NCHW", lie.Z or lie.A), lie.Z or lie.A),
            groups=Code("n.groups"),  # type: ignore[arg-type]
            problem=None,  # type: ignore[arg-type]
            **numbers,
        )
        """The arrays and the integers of a problem."""

    def array(self, text: str, axes: str = "", *, kernels: bool = False) -> Code:
        """An array with these axes as it is handed over; "" is a bias."""
        held = self._call.lists
        if held == NUMBERS or (held and not axes):
            return Code(f"{text}.tolist()")
        if (held == PLANES and len(axes) == 3) or (held == FILTERS and kernels):
            return Code(f"list({text})")
        if held == PLANES and len(axes) == 4:
            return Code(f"[list(each) for each in {text}]")
        return Code(f"torch.tensor({text})" if self.tensors else text)

    def __call__(self, role: str) -> Code:
        """What a parameter with a role is given; one with the role "?name" is for the person to decide."""
        role = role.removesuffix(":either")  # an adapter's are numbers
        base, _, form = role.partition(":")
        if base == "node" or base.startswith(BOXED):
            return Code(NODES[base.removeprefix(BOXED)])
        layer, A = self._call.convention == "layer", self.lie.A
        if base[0] == "?":
            self.undecided += [
                f"{base[1:]} = None{DECIDE}give it a value, and delete the next line",
                f'raise NotImplementedError("the adapter does not say yet what {base[1:]} is")',
            ]
            return Code(base[1:])
        if base == FILLED:
            return Code("grads")
        if base.startswith("into "):
            return Code({"dA_prev": "dx", "dW": "dw", "db": "db"}[base[5:]])
        if base.startswith("own."):
            return Code(f"made[{int(base[4:]) + 1}]")
        if role == "padding:word" and re.search(r"[\"'](SAME|VALID)[\"']", self._candidate.source):
            role = "padding:WORD"
        last = f"{role} last" if A.endswith("C") else role
        if known := _VALUES.get(last) or _VALUES.get(role):
            return Code(known)
        if form == "pair":
            return Code(f"(n.{base}, n.{base})")
        if base in ("input_shape", "W_shape"):
            alone = layer and not form and "N" in A
            shape = f"{self.inputs.W if base == 'W_shape' else self.inputs.A_prev}.shape"
            return Code(f"{shape}{('[1:]' if A[0] == 'N' else '[:-1]') * alone}")
        if base == "A_prev_pad":
            around = ", ".join("(n.padding, n.padding)" if axis in "HW" else "(0, 0)" for axis in A)
            return Code(f"numpy.pad({self.inputs.A_prev}, ({around}))")
        if base == "ones":
            return Code(f"{self.inputs.dZ} * 0 + 1")
        if base in ("cache", "hparameters"):
            return Code(repr(self._cache() if base == "cache" else self._hyper(form)))
        if base == "Z" and layer:
            return Code("made[0] if isinstance(made, tuple) else made")
        return getattr(self.inputs, base, Code("None"))

    def _cache(self) -> object:
        call = self._call
        if call.own_cache:
            return Code("cache")
        if call.forward is None:
            return tuple(map(self, ("A_prev", "W", "b", "hparameters")))
        return Code("made[1] if isinstance(made, tuple) else made")

    def _hyper(self, form: str) -> object:
        if self._call.convention == "named" and self._candidate.options:
            kind, *names = self._candidate.options
            fields = ", ".join(f"{name}={self(roles_of(name)[0])}" for name in names)
            return Code(f"{self._candidate.name}.__globals__[{kind!r}]({fields})")
        maker = self._call.maker
        for name in [name for name, role in maker.given if role.startswith("hparameters")] if maker else ():
            read = rf"\b{re.escape(name)}(?:\[['\"](\w+)|\.get\(['\"](\w+)|(\.(?!get\b)\w+))"
            keys = [key for each in re.findall(read, self._candidate.source) for key in each if key]
            return built(
                [((key,), self(config_role(key.strip("."), form) or "none")) for key in dict.fromkeys(keys)]
            )
        words = dict.fromkeys(re.findall(r"""["'](\w+)["']""", self._candidate.source))
        found = {word: role for word in words for role in _KNOWN if role in roles_of(word)}
        return {word: self(role) for word, role in (found or {"stride": "stride", "pad": "padding"}).items()}


def moved(name: str, given: str, wanted: str) -> str:
    """An array whose axes are put into another order: those that are missing have the length 1.

    >>> moved("n.x", "NHWC", "NCHW"), moved("n.x", "NCHW", "N(HWC)")
    ('n.x.transpose(0, 3, 1, 2)', 'n.x.transpose(0, 2, 3, 1).reshape(len(n.x), -1)')
    >>> moved("n.x", "NCHW", "HWC"), moved("dx", "HWC", "NCHW"), moved("n.w", "OIHW", "OIHW")
    ('n.x[0].transpose(1, 2, 0)', 'dx.transpose(2, 0, 1)[None]', 'n.w')
    """
    if (axes := axes_of(wanted)) != wanted:
        sides = f"len({name}), -1" if wanted[0] == "N" else "-1"
        return f"{moved(name, given, axes)}.reshape({sides})"
    index = [":" if axis in wanted else "0" for axis in given]
    kept = [axis for axis in given if axis in wanted]
    order = [kept.index(axis) for axis in wanted if axis in kept]
    grown = [":" if axis in kept else "None" for axis in wanted]
    turned = "" if order == sorted(order) else f".transpose({', '.join(map(str, order))})"
    return f"{name}{_subscript(index)}{turned}{_subscript(grown)}"


def _subscript(index: list[str]) -> str:
    while index and index[-1] == ":":
        index.pop()
    return f"[{', '.join(index)}]" if index else ""
