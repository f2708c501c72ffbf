"""Limits: what a candidate never takes nor claims to take, so that failing there is not a mistake.

A function that reads one side of its kernels takes square ones; on others it raises or is wrong, always.
That is told apart from a mistake by three things: nothing beyond the limit succeeds, all else is right (or
returns, where everything beyond raises), and neither the code nor a convention says that it takes more.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convstep.brief import brief
from convstep.candidate.call.call import Call
from convstep.candidate.call.containers import leaves, word_of
from convstep.candidate.call.conventions import CONVENTIONS, convention_of, spelled
from convstep.candidate.call.likely import spoken
from convstep.candidate.call.outcome import RAISED, RETURNED, Candidate
from convstep.candidate.call.words import roles_of
from convstep.candidate.check.grade import SHAPE, Result, forward_fits, problem_words
from convstep.candidate.load.parsing import tree_of
from convstep.conv.geometry import Geometry
from convstep.frozen import frozen
from convstep.language import tr

ENOUGH = 3
"""Problems within the limits on which it must be right before what lies beyond is no mistake."""
MANY = 10
"""Problems on which it must be right before it may raise where a kernel is larger than the picture."""

ODD = (
    r"\bodd\b[^.\n]{0,20}\b(?:kernels?|filters?|sizes?|k|f|n|kh|kw)\b(?!.*\beven\b)"
    r"|\b(?:kernels?|filters?|\w*size|k|f|n|kh|kw)\b[^.\n]{0,30}\bodd\b(?!.*\beven\b)"
    r"|%\s*2\s*(?:==\s*1|!=\s*0)"
)
"""How a source says that its kernels are odd; a row of padding may be odd as well."""

WRITTEN = r"(?<![\w.]){}(?![\w.])|\b[A-Z][A-Z_]+\b"
"""How a source has a size in it: as a number, or as the name of a constant."""


@frozen()
class Limit:
    """What a candidate does not take."""

    what: str
    """In words: "kernels that are not square"."""
    beyond: Callable[[Geometry], bool]
    """Whether a geometry has it."""
    note: str = ""
    """What is said of the problems that are not counted for it."""

    __repr__ = brief


def limits(call: Call, candidate: Candidate, results: Sequence[Result]) -> tuple[Limit, ...]:
    """The limits of a candidate that show on the problems it was tried on."""
    tried = [result for result in results if not result.refused]
    found: list[Limit] = []
    surely = set[str]()
    for kind, limit in _possible(tried, candidate):
        there = _beyond(limit, tried) if kind != "kernel" or not found else []  # one size says it all
        if not any(result.failed for result in there) or (
            kind == "channels" and not all(map(_raises, there))
        ):
            continue
        # what its own forward takes, its backward must take too
        # unless its author says so
        said = kind != "odd" and (any(map(forward_fits, there)) or _claims(kind, call, candidate))
        # a window that the border cuts to the size of a kernel is right by accident
        taken = [result for result in there if result.ok and not (kind == "kernel" and _covers(result))]
        if said is False or (said is None and (kind == "size" or not taken)):
            found.append(limit)
            surely |= {limit.what} if said is False else set()
    within = [result for result in tried if not any(limit.beyond(_geometry(result)) for limit in found)]
    if len(within) < ENOUGH:
        return ()
    if not all(result.ok for result in within):
        alike = not any(map(_raises, within))
        found = [
            limit
            for limit in found
            if alike and (limit.what in surely or all(map(_raises, _beyond(limit, tried))))
        ]
    return tuple(_noted(limit, _beyond(limit, tried)) for limit in found) or outgrown(tried)


def outgrown(results: Sequence[Result]) -> tuple[Limit, ...]:
    """That it raises where a kernel is larger than the picture it is laid over, if that is all that fails."""
    larger = [result for result in results if _outgrows(_geometry(result)) and not result.refused]
    raising = [result for result in results if result.failed]
    alone = all(result.outcome.kind == RAISED and result in larger for result in raising)
    if not raising or not alone or sum(result.ok for result in results) < MANY:
        return ()
    note = tr(
        "not counted: it raises on {count} of the {all} problems whose kernel is larger than the picture "
        "itself and fits by its padding: {problems}: {why}",
        count=len(raising),
        all=len(larger),
        problems="; ".join(map(problem_words, raising[:ENOUGH])),
        why=raising[0].outcome.message,
    )
    return (Limit(tr("kernels larger than the picture"), _outgrows, note),)


def _outgrows(geometry: Geometry) -> bool:
    return any(k > n for k, n in zip(geometry.kernel_shape[1:3], geometry.input_shape[:2], strict=True))


def _possible(tried: Sequence[Result], candidate: Candidate) -> Iterator[tuple[str, Limit]]:
    """What it may not take, each with what says whether it claims to."""
    taken = {
        size: [r.ok for r in tried if _kernel(_geometry(r)) == size]
        for size in map(_kernel, map(_geometry, tried))
    }
    whole = [size for size, each in taken.items() if all(each) and len(each) >= ENOUGH]
    whole = whole or [size for size in (_alone(tried, _kernel),) if size]
    if len(whole) == 1 and whole[0] > (1, 1) and re.search(WRITTEN.format(whole[0][0]), candidate.source):
        size = whole[0]
        other = tr("kernels other than {kernel}", kernel="x".join(map(str, size)))
        yield "size", Limit(other, lambda g: _kernel(g) != size)
    yield "kernel", Limit(tr("kernels that are not square"), lambda g: g.kernel_shape[1] != g.kernel_shape[2])
    yield "stride", Limit(tr("different strides along H and W"), lambda g: g.stride[0] != g.stride[1])
    yield "padding", Limit(tr("different padding along H and W"), lambda g: g.padding[0] != g.padding[1])
    yield "dilation", Limit(tr("different dilation along H and W"), lambda g: g.dilation[0] != g.dilation[1])
    for words, axis in (("input channels other than {number}", 3), ("filters other than {number}", 0)):
        number = _alone(tried, functools.partial(_axis, axis)) or 1
        if number > 1 and re.search(WRITTEN.format(number), candidate.source):
            beyond = functools.partial(_differs, axis, number)
            yield "channels", Limit(tr(words, number=number), beyond)
    odd = re.search(ODD, candidate.source, re.I)
    even = [one for one in tried if any(n % 2 == 0 for n in _kernel(_geometry(one)))]
    made = [(one.outcome.Z, one.right.problem.dZ.shape) for one in even]
    # or its own forward makes another size of them
    if odd or (made and all(Z is not None and Z.shape != size for Z, size in made)):
        yield "odd", Limit(tr("even kernels"), lambda g: any(n % 2 == 0 for n in g.kernel_shape[1:3]))
    yield "channels", Limit(tr("several input channels"), lambda g: g.input_shape[2] > 1)
    yield "channels", Limit(tr("several filters"), lambda g: g.kernel_shape[0] > 1)


def _alone(tried: Sequence[Result], of: Callable[[Geometry], Any]) -> Any:
    """What all problems have on which it is right, if these are enough; None if they differ."""
    fine = [of(_geometry(one)) for one in tried if one.ok]
    return fine[0] if len(fine) >= ENOUGH and len(set(fine)) == 1 else None


def _axis(axis: int, geometry: Geometry) -> int:
    return geometry.kernel_shape[axis]


def _differs(axis: int, number: int, geometry: Geometry) -> bool:
    return _axis(axis, geometry) != number


def counted(found: Sequence[Limit], results: Sequence[Result]) -> list[Result]:
    """The problems that lie within all limits."""
    return [result for result in results if not any(limit.beyond(_geometry(result)) for limit in found)]


def _kernel(geometry: Geometry) -> tuple[int, int]:
    return geometry.kernel_shape[1:3]


def _covers(result: Result) -> bool:
    """Whether a kernel reaches from one border to the other, so that a larger window is cut to its size."""
    return 1 in _geometry(result).output_shape[:2]


def _geometry(result: Result) -> Geometry:
    return result.right.problem.geometry


def _beyond(limit: Limit, results: Sequence[Result]) -> list[Result]:
    return [result for result in results if limit.beyond(_geometry(result))]


def _noted(limit: Limit, results: Sequence[Result]) -> Limit:
    first = next((result for result in results if result.outcome.message), results[0])
    note = tr(
        "not counted, because it never takes them: {what} ({count} were tried, for example {problem}{why})",
        what=limit.what,
        count=len(results),
        problem=problem_words(first),
        why=f": {first.outcome.message}" if first.outcome.message else "",
    )
    return Limit(limit.what, limit.beyond, note)


def _raises(result: Result) -> bool:
    """Whether nothing of use came back."""
    kind = result.outcome.kind
    return kind == RAISED or (kind == RETURNED and any(each.kind == SHAPE for each in result.grades))


def _claims(kind: str, call: Call, candidate: Candidate) -> bool | None:
    """Whether its code or its convention says that it takes what lies beyond, or that not; None: neither."""
    if kind == "channels":
        return None
    sized = kind == "size" and (call.maker or any(role.startswith("kernel") for role in call.says))
    if call.convention in ("problem", "alx") or sized:
        return True
    demanded = call.convention in CONVENTIONS and spoken(candidate, call.convention)
    if call.convention == "torch":
        demanded = candidate.kind == "autograd" or candidate.parameters[:1] == ("grad_output",)
    if kind in ("size", "kernel"):
        sides = set(sides_read(call, candidate.source, "W"))
        return kind == "size" or len(sides) > 1 if sides else demanded or None
    if call.pairs is True or demanded:
        return True
    ways = spelled(call, candidate)
    given = [pair for m in (ways.maker, ways.forward, ways.backward) if m is not None for pair in m.given]
    names = [word_of(name).removeprefix("self.") for name, what in given if what.partition(":")[0] == kind]
    apart = leaves(candidate.source, [*names, *(f"self.{name}" for name in names)])
    return any({(0,), (1,)} <= {path for path, _ in taken} for taken in apart.values()) or None


def sides_read(call: Call, source: str, what: str) -> Iterator[str]:
    """Which sides, H or W, of the kernels ("W") or the pictures ("A_prev") the source takes the length of."""
    layouts = convention_of(call).layouts
    layout = layouts.W if what == "W" else layouts.A
    given = [pair for m in (call.forward, call.backward) if m is not None for pair in m.given]
    named = {word_of(name) for name, role in given if role == what}

    def axes(node: ast.expr) -> list[str]:
        """The axes that an expression has the lengths of."""
        match node:
            case ast.Attribute(
                value=ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.Subscript(slice=ast.Constant(value=str() as name)),
                attr="shape",
            ):
                return list(layout) if name in named or what in roles_of(name) else []
            case ast.Subscript(value=ast.Attribute(attr="shape") as whole, slice=index):
                with contextlib.suppress(ValueError, TypeError, IndexError, SyntaxError):
                    bounds = ast.unparse(index)
                    place = slice(*(int(end) if end else None for end in bounds.split(":")))
                    found = axes(whole)
                    return found[place] if ":" in bounds else [found[int(bounds)]]
        return []

    apart: list[ast.expr] = []
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            apart.append(node.value)
            sides: dict[str, str] = {}
            for target, axis in zip(node.targets[0].elts, axes(node.value), strict=False):
                sides.setdefault(ast.unparse(target), axis)
            yield from (axis for name, axis in sides.items() if axis in "HW" and name != "_")
        elif isinstance(node, ast.Subscript):
            yield from () if node in apart else (axis for axis in axes(node) if axis in "HW")
