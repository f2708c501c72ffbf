"""Mistakes people really make in conv2d backward, each as a patch of a readable loop.

A `KnownBug` has a family of `Variant`s; a variant is a `Patch`, lines that stand for others, and
`flawed_gradient` runs the patched loop. What the lines are is nobody's business outside.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from convstep.candidate.diagnose.mistakes import often, seldom, sometimes
from convstep.candidate.diagnose.mistakes.bug import KnownBug as KnownBug
from convstep.candidate.diagnose.mistakes.bug import Variant as Variant
from convstep.candidate.diagnose.mistakes.flawed import flawed_gradient as flawed_gradient
from convstep.candidate.diagnose.mistakes.flawed import flawed_running as flawed_running
from convstep.candidate.diagnose.mistakes.patch import Patch as Patch
from convstep.candidate.diagnose.mistakes.patch import both as both
from convstep.candidate.diagnose.mistakes.patch import program as program

KNOWN_BUGS: dict[str, KnownBug] = {bug.id: bug for bugs in (often, sometimes, seldom) for bug in bugs.BUGS}
"""Every known mistake by its id, in the order in which they are tried."""


@functools.cache
def variants_of(gradient: str) -> Sequence[tuple[KnownBug, Variant]]:
    """The variants that can spoil "dW", "db" or "dA_prev" and be seen in its numbers, commonest first."""
    every = ((bug, variant) for bug in KNOWN_BUGS.values() for variant in bug.variants)
    return tuple((bug, variant) for bug, variant in every if gradient in variant.gradients)
