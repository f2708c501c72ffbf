"""What a candidate's names suggest: whether it is a forward, which forward is its own, its convention."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from convstep.candidate.call.containers import leaves
from convstep.candidate.call.conventions import torch_role
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.words import roles_of
from convstep.language import tr


def matching_forward(
    backward: str, names: Sequence[str], parameters: Callable[[str], Iterable[str]] = lambda name: ()
) -> str:
    """The forward that belongs to a backward, among the functions of its file; "" if none does.

    Where no name says so, it is the one named alike that takes pictures and kernels, and no gradient.
    """
    own = backward.rpartition(".")[2]
    for back, forth in OPPOSITES:
        own = own.replace(back, forth)
    usual = () if _SPEAKS_OF_ANOTHER.search(backward.lower()) else FORWARDS
    known = next((name for name in (own, *usual) if name in names and name != backward), "")
    if known:
        return known
    said = set(re.findall(r"[a-z]{4,}|[a-z]+\d[a-z]", re.sub(_NO_OPERATOR, " ", backward.lower())))
    found = [
        name
        for name in names
        if name != backward
        and len({_axes_of(name), _axes_of(backward)} - {""}) < 2
        and any(word in name.lower() for word in said)
        and {"A_prev", "W"} <= (roles := {role for each in parameters(name) for role in roles_of(each)[:1]})
        and not roles & {"dZ", "cache", "ctx"}
    ]
    found = found or [name for name in names if name != backward and _all_but_one(parameters, name, backward)]
    return found[0] if len(found) == 1 else ""


def _axes_of(name: str) -> str:
    """Along how many axes a name says that it goes: "3" of `Conv3D`; "" if it says none."""
    return "".join(re.findall(r"([123])_?[dD](?![a-z])", name)[:1])


def _all_but_one(parameters: Callable[[str], Iterable[str]], name: str, backward: str) -> bool:
    """Whether a function takes all that a backward takes, and in that order, but the gradient."""
    if any(len({word in each.lower() for each in (name, backward)}) > 1 for word in _KINDS):
        return False
    taken, own = [*parameters(name)], [*parameters(backward)]
    more = [each for each in own if each not in taken]
    return (
        len(taken) > 1 and len(more) == 1 and taken == [each for each in own if each not in more]
        and not {"A_prev", "W", "b"} & {*roles_of(more[0])[:1]}
        and {"A_prev", "W"} <= {role for each in taken for role in roles_of(each)[:1]}
    )  # fmt: skip


_KINDS = ("1d", "3d", "depthwise", "transpose", "deconv", "pool")
"""What the name of a function of another kind has in it."""
OPPOSITES = (
    *(
        ("backward", "forward"),
        ("bwd", "fwd"),
        ("bprop", "fprop"),
        ("backprop", "forward"),
        ("_back", "_forward"),
    ),
    *(("arriere", "avant"), ("rueckwaerts", "vorwaerts"), ("atras", "adelante"), ("indietro", "avanti")),
    *(("wstecz", "naprzod"), ("nazad", "vpered"), ("geri", "ileri"), ("tras", "frente")),
    *(("terug", "vooruit"), ("achterwaarts", "voorwaarts"), ("bakat", "framat"), ("zpet", "vpred")),
    *(("gyaku", "jun"), ("yeokjeonpa", "sunjeonpa"), ("역전파", "순전파")),
    *(("fanxiang", "qianxiang"), ("rückwärts", "vorwärts"), ("反向", "前向"), ("逆伝播", "順伝播")),
)
"""What backwards have in their names, and forwards in that place, in the order they are looked for."""
_SPEAKS_OF_ANOTHER = re.compile(
    r"conv_?[13]_?d|depthwise|transpose|deconv|^(?!.*(conv|back|grad|bwd|prop|diff|vjp|pullback))"
)
"""What a function is called that is not the backward of a file's one convolution."""
CONV1D = r"conv_?1d"
LENGTH = (
    r"(?im)^\s*\(?\w+,\s*\w+,\s*(l|t|len\w*|time|seq\w*|steps|n_?[lt]\w*)\)?\s*=\s*"
    r"(?!(?:w|k|f|self\.[wkf])\w*\.shape)\w+\.shape"
)
"""What the name and the source of a conv1d say; the kernels of one channel are K by L."""
VOLUME = (
    r"(?im)conv_?3_?d|axis=\(2, 3, 4\)"
    r"|^\s*\(?\w+,\s*\w+,\s*[dtz]\w*,\s*\w*h\w*,\s*\w*w\w*\)?\s*=\s*(\w|\.)+\.shape\s*$"
    r"|^\s*\(?\w+,\s*\w+,\s*\w+\)?\s*=\s*(\w|\.)+\.shape\[2:\]"
)
"""The same of a conv3d: pictures have a depth, or kernels three sides."""
_NO_OPERATOR = "(back|grad|bwd|layer|naive|fast|slow|simple)[a-z]*"
"""What a backward's name has in it besides the name of what it is of."""
FORWARDS = (
    *("conv2d_forward", "conv_forward", "conv2d", "conv_forward_naive", "convolution_forward"),
    *("conv_forward_fast", "conv_forward_im2col", "forward"),
)
"""What forwards are called whose backward has another name."""


def is_forward(candidate: Candidate) -> bool:
    """Whether it is a forward by its names: it takes an input and kernels, and no upstream gradient."""
    name = candidate.name.rpartition(".")[2].lower()
    if candidate.kind == "autograd" or re.search("back|grad|bwd|vjp|deriv|pullback", name):
        return False
    if re.search("forward|fwd", name):
        return True
    required = candidate.parameters[: candidate.required]
    roles = {role for each in candidate.parameters for role in roles_of(each)}
    known = all(roles_of(each) for each in required)
    return known and {"A_prev", "W"} <= roles and not roles & {"dZ", "cache"}


def likely(candidate: Candidate) -> list[tuple[str, str]]:
    """Conventions that fit a candidate's signature, likeliest first, each with the reason."""
    parameters = [parameter.lower() for parameter in candidate.parameters]
    name = candidate.name.rpartition(".")[2].lower()
    if candidate.kind == "autograd":
        known = {role for each in candidate.parameters for role in roles_of(each)}
        all_said = {"A_prev", "W", "b", "stride", "padding", "dilation", "groups"} <= known
        if all_said or candidate.variadic or not candidate.parameters:
            return [("torch", tr("it is a torch.autograd.Function"))]
        return []
    if candidate.keywords_required:
        return []  # what must be named says how
    least, most = candidate.required, math.inf if candidate.variadic else len(parameters)
    source, options = candidate.source, "hparameters" in candidate.source
    channels_first = (
        re.search(r"conv_param|\bN\w*, *C\w*, *H\w*, *W\w*\)? *= *\w+\.shape", source) is not None
    )
    cs231n = "naive" in name or "dout" in parameters or candidate.forward == "conv_forward_naive"
    coursera = "dz" in parameters or options
    cached = "cache" in "".join(parameters[1:2])
    as_torch = any("grad" in each or each in ("dilation", "groups") for each in parameters)
    alx = len(parameters) == 6 and parameters[4] == "padding" and "grad" not in "".join(parameters)
    shown, first = f"({', '.join(candidate.parameters)})", candidate.parameters[:1]
    called = tr("it is called as {call}", call=f"{candidate.name}({', '.join((*first, 'cache'))})")
    signature = tr("its signature is {signature}", signature=shown)
    alone = tr("it takes one argument: {signature}", signature=shown)
    styles: list[tuple[str, Iterable[int], float, str]] = [  # with so many arguments; how likely; why
        ("problem", (1,) if _may_be_problem(candidate) else (), 3, alone),
        ("coursera", () if channels_first and not options else (2,), 2 + coursera - cs231n, called),
        ("cs231n", (2,) if channels_first or not options else (), 2.5 + cs231n - 1.5 * coursera, called),
        ("article", (4,), 4 * cached, signature),
        ("alx", (6,), 3 * alx, signature),
        ("torch", () if cached else range(4, 9), 3.5 if as_torch else 1, signature),
    ]
    fitting = [row for row in styles if any(least <= count <= most for count in row[1])]
    return [(name, reason) for name, _, _, reason in sorted(fitting, key=lambda row: -row[2])]


def _holds_others(candidate: Candidate) -> bool:
    """Whether the cache is taken apart into something else than an input and kernels first."""
    parts = leaves(candidate.source, candidate.parameters[1:2])
    names = {path: name for found in parts.values() for path, name in found}
    said = [(names.get((place,), ""), role) for place, role in enumerate(("A_prev", "W"))]
    return any(name and role not in roles_of(name) for name, role in said)


def of_other_axes(candidate: Candidate, shown: str) -> str:
    """That a candidate convolves along one axis or three, as its text says; "" if it says no such thing."""
    if re.search(CONV1D, candidate.name.lower()) or re.search(LENGTH, candidate.source):
        return tr("{call}: this looks like a conv1d, which --operator conv1d checks", call=shown)
    if re.search(VOLUME, f"{candidate.name}\n{candidate.source}"):
        return tr("{call}: this looks like a conv3d, for which no check is known", call=shown)
    return ""


def _may_be_problem(candidate: Candidate) -> bool:
    """Whether the one argument that it takes may be a `Problem`, by its name or what is read of it."""
    first = "".join(candidate.parameters[:1])
    read = rf"\b{re.escape(first)}\.(A_prev|W|b|dZ|nchw|geometry)\b"
    named = re.fullmatch(r"(?i)prob(lem)?|p|case|task", first) is not None
    return named or not candidate.source or re.search(read, candidate.source) is not None


def spoken(candidate: Candidate, convention: str) -> bool:
    """Whether the names of its parameters, and not only their number, say that it follows a convention."""
    words = [parameter.lower() for parameter in candidate.parameters]
    if convention in ("cs231n", "coursera"):
        if _holds_others(candidate):
            return False
        return words[:1] in (["dout"], ["dz"], ["dh"]) or any("cache" in word for word in words)
    if convention == "torch":
        known = {torch_role(word) for word in words}
        named_so = {"dZ", "A_prev", "W"} <= known and any("grad" in word for word in words)
        return candidate.kind != "autograd" and named_so
    if convention == "article":
        return "cache" in words
    return convention == "problem" or (convention == "alx" and "padding" in words[4:5])
