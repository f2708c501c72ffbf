"""A gradient of the reference, the candidate's, and their difference, as panels of one face."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from convstep.candidate.check.grade import wrong_cells
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array
from convstep.view.grid.faces import Face, face
from convstep.view.grid.panel import DIFFERS, Panel
from convstep.view.numbers.scale import round_limit
from convstep.view.numbers.text import is_whole, largest_finite
from convstep.view.panels.conv2d import KEYS as KEYS

if TYPE_CHECKING:
    from convstep.candidate.check.cases import Right
    from convstep.candidate.step.stepping import Beside


CANDIDATE, DIFFERENCE = "candidate", "difference"
MODELLED = "modelled candidate"
SHORT_ROLES = {"reference": "ref", CANDIDATE: "cand", DIFFERENCE: "diff", MODELLED: "modelled"}
"""What a panel shows, and how that is written where there is little room; translated on the border."""


def keys_of(gradient: str) -> tuple[str, str, str]:
    """The keys of a gradient's panels: reference, candidate, difference."""
    key = KEYS[gradient]
    return key, f"{key}_{CANDIDATE}", f"{key}_{DIFFERENCE}"


@frozen(eq=False)
class Answer:
    """What the candidate has at one place of the pass, held against the reference there."""

    position: int
    """Steps executed."""
    additions: int
    """Additions made of the next step."""
    actual: dict[str, Array]
    """The candidate's gradients by name, as far as they can be shown."""
    difference: dict[str, Array]
    """The candidate's less the reference's."""
    differing: dict[str, npt.NDArray[np.bool_]]
    """Which cells are off by more than rounding."""
    problems: dict[str, str]
    """For gradients that cannot be shown, why."""
    modelled: tuple[str, ...]
    """Gradients that are the reference's with the candidate's mistake, because the candidate
    overwrites: called with a dZ cut off, it would show its last step alone."""

    def standing(self, ended: bool) -> str:
        """How many cells of which gradient differ, in words."""
        names = [name for name in KEYS if name in self.actual or name in self.problems]
        if len(self.problems) == len(names) and len(set(self.problems.values())) == 1:
            return tr("no gradients: {reason}", reason=next(iter(self.problems.values())))
        parts, agreeing, first = [], [], True
        for name in names:
            if name in self.problems:
                parts.append(tr("{name}: {problem}", name=name, problem=self.problems[name]))
            elif self.differing[name].any():
                cells = self.differing[name]
                sentence = "{name} {count} of {total} differ" if first else "{name} {count} of {total}"
                parts.append(tr(sentence, name=name, count=int(cells.sum()), total=cells.size))
                first = False
            else:
                agreeing.append(name)
        if not parts:
            return tr("agrees" if ended else "agrees so far")
        if agreeing:  # two at the most: there are three gradients
            one, other = agreeing[0], agreeing[-1]
            parts.append(
                tr("{name} agrees" if one == other else "{name} and {other} agree", name=one, other=other)
            )
        return " · ".join(parts)


def hold(
    place: tuple[int, int],
    made: Container[str],
    right: Right,
    running: Mapping[str, Array],
    before: Beside,
    after: Beside | None,
) -> Answer:
    """Hold the candidate's gradients against the reference's.

    `place`: steps executed, and additions made of the next one, to the gradients in `made`. `running` are the
    reference's gradients there. The candidate is asked `before`, and `after` one step on, where some of that
    step's additions are made.
    """
    said = Answer(*place, {}, {}, {}, {}, before.modelled)
    for name, expected in running.items():
        beside = after if after is not None and name in made else before
        if name not in beside.gradients:
            said.problems[name] = beside.problems.get(name, tr("it is not returned"))
            continue
        actual = beside.gradients[name]
        with np.errstate(all="ignore"):
            difference = np.asarray(actual - expected)
            difference[(actual == expected) | (np.isnan(actual) & np.isnan(expected))] = 0
        said.actual[name], said.difference[name] = actual, difference
        said.differing[name] = wrong_cells(name, right, actual, np.array(expected))
    return said


def triple(
    reference: Panel, answer: Answer | None, current: bool, *, discreet: bool = False
) -> tuple[Panel, Panel, Panel]:
    """A gradient's panel three times: the reference's, the candidate's, and their difference.

    An answer that is not `current` is about another place, and its panels say how old they are. A `discreet`
    one does not say that it overwrites.
    """
    name = reference.face.name
    _, candidate_key, difference_key = keys_of(name)
    blank = np.full_like(reference.face.values, np.nan)
    side = replace(
        reference,
        changed=None,
        use="",
        used=None,
        differing=None,  # what an edit changes is marked on the reference's alone
        differing_mark=DIFFERS,
        face=replace(reference.face, values=blank),
    )
    first = replace(reference, titles=_titles(reference.face, "reference"))
    if answer is None or name not in answer.actual:
        note = "…" if answer is None else answer.problems[name]
        return (
            first,
            replace(side, key=candidate_key, note=note, titles=_titles(side.face, CANDIDATE)),
            replace(side, key=difference_key, note=note, titles=_titles(side.face, DIFFERENCE)),
        )
    old = None if current else answer.position
    role = MODELLED if name in answer.modelled and not discreet else CANDIDATE
    actual = face(name, answer.actual[name], reference.face.fixed)
    difference = face(name, answer.difference[name], reference.face.fixed)
    cells = face(name, answer.differing[name], reference.face.fixed).values
    largest, differing = largest_finite(actual.values), largest_finite(difference.values * cells)
    return (
        first,
        replace(
            side,
            key=candidate_key,
            face=actual,
            differing=cells,
            limit=max(reference.limit, round_limit(largest)) if largest else reference.limit,
            reach=max(reference.most, largest),
            # numbers that are held against each other are multiples of the same, while they fit
            measure=reference.most,
            whole=reference.whole and is_whole(actual.values),
            titles=_titles(side.face, role, old),
        ),
        replace(
            side,
            key=difference_key,
            face=difference,
            differing=cells,
            sparse=True,
            limit=round_limit(differing),
            reach=differing,
            whole=reference.whole and is_whole(difference.values),
            titles=_titles(side.face, DIFFERENCE, old),
        ),
    )


def _titles(shown: Face, whose: str, old: int | None = None) -> tuple[str, ...]:
    """Names for a border, the longest first; that an answer is old, or modelled, is never left out.

    `whose` is a key of `SHORT_ROLES`, `old` the position that an answer is about, where it is another one.
    """
    whole, brief = tr(whose), tr(SHORT_ROLES[whose])
    short, shortest = (whole, brief) if old is None else (f"… {whole}", f"… {brief}")
    longest = whole if old is None else tr("{role} … of step {position}", role=whole, position=old)
    compact = shown.label.replace(", ", ",")
    return (
        f"{shown.label}  {longest}",
        f"{shown.label}  {short}",
        f"{compact} {short}",
        f"{compact} {shortest}",
        f"{shown.name} {short}",
        f"{shown.name} {shortest}",
        short if cell_len(short) < cell_len(f"{shown.name} {shortest}") else f"{shown.name} {shortest}",
    )
