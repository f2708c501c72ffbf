"""An adapter to start from: it makes a candidate's arguments out of a problem, as far as names tell how."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence

from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.worker import Worker
from convstep.candidate.call.written import layouts_of
from convstep.candidate.check.cases import right_of
from convstep.candidate.check.choosing import choose
from convstep.candidate.check.judging import RIGHT, WRONG, judge
from convstep.candidate.check.trying import trials
from convstep.candidate.guess import Guess, Parameter, guess
from convstep.candidate.load.target import Target
from convstep.printable import printable

CALL = "call"
"""What the adapter's function is called."""
TRYING = 5.0
"""Seconds for finding out how it is called."""
DECIDE = "  # decide: "
"""What stands before a comment where the person has to."""

_ARRAYS = {"dZ": "n.dz", "A_prev": "n.x", "W": "n.w", "b": "n.b"}
_SHORT = {"dA_prev": "dx", "dW": "dw", "db": "db"}


def adapter_text(
    target: Target,
    path: str,
    candidate: Candidate | None = None,
    call: Call | None = None,
    flags: Sequence[str] = (),
) -> str:
    """The adapter of a function, a method, a class or an autograd Function.

    Args:
        target: what it calls.
        path: where it will stand, for the command in its first line.
        candidate: what loading found out, if it could be loaded.
        call: how it is called, if that is known; else as its source suggests.
        flags: what the command has besides.

    Raises:
        CandidateError: there is no such file, or it does not define what is named.
    """
    found = guess(target, "" if candidate is None else candidate.source)
    if call is not None and found.kind == "function":
        found.layouts = layouts_of(call) or found.layouts
        if not found.pattern and not found.keys and call.convention in CONVENTIONS:
            found.pattern = ", ".join(_SHORT[name] for name in CONVENTIONS[call.convention].returns)
    words = ["convstep", "check", found.address, "--adapter", f"{path}:{CALL}", *flags]
    return _Writer(found).text(printable(shlex.join(words), None))


def known_call(worker: Worker, convention: str) -> Call | None:
    """How a candidate is called, where that is found out and its gradients have the right shapes.

    Raises:
        CandidateError: no way of calling it works.
    """
    call, _, stuck = choose(worker, convention, TRYING)
    if stuck is not None:
        return None
    first, *_ = trials(worker, call)
    judged = judge(first, right_of(first), worker.call(call, right_of(first).problem)).judged
    return call if judged and all(found.kind in (RIGHT, WRONG) for found in judged) else None


class _Writer:
    """Writes one adapter."""

    def __init__(self, found: Guess) -> None:
        self.found = found
        self.said: set[str] = set()
        """Roles that were handed over."""
        self.lines: list[str] = []
        self.undecided: list[str] = []
        """Lines for what the names do not tell; before all others, so that this is what is said first."""

    def text(self, command: str) -> str:
        """All of the file; its first line is the command that it is for."""
        found = self.found
        body = {
            "function": self._function,
            "layer": self._layer,
            "autograd": self._autograd,
            "context": self._context,
        }[found.kind]
        body()
        needs = ["import types"] * (found.kind == "context") + ["import torch"] * found.tensors
        start = [
            f"def {CALL}({found.name}, problem):",
            *(f"    {line}" for line in self.undecided),
            "    # arrays channels first; what it cannot express is refused, which does not count as wrong",
            f"    n = problem.nchw(refuse={json.dumps(self._refused())})",
            *self._limits(),
        ]
        if [parameter.name for parameter in found.backward] == ["problem"]:
            start, self.lines = [f"def {CALL}({found.name}, problem):"], [f"return {found.name}(problem)"]
        head = [f"# {command}", *([""] if needs else []), *needs, "", ""]
        return "\n".join([*head, *start, *(f"    {line}" for line in self.lines)]) + "\n"

    def _refused(self) -> list[str]:
        words = ["sides"]
        if "N" not in self.found.layouts.A:
            words.append("batch")
        words += ["pairs", "rectangles"]
        return [*words, *(word for word in ("dilation", "groups") if word not in self.said)]

    def _limits(self) -> list[str]:
        layouts = self.found.layouts
        limits = {
            "n.stride != 1": ("stride" not in self.said, "stride > 1"),
            "n.padding != 0": ("padding" not in self.said, "padding > 0"),
            "n.x.shape[1] != 1": ("C" not in layouts.A or "I" not in layouts.W, "several input channels"),
            "len(n.w) != 1": ("C" not in layouts.A or "O" not in layouts.W, "several filters"),
        }
        return [
            f'    if {test}:\n        raise NotImplementedError("{words}")'
            for test, (wanted, words) in limits.items()
            if wanted
        ]

    # the kinds of candidates

    def _function(self) -> None:
        found = self.found
        self._results(f"{found.name}({self._given(found.backward)})")
        self._gradients({"dA_prev": "dx", "dW": "dw", "db": "db"})

    def _layer(self) -> None:
        found, held = self.found, self.found.held
        self.lines.append(f"layer = {found.name}({self._given(found.maker, making=True)})")
        made = {parameter.role for parameter in found.maker}
        for role, array in (("W", self._array("W")), ("b", self._array("b"))):
            if role in held:
                place = f"layer.{held[role]}"
                self.lines.append(
                    f"{place} = {array}" if role == "W" else f"{place} = {array}.reshape({place}.shape)"
                )
            elif role not in made and role == "W":
                self.lines.append(f"# decide: where does the layer keep its kernels? layer.… = {array}")
        if found.forward is not None:
            self.lines.append(f"layer{found.forward_method}({self._given(found.forward)})")
        rate = any(parameter.role == "rate" for parameter in found.backward)
        updated = {f"d{role}": held[role] for role in ("W", "b") if f"d{role}" not in held and role in held}
        if rate:  # it updates by itself, in place or not
            for role in ("W", "b"):
                if role in held:
                    self.lines.append(f"{role}_before = layer.{held[role]}.copy()")
        self._results(f"layer.{found.method}({self._given(found.backward)})")
        names = {"dA_prev": "dx"}
        for role in ("dW", "db"):
            if _SHORT[role] in found.pattern.replace("[", "").replace("]", "").split(", "):
                names[role] = _SHORT[role]
            elif rate and role in updated:
                self.lines.append(f"{_SHORT[role]} = {role[1:]}_before - layer.{updated[role]}")
                names[role] = _SHORT[role]
            else:
                names[role] = f"layer.{held[role]}" if role in held else "None"
        self._gradients(names)

    def _autograd(self) -> None:
        given = self._given(self.found.forward or ())
        kept = [role for role in ("A_prev", "W", "b") if role in self.said]
        leaves = ", ".join(_ARRAYS[role].removeprefix("n.") for role in kept)
        arrays = ", ".join(self._array(role) for role in kept)
        self.lines.append(f"{leaves} = (torch.tensor(array, requires_grad=True) for array in ({arrays},))")
        for role in kept:
            given = given.replace(f"torch.tensor({self._array(role)})", _ARRAYS[role].removeprefix("n."))
        self.lines.append(f"{self.found.name}.apply({given}).backward(torch.tensor({self._array('dZ')}))")
        self._gradients(
            {
                gradient: f"{name}.grad" if role in kept else "None"
                for gradient, role, name in (("dA_prev", "A_prev", "x"), ("dW", "W", "w"), ("db", "b", "b"))
            }
        )

    def _context(self) -> None:
        found = self.found
        self.lines += [
            "ctx = types.SimpleNamespace()",
            "ctx.save_for_backward = lambda *saved: vars(ctx).update(saved=saved, saved_tensors=saved)",
            f"{found.name}.forward(ctx, {self._given(found.forward or ())})",
        ]
        given = [
            parameter for parameter in found.backward if parameter.name not in ("ctx", "context", "self")
        ]
        self._results(f"{found.name}.backward(ctx, {self._given(given)})")
        self._gradients({"dA_prev": "dx", "dW": "dw", "db": "db"})

    # what they are given, and what they return

    def _given(self, parameters: Iterable[Parameter], *, making: bool = False) -> str:
        """Arguments; from one that is left out on, by name."""
        words, by_name = [], False
        for parameter in parameters:
            value = self._value(parameter, making=making)
            if value is None:
                by_name = True
                continue
            words.append(f"{parameter.name}={value}" if by_name else value)
        return ", ".join(words)

    def _value(self, parameter: Parameter, *, making: bool) -> str | None:
        """What a parameter is given; None where its default will do."""
        role, found = parameter.role, self.found
        self.said.add(role)
        if role in _ARRAYS:
            return self._array(role, tensor=True)
        if role == "cache":
            return self._cache()
        if role == "hparameters":
            return self._hyper()
        if role == "padding" and parameter.word:
            self.lines += [
                "same = n.stride == 1 and n.w.shape[2] == 2 * n.padding + 1",
                "if n.padding and not same:",
                '    raise NotImplementedError("padding that is neither same nor valid")',
            ]
            return '"same" if n.padding else "valid"'
        numbers = {
            "stride": "n.stride",
            "padding": "n.padding",
            "dilation": "n.dilation",
            "groups": "n.groups",
            "in_channels": "n.x.shape[1]",
            "out_channels": "len(n.w)",
            "kernel_size": "n.w.shape[2]",
            "rate": "1.0",
        }
        if role == "input_shape":
            shape = self._array("A_prev") + ".shape"
            return f"{shape}[1:]" if making and found.layouts.A[0] == "N" else shape
        if role in numbers:
            value = numbers[role]
            return f"({value}, {value})" if parameter.pair else value
        if not parameter.needed:
            return None
        self.undecided += [
            f"{parameter.name} = None{DECIDE}give it a value, and delete the next line",
            f'raise NotImplementedError("the adapter does not say yet what {parameter.name} is")',
        ]
        return parameter.name

    def _cache(self) -> str:
        cache = self.found.cache
        if isinstance(cache, dict):
            return "{" + ", ".join(f'"{key}": {self._part(role)}' for key, role in cache.items()) + "}"
        parts = cache or ["A_prev", "W", "b", "hparameters"]
        return "(" + ", ".join(self._part(role) for role in parts) + ("," if len(parts) == 1 else "") + ")"

    def _part(self, role: str) -> str:
        self.said.add(role)
        if role in _ARRAYS:
            return self._array(role, tensor=True)
        if role == "hparameters":
            return self._hyper()
        return {
            "stride": "n.stride",
            "padding": "n.padding",
            "dilation": "n.dilation",
            "groups": "n.groups",
        }.get(role, "None")

    def _hyper(self) -> str:
        keys = {key: role for key, role in self.found.hyper.items() if role} or {
            "stride": "stride",
            "pad": "padding",
        }
        return "{" + ", ".join(f'"{key}": {self._part(role)}' for key, role in keys.items()) + "}"

    def _array(self, role: str, *, tensor: bool = False) -> str:
        """An array in their layout."""
        layouts = self.found.layouts
        if role == "b":
            text = "n.b" if layouts.b in ("O", "") else f"n.b.reshape({_bias(layouts.b)})"
        else:
            text = _moved(
                _ARRAYS[role], "OIHW" if role == "W" else "NCHW", layouts.W if role == "W" else layouts.A
            )
        return f"torch.tensor({text})" if tensor and self.found.tensors else text

    def _results(self, call: str) -> None:
        found = self.found
        if found.keys:
            self.lines.append(f"grads = {call}")
        else:
            decide = "" if found.pattern else f"{DECIDE}which gradients come back, in which order?"
            self.lines.append(f"{found.pattern or 'dx, dw, db'} = {call}{decide}")

    def _gradients(self, names: dict[str, str]) -> None:
        """The last line: gradients back in our layout."""
        found, words = self.found, []
        returned = (
            found.pattern.replace("[", "").replace("]", "").split(", ")
            if found.pattern
            else ["dx", "dw", "db"]
        )
        for role, axes, ours in (
            ("dA_prev", found.layouts.A, "NCHW"),
            ("dW", found.layouts.W, "OIHW"),
            ("db", "", ""),
        ):
            name = names[role]
            if found.keys and found.kind in ("function", "context"):
                name = f'grads["{found.keys[role]}"]' if role in found.keys else "None"
            elif found.kind != "layer" and name in _SHORT.values() and name not in returned:
                name = "None"
            words.append(name if name == "None" else _moved(name, axes, ours))
        self.lines.append(f"return n.gradients({', '.join(words)})")


def _bias(layout: str) -> str:
    return ", ".join("-1" if axis == "O" else "1" for axis in layout)


def _moved(name: str, given: str, wanted: str) -> str:
    """An array whose axes are put into another order: those that are missing have the length 1.

    >>> _moved("n.x", "NCHW", "HWC"), _moved("dx", "HWC", "NCHW"), _moved("n.w", "OIHW", "OIHW")
    ('n.x[0].transpose(1, 2, 0)', 'dx.transpose(2, 0, 1)[None]', 'n.w')
    """
    index = [":" if axis in wanted else "0" for axis in given]
    while index and index[-1] == ":":
        index.pop()
    kept = [axis for axis in given if axis in wanted]
    order = [kept.index(axis) for axis in wanted if axis in kept]
    grown = [":" if axis in kept else "None" for axis in wanted]
    while grown and grown[-1] == ":":
        grown.pop()
    taken = f"[{', '.join(index)}]" if index else ""
    moved = "" if order == sorted(order) else f".transpose({', '.join(map(str, order))})"
    added = f"[{', '.join(grown)}]" if grown else ""
    return f"{name}{taken}{moved}{added}"
