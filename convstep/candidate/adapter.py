"""An adapter to start from: the way a candidate is called, as code that its author can change."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from convstep.candidate.call import layers, named
from convstep.candidate.call.call import BROUGHT, CLOSURE, TAPE, Call, Method
from convstep.candidate.call.containers import LAYER
from convstep.candidate.call.conventions import CONVENTIONS, spelled
from convstep.candidate.call.layers import HANDED
from convstep.candidate.call.layouts import axes_of
from convstep.candidate.call.likely import is_forward
from convstep.candidate.call.named import BOXED
from convstep.candidate.call.objects import says
from convstep.candidate.call.outcome import NAMES, Candidate, CannotCall
from convstep.candidate.call.returned import meaning, meaning_among, taken
from convstep.candidate.call.used import GRADS, HELD, INPUTS
from convstep.candidate.call.words import making_roles, roles_of
from convstep.candidate.call.worker import Worker
from convstep.candidate.call.written import DECIDE, NODES, Code, Given, listed, moved
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.load.parsing import tree_of
from convstep.candidate.load.target import Target
from convstep.printable import printable

CALL = "call"
"""What the adapter's function is called."""
ORDER = f"{DECIDE}which gradients come back, in which order?"
BOXES = ("boxed A_prev", "boxed W", "boxed b")
"""The roles of arrays that are handed over as nodes of a graph."""
_SHORT = {"dA_prev": "dx", "dW": "dw", "db": "db"}
_SEVERAL = (ast.Tuple, ast.List)


def likely_call(worker: Worker, convention: str) -> Call:
    """How a candidate is called; where nothing works, how its names suggest that it may be.

    A `CandidateError` if there is no such convention, or it has no backward.
    """
    try:
        return detect_convention(worker, convention)[0]
    except CannotCall as error:
        return _likeliest(worker.candidate, error)


def _likeliest(candidate: Candidate, why: CannotCall) -> Call:
    """The first way that its names allow; what they do not tell has the role "?name"."""
    if candidate.kind != "class":
        if is_forward(candidate):
            raise why
        ways = next(named.ways(candidate), ())
        needed = Method("", tuple((name, "none") for name in candidate.parameters[: candidate.required]))
        call = ways[0] if ways else Call("named", backward=needed)
        return replace(call, backward=_asking(call.backward, roles_of))
    known = replace(candidate, methods=(*candidate.methods, "forward(x)"))
    try:
        call, _ = next(layers.ways(candidate))
    except CannotCall:
        try:
            call = replace(next(layers.ways(known))[0], forward=None)
        except CannotCall:
            raise why from None
    return replace(call, maker=_asking(call.maker, making_roles))


def _asking(method: Method | None, roles: Callable[[str], tuple[str, ...]]) -> Method | None:
    if method is None or method.name in BROUGHT:
        return method
    return replace(
        method,
        given=tuple(
            (name, role if roles(name.removeprefix("self.")) else f"?{name}") for name, role in method.given
        ),
    )


def adapter_text(
    target: Target, candidate: Candidate, call: Call, path: str, flags: Sequence[str] = ()
) -> str:
    """The adapter of a function, a method, a class or an autograd Function.

    `path` is where it will stand, for the command in its first line, and `flags` what that has besides.
    """
    writer = Writer(candidate, spelled(call, candidate))
    name = target.name.removesuffix(".backward") if writer.paired else target.name
    words = ["convstep", "check", f"{target.path or target.module}:{name}", "--adapter", f"{path}:{CALL}"]
    return writer.text(printable(shlex.join([*words, *flags]), None))


class Writer:
    """Writes the lines that call a candidate on a problem, `n`, and says where its gradients are then."""

    def __init__(self, candidate: Candidate, call: Call) -> None:
        """Write nothing yet; the call has its convention written out."""
        self.candidate, self.call, self.value = candidate, call, Given(candidate, call)
        self.paired = "." in candidate.forward and call.forward is not None
        """Whether it stands in one class with its forward, so that the class is needed."""
        whole = self.paired or candidate.kind in ("class", "autograd")
        self.name = candidate.name.partition(".")[0] if whole else candidate.name.rpartition(".")[2]
        """What the lines call it."""
        self.lines: list[str] = []

    def where(self) -> dict[str, str]:
        """Write the lines; returns by gradient the code that it is to be found by, as its author lays it."""
        body = {"class": self._layer, "autograd": self._autograd}.get(self.candidate.kind, self._function)
        return body()

    def text(self, command: str) -> str:
        """All of the file; its first line is the command that it is for."""
        start: list[str] = []
        if self.call.convention == "problem":
            self.lines.append(f"return {self.name}(problem)")
        else:
            self._gradients(self.where())
            start = [
                *self.value.undecided,  # first, so that this is what is said first
                "# arrays channels first; what it cannot express is refused, which does not count as wrong",
                f"n = problem.nchw(refuse={json.dumps(self._refused())})",
                *self._limits(),
            ]
        needs = [f"import {name}" for name in ("numpy", "torch", "types") if self._says(f"{name}.")]
        head = [
            f"# {command}",
            *([""] if needs else []),
            *needs,
            "",
            "",
            f"def {CALL}({self.name}, problem):",
        ]
        return "\n".join([*head, *(f"    {line}" for line in (*start, *self.lines))]) + "\n"

    def _says(self, code: str) -> bool:
        return any(code in line for line in self.lines)

    def _refused(self) -> list[str]:
        words = ["sides", *["batch"] * ("N" not in self.value.lie.A), "pairs", "rectangles"]
        return [*words, *(word for word in ("dilation", "groups") if not self._says(f"n.{word}"))]

    def _limits(self) -> list[str]:
        call, lie, told = self.call, self.value.lie, self._says("n.padding")
        same = "n.stride == 1 and n.w.shape[2] == 2 * n.padding + 1"
        sized = {"kernel_size", "kernel_h", "W", "hparameters"} & {
            role.partition(":")[0] for role in call.says
        }
        fixed = None if sized and call.maker else layers.kernel_of(call)
        own = "one" if call.rule == "one" else "half" if call.rule else ""
        limits = {
            "n.stride != 1": (not self._says("n.stride"), "stride > 1"),
            "n.padding != 0": (not told and not own, "padding > 0"),
            "n.padding != 1": (not told and own == "one", "padding other than 1"),
            f"not ({same})": (not told and own == "half", "padding other than its own"),
            f"n.padding and not ({same})": (
                self._says("n.padding else"),
                "padding that is neither same nor valid",
            ),
            "n.x.shape[1] != 1": ("C" not in lie.A or "I" not in lie.W, "several input channels"),
            "len(n.w) != 1": ("C" not in (lie.Z or lie.A) or "O" not in lie.W, "several filters"),
            f"n.w.shape[2:] != {fixed}": (fixed is not None, "kernels of another size"),
        }
        return [
            line
            for test, (wanted, words) in limits.items()
            if wanted
            for line in (f"if {test}:", f'    raise NotImplementedError("{words}")')
        ]

    # the kinds of candidates: each writes its lines, and says where the gradients are

    def _function(self) -> dict[str, str]:
        call, candidate, function = self.call, self.candidate, self.name
        forward = f'{function}.__globals__["{candidate.forward}"]'
        if self.paired:
            forward, function = f"{self.name}.{candidate.forward.rpartition('.')[2]}", f"{self.name}.backward"
        known, made = CONVENTIONS.get(call.convention), None
        returns = call.returns or (known.returns if known else ())
        assert call.backward is not None
        if call.backward.name == TAPE:
            return self._taped(function)
        if call.backward.name == CLOSURE and call.forward is not None:
            made = self._given(call.forward, candidate.parameters)
            self.lines.append(f"back = next(each for each in {function}({listed(*made)}) if callable(each))")
            return self._returned(f"back({self.value.inputs.dZ})", returns)
        if any(role.partition(":")[0] in ("node", *BOXES) for _, role in call.backward.given):
            return self._of_nodes(function, forward)
        given = self._given(call.backward, candidate.parameters)
        if call.forward is not None:
            made = self._given(call.forward, candidate.forward_parameters)
        if "ctx" in call.says:
            self.lines += [
                "ctx = types.SimpleNamespace()",
                "ctx.save_for_backward = lambda *saved: vars(ctx).update(saved=saved, saved_tensors=saved)",
            ]
        arguments = listed(*given)
        if made is not None:
            name = "made = " if re.search(r"\bcache\b|made\[", arguments) else ""
            self.lines.append(f"{name}{forward}({listed(*made)})")
            if "cache" in arguments:  # it comes after Z
                self.lines.append(
                    "cache = made if isinstance(made, dict) else made[1] if len(made) == 2 else made[1:]"
                )
        buffers = {role[5:]: role[6:] for _, role in call.backward.given if role.startswith("into d")}
        if keys := [
            key for name, role in call.backward.given if role == named.FILLED for key in self._keys(name)
        ]:
            self.lines.append(f"grads = {{{', '.join(f'{key!r}: 0.0' for key in keys)}}}")
            put = {meaning_among(taken(call), key): f"grads[{key!r}]" for key in keys}
            left = [name for name in NAMES if name not in put]
            ends = returned_parts(candidate)[1]
            if not ends:
                self.lines.append(f"{function}({arguments})")
            return put | (self._returned(f"{function}({arguments})", left) if ends else {})
        if not buffers:
            return self._returned(f"{function}({arguments})", returns)
        self.lines += [f"{_SHORT[name]} = numpy.zeros_like({self.value(of)})" for name, of in buffers.items()]
        self.lines.append(f"{function}({arguments})")
        return {name: _SHORT[name] for name in buffers}

    def _of_nodes(self, function: str, forward: str) -> dict[str, str]:
        call, source = self.call, self.candidate.source
        held, gradients, of = (
            [*dict.fromkeys(re.findall(rf"\.({pattern})\b", source))] or [usual]
            for pattern, usual in ((HELD, "value"), (GRADS, "grad"), (INPUTS, "inputs"))
        )
        assert call.backward is not None

        def node(array: Code, gradient: str, parts: str = "") -> str:
            facts = [*(f"{name}={array}" for name in held), *(f"{name}={gradient}" for name in gradients)]
            return (
                f"types.SimpleNamespace({', '.join([*facts, *(f'{name}={parts}' for name in of if parts)])})"
            )

        handed = [role for _, role in (call.forward or call.backward).given if role in BOXES]
        if not handed:  # only as what the output was made of
            handed = list(BOXES[:2] if "node:two" in call.says else BOXES)
        roles = [role.removeprefix(BOXED) for role in handed]
        for role in roles:
            name, array = NODES[role], getattr(self.value.inputs, role)
            if self.value.tensors:
                self.lines += [f"{name} = {array}", *(f"{name}.{each} = {name} * 0" for each in gradients)]
            else:
                self.lines.append(f"{name} = {node(array, f'{array} * 0')}")
        dz, parts = self.value.inputs.dZ, f"[{', '.join(NODES[role] for role in roles)}]"
        if call.forward is not None:
            self.lines.append(
                f"out = {forward}({listed(*self._given(call.forward, self.candidate.forward_parameters))})"
            )
        elif "node" in {role.partition(":")[0] for role in call.says}:
            self.lines.append(f"out = {dz}.clone()" if self.value.tensors else f"out = {node(dz, dz, parts)}")
        if call.forward is not None or self.value.tensors:
            self.lines += [f"out.{each} = {dz}" for each in gradients if "dZ" not in call.says]
        self.lines.append(f"{function}({listed(*self._given(call.backward, self.candidate.parameters))})")
        found = {f"d{role}": f"{NODES[role]}.{gradients[0]}" for role in roles}
        if "b" in roles and "b" not in call.says:
            found["db"] = f"({found['db']} if {found['db']}.any() else None)"
        return found

    def _keys(self, name: str) -> list[str]:
        """Under which keys it puts gradients into a dict that it is handed, those of its first layer."""
        return [re.sub(r"\{\w+\}", f"{LAYER}", key) for key in named.fills(name, self.candidate.source)]

    def _taped(self, function: str) -> dict[str, str]:
        box, dz = f'{function}.__globals__["{self.candidate.tape}"]', self.value.inputs.dZ
        return self._pulled_back(f"{box}({{}})", function, f"{dz}){DECIDE}does it take the gradient?")

    def _autograd(self) -> dict[str, str]:
        return self._pulled_back("{}.requires_grad_()", f"{self.name}.apply", f"{self.value.inputs.dZ})")

    def _pulled_back(self, boxed: str, forward: str, dz: str) -> dict[str, str]:
        inputs, names = self.value.inputs, {"A_prev": "x", "W": "w", "b": "b"}
        arrays = [inputs.A_prev, inputs.W, inputs.b]
        inputs.A_prev, inputs.W, inputs.b = map(Code, names.values())
        assert self.call.forward is not None
        places, named = self._given(self.call.forward, self.candidate.parameters)
        given = [*places, *named.values()]
        self.lines += [
            f"{name} = {boxed.format(array)}"
            for name, array in zip(names.values(), arrays, strict=True)
            if name in given
        ]
        self.lines.append(f"{forward}({listed(places, named)}).backward({dz}")
        return {f"d{role}": f"{name}.grad" for role, name in names.items() if name in given}

    def _layer(self) -> dict[str, str]:
        call, inputs, back = self.call, self.value.inputs, self.call.backward
        assert call.maker is not None
        where = dict(call.places) or self._guessed()
        outside = [pair for pair in call.maker.given if pair[0].startswith("self.")]
        inside = replace(call.maker, given=tuple(pair for pair in call.maker.given if pair not in outside))
        self.lines.append(f"layer = {self.name}({listed(*self._given(inside, ()))})")
        self.lines += [f"layer.{name[5:]} = {self.value(role)}" for name, role in outside]
        making = self.candidate.source.partition("def __init__")[2].partition("\n    def ")[0]
        kernels = re.match(r"\w*", where.get("W", ""))[0]  # type: ignore[index]
        if call.forward is not None and not re.search(rf"self\.{kernels}\b(?!\s*=\s*None)", making):
            self.lines.append(f"{self._method(call.forward)}  # makes its kernels")
        places: dict[str, str] = {name: f"layer.{where[name]}" for name in ("W", "b") if name in where}
        for name, place in places.items():
            array, shaped = getattr(inputs, name), "(" in self.value.lie.W
            if name == "b" and not call.places:
                array, shaped = self.value.array("n.b"), True
            array = f"{array}.reshape({place}.shape)" if shaped else array
            array = f"[list(each) for each in {array}]" if place.endswith("[:][:]") else array
            place = re.sub(r"\[:\]\[:\]$", "[:]", place)
            self.lines.append(f"{place}{'.data' * self.value.tensors} = {array}")
        if "W" not in {*places, *call.says}:
            self.lines.append(f"# decide: where does the layer keep its kernels? layer.… = {inputs.W}")
        brought = back is None or back.name == TAPE
        if brought:
            box = f'{self.name}.forward.__globals__["{self.candidate.tape}"]({inputs.A_prev})'
            self.lines.append(f"x = {f'{inputs.A_prev}.requires_grad_()' if back is None else box}")
            inputs.A_prev = Code("x")
        if HANDED in where.get("dA_prev", ""):
            self.lines.append(f"x = {inputs.A_prev}")
            inputs.A_prev = Code("x")
        if call.forward is not None:
            told = {role for _, role in back.given} if back is not None else set()
            needed = brought or "dZ" not in told or {"cache", "Z"} & told
            self.lines.append(f"{'made = ' if needed else ''}{self._method(call.forward)}")
            attributes = [*dict.fromkeys(re.findall(rf"\.({GRADS})\b", self.candidate.source))]
            if back is not None and "dZ" not in told:  # it reads what its output has as its gradient
                self.lines += [f"made.{name} = {inputs.dZ}" for name in attributes]
                if HANDED in where.get("dA_prev", ""):
                    self.lines.append(self._method(back))
                    places = {name: f"layer.{at}" for name in ("dW", "db") if (at := where.get(name))}
                    return {"dA_prev": f"x.{attributes[0]}", **places}
        if back is None:
            self.lines.append(f"made.backward({inputs.dZ})")
            return {"dA_prev": "x.grad"} | {f"d{name}": f"{place}.grad" for name, place in places.items()}
        if back.name == TAPE:
            self.lines.append(f"made.backward({inputs.dZ}){DECIDE}does it take the gradient?")
            return {"dA_prev": "x.grad"} | {n: f"layer.{where[n]}" for n in ("dW", "db") if n in where}
        changed = [name for name in ("dW", "db") if where.get(name) == "change"]
        self.lines += [f"{name[1:]}_before = {places[name[1:]]}.copy()" for name in changed]
        result = "dx" if where.get("dA_prev") == "returned" else "result"
        decide = "" if call.places or result == "dx" else ORDER
        self.lines.append(f"{result} = {self._method(back)}{decide}")
        rate = "" if "rate" in call.says or not changed else f" / {self.value('?rate')}"
        self.lines += [f"{_SHORT[name]} = ({name[1:]}_before - {places[name[1:]]}){rate}" for name in changed]
        return {
            name: _SHORT[name]
            if name in changed
            else re.sub("^returned", result, at)
            if at.startswith("returned")
            else f"layer.{at}"
            for name in NAMES
            if (at := where.get(name))
        }

    # what they are given, and what they return

    def _given(self, method: Method, parameters: Sequence[str]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        places, by_name = named.given(method, parameters, self.value)
        return tuple(places), by_name

    def _method(self, method: Method) -> str:
        first = tuple(name for name, _ in method.given[:1])
        function = "layer" if method.name == "__call__" else f"layer.{method.name}"
        return f"{function}({listed(*self._given(method, first))})"

    def _guessed(self) -> dict[str, str]:
        """Where a layer that could not be called keeps or returns what, by what its source calls it."""
        found: dict[str, str] = {}
        for place, called in re.findall(r"self\.(\w+(?:\[['\"]\w+['\"]\])?)(\(?)", self.candidate.source):
            role, gradient, kept = says(tuple(re.findall(r"\[.*\]|\w+", place.replace('"', "'"))))
            if role in ("W", "b") and not kept and not called:
                found.setdefault(f"d{role}" if gradient else role, place)
        if "rate" in self.call.says:
            found = {f"d{role}": "change" for role in ("W", "b") if role in found} | found
        _, told = returned_parts(self.candidate)
        names = [*map(_meaning, told)]
        if "" in names or len({*names}) < len(names):
            names = list(_SHORT)
        by_name = {name: f"returned[{place}]" for place, name in enumerate(names)}
        return found | (by_name if len(told) > 1 else {"dA_prev": "returned"})

    def _returned(self, call: str, names: Sequence[str]) -> dict[str, str]:
        """Write a call and give names to what comes back; `names` are the gradients, where they are known."""
        parts, told = returned_parts(self.candidate)
        held = [self._keys_of(part) for part in told]
        if any(held) and len(told) == len(parts):
            self.lines.append(f"result = {call}")
            found: dict[str, str] = {}
            for number, keys in enumerate(held):
                place = "result" if len(parts) == 1 else f"result[{number}]"
                found |= {meaning_among(taken(self.call), key): f"{place}[{key!r}]" for key in keys}
            free = (name for name in _SHORT if name not in found)
            return found | {next(free): f"result[{number}]" for number, keys in enumerate(held) if not keys}
        made = told[0] if len(told) == 1 else None
        if isinstance(made, ast.Call) and re.match("_?[A-Z]", ast.unparse(made.func)):  # an object of a class
            self.lines.append(f"result = {call}")
            call = "result if isinstance(result, tuple) else vars(result).values()"
            told = parts = [*made.args, *(each.value for each in made.keywords)]
        decide = ""
        if not names:
            names = [*map(_meaning, told)]
            if not names or "" in names or len({*names}) < len(names):
                names = [*_SHORT, *[""] * len(told)][: len(told) if len(told) > 1 else 3]
                decide = ORDER
        words = [_SHORT.get(name, "_") for name in names]
        if len(told) == len(names) > 1 and not any(isinstance(part, ast.Starred) for part in told):
            by_part = dict(zip(told, words, strict=True))
            words = [
                f"[{', '.join(by_part.get(inner, '_') for inner in part.elts)}]"
                if isinstance(part, _SEVERAL)
                else by_part.get(part, "_")
                for part in parts
            ]
        self.lines.append(f"{', '.join(words)} = {call}{decide}")
        return {name: _SHORT[name] for name in names if name}

    def _keys_of(self, part: ast.expr) -> list[str]:
        """The keys of what a candidate returns as a dict, as far as its text has them."""
        name, keys = ast.unparse(part), _literal_keys(part)
        for node in ast.walk(tree_of(self.candidate.source)):
            match node:
                case ast.Assign([target], value) if ast.unparse(target) == name:
                    keys += _literal_keys(value)
                case ast.Subscript(value, ast.Constant(str() as key), ast.Store()) if (
                    ast.unparse(value) == name
                ):
                    keys.append(key)
        return [*dict.fromkeys(keys)]

    def _gradients(self, where: dict[str, str]) -> None:
        """The last line: gradients back in our layout."""
        words, lie = [], self.value.lie
        # `[…] * 3` and `[… for …]` are lists of numbers or planes, as they come back
        listing = r"\.append\(|\] ?\*|\[[^\]]*\bfor\b"
        may_be_listed = not self.value.tensors and (
            self.call.lists
            or (self.candidate.kind == "function" and re.search(listing, self.candidate.source))
        )
        for name, given, array, ours in (
            ("dA_prev", lie.A, "n.x", "NCHW"),
            ("dW", lie.W, "n.w", "OIHW"),
            ("db", "", "", ""),
        ):
            text, axes = where.get(name, "None"), axes_of(given)
            if text != "None" and (may_be_listed or "[:]" in text):
                text = f"numpy.array({text.replace('[:]', '')})"
            if axes != given and text != "None":
                text = f"{text}.reshape({moved(array, ours, axes)}.shape)"
            words.append(text if text == "None" else moved(text, axes, ours))
        self.lines.append(f"return n.gradients({', '.join(words)})")


def _literal_keys(value: ast.expr) -> list[str]:
    """The keys of a dict as it is written.

    >>> [_literal_keys(ast.parse(text, mode="eval").body) for text in ("{'w': 1}", "dict(b=2)", "f(c=3)")]
    [['w'], ['b'], []]
    """
    match value:
        case ast.Dict(keys):
            return [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        case ast.Call(ast.Name("dict"), [], keywords):
            return [each.arg for each in keywords if each.arg]
    return []


def _meaning(part: ast.expr) -> str:
    return meaning(re.sub(r"^((?:self\.)?\w+).*", r"\1", ast.unparse(part)))


def returned_parts(candidate: Candidate) -> tuple[list[ast.expr], list[ast.expr]]:
    """What a candidate returns at its end, as its source has it; and each of it that is not None."""
    tree: ast.AST = tree_of(candidate.source)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    name = candidate.name.rpartition(".")[2]
    own = next((n for n in nodes if n.name == name), next((n for n in nodes if "back" in n.name), tree))
    ends = [node.value for node in ast.walk(own) if isinstance(node, ast.Return) and node.value is not None]
    parts = [] if not ends else ends[-1].elts if isinstance(ends[-1], _SEVERAL) else ends[-1:]
    flat = [inner for part in parts for inner in (part.elts if isinstance(part, _SEVERAL) else [part])]
    return parts, [part for part in flat if not (isinstance(part, ast.Constant) and part.value is None)]
