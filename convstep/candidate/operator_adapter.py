"""An adapter of somebody's operator: a function with the operator's own arguments that calls theirs.

It needs no option of its own: it is checked as any backward of that operator is.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from convstep.candidate.adapter import ORDER, returned_parts
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.parameters import Parameter, read
from convstep.candidate.call.signatures import methods_of
from convstep.candidate.call.written import DECIDE
from convstep.candidate.load.parsing import tree_of
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.operators.caller import Caller
from convstep.candidate.operators.vocabulary import comes_from_above, holds, keeps
from convstep.candidate.operators.ways import Way, vocabulary
from convstep.language import tr
from convstep.operators.operator import Operator
from convstep.printable import printable


def operator_adapter(
    target: Target, worker: Caller, operator: Operator, path: str, flags: Sequence[str] = ()
) -> str:
    """The text of the file, for that path; its first line is the command that it is for, with these flags.

    A `CandidateError` if the target cannot be imported.
    """
    writer = _Writer(worker.candidate, worker.text, operator)
    return writer.text(_imported(target, worker.candidate, path), path, flags)


def _imported(target: Target, candidate: Candidate, path: str) -> list[str]:
    """The lines that import the candidate, or its class."""
    name = target.name.partition(".")[0]
    forward = candidate.forward if "." not in candidate.forward and candidate.kind == "function" else ""
    names = ", ".join(filter(None, (name, forward)))
    if target.path is None:
        return [f"from {target.module} import {names}"]
    file = Path(target.path)
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise CandidateError(
            tr(
                "an adapter imports what it calls, and {file} cannot be imported; save it as a file like "
                "layers.py",
                file=printable(file.name),
            )
        )
    beside = os.path.abspath(file.parent) == os.path.abspath(Path(path).parent)
    found = [] if beside else [f"sys.path.insert(0, {os.path.abspath(file.parent)!r})"]
    return [*found, f"from {file.stem} import {names}"]


class _Writer:
    def __init__(self, candidate: Candidate, text: str, operator: Operator) -> None:
        self._candidate, self._operator = candidate, operator
        self._keys = list(dict.fromkeys(re.findall(r"[\"']([A-Za-z_]\w*)[\"']", text)))
        self._words = vocabulary(operator)
        problem = operator.small()
        self._options = tuple(problem.options)
        self._arrays = tuple(problem.arrays)
        self._lines: list[str] = []
        self._undecided: list[str] = []
        self._above = list(operator.upstream)
        self._buffers: dict[str, str] = {}

    def text(self, imports: Sequence[str], path: str, flags: Sequence[str]) -> str:
        """All of it."""
        operator = self._operator
        name = f"{operator.name.replace('-', '_')}_backward"
        words = ["convstep", "check", f"{path}:{name}", "--operator", operator.name, *flags]
        kinds = {"class": self._layer, "autograd": self._function_of_torch, "method": self._layer}
        where = kinds.get(self._candidate.kind, self._function)()
        returned = [where.get(one) or self._decided(one) for one in operator.gradients]
        used = {*re.findall(r"\w+", "\n".join([*self._lines, *returned]))}
        given = [one for one in (*operator.upstream, *self._arrays, *self._options) if one in used]
        shapes = [f"{one} {_shape(operator.axes[one])}" for one in self._arrays if one in used]
        head = [
            f"# {printable(shlex.join(words), None)}",
            *(["", "import sys"] if imports[0].startswith("sys.") else []),
            *(["", "import numpy"] if self._buffers else []),
            *(["", "import torch"] if any("torch." in line for line in self._lines) else []),
            "",
            "",
            f"def {name}({', '.join(given)}):",  # an option that it does not take is found by trying
        ]
        body = [
            f"# arrays come, and gradients go, in these shapes: {', '.join(shapes)}",
            *imports,
            "",
            *self._undecided,  # first, so that this is what is said first
            *self._lines,
            f"return {', '.join(returned)}",
        ]
        return "\n".join([*head, *(f"    {line}".rstrip() for line in body)]) + "\n"

    # what is called

    def _function(self) -> dict[str, str]:
        candidate, name = self._candidate, self._candidate.name.rpartition(".")[2]
        if candidate.forward and "." not in candidate.forward:
            given = self._arguments(candidate.forward_parameters, candidate.forward_required)
            self._lines += [f"made = {candidate.forward}({given})"]
        return self._returned(f"{name}({self._arguments(candidate.parameters, candidate.needed)})")

    def _function_of_torch(self) -> dict[str, str]:
        given = self._arguments(self._candidate.parameters, self._candidate.needed)
        wanted = [one[1:] for one in self._operator.gradients if re.search(rf"\b{one[1:]}\b", given)]
        self._lines += [f"{one} = torch.tensor({one}, requires_grad=True)" for one in wanted]
        self._lines += [
            f"{one} = torch.tensor({one})" for one in (*self._arrays, *self._above) if one not in wanted
        ]
        name = self._candidate.name.partition(".")[0]
        self._lines.append(f"torch.autograd.backward({name}.apply({given}), {', '.join(self._above)})")
        return {f"d{one}": f"{one}.grad.numpy()" for one in wanted}

    def _layer(self) -> dict[str, str]:
        candidate, name = self._candidate, self._candidate.name.partition(".")[0]
        forward, backwards = methods_of(candidate)
        methods = dict(read(text) for text in candidate.methods)
        made = self._given(methods.get("__init__", ()), making=True)
        self._lines.append(f"layer = {name}({made})")
        told = {each for each in self._arrays if re.search(rf"\b{each}\b", made)}
        for each, role in self._kept().items():
            if f"d{role}" in self._operator.gradients and role not in (self._arrays[0], *told):
                row = f".reshape(layer.{each}.shape)" if len(self._operator.axes[role]) == 1 else ""
                self._lines.append(f"layer.{each} = {role}{row}")
                told.add(role)
        if forward is not None:
            self._lines.append(
                f"made = layer.{forward.name}({self._given(methods[forward.name], self._arrays[0])})"
            )
        back = backwards[0]
        if back is None:
            raise CandidateError(tr("{name} has no backward to call", name=printable(name)))
        given = self._given(methods[back.name], self._above[0])
        found = self._returned(f"layer.{back.name}({given})", method=True)
        kept = {gradient: f"layer.{each}" for each, gradient in self._kept(gradients=True).items()}
        flat = [one for one in kept if len(self._operator.axes[one[1:]]) == 1]  # which layers keep as a row
        return kept | {one: f"{kept[one]}.reshape({one[1:]}.shape)" for one in flat} | found

    def _kept(self, *, gradients: bool = False) -> dict[str, str]:
        """What a class keeps, by attribute: its arrays, or their gradients."""
        names = re.findall(r"self\.(\w+)\b(?!\()", self._candidate.source)
        meant = {one: self._words.gradient(f"self.{one}") for one in names}
        if gradients:
            return {one: role for one, role in meant.items() if role}
        return {one: role for one in names if not meant[one] and (role := self._words.role(one))}

    # what it is given

    def _given(self, parameters: Sequence[Parameter], first: str = "", *, making: bool = False) -> str:
        """The arguments of a method; its first one is what it is about, whatever that is called."""
        listed = [each for each in parameters if not each.star]
        needed = [each.name for each in listed if each.default is None]
        if first and listed and self._value(listed[0].name) is None:
            rest = self._arguments([each.name for each in listed[1:]], needed)
            return ", ".join(filter(None, (first, rest)))
        return self._arguments([each.name for each in listed], needed, making=making)

    def _arguments(self, parameters: Sequence[str], needed: Sequence[str], *, making: bool = False) -> str:
        known = [(one, self._value(one, making=making)) for one in parameters]
        if all(code is not None for _, code in known):
            return ", ".join(str(code) for _, code in known)
        told = [(one, code or self._unknown(one)) for one, code in known if code or one in needed]
        whole = [one for one, _ in told] == [*parameters[: len(told)]]
        return ", ".join(code if whole else f"{one}={code}" for one, code in told)

    def _value(self, name: str, *, making: bool = False) -> str | None:
        """The code of what a parameter means; None if that is not known."""
        gradient = "" if making or returned_parts(self._candidate)[1] else self._words.gradient(name)
        if gradient and self._candidate.kind == "function":  # which it is to write into
            self._buffers[gradient] = gradient
            return gradient
        if comes_from_above(name) and not making:
            role = self._words.role(name)
            return role if role in self._above else self._above[0]
        if keeps(name):
            return self._cache(name)
        role = self._words.role(name)
        if role in self._operator.outputs:
            return "made" if any(line.startswith("made =") for line in self._lines) else None
        if role.partition("[")[0] in (*self._arrays, *self._options):
            return role
        if holds(name):
            told = [(key, code) for key in self._keys if not holds(key) and (code := self._value(key))]
            return "{" + ", ".join(f"{key!r}: {code}" for key, code in told) + "}"
        return self._size(self._words.making(name)) if making else None

    def _size(self, role: str) -> str | None:
        """A size of the problem's, by the array and the axis that has it."""
        letter = Way(self._operator).roles.get(role.partition("[")[0], "")
        for name in reversed(self._arrays):
            axes = self._operator.axes.get(name, "")
            if letter and letter in axes:
                return f"{name}.shape[{axes.index(letter)}]"
        return None

    def _cache(self, name: str) -> str | None:
        """What a forward keeps: made by theirs, or put together as the backward takes it apart."""
        if any(line.startswith("made =") for line in self._lines):
            n = len(self._operator.outputs)
            self._lines.append(f"cache = made[{n}] if len(made) == {n + 1} else made[{n}:]")
            return "cache"
        for node in ast.walk(tree_of(self._candidate.source)):
            if isinstance(node, ast.Assign) and ast.unparse(node.value) == name:
                into = node.targets[0]
                parts = into.elts if isinstance(into, (ast.Tuple, ast.List)) else [into]
                found = [self._value(one) or self._unknown(one) for one in map(ast.unparse, parts)]
                return f"({', '.join(found)})" if len(found) > 1 else found[0]
        return None

    def _unknown(self, name: str) -> str:
        plainly = re.sub(r"\W", "_", name)
        value = f"{plainly} = None{DECIDE}give it a value, and delete the next line"
        if value not in self._undecided:
            self._undecided += [
                value,
                f'raise NotImplementedError("the adapter does not say yet what {plainly} is")',
            ]
        return plainly

    # what it returns

    def _returned(self, call: str, *, method: bool = False) -> dict[str, str]:
        _, told = returned_parts(self._candidate)
        gradients = self._operator.gradients
        if len(told) == 1 and isinstance(told[0], ast.Dict):
            self._lines.append(f"grads = {call}")
            keys = [str(key.value) for key in told[0].keys if isinstance(key, ast.Constant)]
            named = {self._words.gradient(key): f"grads[{key!r}]" for key in keys}
            return {name: code for name, code in named.items() if name}
        if not told:
            self._lines += [f"{one} = numpy.zeros_like({one[1:]})" for one in self._buffers]
            self._lines.append(call)
            return self._buffers
        if len(told) == 1 and (method or len(gradients) == 1):
            self._lines.append(f"{gradients[0]} = {call}")
            return {gradients[0]: gradients[0]}
        names = [self._words.gradient(ast.unparse(each)) for each in told]
        decide = ""
        if "" in names or len({*names}) < len(names):
            names = [*gradients, *["_"] * len(told)][: max(len(told), len(gradients))]
            decide = ORDER
        self._lines.append(f"{', '.join(names)} = {call}{decide}")
        return {name: name for name in names if name in gradients}

    def _decided(self, gradient: str) -> str:
        self._lines.append(f"{gradient} = None{DECIDE}where is the gradient of {gradient[1:]}?")
        return gradient


def _shape(axes: str) -> str:
    """The axes of an array, as a shape is written.

    >>> _shape("NC"), _shape("N")
    ('(N, C)', '(N,)')
    """
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"
