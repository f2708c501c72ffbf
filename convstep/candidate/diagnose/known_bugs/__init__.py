"""Bugs people really make in conv2d backward, each with the numbers it leads to.

A `KnownBug` has a family of `Variant`s; a variant is a set of `Mistakes`, and `flawed_gradient`
computes what a backward that makes them returns.
"""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import KnownBug as KnownBug
from convstep.candidate.diagnose.known_bugs.bug import Variant as Variant
from convstep.candidate.diagnose.known_bugs.catalogue import KNOWN_BUGS as KNOWN_BUGS
from convstep.candidate.diagnose.known_bugs.catalogue import variants_of as variants_of
from convstep.candidate.diagnose.known_bugs.flawed import flawed_gradient as flawed_gradient
from convstep.candidate.diagnose.known_bugs.flawed import flawed_running as flawed_running
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes as Mistakes
from convstep.candidate.diagnose.known_bugs.mistakes import both as both
