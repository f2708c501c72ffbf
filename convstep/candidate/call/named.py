"""The ways of calling a function that the names of its parameters suggest.

A parameter's name gives its role (`words`); where the name says nothing, its place does. How the arrays lie
is found by trying: every way made here is cheap, and `check.detect_convention` keeps the one that fits.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from convstep.candidate.call import layers
from convstep.candidate.call.call import BROUGHT, CLOSURE, TAPE, Call, Method
from convstep.candidate.call.containers import (
    PAIRS,
    Path,
    built,
    leaves,
    path_of,
    root_of,
    sides_of,
    word_of,
    written,
)
from convstep.candidate.call.layouts import LISTS, Layouts
from convstep.candidate.call.objects import role_of
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.used import in_pairs, nodes_of, returns_function, taken_apart, used_as
from convstep.candidate.call.words import making_roles, roles_of
from convstep.candidate.load.parsing import tree_of
from convstep.language import tr

LAYOUTS = [
    Layouts(pictures, kernels)
    for pictures, kernels in (
        *(("NCHW", "OIHW"), ("NHWC", "HWIO"), ("NHWC", "OHWI"), ("CHW", "OIHW"), ("HWC", "HWIO")),
        *(("HWC", "OHWI"), ("HW", "HW"), ("NCHW", "HWIO"), ("NHWC", "OIHW"), ("NCHW", "OHWI")),
        *(("NCHW", "IOHW"), ("NHWC", "IOHW"), ("CHW", "HWIO"), ("HWC", "OIHW"), ("NHW", "OHW")),
        *(("NHW", "HW"), ("HWCN", "HWIO"), ("CHWN", "OIHW"), ("CHWN", "IHWO"), ("NHWC", "HWOI")),
        *(("CNHW", "OIHW"), ("CNHW", "IOHW")),
    )
] + [
    Layouts(pictures, "OHW", Z=outputs)
    for pictures, outputs in (("NHW", "NCHW"), ("NHW", "NHWC"), ("HW", "CHW"), ("HW", "HWC"))
]
"""How pictures and kernels lie, the commonest first."""
SELDOM = [
    lying
    for pictures, kernels in itertools.product(
        ("NCHW", "NHWC", "CHW", "HWC", "CHWN", "HWCN"), ("OIHW", "HWIO", "OHWI", "IHWO", "IOHW", "HWOI")
    )
    if (lying := Layouts(pictures, kernels)) not in LAYOUTS
] + [
    Layouts(pictures, kernels, Z=outputs)
    for pictures, kernels, outputs in (
        *(("HW", "HWO", "HWC"), ("HW", "HWO", "CHW"), ("NHW", "HWO", "NHWC"), ("NHW", "HWO", "NCHW")),
        *(("CHW", "IHW", "HW"), ("HWC", "HWI", "HW"), ("NCHW", "IHW", "NHW"), ("NHWC", "HWI", "NHW")),
    )
]
"""The other orders of their axes, one of which is as likely as the next; and of pictures of one channel or
filter."""
_ALONE = [LAYOUTS[0], Layouts("CHW", "OIHW"), Layouts("HW", "HW"), Layouts("NHW", "HW")]
"""The same of what PyTorch's autograd is asked for."""
FLAT = [Layouts("NCHW", "O(IHW)"), Layouts("NHWC", "(HWI)O")]
"""The same of kernels that are a matrix, for what is told their size besides, as one number."""
DEPTHWISE = [
    Layouts(pictures, kernels)
    for pictures, kernels in (
        *(("NCHW", "OIHW"), ("NHWC", "HWOI"), ("NHWC", "HWO"), ("NCHW", "OHW"), ("CHW", "OHW")),
        *(
            ("HWC", "HWO"),
            ("CHW", "OIHW"),
            ("NHWC", "HWIO"),
            ("NHWC", "OHWI"),
            ("NHWC", "OHW"),
            ("NCHW", "IOHW"),
        ),
    )
]
"""The same where each channel has a kernel of its own."""
ONE_CELL = r"(?i)\b(?:[wkf]|weight|kern|filt)\w*\[(?:(?::, *:|\.{3}), *)?0, *0\]"
POINTWISE = r"(?i)point_?wise|1 ?x ?1|shortcut|projection|down_?sampl"
"""How a source takes the one cell of its kernels, and says that they have one."""
SIZED = r"(?i)\b[kf]_?[hw]\b|\bhh\b|kernel_size|filter_size|\bksize\b"
"""How it says that they are of several sizes."""
FLAT_KERNELS = [
    Layouts(*each) for each in (("NHWC", "IO"), ("NHWC", "OI"), ("NCHW", "OI"), ("NCHW", "IO"), ("CHW", "OI"))
]
"""The same of these where they have no rows and columns."""
BIASES = ("O", "", "111O", "O1", "1O11", "O11", "1O")
"""How a bias lies, the commonest first; "" is a number."""
SIGNATURES = 8
"""Readings of a signature that are tried."""
COLUMN = r"(?:zeros|empty)\(\(\s*(?:[^(),]|\([^()]*\)|\[[^\]]*\])+,\s*1\s*\)"
"""How a source makes a column: `np.zeros((C_out, 1))`."""
WORD = r"(?i)\b{name}\b[^=,()]*(?:[=!]?=|\bin\b\s*[(\[{{]|\.lower\(\)\s*==)\s*[\"'](same|valid)[\"']"
"""How a source says that its padding is a word."""
RULES = {
    "": "no padding",
    "half": "padding always half the kernel",
    "low": "padding always half the kernel, the odd cell last",
    "high": "padding always half the kernel, the odd cell first",
    "one": "padding always 1",
    "full": "padding always the kernel less one",
    "tf": "padding so that ceil(size / stride) places come out",
    "alx": "padding so that the size stays as it is",
}
"""What is said of the padding of a candidate that is told none."""
WORDED = ("tf", "half", "alx", "")
"""What "same" may mean at other strides than 1, the commonest first; "" is nothing that is known."""
ARRAYS = ("dZ", "A_prev", "W")
GRADIENTS = re.compile(
    r"(?i)_?(d|all_)?(grads?|gradients?|params_grads?|d_?params)(_?(dict|out|buffer|store))?"
)
"""What a dict of gradients is called."""
FILLED = "into grads"
"""The role of one that it is handed, to put its gradients into."""
UNUSED = "unused"
"""The role of what the code takes and never looks at: whatever it is given, None will do."""
_SIZES = ("kernel_size", "kernel_h", "kernel_w")
_GIVEN = {
    *ARRAYS, "b", "stride", "padding", "dilation", "groups", "cache", "hparameters", "ctx",
    "A_prev_pad", "W_shape", "input_shape", "kernel_size", "kernel_h", "kernel_w", "activation", "Z", "layer",
    UNUSED,
}  # fmt: skip
"""Roles that something can be given for."""


def ways(candidate: Candidate) -> Iterator[tuple[Call, ...]]:
    """Ways of calling a candidate, likeliest first: readings of its signature, each in every layout."""
    known = itertools.islice(_readings(candidate), SIGNATURES)
    readings = itertools.chain(known, _with_closure(candidate), _by_place(candidate))
    pads = re.search(r"pad|same|full", candidate.source, re.I) is not None or not candidate.source
    told = dict.fromkeys(_in_pairs(_in_words(call, candidate.source), candidate) for call in readings)
    fixed = [s for s in (2, 3) if _may_be_stride(s, candidate.source)]
    untold = [replace(call, stride=s) for s in fixed for call in told if _may_have_its_own(call)]
    first = _ALONE if candidate.kind == "autograd" else []
    for call in (*told, *untold):
        says = call.says
        sides = "padding" in says and sides_of(candidate.source) != ""
        call = replace(call, column=makes_column(candidate.source), sides=sides)
        layouts = [*dict.fromkeys((*first, *LAYOUTS, *SELDOM))]
        if "groups" not in says and candidate.depthwise:
            call, layouts = replace(call, depthwise=True), DEPTHWISE
        if re.search(POINTWISE, candidate.source):
            layouts = [*FLAT_KERNELS, *layouts]
        more = layers.RULES if pads and "stride" in says else ("half", "one")
        if "padding" not in says and re.search(layers.FULL, candidate.source):
            more = (*more, "full")
        if "kernel_size" in says:
            layouts = [*layouts, *FLAT]
        layouts = sorted(layouts, key=functools.partial(_other_axes, call, taken_apart(candidate.source)))
        rules = ("",) if says & {"padding", "padding:word"} else ("", *more)
        if {"padding:word", "stride"} <= says:
            rules = WORDED
        biases = BIASES if "b" in says else BIASES[:1]
        if guessed(call):
            layouts, biases = layouts[:7], biases[:1]
        yield tuple(
            replace(
                call,
                layouts=replace(lying, b=bias),
                rule=rule,
                square=lying in FLAT,
                places=(("kernel", "1x1"),) if lying in FLAT_KERNELS else (),
            )
            for rule, bias, lying in itertools.product(rules, biases, layouts)
            if not (rule and lying in FLAT_KERNELS)
            and (bias == biases[0] or lying not in SELDOM)
            and (bias or lying.one_filter)
        )


def _other_axes(call: Call, apart: Mapping[str, int], lying: Layouts) -> int:
    """How many arrays have another number of axes than the source unpacks their shapes into."""
    axes = {"A_prev": lying.A, "W": lying.W, "dZ": lying.Z or lying.A}
    given = [pair for method in (call.forward, call.backward) if method for pair in method.given]
    said = [(apart.get(f"{name}.shape"), axes[role]) for name, role in given if role in axes]
    return sum(number is not None and number != len(lies) for number, lies in said)


def _may_be_stride(number: int, source: str) -> bool:
    """Whether a stride may be written into a source: as this number, or as a name from elsewhere."""
    return re.search(rf"(?<![\w.]){number}(?![\w.])|strid|step", source, re.I) is not None


def _may_have_its_own(call: Call) -> bool:
    """Whether it is told no stride, and its names leave little doubt about all else."""
    return "stride" not in call.says and not guessed(call)


def makes_column(source: str) -> bool:
    """Whether a source makes an array of one column: db, that is, whatever shape b has."""
    return re.search(COLUMN, source) is not None


BOXED = "boxed "
"""Before the role of an array that is handed over as a node of a graph."""


def guessed(call: Call) -> bool:
    """Whether a parameter was given a role that its name does not say."""
    method = call.backward or call.forward
    return method is not None and not all(
        path_of(name)
        or role.removeprefix(BOXED).partition(":")[0] in ("dZ", "layer", "zero", "node", *roles_of(name))
        or role[:5] == "into "
        or (role == "W" and not {*roles_of(name)}.isdisjoint(_SIZES))  # an array, as its code says
        for name, role in method.given
    )


def _in_words(call: Call, source: str) -> Call:
    """The same call, with its padding as "same" or "valid" where the default is such a word."""
    method = call.backward
    if method is None or call.forward is not None:
        return call
    said = [
        (
            name,
            "padding:word"
            if role == "padding" and re.search(WORD.format(name=re.escape(word_of(name))), source)
            else role,
        )
        for name, role in method.given
    ]
    return replace(call, backward=Method(method.name, tuple(said)))


def _in_pairs(call: Call, candidate: Candidate) -> Call:
    """The same call, with pairs for what the source, or its forward's, takes apart into two."""
    source = candidate.source
    forward = in_pairs(in_pairs(call.forward, source), candidate.forward_source)
    return replace(call, forward=forward, backward=in_pairs(call.backward, source))


def _readings(candidate: Candidate) -> Iterator[Call]:
    """What a candidate's parameters may mean, in the commonest layout."""
    if candidate.kind == "autograd":
        for given in _forwards(candidate, candidate.parameters, candidate.needed):
            yield Call("named", forward=Method("apply", given))
        return
    own = [
        Method("forward", given)
        for given in itertools.islice(
            _forwards(candidate, candidate.forward_parameters, candidate.forward_required), 3
        )
    ]
    names = (*candidate.parameters, *candidate.keywords)
    yield from _of_nodes(candidate, own)
    given_ctx = any(each and each[0][1] == "ctx" for each in (method.given for method in own))
    for given in _assigned(*_taken_apart(candidate, names, candidate.needed, given_ctx), candidate.source):
        roles, backward = {role for _, role in given}, Method("", given)
        if "ctx" in roles:
            for forward in own:
                if forward.given and forward.given[0][1] == "ctx":
                    yield Call("named", forward=forward, backward=backward)
        elif roles == {"dZ"}:  # its forward keeps all else in its module, or it needs nothing
            for forward in own:
                yield Call("named", own_cache=True, forward=forward, backward=backward)
            yield Call("named", backward=backward)
        elif "dZ" not in roles:
            if {"A_prev", "W"} <= roles and not roles & {"cache", "ctx"}:
                if candidate.tensors:
                    yield Call("named", forward=backward)
                for brought in (TAPE, CLOSURE) if candidate.tape else (CLOSURE,):
                    yield Call("named", forward=backward, backward=Method(brought, (("", "dZ"),)))
        elif (
            "cache" not in roles
            and not any(role.startswith("own") for role in roles)
            and roles & {"A_prev", "A_prev_pad", "W", "input_shape", "W_shape"}
        ):
            of_input = _of_the_input(given)
            for each in dict.fromkeys((of_input, given)):  # dW is made of the input, and of no Z
                yield Call("named", backward=Method("", each), watched=_beside(own, dict(of_input)))
    whole = [name for name in names if {"cache", "ctx"} & {*roles_of(name)}]
    apart, needed = _taken_apart(candidate, [name for name in names if name not in whole], candidate.needed)
    listed = sorted([*apart, *whole], key=lambda each: names.index(root_of(each)))
    held = _assigned(listed, [*needed, *whole], candidate.source) if {*listed} != {*names} else ()
    for given in itertools.chain(held, _assigned(names, candidate.needed, candidate.source)):
        if not given_ctx:  # what its forward is not given comes back from it
            given = tuple((name, "cache" if role == "ctx" else role) for name, role in given)
        roles = {role for _, role in given}
        if "dZ" in roles and "ctx" not in roles and any(r == "cache" or r.startswith("own") for r in roles):
            for forward in own:
                yield Call("named", own_cache=True, forward=forward, backward=Method("", given))


def _of_nodes(candidate: Candidate, own: Sequence[Method]) -> Iterator[Call]:
    """The readings of who is handed nodes of a graph, and puts gradients into them."""
    found, names = nodes_of(candidate.source), candidate.parameters
    outputs = [name for name in names if found.get(name) == "node"]
    if not {*names} & {*found} or len(outputs) > 1:
        return
    others = [name for name in names if name not in outputs]
    needed = [name for name in others if name in candidate.needed or name in found]
    for given in _assigned(others if outputs else (*others, "dZ"), (*needed, "dZ"), candidate.source):
        told = dict(boxed(given))
        roles = {role for _, role in given}
        if any(role.startswith("own") for role in roles) or not (outputs or "dZ" in roles):
            continue
        for form in ("node", "node:two") if outputs else ("",):
            told |= dict.fromkeys(outputs, form)
            call = Call(
                "named", backward=Method("", tuple((name, told[name]) for name in names if name in told))
            )
            for forward in own if form == "node" else ():
                yield replace(call, own_cache=True, forward=replace(forward, given=boxed(forward.given)))
            if {"A_prev", "W"} <= roles or not roles - {"dZ"}:
                yield call


def boxed(given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The same, with nodes of a graph for the arrays that have gradients."""
    return tuple((name, f"{BOXED}{role}" if role in ("A_prev", "W", "b") else role) for name, role in given)


def _beside(own: Sequence[Method], roles: Mapping[str, str]) -> Method | None:
    """The way of calling a forward that its parameters' names, or its backward's roles for them, say."""

    def sure(name: str, role: str) -> bool:
        return (
            roles[name] == role
            if name in roles
            else not guessed(Call("", forward=Method("", ((name, role),))))
        )

    return next((each for each in own if each.given and all(sure(*pair) for pair in each.given)), None)


def _of_the_input(given: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The same with A_prev for what a name says is Z, where nothing else is A_prev."""
    if any(role in ("A_prev", "A_prev_pad") for _, role in given):
        return given
    return tuple((name, "A_prev" if role == "Z" else role) for name, role in given)


def _forwards(
    candidate: Candidate, parameters: Sequence[str], needed: Sequence[str]
) -> Iterator[tuple[tuple[str, str], ...]]:
    """What a forward's parameters may be given: no upstream gradient, nothing that only it can make."""
    source = candidate.forward_source or candidate.source
    names, needed = _taken_apart(replace(candidate, source=source), parameters, needed)
    for given in _assigned((*names, "dZ"), (*needed, "dZ"), source):
        given = _of_the_input(given)  # a forward makes Z: what it is given is not that
        roles = [role for _, role in given[:-1]]
        if {"A_prev", "W"} <= set(roles) and not any(
            role.startswith("own") for role in (*roles, "cache")[:-1]
        ):
            yield given[:-1]


def _taken_apart(
    candidate: Candidate, names: Sequence[str], needed: Sequence[str], given_ctx: bool = True
) -> tuple[list[str], list[str]]:
    """The parameters; one that holds several things gives way to these if all of them are known.

    `given_ctx`: a ctx is what its forward is given to keep things in.
    """
    used = _used_as(candidate.source)

    def meanings(word: str) -> list[str]:
        known = [role for role in (*roles_of(word), used.get(word, "")) if role in _GIVEN]
        return [role for role in known if role not in ("cache", "ctx", "dZ")]

    held = {
        root: [written(root, path, word) for path, word in found]
        for root, found in leaves(candidate.source, names).items()
        if (
            set(roles_of(root)) <= {"cache", "hparameters", *(() if given_ctx else ("ctx",))}
            or all(isinstance(path[0], str) and path[0][0] != "." for path, _ in found)
        )
        and all(meanings(word) for _, word in found)
        and len(said := [meanings(word)[0] for _, word in found if meanings(word)[0] != UNUSED])
        == len({*said})  # else a pair
    }
    listed, required = (
        [each for name in which for each in held.get(name, [name])] for which in (names, needed)
    )
    return listed, required


def _used_as(source: str) -> dict[str, str]:
    """Roles of names by what the source does with them, and of those that it never looks at."""
    names = [node for node in ast.walk(tree_of(source)) if isinstance(node, ast.Name)]
    looked_at = {node.id for node in names if not isinstance(node.ctx, ast.Store)}
    return dict.fromkeys({node.id for node in names} - looked_at, UNUSED) | used_as(source)


def _assigned(
    names: Sequence[str], needed: Sequence[str], source: str = ""
) -> Iterator[tuple[tuple[str, str], ...]]:
    """Roles for parameters by their names, each role once; what has a default and no role is left out."""
    choices: list[list[str]] = []
    used = _used_as(source)
    for place, name in enumerate(names):
        word = word_of(name)
        roles = [role for role in roles_of(word) if role in _GIVEN] or [
            role for role in (_buffer(word, source) or used.get(word, ""),) if role
        ]
        if not roles:  # how much a penalty weighs, which has no part in this, or how large a step is
            said = {*making_roles(word), *roles_of(word)}
            roles = ["zero"] if "zero" in said else ["rate"] if "rate" in said else []
        roles = [FILLED] if fills(word, source) else roles
        if {*roles} & {*_SIZES} and re.search(rf"\b{re.escape(word)}\.shape\b", source):  # f is an array
            roles = ["W"]
        if "ctx" in roles and place == 0:
            roles = ["ctx", *(role for role in roles if role != "ctx")]
        if len(roles) > 1 and "kernel_size" in roles:  # a kernel that is handed over is an array
            roles = [*(role for role in roles if role != "kernel_size"), "kernel_size"]
        sized = not {"kernel_h", "kernel_w"}.isdisjoint(roles)  # a default fits kernels of its size alone
        left_out = [] if name in needed or sized else [""]
        choices.append([*roles, *left_out] if roles else left_out or ["?"])
    if not any("dZ" in each or "?" in each for each in choices):  # what has a default may still be needed
        choices = [["?"] if each == [""] else each for each in choices]
    seen = set()
    for picked in itertools.islice(itertools.product(*choices), 4096):
        real = [role for role in picked if role not in ("", "?", UNUSED)]
        if len(set(real)) < len(real):
            continue
        for full in _filled(picked):
            given = tuple((name, role) for name, role in zip(names, full, strict=True) if role)
            if given not in seen:
                seen.add(given)
                yield given


def fills(word: str, source: str) -> list[str]:
    """The keys under which a source puts gradients into a dict that it is handed: `grads["W"] = …`.

    >>> fills("grads", "grads['W'] = dw"), fills("params", "w = params['W']"), fills("W", "W['a'] = 0")
    (['W'], [], [])
    """
    if not GRADIENTS.fullmatch(word):
        return []
    put = rf"\b{re.escape(word)}\[f?[\"']([^\]\"']+)[\"']\](?:\[(?:\.\.\.|:)\])? *[+-]?=(?!=)"
    return list(dict.fromkeys(re.findall(put, source)))


def _buffer(word: str, source: str) -> str:
    """The role of an array that the code writes a gradient into, where it returns none: `into dW`."""
    role, gradient = role_of(word)
    returns = re.search(r"(?m)^\s*return\b *[^\s#]", source) is not None
    return f"into d{role}" if role and gradient and not returns else ""


def _filled(picked: Sequence[str]) -> Iterator[list[str]]:
    """Roles for parameters whose names give none: the missing arrays, or what its own forward returns."""
    unknown = [place for place, role in enumerate(picked) if role == "?"]
    if not unknown:
        yield list(picked)
        return
    if "dZ" in picked:
        full = list(picked)
        for number, place in enumerate(unknown):
            full[place] = f"own.{number}"
        yield full
    arrays = [role for role in ARRAYS if role not in picked]
    count = min(len(unknown), len(arrays))
    others = [role for role in ("b", "stride", "padding") if role not in picked]
    rests = list(itertools.permutations(others, len(unknown) - count))
    for rest, first in itertools.product(rests, itertools.permutations(arrays, count)):
        if "dZ" in {*first, *picked}:
            full = list(picked)
            for place, role in zip(unknown, (*first, *rest), strict=True):
                full[place] = role
            yield full


def _with_closure(candidate: Candidate) -> Iterator[Call]:
    """The reading of a forward that returns its backward: by names, by use, and else by place."""
    if candidate.kind != "function" or not returns_function(candidate.source):
        return
    used, given = used_as(candidate.source), dict[str, str]()
    for name in candidate.needed:
        said = [used.get(name, ""), *roles_of(name)]
        given[name] = next((role for role in said if role in (*PAIRS, "A_prev", "W", "b")), "")
    left = (role for role in ("A_prev", "W", "b") if role not in given.values())
    given = {name: role or next(left, "") for name, role in given.items()}
    for name in candidate.parameters:  # what has a default is told what is known of it
        if name not in given and used.get(name) in PAIRS:
            given[name] = used[name]
    roles = [*given.values()]
    if {"A_prev", "W"} <= {*roles} and "" not in roles and len({*roles}) == len(roles):
        forward = Method("", tuple(given.items()))
        yield Call("named", forward=forward, backward=Method(CLOSURE, (("", "dZ"),)))


def _by_place(candidate: Candidate) -> Iterator[Call]:
    """Readings by place alone: the three arrays in any order, then what else it takes."""
    listed, _ = _taken_apart(candidate, candidate.parameters, ())
    if candidate.kind == "autograd" or listed != [*candidate.parameters]:
        return
    count = candidate.required if candidate.required >= 3 else len(candidate.parameters)
    rests: dict[int, tuple[tuple[str, ...], ...]] = {
        3: ((),),
        4: (("b",), ("stride",), ("padding",)),
        5: (("stride", "padding"), ("b", "stride"), ("padding", "stride")),
        6: (("b", "stride", "padding"), ("b", "padding", "stride")),
    }
    for rest, arrays in itertools.product(rests.get(count, ()), itertools.permutations(ARRAYS)):
        given = tuple(zip(candidate.parameters[:count], (*arrays, *rest), strict=True))
        yield Call("named", backward=Method("", given))


def described(call: Call, candidate: Candidate) -> str:
    """How it is called in one line: the call as its author would write it, and how the arrays lie."""
    method = call.backward if call.backward is not None else call.forward
    if method is None:
        return f"{candidate.name}({', '.join(candidate.parameters)})"
    words = ", ".join(dict.fromkeys(root_of(parameter) or role for parameter, role in method.given))
    text = f"{candidate.name}({words})"
    if method.name in BROUGHT and call.forward is not None:
        made = ", ".join(parameter for parameter, _ in call.forward.given)
        out, back = BROUGHT[method.name]
        text = f"{out}{candidate.name}({made}); {back}(dZ)"
    elif call.forward is not None and candidate.forward and not call.by_autograd(candidate):
        made = ", ".join(parameter for parameter, _ in call.forward.given)
        text = tr("{call} after {forward}", call=text, forward=f"{candidate.forward}({made})")
    held: dict[str, list[str]] = {}
    for parameter, _ in method.given:
        if path_of(parameter):
            held.setdefault(root_of(parameter), []).append(word_of(parameter))
    for root, slots in held.items():
        text = tr("{call}, {name} ({slots})", call=text, name=root, slots=", ".join(slots))
    lying = call.layouts or Layouts()
    parts = [tr("a kernel for each channel")] if call.depthwise else []
    parts += [
        tr("pictures ({axes})", axes=", ".join(lying.A)),
        tr("kernels ({axes})", axes=layers.axes_of(lying.W).replace("K, K", "K, L")),
    ]
    if "b" in call.says and lying.b != "O":
        shown = tr("bias ({axes})", axes=", ".join(lying.b.replace("O", "F")))
        parts.append(shown if lying.b else tr("a bias that is a number"))
    if call.stride > 1:
        parts.append(tr("a stride of {stride} of its own", stride=call.stride))
    if not call.says & {"padding", "padding:word"}:
        parts.append(tr(RULES[call.rule]))
    if call.lists:
        parts.append(tr(LISTS[call.lists]))
    if call.tensors or (call.tensors is None and candidate.tensors):
        own = candidate.kind != "autograd" and call.by_autograd(candidate)
        parts.append(tr("tensors, gradients from PyTorch's autograd") if own else tr("tensors"))
    return f"{text}: {tr(', ').join(parts)}"


def given(method: Method, parameters: Sequence[str], values: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call: by place as long as none is left out, then by name.

    `values` lead from a role to a value.
    """
    parts: dict[str, list[tuple[Path, Any]]] = {}
    for number, (parameter, role) in enumerate(method.given):
        root = root_of(parameter) or f"[{number}]"
        parts.setdefault(root, []).append((path_of(parameter), values(role)))
    places: list[Any] = []
    named: dict[str, Any] = {}
    for number, (root, held) in enumerate(parts.items()):
        if root[:1] == "*" and isinstance(held[0][1], list):  # `*inputs`
            places += held[0][1]
        elif root[:1] in "[*" or (tuple(parameters[number : number + 1]) == (root,) and not named):
            places.append(built(held))
        else:
            named[root] = built(held)
    return places, named
