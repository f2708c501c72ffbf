"""Call: all that is needed to call a candidate again in the same way. It goes to the child as JSON."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from convstep.brief import brief
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.outcome import Candidate
from convstep.frozen import frozen

TAPE, CLOSURE = "tape", "closure"
"""The backwards that a forward's output brings along: its own `backward`, or a function beside it."""
BROUGHT = {TAPE: ("out = ", "out.backward"), CLOSURE: ("out, back = ", "back")}
"""How the forward and such a backward are written."""


@frozen()
class Method:
    """One of the calls it takes: making a layer, its forward, its backward."""

    name: str
    """What is called; "" for the candidate itself."""
    given: tuple[tuple[str, str], ...]
    """Parameter and role (see `words.py`) of each argument, in order; a parameter "" goes by position, and
    what a parameter holds is written as it is taken out: "cache[0]: x" (see `containers.py`)."""

    __repr__ = brief


@frozen()
class Call:
    """How a candidate is called."""

    convention: str
    """Name of the convention; "named" where its own parameters say how, "layer" for a class that is made."""
    own_cache: bool = False
    """Whether the cache comes from the candidate's own forward."""
    integers: bool = False
    """Whether `A_prev` and `W` are passed as integers."""
    tensors: bool | None = None
    """Whether PyTorch's tensors are passed; None is as its file suggests."""
    layouts: Layouts | None = None
    """How its arrays lie; None is as its convention says."""
    pairs: bool | None = None
    """Whether stride, padding and dilation are given as pairs even where both are equal; None: ints there."""
    maker: Method | None = None
    """Making a layer."""
    forward: Method | None = None
    """Its own forward."""
    backward: Method | None = None
    """Its backward."""
    again: bool = False
    """Whether what is looked at is a second call on the same object: what it kept shows then."""
    after: bool = False
    """Whether that object was called on another picture before."""
    column: bool = False
    """Whether its code makes db a column, whatever shape b has."""
    watched: Method | None = None
    """A forward that is called besides, to see what it does, where the backward needs nothing from it."""
    sides: bool = False
    """Whether its padding is told for each side apart."""
    depthwise: bool = False
    """Whether each channel has a kernel of its own."""
    square: bool = False
    """Whether its kernels are square."""
    square_pictures: bool = False
    """Whether its pictures are."""
    returns: tuple[str, ...] = ()
    """The gradients in the order they come back; empty is as its convention says."""
    stride: int = 1
    """The stride of a layer that is told none."""
    untold: tuple[str, ...] = ()
    """Of "stride" and "padding", what its options could say and its code does not ask for."""
    channels: int = 0
    """The input channels of a layer that is told none; 0 where it takes any."""
    rule: str = ""
    """The padding that it makes by itself: a name of `layers.RULES`; "" where numbers say it, or none."""
    places: tuple[tuple[str, str], ...] = ()
    """What ("W", "b", "dW", ...) a layer holds or returns where, once that was found out."""
    laid: tuple[tuple[str, str], ...] = ()
    """Which of "A_prev" and "dZ" are tensors that lie in memory otherwise, and how; see `pytorch.tensor`."""
    lists: str = ""
    """Whether lists are passed, one of `layouts.LISTS`; "" for arrays."""
    rate: float = 0.0
    """The learning rate of a layer that updates itself (a gradient is the change divided by it); else 0."""

    __repr__ = brief

    def with_tensors(self, candidate: Candidate) -> bool:
        """Whether a candidate is given tensors."""
        if self.tensors is not None:
            return self.tensors
        return candidate.tensors and self.convention in ("torch", "named", "layer")

    def by_autograd(self, candidate: Candidate) -> bool:
        """Whether its gradients are PyTorch's to ask for, so that autograd hands it dZ."""
        return candidate.kind == "autograd" or (self.forward is not None and self.backward is None)

    @property
    def worded(self) -> bool:
        """Whether its padding is told by a word, or by a flag, so that its size is its own."""
        return not self.says.isdisjoint(("padding:word", "padding:WORD", "padding:flag"))

    @property
    def says(self) -> frozenset[str]:
        """The roles of all that it is given, in whatever call."""
        return _says(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Call:
        """The call of what `dataclasses.asdict` and JSON make of one."""
        facts = dict(plain)
        for name in ("returns", "untold"):
            facts[name] = tuple(facts[name])
        for name in ("places", "laid"):
            facts[name] = tuple((what, how) for what, how in facts[name])
        if facts["layouts"] is not None:
            facts["layouts"] = Layouts(**facts["layouts"])
        for name in ("maker", "forward", "backward", "watched"):
            if facts[name] is not None:
                given = tuple((parameter, role) for parameter, role in facts[name]["given"])
                facts[name] = Method(facts[name]["name"], given)
        return cls(**facts)


@functools.lru_cache(maxsize=256)
def _says(call: Call) -> frozenset[str]:
    """It is asked for with each of hundreds of problems."""
    methods = (call.maker, call.forward, call.backward)
    listed = (role for method in methods if method is not None for _, role in method.given)
    roles = {role.removeprefix("boxed ") for role in listed}
    if "hparameters:pair" in roles:
        roles |= {"hparameters", "kernel_size:pair", "stride:pair", "padding:pair"}
    if not roles.isdisjoint(("hparameters:kernel", "hparameters:full")):
        roles |= {"hparameters", "kernel_size:pair"}
    roles |= {role.replace(":either", ":pair") for role in roles}
    if call.maker is None:
        roles |= {role.partition(":")[0] for role in roles if role.endswith(":pair")}
    roles |= {"hparameters"} & {role.partition(":")[0] for role in roles}
    roles |= {"stride", "padding"} if "hparameters" in roles else set()
    return frozenset(role for role in roles if role.partition(":")[0] not in call.untold)
