"""Trial: a way of calling somebody's operator, what came of it, and how well that fits."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np

from convstep.brief import brief
from convstep.candidate.call.outcome import RAISED, RETURNED
from convstep.candidate.operators.answer import UNSAID, Judged, Swept
from convstep.candidate.operators.axes import squeezed
from convstep.candidate.operators.caller import Raw
from convstep.candidate.operators.evidence import Evidence, Mistaken
from convstep.candidate.operators.gathering import NEARLY, forward_fits, how_far
from convstep.candidate.operators.settled import shows_other_numbers
from convstep.candidate.operators.ways import Way
from convstep.operators.mistake import Variant

ENOUGH = 3
"""Problems on which a way is tried."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A way, and what came of it."""

    way: Way
    """How it was called."""
    raws: tuple[Raw, ...]
    """What came."""
    results: tuple[Judged, ...]
    """The same, judged."""
    mistaken: Mistaken = field(default_factory=dict)
    """See `Evidence.known`."""

    __repr__ = brief

    @property
    def heard(self) -> list[Judged]:
        """Those that it could be told."""
        return [one for one in self.results if one.answer.kind != UNSAID]

    @property
    def perfect(self) -> bool:
        """Whether everything is right."""
        wanted = set(self.way.operator.gradients)
        return bool(self.heard) and all(
            one.answer.kind == RETURNED
            and wanted == set(one.off)
            and not one.failed
            and forward_fits(one) is not False
            for one in self.heard
        )

    @property
    def laid_right(self) -> bool:
        """Whether its arrays lie like that, however wrong its numbers are.

        In another layout a mistake may not show: a gradient that is divided by the samples is right where an
        axis of length 1 stands in their place.
        """
        said = [forward_fits(one) for one in self.heard]
        names = set(self.way.operator.gradients)
        if not said or any(set(one.off) != names for one in self.heard):
            return False
        if all(said):
            # a product that takes what it should not leaves several gradients of other shapes; and one of the
            # right numbers may lie as its array does
            odd = [name for name in names if any(one.off[name] == np.inf for one in self.heard)]
            turned = any(_turned(one, name) for one in self.heard for name in odd)
            # a layer has its arrays itself; a function takes b of (M,) and of (1, M)
            own = self.way.convention is None and (not turned or any(raw.planted for raw in self.raws))
            return own or (len(odd) < 2 and not turned)
        if any(np.inf in one.off.values() for one in self.heard):
            return False
        whole = any(all(one.off[name] <= 1 for one in self.heard) for name in names)
        return whole and all(each is None for each in said)

    @property
    def forward(self) -> int:
        """On how many problems its own forward agrees."""
        return sum(forward_fits(one) is True for one in self.heard)

    @property
    def nearly(self) -> int:
        """On how many problems its own forward comes near."""
        return sum(forward_fits(one, NEARLY) is True for one in self.heard)

    @property
    def right(self) -> int:
        """How many gradients are right."""
        return sum(share <= 1 for one in self.heard for share in one.off.values())

    @property
    def shaped(self) -> int:
        """How many gradients have the right shape."""
        return sum(share < np.inf for one in self.heard for share in one.off.values())

    @property
    def known(self) -> int:
        """How many gradients are those of a known mistake, where no forward tells how its arrays lie."""
        told = self.forward or self.right or any(one.answer.outputs for one in self.heard)
        return 0 if told else self.explained

    @functools.cached_property
    def explained(self) -> int:
        """How many gradients are those of a known mistake."""
        evidence = Evidence(Swept(self.way.operator, self.way.convention, self.results), self.mistaken)
        names = [name for name in self.way.operator.gradients if any(name in one.off for one in self.heard)]
        return sum(
            any(self._explains(evidence, variant, name) for _, variant in evidence.variants())
            for name in names
        )

    def _explains(self, evidence: Evidence, variant: Variant, name: str) -> bool:
        said = [
            evidence.gives(variant, one, name) or (shows_other_numbers(evidence, one, name) and None)
            for one in self.heard
        ]
        return any(said) and False not in said

    @property
    def sized(self) -> int:
        """How many gradients have the right shape, but for axes of length 1."""
        return sum(
            share < np.inf or _turned(one, name) for one in self.heard for name, share in one.off.items()
        )

    @functools.cached_property
    def fit(self) -> tuple[int, ...]:
        """How well it fits; the larger the better."""
        returned = sum(one.answer.kind == RETURNED for one in self.heard)
        usable = sum(raw.usable for raw in self.raws)
        return self.forward, self.nearly, self.right, self.known, self.shaped, returned, usable

    @property
    def with_constants(self) -> tuple[float, ...]:
        """How well values fit that it is not told: its own forward shows its eps, not its backward."""
        forward, nearly, *others = self.fit
        return forward, nearly, self.closeness if forward else 0.0, *others, self.closeness

    @property
    def settles(self) -> bool:
        """Whether all has its shapes, and enough is right that this is how it lies."""
        count = len(self.way.operator.gradients) * len(self.heard)
        return bool(count) and self.sized == count and bool(self.nearly or (self.right and not self.another))

    @property
    def another(self) -> bool:
        """Whether its own forward runs, and never comes near."""
        return not self.nearly and any(each.answer.outputs for each in self.heard)

    @property
    def closeness(self) -> float:
        """How close its own forward comes: the larger the closer."""
        return -max(
            (
                how_far(array, one.outputs[name])
                for one in self.heard
                for name, array in one.answer.outputs.items()
            ),
            default=0.0,
        )

    @property
    def certain(self) -> bool:
        """Whether it can be no other operator: all is right, or its own forward agrees everywhere."""
        said = [forward_fits(one) for one in self.heard]
        varied = any(np.ptp(array) for one in self.heard for array in one.outputs.values())
        enough = bool(self.shaped) or len(said) >= ENOUGH
        return self.perfect or (bool(said) and all(said) and (varied or len(said) > 1) and enough)

    @property
    def believable(self) -> bool:
        """Whether it is no accident: the forward agrees, a gradient is right, or all have their shapes.

        Where its own forward is another, that is asked (see `own_forward`).
        """
        if self.raws and all(raw.guessed and raw.kind == RAISED for raw in self.raws):
            return False  # what it was given for a parameter may not be what is meant
        count = len(self.way.operator.gradients) * len(self.heard)
        return bool(self.forward or self.right or (count and self.shaped == count))


def _turned(one: Judged, name: str) -> bool:
    """Whether a gradient has more or fewer axes of length 1 than it should."""
    came, right = one.answer.gradients[name], one.right[name]
    return came.shape != right.shape and squeezed(came.shape) == squeezed(right.shape)
