"""Operators, one file each: forward, readable backward, torch's name, problems, conventions and mistakes.

The room itself can be called: `convstep.operators()` is all of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from convstep.operators.operator import Operator


class _Room(ModuleType):
    """A module that is a function as well: `convstep.operators` has to be both."""

    def __call__(self) -> tuple[Operator, ...]:
        """All operators, by name: convstep's own, then those that `convstep.operator` has made."""
        found: tuple[Operator, ...] = import_module("convstep.operators.registry").operators()
        return found


sys.modules[__name__].__class__ = _Room
