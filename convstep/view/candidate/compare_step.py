"""From one step to what it adds in the reference and in the candidate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from convstep.candidate.check.grade import wrong_cells
from convstep.language import tr
from convstep.steps.cells import Array, cell_text
from convstep.steps.event import Access
from convstep.view.candidate.compare_card import MOST_LISTED, Share, Stray
from convstep.view.grid.faces import Face
from convstep.view.scene.build import turned, values_on

if TYPE_CHECKING:
    from convstep.candidate.check.cases import Right
    from convstep.candidate.step.stepping import Beside


def share_of(write: Access, array: Array, shown: Face, right: Right, beside: Beside | None) -> Share:
    """What a step writes in both, on one face and elsewhere; the array is in the shape of the candidate's.

    `beside` is what the candidate adds; None if it has not said so yet.
    """
    name, cells = write.array, turned(write, array, shown)
    values = values_on(cells.fixed, write.region, write.value)
    share = Share(cells.part(write.region), write.text, values)
    if beside is None:
        return share
    if name not in beside.gradients:
        return replace(share, problem=beside.problems.get(name, tr("it is not returned")))
    expected, actual = np.zeros_like(array), beside.gradients[name]
    expected[write.region] = write.value
    wrong = wrong_cells(name, right, actual, expected)
    seen = tuple(
        part if held is None else held
        for held, part in zip(cells.fixed, cells.region(write.region), strict=True)
    )
    inside = np.array(wrong[seen]).reshape(values.shape)
    wrong[seen] = False
    others = np.argwhere(wrong)
    return replace(
        share,
        actual=actual[seen].reshape(values.shape),
        differing=inside,
        strays=tuple(
            Stray(cell_text(name, at), expected[tuple(at)], actual[tuple(at)])
            for at in others[:MOST_LISTED].tolist()
        ),
        elsewhere=len(others),
    )
