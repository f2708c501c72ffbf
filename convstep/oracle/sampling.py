"""Which cells to check when there are too many: corners, edges, and some from everywhere."""

from __future__ import annotations

import itertools

import numpy as np

from convstep.steps.cells import Array

SEED = 20240
"""Fixed: two runs check the same cells."""


def sample_cells(shape: tuple[int, ...], count: int) -> tuple[Array, ...]:
    """At most `count` different cells of an array, all if it has no more: an array of indices per axis.

    Mistakes gather where windows are cut off: the corners come first, then half of the cells
    have one axis at its first or last index.
    """
    size = int(np.prod(shape))
    if count >= size:
        return np.unravel_index(np.arange(size), shape)
    random = np.random.default_rng(SEED)
    corners = np.array(list(itertools.product(*({0, length - 1} for length in shape))))
    chosen = {int(cell) for cell in np.ravel_multi_index(tuple(corners.T), shape)[:count]}
    drawn = random.integers(0, shape, (4 * count, len(shape)))
    edges = np.arange(0, len(drawn), 2)
    axes = random.integers(0, len(shape), len(edges))
    drawn[edges, axes] = random.integers(0, 2, len(edges)) * (np.array(shape)[axes] - 1)
    for cell in np.ravel_multi_index(tuple(drawn.T), shape):
        if len(chosen) == count:
            break
        chosen.add(int(cell))
    return np.unravel_index(np.array(sorted(chosen)), shape)
