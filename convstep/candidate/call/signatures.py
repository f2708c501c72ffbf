"""What the parameters of a layer's constructor, forward and backward may mean, by their names."""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from convstep.candidate.call.call import TAPE, Method
from convstep.candidate.call.containers import leaves, path_of, root_of, word_of, written
from convstep.candidate.call.objects import role_of
from convstep.candidate.call.outcome import Candidate, CannotCall
from convstep.candidate.call.parameters import Parameter, read
from convstep.candidate.call.used import nodes_of, used_as
from convstep.candidate.call.words import making_roles, roles_of
from convstep.candidate.load.parsing import tree_of
from convstep.language import tr

MAKERS = 40
"""Ways of making a layer that are tried."""
FORWARD_WORDS = (
    r"vorw(ae|ä)rts\w*|avant|propag(er|ar|ation)|propagation_avant|adelante|avanti|naprzod|w_?przod\w*|ileri\w*"
    r"|vooruit|voorwaarts|framat|framåt|vpred|vpered|jun_?denpa|sunjeonpa|순전파|前向\w*|正向\w*|順伝播"
)
"""What forwards are called in other languages than English."""
BACKWARD_WORDS = (
    r"r(ue|ü)ckw(ae|ä)rts\w*|arriere|retro_?propag\w*|atras|indietro|wstecz\w*|geri\w*"
    r"|terug|achterwaarts|bakat|bakåt|zpet|nazad|gyaku_?denpa|yeokjeonpa|역전파|反向\w*|后向\w*|逆伝播"
)
"""What backwards are."""
_FORWARD = (
    r"forward",
    r"forwards?(_?(pass|prop\w*|step|propagate))?|fwd|fprop|feed_?forward|ff|forward_\w+|\w+_forward",
    r"__call__|call|predict|run|apply|process|propagate|conv(olve|olution)?(2d)?|compute(_output)?|activate|output"
    r"|get_output|f",
    FORWARD_WORDS,
)
_BACKWARD = (
    r"backward",
    r"backwards?(_?(pass|prop\w*|step|propagate))?|bwd|bprop|back_?prop\w*|backpass|back|back_pass|backward_\w+"
    r"|\w+_backward|\w+backprop\w*",
    r"(compute_|get_|calc\w*_)?(grads?|gradients?)|propagate_back\w*|reverse|df|pullback|vjp|derivative|\w*_?grad\w*",
    BACKWARD_WORDS,
)
_NO_BACKWARD = (
    r"(zero|clear|reset|init|clip|scale|apply|update|check|no|requires?|enable|disable|set|show)_?\w*"
)
"""What has a gradient in its name and makes none."""
_SIZES = ("in_channels", "out_channels", "kernel_size", "kernel_h", "kernel_w", "input_shape", "in_h", "in_w")
_TOLD = (*_SIZES, "stride", "padding", "dilation", "groups", "rate", "batch", "hparameters")
_REPEATED = (
    "zero",
    "flag",
    "initializer",
    "activation",
    "name",
    "seed",
    "rng",
    "dtype",
    "optimizer",
    "none",
    "format",
)
_BACK = ("dZ", "A_prev", "rate", "cache", "W", "b", "stride", "padding")
CHAIN = r"(channels|chans|planes|widths)(_?list)?$"
"""What a parameter is called that may list the channels from one convolution to the next."""
WANTED = r"(target_)?(input_)?ind(ex|ic)es|propagate_down|needs?_\w*grad|req"
"""What a parameter is called that says of which inputs a gradient is wanted."""
_RECKONED = ("stride", "padding", "kernel_size")
"""Roles that code gives away by what it reckons with a parameter."""
KEEPS = "keeps"
"""What a flag does without which a forward keeps nothing."""
_PLAIN = ("linear", "none", "identity")
_ORDERS = (
    ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    ("out_channels", "kernel_size", "in_channels", "stride", "padding"),
    ("out_channels", "in_channels", "kernel_size", "stride", "padding"),
    ("kernel_size", "in_channels", "out_channels", "stride", "padding"),
    ("W", "b", "stride", "padding"),
    ("input_shape", "kernel_size", "out_channels", "stride", "padding"),
)


def _best(names: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Names that fit a pattern, those of the first pattern first."""
    return [
        name
        for pattern in patterns
        for name in names
        if any(re.fullmatch(pattern, word, re.I) for word in _spellings(name))
    ]


def _spellings(name: str) -> tuple[str, ...]:
    """A name without outer underscores, and with one where a capital begins a word: calForward."""
    word = name.strip("_") if name[:2] != "__" else name
    return word, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word)


def methods_of(candidate: Candidate) -> tuple[Method, list[Method | None]]:
    """A layer's forward, and the ways of calling its backward; None is autograd's.

    `CannotCall` if it has no forward or no backward.
    """
    methods = dict(read(text) for text in candidate.methods)
    owner, _, wanted = candidate.name.partition(".")
    names = [name for name in methods if not name.startswith("@")]
    back = [
        name
        for name in _best(names, _BACKWARD)
        if (not methods[name] or any(map(_from_above, methods[name])))
        and not any(re.fullmatch(_NO_BACKWARD, word, re.I) for word in _spellings(name))
    ][:1]
    if wanted in names:
        back = [wanted]
    forth = [name for name in _best(names, _FORWARD) if name not in back]
    stem = re.sub(r"_(backward|bwd|backprop|gradients?|grad)$", "", back[0]) if back else ""
    forth = [name for name in (f"{stem}_forward", stem) if name in names and name not in back] + forth
    forth.sort(key=lambda name: name[:1] == "_" != name[1:2])  # helpers last
    shown = [name for name in names if not name.startswith("_")]
    if not (forth and (back or candidate.tensors or candidate.tape)):
        forth, back = _by_use(candidate.source, [name for name in shown if methods[name]], forth, back)
    if not forth or not (back or candidate.tensors or candidate.tape):
        missing = "backward" if forth else "forward"
        sentence = (
            "{name} has no {missing}: its methods are {methods}"
            if shown
            else "{name} has no {missing}: it has no methods"
        )
        raise CannotCall(tr(sentence, name=owner, missing=missing, methods=tr(", ").join(shown)), candidate)
    apart = _taken_apart(candidate.source, forth[0], methods[forth[0]])
    used = used_as(candidate.source)
    own = any(roles_of(name)[:1] == ("W",) for name in re.findall(r"self\.(\w+) *=[^=]", candidate.source))
    forward = Method(
        forth[0],
        _forward_given(apart, {**used, **_keeping(candidate.source, forth[0])}, own=own)
        or _set_before(candidate.source, forth[0]),
    )
    ways = {name: methods[name] for name in back}
    nodes: set[str] = set()
    if apart != methods[forth[0]]:
        ways = {name: _taken_apart(candidate.source, name, ways[name], back=True) for name in back}
    elif not isinstance(_returned(candidate.source, forth[0]), ast.Tuple):  # else it is what that keeps
        nodes = {each for name in back for each in _of_inputs(candidate.source, name, ways[name], forward)}
    found: list[Method | None] = [
        Method(name, given)
        for name in back
        for given in (
            *_of_nodes(candidate.source, name, ways[name]),
            *_backward_given(ways[name], used, forward, nodes),
        )
    ]
    if candidate.tape and not found:
        found = [Method(TAPE, (("", "dZ"),))]
    return forward, found or [None]


def _by_use(
    source: str, names: Sequence[str], forth: list[str], back: list[str]
) -> tuple[list[str], list[str]]:
    """A forward and a backward that nothing is called: the one reads what the other keeps.

    The names are of the methods that take something, in their order; `forth` and `back` those that are called
    so.
    """
    kept: dict[str, set[str]] = {}
    read: dict[str, set[str]] = {}
    made = set(re.findall(r"self\.(\w+) *=(?!=| *None\b)", _body(source, "__init__")))
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            own = [
                n for n in ast.walk(node) if isinstance(n, ast.Attribute) and ast.unparse(n.value) == "self"
            ]
            read[node.name] = {n.attr for n in own if isinstance(n.ctx, ast.Load)}
            moved = {
                each.target.attr
                for each in ast.walk(node)
                if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Attribute)
            }
            updated = made & (read[node.name] | moved)
            kept[node.name] = {n.attr for n in own if isinstance(n.ctx, ast.Store)} - updated

    def reads_of_others(pair: tuple[str, str]) -> bool:
        return any(kept[name] & read[pair[0]] for name in {*kept} - {*pair})

    # an update reads what a backward keeps, which reads what a forward keeps
    pairs = sorted(itertools.permutations(kept, 2), key=reads_of_others)
    for first, then in pairs:
        fits = first in (forth or kept) and then in (back or kept) and then not in forth and first not in back
        if fits and kept[first] & read[then] and not kept[then] & read[first] and first not in read[then]:
            return [first], [then]
    return forth, back


def _taken_apart(
    source: str, name: str, parameters: tuple[Parameter, ...], *, back: bool = False
) -> tuple[Parameter, ...]:
    """A method's parameters; one that holds the input, the kernels or their gradients gives way to these."""
    body = _body(source, name)
    held = leaves(body, [each.name for each in parameters])
    found: list[Parameter] = []
    for each in parameters:
        parts = held.get(each.name, []) if each.default is None else []
        said = sorted(role for _, word in parts for role in (*roles_of(word), "")[:1])
        whole = said in (["A_prev", "W"], ["A_prev", "W", "b"])
        if back and "dZ" in roles_of(each.name):
            whole = [path for path, _ in parts] == [(0,)]
        found += [Parameter(written(each.name, *part)) for part in parts] if whole else [each]
    return tuple(found)


def _keeping(source: str, name: str) -> dict[str, str]:
    """The parameters without which a method keeps nothing for its backward: `if training: self.x = x`."""
    methods = (
        each for each in ast.walk(tree_of(source)) if isinstance(each, ast.FunctionDef) and each.name == name
    )
    asked = (each for method in methods for each in ast.walk(method) if isinstance(each, ast.If))
    return {
        each.test.id: KEEPS
        for each in asked
        if isinstance(each.test, ast.Name)
        and any(
            isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            for inner in each.body
            for node in ast.walk(inner)
        )
    }


def _of_inputs(source: str, name: str, parameters: Sequence[Parameter], forward: Method) -> Iterator[str]:
    """The parameters of a backward that hold what its forward was given: `x, w = inputs`."""
    count = sum(role in ("A_prev", "W", "b") for _, role in forward.given)
    held = leaves(_body(source, name), [each.name for each in parameters])
    for each in parameters[1:]:
        items = {path[0] for path, _ in held.get(each.name, [])}
        if count > 1 and items == set(range(count)) and each.default is None and each.star != "**":
            yield each.name


def _body(source: str, name: str) -> str:
    """The text of a function of a source; "" if it has none."""
    defined = [each for each in ast.walk(tree_of(source)) if isinstance(each, ast.FunctionDef)]
    return next((ast.unparse(each) for each in defined if each.name == name), "")


def _returned(source: str, name: str) -> ast.expr | None:
    """What a function of a source returns at its end."""
    ends = [node.value for node in ast.walk(tree_of(_body(source, name))) if isinstance(node, ast.Return)]
    return ends[-1] if ends else None


def _forward_given(
    parameters: Sequence[Parameter], used: Mapping[str, str], *, own: bool
) -> tuple[tuple[str, str], ...]:
    """What a forward is given; not the kernels that it may be handed instead of those that the layer has."""
    given: list[tuple[str, str]] = []
    for parameter in parameters:
        roles = roles_of(word_of(parameter.name))
        if parameter.star or (own and given and parameter.default == "None" and {"W", "b"} & {*roles}):
            continue
        if path_of(parameter.name):
            given.append((parameter.name, roles[0]))
        elif not given:
            given.append((parameter.name, "A_prev"))
        elif told := next(
            (role for role in ("W", "b", "stride", "padding", "dilation", "groups", "rate") if role in roles),
            "",
        ):
            given.append((parameter.name, told))
        elif parameter.default is None:
            flag = used.get(parameter.name) == "flag"
            given.append((parameter.name, "flag" if flag else (*making_roles(parameter.name), "flag")[0]))
        elif parameter.default == "False" and used.get(parameter.name) == KEEPS:
            given.append((parameter.name, "flag"))
    said = [role for _, role in given]
    if "b" in said and "W" not in said:  # forward(a, b): kernels, not a bias
        given[said.index("b")] = given[said.index("b")][0], "W"
    return tuple(given) or ((("", "A_prev"),) if parameters else ())


def _set_before(source: str, name: str) -> tuple[tuple[str, str], ...]:
    """What a forward without parameters is given: the input is set as an attribute that it reads."""
    found = re.findall(r"self\.(\w+)\b(?! *=[^=])", _body(source, name))
    read = [word for word in found if roles_of(word)[:1] == ("A_prev",)]
    return ((f"self.{read[0]}" if read else "", "A_prev"),)


def _backward_given(
    parameters: Sequence[Parameter], used: Mapping[str, str], forward: Method, nodes: Collection[str] = ()
) -> list[tuple[tuple[str, str], ...]]:
    """The ways of filling a backward's parameters, the likeliest first: a name means what it does forward."""
    known = {name: role for name, role in forward.given if role in ("A_prev", "W", "b")}
    plain = [each for each in parameters if not each.star or each.name in nodes]
    if not plain:
        return [(("", "dZ"),)] if parameters else [()]
    options = [
        ["nodes"] if each.name in nodes else _back_options(each, used, alone=len(plain) == 1)
        for each in plain
    ]
    if len(plain) > 1:
        options = [
            list(dict.fromkeys([*([known[each.name]] if each.name in known else []), *its]))
            for each, its in zip(plain, options, strict=True)
        ]
    fits = []
    for number, picked in enumerate(itertools.product(*options)):
        told = [role for role in picked if role]
        if told.count("dZ") == 1 and len(set(told)) == len(told):
            cost = sum(option.index(role) for option, role in zip(options, picked, strict=True))
            given = tuple((f"{p.star}{p.name}", role) for p, role in zip(plain, picked, strict=True) if role)
            fits.append((cost, number, given))
    if not fits:  # whatever its first parameter is called, it is what comes from above
        rest = [(p.name, (*making_roles(p.name), "none")[0]) for p in plain[1:] if p.default is None]
        return [((plain[0].name, "dZ"), *rest)]
    return [given for _, _, given in sorted(fits)[:4]]


def _of_nodes(
    source: str, name: str, parameters: Sequence[Parameter]
) -> Iterator[tuple[tuple[str, str], ...]]:
    """How a backward is called that reads its output's gradient, and puts others into what it is handed."""
    defined = [each for each in ast.walk(tree_of(source)) if isinstance(each, ast.FunctionDef)]
    graph = nodes_of(next((ast.unparse(each) for each in defined if each.name == name), ""))
    plain = [each.name for each in parameters if not each.star and each.default is None]
    told = [("Z",) if graph.get(each) == "node" else roles_of(each)[:1] for each in plain]
    if told.count(("Z",)) == 1 and set(told) <= {("Z",), ("A_prev",), ("W",), ("b",)}:
        yield tuple((each, role) for each, (role,) in zip(plain, told, strict=True))


def _from_above(parameter: Parameter) -> bool:
    """Whether a parameter may take the upstream gradient: not, for example, a rate with a default."""
    return parameter.default is None or "dZ" in roles_of(parameter.name)


def _back_options(parameter: Parameter, used: Mapping[str, str], *, alone: bool) -> list[str]:
    """The roles that a backward's parameter may have, the likeliest first."""
    name = word_of(parameter.name)
    if path_of(parameter.name) and "dZ" in roles_of(root_of(parameter.name)):
        return ["dZ"]
    if re.fullmatch(WANTED, name):
        return ["wanted:numbers" if "ind" in name else "wanted"]
    roles = [role for role in roles_of(name) if role in _BACK]
    made = making_roles(name)
    if "rate" in made and name != "alpha":
        roles.insert(0, "rate")
    if re.fullmatch(r"z|y|out|output|a_out|y_pred", name, re.I) and not alone:
        roles.insert(0, "Z")
    if re.fullmatch(r"(out_?)?node|n|op|tensor|out_?tensor|variable", name, re.I) and not alone:
        roles.insert(0, "node")
    roles += [role for role in made if role in ("optimizer", "flag", "zero", "batch", "hparameters")]
    if parameter.default is not None:  # it may be left out
        roles = [role for role in roles if role in ("rate", "dZ")] + [""]
    if not roles and used.get(name) == "flag":
        return ["flag"]
    # the derivative of an activation, which is 1 where there is none, comes before a rate
    return list(dict.fromkeys(roles)) or ["dZ", "A_prev", "ones", "rate", "cache"]


def makers_of(candidate: Candidate) -> Iterator[Method]:
    """The ways of making it, the likeliest first; kernels that it only reads are set from outside."""
    read = dict.fromkeys(re.findall(r"self\.(\w+)\b(?!\s*\()", candidate.source))
    assigned = r"self\.(\w+)(?=\s*(?::[^=\n]+)?=[^=]|\s*,[^=\n()]*=[^=])"
    made = set(re.findall(assigned, candidate.source))
    made |= {each.name for each in _made_of(candidate)}  # of a dataclass
    lacking = [
        (f"self.{name}", role)
        for role in ("W", "b")
        for name in read
        if name not in made and roles_of(name)[:1] == (role,)
    ]
    settable = (
        tuple(lacking)
        if any(role == "W" for _, role in lacking) and "(" not in candidate.source.split(":")[0]
        else ()
    )
    for maker in _constructors(candidate):
        taken = any(role == "W" for _, role in maker.given)
        yield maker if taken else replace(maker, given=(*maker.given, *settable))


def _made_of(candidate: Candidate) -> tuple[Parameter, ...]:
    return next((read(text)[1] for text in candidate.methods if text.startswith("__init__(")), ())


def _constructors(candidate: Candidate) -> Iterator[Method]:
    """The ways of filling the constructor's parameters, the likeliest first."""
    listed = _made_of(candidate)
    parameters = [each for each in listed if not each.star]
    for rest in (each.name for each in listed if each.star == "**"):
        keys = re.findall(rf"\b{rest}(?:\[|\.(?:get|pop)\()\s*['\"](\w+)['\"]", candidate.source)
        parameters += [Parameter(key) for key in dict.fromkeys(keys)]
    names, used = {each.name.lower() for each in parameters}, used_as(candidate.source)
    options = [
        [("", 0)] if _other_words(each, candidate.source) else _options(each, names, used)
        for each in parameters
    ]
    if not any(
        role.startswith("kernel") for each in options for role, _ in each
    ):  # height and width of what?
        options = [
            [*((role.replace("in_", "kernel_"), 0) for role, _ in each if role in ("in_h", "in_w")), *each]
            for each in options
        ]
    unknown = [e for e in parameters if e.default is None and not (_roles(e.name, used) or _buffer(e.name))]
    if len(unknown) < 3:
        names = {each.name for each in unknown}
        options = [
            [(role, 2 + at) for at, role in enumerate(_ORDERS[0])] if each.name in names else its
            for each, its in zip(parameters, options, strict=True)
        ]
        while math.prod(len(each) for each in options) > 20_000:
            options = [each[: max(1, len(each) - 1)] for each in options]
        fits = []
        for number, picked in enumerate(itertools.product(*options)):
            bases = [base for role, _ in picked if role and (base := role.partition(":")[0]) not in _REPEATED]
            if len(bases) == len(set(bases)):
                roles = [role for role, _ in picked]
                fits.append((sum(cost for _, cost in picked) + _oddness(roles), number, roles))
        for _, _, roles in sorted(fits)[:MAKERS]:
            yield _filled(parameters, roles)
    yield from _by_place(parameters, [each.name for each in unknown], used)
    required = [each for each in parameters if each.default is None]
    if len(required) != len(unknown):  # names that only look as if they said something
        yield from _by_place(required, [each.name for each in required], used)


def _other_words(parameter: Parameter, source: str) -> bool:
    """Whether a border is "valid" by default and asked for another word, but never for "same"."""
    asked = rf"\b{re.escape(word_of(parameter.name))}\b\s*(?:==|!=|in\b)\s*[\[({{]?\s*['\"](?!(?i:valid))\w"
    return (
        str(parameter.value).lower() == "valid"
        and re.search(asked, source) is not None
        and re.search(r"['\"]same['\"]", source, re.I) is None
    )


def _oddness(roles: Sequence[str]) -> int:
    """How unlikely these roles are together: a height without a width, shapes with and without samples."""
    halves = sum((f"{what}_h" in roles) != (f"{what}_w" in roles) for what in ("kernel", "in"))
    shapes = "input_shape" in roles and "kernel_size:full" in roles
    vectors = [each for each in ("W:vector", "dW:vector") if each in roles]
    if len(vectors) == 1 or (vectors and not {"kernel_size:full", "out_channels"} & set(roles)):
        return 3  # of what shape?
    return 3 * halves + 2 * (shapes or {"input_shape:full", "kernel_size:shape"} <= set(roles))


def _filled(parameters: Sequence[Parameter], roles: Sequence[str]) -> Method:
    return Method("", tuple((p.name, role) for p, role in zip(parameters, roles, strict=True) if role))


def _by_place(
    parameters: Sequence[Parameter], unknown: Sequence[str], used: Mapping[str, str]
) -> Iterator[Method]:
    """Fill parameters whose names say nothing in the orders that people use."""
    known = {each.name: _options(each, set(), used)[0][0] for each in parameters if each.name not in unknown}
    taken = {role.partition(":")[0] for role in known.values()}
    for order in _ORDERS if unknown else ():
        left = [role for role in order if role not in taken]
        roles = {**known, **dict(zip(unknown, [*left, *["none"] * len(unknown)], strict=False))}
        yield _filled(parameters, [roles[each.name] for each in parameters])


def _roles(name: str, used: Mapping[str, str]) -> tuple[str, ...]:
    """What a constructor's parameter may be: by its name, and first of that what the code does with it."""
    named, what = making_roles(name), used.get(name, "")
    said = ("in_h", "in_w") if what == "side" else (what,) if what in _RECKONED else ()
    agreed = tuple(role for role in named if role in said)
    if said and set(named) <= {*_REPEATED}:  # it is no seed that is a border
        agreed = said
    return tuple(dict.fromkeys((*agreed, *(named or said), *said)))


def _options(parameter: Parameter, names: Collection[str], used: Mapping[str, str]) -> list[tuple[str, int]]:
    """The roles and forms that a constructor's parameter may want, each with how unlikely it is.

    "" is left at its default.
    """
    required, value, name = parameter.default is None, parameter.value, parameter.name.lower()
    if required and (kept := _buffer(name)):
        return [(kept, 0), *([("dW:vector", 1)] if kept == "dW" else [])]
    found: list[tuple[str, int]] = []
    roles = _roles(parameter.name, used)
    if str(value).lower() in ("same", "valid"):
        roles = ("padding",)
    if "in" in name and name.replace("in", "out", 1).replace("output", "output") in names:
        roles = ("in_channels",)  # in_dim beside out_dim
    if {"rate", "dilation"} <= set(roles) and not required:  # of learning it is no whole number
        roles = ("dilation" if isinstance(value, int) else "rate",)
    for number, role in enumerate(roles):
        if role in ("kernel_size", "stride", "padding", "input_shape", "dilation"):
            forms = _forms(role, parameter)
            found += [(f"{role}:{form}" if form else role, number + at) for at, form in enumerate(forms)]
        elif role == "in_channels" and required and re.search(CHAIN, name):
            found += [(role, number), ("in_channels:chain", number + 1)]
        elif role == "hparameters":
            costs = {"": 0, ":pair": 1, ":kernel": 1, ":out": 2, ":full": 2}
            found += [(f"{role}{form}", number + cost) for form, cost in costs.items()]
        elif role == "W" and required and any(_buffer(each) == "dW" for each in names):
            found += [("W", number), ("W:vector", number + 1)]
        elif role in _TOLD or required or (role == "zero" and isinstance(value, float) and value):
            found.append((role, number))
        elif role == "activation" and isinstance(value, str) and value.lower() not in _PLAIN:
            found += [("activation:linear", 0), ("activation", 1)]
        elif role == "b" and parameter.default == "None" and any("W" in making_roles(each) for each in names):
            found.append((role, 0))  # else its gradient is not made
        elif role == "use_bias" and value is False:
            found.append((role, 0))
    if not required and isinstance(value, bool):
        found = [entry for entry in found if entry[0] in ("use_bias", "padding:flag")]
    if required:
        return found[:7] or [("none", 0)]
    if value is ... and {role for role, _ in found} & {*_RECKONED}:  # a word of its own, as an enum's
        return [("", 0)]
    return [*found[:5], ("", len(found)), *([("W", 8)] if "W" in roles else [])]


def _buffer(name: str) -> str:
    """The gradient that a constructor is handed a place for: dtheta, grad_b; "" for any other name."""
    role, gradient = role_of(name)
    return f"d{role}" if gradient and role in ("W", "b") else ""


def _forms(role: str, parameter: Parameter) -> list[str]:
    """How a size may be written: an int "", a pair, a shape with the channels, a word; holes "less" one."""
    value, shapely = parameter.value, re.search(r"shape|dims|sizes|strides$", parameter.name)
    if role == "input_shape":
        side = ["side"] if re.search("(size|dim|side)$", parameter.name) else []
        return ["", *side, "full", "HW"]
    if isinstance(value, str) and role == "padding":
        return ["WORD" if value.isupper() else "word", ""]
    if isinstance(value, bool):
        return ["flag"]
    if isinstance(value, int):
        return ["less"] if role == "dilation" and not value else ["", "pair"]
    if isinstance(value, (tuple, list)):
        whole = {3: "shape", 4: "full"}.get(len(value), "")
        return [whole] if whole and role == "kernel_size" else ["pair", ""]
    forms = ["pair", ""] if shapely else ["", "pair"]
    if role == "kernel_size" and parameter.default is None:
        forms = ["pair", "shape", "full", ""] if shapely else ["", "pair", "shape", "full"]
    return [*forms, "word"] if role == "padding" else forms
