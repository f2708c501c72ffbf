"""Hooks: what rewritten code calls at every subscript; generated, as that costs as much as the arithmetic."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from convstep.recording.expressions import OWN
from convstep.recording.indices import text
from convstep.recording.log import Ref
from convstep.recording.registry import WHOLE_NUMBERS, Registry
from convstep.recording.sites import Hole, Kind, Site, Sites
from convstep.recording.sweeping import Sweeping
from convstep.recording.sweeps import Sweep
from convstep.recording.trees import FORGET, LOCALS, PREFIX

_READ = """
def hook(array{parameters}):
    global last, number
    found = array[{index}]
    if array is not last:
        if type(array) is not ndarray:
            return found
        number = known(id(array))
        if number is None:
            number = meet(array)
        last = array
    if number >= 0:
        {guard}order(site)
        note((number{parameters},))
    return found
"""
_GUARD_READ = """if not ({test}):
            scattered(array, made[{index}])
            return found
        """
_MEET = """
    global last, number
    if array is not last:
        if type(array) is not ndarray:
            return other(array, made[{index}], {others})
        number = known(id(array))
        if number is None:
            number = meet(array)
        last = array
    if not (number >= 0{test}):
        return other(array, made[{index}], {others})
"""
_SET = """
def hook(value, array{parameters}):{meet}
    before = array[{index}]
    before = pack(before) if type(before) is float64 else before.tobytes()
    array[{index}] = value
    after = array[{index}]
    after = pack(after) if type(after) is float64 else after.tobytes()
    size[0] += len(before)
    order(site)
    note((number{parameters}, before, after))
"""
_CHANGE = """
def hook(array{parameters}, value):{meet}
    held = array[{index}]
    kind = type(held)
    if kind is ndarray:
        before = held.tobytes()
        held {operator} value
        after = held.tobytes()
    else:
        before = pack(held) if kind is float64 else held.tobytes()
        held {operator} value
        array[{index}] = held
        if type(held) is not kind:
            held = array[{index}]
        after = pack(held) if kind is float64 else held.tobytes()
    size[0] += len(before)
    order(site)
    note((number{parameters}, before, after))
"""
_CHANGE_HELD = """
def hook(array{parameters}, held, value):{meet}
    before = array[{index}].tobytes()
    held {operator} value
    array[{index}] = held
    size[0] += len(before)
    order(site)
    note((number{parameters}, before, array[{index}].tobytes()))
"""
_WHOLE_BEFORE = """
def hook(array):
    global held
    held = None
    if type(array) is ndarray:
        number = known(id(array))
        if number is None:
            number = meet(array)
        if number >= 0:
            held = number, array.tobytes()
"""
_WHOLE_AFTER = """
def hook(array):
    if held is not None:
        if known(id(array)) == held[0]:
            size[0] += len(held[1])
            order(site)
            note((*held, array.tobytes()))
"""
_BIND = """
def hook(value):
    found = type(value)
    if found in plain:
        found = value
    elif found is ndarray:
        number = known(id(value))
        if number is None:
            number = meet(value)
        found = ref(number) if number >= 0 else kept(value)
    else:
        found = kept(value)
    order(site)
    note(found)
    return value
"""
_SEVERAL = """
def hook({parameters}):
    {turn}found = ({values})
    order(site)
    note(found)
    return {returned}
"""
_TICK = """try:
        tick()
    except IndexError:
        turn()
    """
_MARK = """
def hook(value=None):
    order(site)
    note(None)
    return value
"""
_TOKEN = """
def hook(called=None, value=None):
    order(site)
    note(called)
    return value
"""
_ELEMENT = """
def hook(made{parameters}):
    {turn}found = ({values})
    order(site)
    note(found)
    return made
"""
_ENTER = """
def hook(iterable):
    found = length(iterable)
    order(site)
    note(found)
    return iterable
"""


def hooks(sites: Sites, sweeps: Sequence[Sweep], registry: Registry) -> dict[str, Any]:
    """The functions that code with these sites and sweeps calls, by name; the registry takes their notes."""
    found: dict[str, Any] = {LOCALS: locals, FORGET: registry.forget, OWN: _own, f"{PREFIX}slice": slice}
    found |= {f"{PREFIX}type": type, f"{PREFIX}ndarray": np.ndarray}
    known = {
        "ndarray": np.ndarray,
        "known": registry.numbers.get,
        "meet": registry.meet,
        "entries": registry.log.order,
        "order": registry.log.order.append,
        "kept": registry.kept,
        "ref": Ref,
        "plain": registry.PLAIN,
        "whole": WHOLE_NUMBERS,
        "length": registry.length,
        "tick": registry.allowance.left.pop,
        "turn": registry.allowance.turn,
        "size": registry.size,
        "made": _Made(),
        "pack": struct.Struct("d").pack,
        "float64": np.float64,
        "last": object(),
        "number": -1,
        "held": None,
    }
    for site in sites.sites:
        found |= {f"{PREFIX}{site.number}{suffix}": hook for suffix, hook in _made(site, registry, known)}
    for sweep in sweeps:
        sweeping = Sweeping(sweep, registry)
        registry.sweepings.append(sweeping)
        found[f"{PREFIX}{sweep.turn}sweep"] = sweeping
        for noted, cells in zip(sweep.sites, sweeping.cells, strict=True):
            found[f"{PREFIX}{noted[-1].number}cells"] = cells
    return found


def _made(
    site: Site, registry: Registry, known: Mapping[str, Any]
) -> Iterable[tuple[str, Callable[..., Any]]]:
    """The hooks of a site, each in a scope with what is known to all and what is its own."""
    scope = {**known, "note": registry.payloads[site.number].append, "site": site.number}
    registry.remembering.append(scope)
    match site.kind:
        case Kind.READ:
            scope["scattered"] = registry.scattered_read(site)
            yield "", _compiled(_READ, scope, site, _GUARD_READ)
        case Kind.WRITE:
            scope["other"] = registry.other_write(site)
            yield "", _compiled(_SET if site.operator == "=" else _CHANGE, scope, site)
            if site.operator != "=":
                yield "h", _compiled(_CHANGE_HELD, scope, site, others="value, held")
        case Kind.WHOLE:
            yield "b", _hook(_WHOLE_BEFORE, scope)
            yield "a", _hook(_WHOLE_AFTER, scope)
        case Kind.SCATTERED:
            before, after = registry.compared(site)
            yield "b", before
            yield "a", after
        case Kind.BIND:
            yield "", _hook(_BIND, scope)
        case Kind.CALL | Kind.TURN:
            values = "".join(f"v{n} if type(v{n}) in plain else kept(v{n}), " for n in range(len(site.names)))
            names = ", ".join(f"v{n}" for n in range(len(site.names)))
            turn = _TICK if site.kind is Kind.TURN else ""
            begun = "len(entries) - 1" if site.kind is Kind.CALL else "None"
            code = _SEVERAL.format(parameters=names, values=values, turn=turn, returned=begun)
            yield "", _hook(code, scope)
        case Kind.YIELD | Kind.RESUME | Kind.RETURN:
            yield "", _hook(_TOKEN, scope)
        case Kind.ELEMENT:
            values = "".join(f"v{n} if type(v{n}) in plain else kept(v{n}), " for n in range(len(site.names)))
            names = "".join(f", v{n}" for n in range(len(site.names)))
            yield "", _hook(_ELEMENT.format(parameters=names, values=values, turn=_TICK), scope)
        case Kind.ENTER:
            yield "u", _hook(_MARK, scope)
            yield "", _hook(_ENTER, scope)
        case _:
            yield "", _hook(_MARK, scope)


def _compiled(
    pattern: str, scope: dict[str, Any], site: Site, guard: str = "", others: str = "value"
) -> Callable[..., Any]:
    """The hook of a subscript, with as many parameters as its index has holes."""
    holes = [one.place for part in site.template for one in part.values if isinstance(one, Hole)]
    # a slice's numbers make a view, whatever they are; a single one may be an array, a mask or a tuple
    single = [
        one.place for part in site.template if not part.sliced for one in part.values if isinstance(one, Hole)
    ]
    index = text(site.template, single=site.single)
    test = " and ".join(f"type(p{place}) in whole" for place in single)
    given = f" and {test}" if test else ""
    code = pattern.format(
        meet=_MEET.format(index=index, test=given, others=others),
        parameters="".join(f", p{place}" for place in sorted(holes)),
        index=index,
        operator=site.operator,
        guard=guard.format(test=test, index=index) if single else "",
    )
    return _hook(code, scope)


@functools.cache
def _code(text: str) -> CodeType:
    """Most sites have a hook like another's, but for what stands in its scope."""
    return compile(text, "<hook>", "exec")


def _own(variables: Any) -> Any:
    """The variables of the source alone."""
    if not isinstance(variables, dict):
        return variables
    return {name: value for name, value in variables.items() if not name.startswith(PREFIX)}


class _Made:
    """Gives an index back."""

    def __getitem__(self, index: Any) -> Any:
        return index


def _hook(code: str, scope: dict[str, Any]) -> Callable[..., Any]:
    exec(_code(code), scope)
    made: FunctionType = scope.pop("hook")
    made.__code__ = made.__code__.replace()  # its own, since Python keeps in it where its names are found
    return made
