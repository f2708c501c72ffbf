"""Asking somebody's operator on problems; where many ways are guessed, what it was asked before is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from convstep.candidate.call.outcome import RAISED, REFUSED
from convstep.candidate.operators.caller import Caller, Handed, Raw
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.operators.ways import Way
from convstep.operators.operator import OperatorProblem

Told = tuple[OperatorProblem, Handed]
"""A problem, and what is handed over of it."""


def ruled_out(raw: Raw) -> bool:
    """Whether a way on which this came is none for sure: no gradient, and nothing of a forward."""
    return raw.kind in (RAISED, REFUSED) and not any(label.startswith("out.") for label in raw.arrays)


class Asking:
    """Asks one candidate about problems of one operator."""

    def __init__(self, worker: Caller, words: Vocabulary, *, remembers: bool) -> None:
        """Nothing was asked yet.

        With `remembers`, what raised is not asked again where it would see the same: many ways differ in
        arrays only that it never takes.
        """
        self.worker, self.words, self.remembers = worker, words, remembers
        self._raised: dict[Any, Raw] = {}
        self._seen: set[frozenset[str]] = set()

    def raws(self, way: Way, told: Sequence[Sequence[Told]]) -> list[list[Raw]]:
        """What comes of the problems of each way; all are asked at once.

        The ways are called as `way` is and differ in layouts and constants only. Where one hangs, the last
        have no answer.
        """
        handed = [each for some in told for _, each in some]
        known = [self._known(way, each) for each in handed]
        asked = [each for each, raw in zip(handed, known, strict=True) if raw is None]
        came = self.worker.ask(self.words, asked, **way.asked)
        for each, raw in zip(asked, came, strict=False):
            self._remember(way, each, raw)
        fresh = iter(came)
        merged = (raw or next(fresh, None) for raw in known)
        answers = itertools.takewhile(lambda raw: raw is not None, merged)
        return [[raw for raw in itertools.islice(answers, len(some)) if raw] for some in told]

    def _known(self, way: Way, handed: Handed) -> Raw | None:
        keys = (_key(way, handed, seen) for seen in self._seen)
        return next((self._raised[key] for key in keys if key in self._raised), None)

    def _remember(self, way: Way, handed: Handed, raw: Raw) -> None:
        if not self.remembers or not ruled_out(raw):
            return
        layer = self.words.arrays if self.worker.candidate.kind != "function" else ()  # they may be planted
        roles = {role.partition("[")[0] for role in raw.said}
        seen = frozenset({*roles, *self.words.outputs, *layer})
        self._seen.add(seen)
        self._raised[_key(way, handed, seen)] = raw


def _key(way: Way, handed: Handed, seen: frozenset[str]) -> tuple[Any, ...]:
    """How it is called, and what it sees of a problem if it sees these."""
    arrays = tuple(
        (name, array.dtype.str, array.shape, array.tobytes())
        for name, array in handed.arrays.items()
        if name in seen or "/" in name
    )
    options = tuple((name, value) for name, value in handed.options.items() if name in seen)
    how = way.pairs, way.tensors, way.mode, way.above, way.hot
    return (seen, how, tuple(handed.sizes.items()), arrays, repr(options))
