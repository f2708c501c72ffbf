"""Parameters that were left at their defaults: which they are, and what the numbers say that they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.conventions import CONVENTIONS, convention_of
from convstep.candidate.call.layers import kernel_of
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.parameters import Parameter, read
from convstep.candidate.check.cases import Case, expressed
from convstep.candidate.check.grade import RIGHT, Result, forward_fits, makes_it
from convstep.candidate.load.parsing import tree_of

_BESIDES = re.compile(
    r"_?(name|layer_?name|retain\w*|dtype|seed|rng|random_state|verbose|debug|(is_)?train(ing)?|device|\w*init\w*|activation\w*"
    r"|optimi[sz]er|lr|eta|learning_?rate|momentum|cache\w*|out|ctx|(use_?|has_?)?bias|eps\w*|args|kwargs|optimize)",
    re.I,
)
"""Parameters that do not say which convolution is meant."""
_MEANT = {1: ("stride", "dilation", "groups"), 0: ("padding",)}
"""What a whole number may be that is one by default, or none."""


def left_alone(call: Call, candidate: Candidate) -> list[Parameter]:
    """The parameters that nobody told anything, as far as they may say what is computed."""
    if call.convention in CONVENTIONS:
        return []
    told = {root(name) for method in _methods(call) for name, _ in method.given}
    optional = [each for method in _methods(call) for each in _optional(method, call, candidate)]
    known = {each.name: each for each in reversed(optional)}
    return [
        known[name]
        for name in dict.fromkeys(each.name for each in optional)
        if name not in told and name not in candidate.needed and not _BESIDES.fullmatch(name)
    ]


def told_by_numbers(tried: Callable[[Call, Case], Result], call: Call, candidate: Candidate) -> Call:
    """The call, told also what its names do not say: a stride, a dilation, groups or a padding.

    What is 1 or 0 by default is that if its forward, or a gradient, is then right to the last number on a
    problem that has such a one, and is not if it keeps its default.
    """
    for each in left_alone(call, candidate):
        for role in _roles(each):
            for other, case in _told(call, each.name, role, candidate):
                if _shows(tried(other, case)) and not _shows(tried(call, case)):
                    call = other
                    break
            if role in call.says:
                break
    return call


def defaults(method: Method, call: Call, candidate: Candidate) -> dict[str, str]:
    """The defaults of what one of its calls may be told, by name, as Python writes them."""
    return {each.name: each.default or "" for each in _optional(method, call, candidate)}


def root(name: str) -> str:
    """The parameter that a name is taken from: "cache" of "cache[0]: x"."""
    return re.split(r"[\[:]", name.removeprefix("self."))[0]


def _methods(call: Call) -> list[Method]:
    return [each for each in (call.maker, call.forward, call.watched, call.backward) if each is not None]


def _optional(method: Method, call: Call, candidate: Candidate) -> Iterator[Parameter]:
    """The parameters of one of its calls that have a default."""
    if candidate.kind == "class":
        wanted = "__init__" if method is call.maker else method.name
        for name, listed in map(read, candidate.methods):
            if name.lstrip("@") == wanted:
                yield from (each for each in listed if each.default is not None and not each.star)
    elif method is call.backward or candidate.kind == "autograd":
        names = (*candidate.parameters, *candidate.keywords)
        yield from _with_defaults([name for name in names if name not in candidate.needed], candidate.source)
    else:
        needed, source = candidate.forward_required, candidate.forward_source
        yield from _with_defaults([n for n in candidate.forward_parameters if n not in needed], source)


def _with_defaults(names: list[str], source: str) -> Iterator[Parameter]:
    values: dict[str, str] = {}
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.FunctionDef):
            listed = [*node.args.posonlyargs, *node.args.args]
            defaults = zip(listed[::-1], node.args.defaults[::-1], strict=False)
            for each, value in (*defaults, *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)):
                values.setdefault(each.arg, ast.unparse(value) if value else "...")
    yield from (Parameter(name, values.get(name, "...")) for name in names)


def _roles(parameter: Parameter) -> list[str]:
    """What a parameter may be by its default, a pair of two that are alike as one."""
    value = parameter.value
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and value[0] == value[1]
    one = value[0] if pair else value  # type: ignore[index]
    if type(one) is not int:
        return []
    return [f"{role}:pair" if pair and role != "groups" else role for role in _MEANT.get(one, ())]


def _told(call: Call, name: str, role: str, candidate: Candidate) -> Iterator[tuple[Call, Case]]:
    """The call that is told a parameter as what it may be, with a problem on which that shows."""
    base = role.partition(":")[0]
    if {said.partition(":")[0] for said in call.says} & {base, "hparameters"}:
        return
    changed = {}
    for which in ("maker", "forward", "watched", "backward"):
        method = getattr(call, which)
        if method is not None and any(each.name == name for each in _optional(method, call, candidate)):
            changed[which] = replace(method, given=(*method.given, (name, role)))
    if changed.keys() <= {"watched"}:  # its backward has to know of it
        return
    other = replace(call, **changed)
    k, _ = kernel_of(call) or (3, 3)
    plain = Case((2 * k + 1, 2 * k + 3), (k, k), channels=4, filters=6, batch=1)
    two = (2, 2)
    shown = {
        "stride": replace(plain, stride=two),
        "dilation": replace(plain, dilation=two),
        "groups": replace(plain, groups=2),
        "padding": replace(plain, padding=((1, 1), (1, 1))),
    }[base]
    for case in expressed(shown, convention_of(other)):
        sayable = case.possible and not convention_of(other).cannot_say(case.geometry, candidate)
        if sayable and getattr(case, base) == getattr(shown, base):
            yield other, case
            return


def _shows(result: Result) -> bool:
    """Whether the forward is right, or a gradient of which that is no accident."""
    made = makes_it(result) or forward_fits(result)
    return bool(made) or any(each.kind == RIGHT and each.name != "db" for each in result.grades)
