"""Binding: where in a log a variable comes to stand for arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convstep.frozen import NamedTuple
from convstep.recording.columns import Column, Entries
from convstep.recording.log import Ref, refs
from convstep.recording.sites import Site


class Binding(NamedTuple):
    """A variable that stands for arrays, set at one site."""

    site: Site
    name: str
    """The variable, or what else is set: `grads['dW']`."""
    entries: Entries
    """The entries that set it, ascending; one for each array of a tuple."""
    refs: Entries
    whole: bool
    """Whether it stands for the array itself, and not for a tuple that has it."""


def bindings_of(site: Site, name: str, values: Column, entries: Entries) -> Iterator[Binding]:
    """What a variable that is set at a site stands for; of tuples, each place by itself."""
    places, numbers = values.of(Ref)
    if len(places):
        yield Binding(site, name, entries[places], numbers.numbers.astype(np.intp), True)
    places, tuples = values.of(tuple)
    if len(places):
        held = list(zip(places.tolist(), tuples, strict=True))
        for place in range(max(len(value) for _, value in held)):
            inner = [(n, ref) for n, value in held for ref in refs(value[place : place + 1])]
            if inner:
                at, found = zip(*inner, strict=True)
                yield Binding(site, f"{name}[{place}]", entries[list(at)], np.array(found, np.intp), False)
