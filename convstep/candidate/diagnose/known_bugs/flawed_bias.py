"""db as a flawed backward computes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.diagnose.known_bugs import rounding
from convstep.candidate.diagnose.known_bugs.mistakes import DbShape, Mistakes
from convstep.candidate.diagnose.known_bugs.upstream import upstream
from convstep.conv.problem import Problem

Array = npt.NDArray[Any]


def flawed_db(problem: Problem, mistakes: Mistakes, position: int | None = None) -> Array:
    """db, `(C_out,)` unless a mistake gives it another shape; also where the problem has no bias.

    Args:
        problem: any geometry.
        mistakes: what is done wrong.
        position: after how many steps; None for all.

    Raises:
        IndexError: a place of `dZ` that does not exist.
    """
    source = upstream(problem, mistakes, position)
    dz = source.surviving(mistakes.last)
    n, p, c_out = dz.shape
    if rounding.of_steps(problem, mistakes, "db"):
        db = np.zeros(c_out)
        for values in dz.reshape(n * p, c_out):
            db = rounding.cut(db + values, "step")
    elif mistakes.db_keeps:
        db = _kept(dz.reshape(n, *source.places.shape, c_out), mistakes, problem.geometry.batch is None)
    else:
        db = dz.sum(axis=(0, 1))
    if mistakes.channels in ("into-first", "into-last"):
        alone = np.zeros(c_out)
        alone[0 if mistakes.channels == "into-first" else -1] = db.sum()
        db = alone
    return _shaped(db, mistakes.db_shape, (n, *source.places.shape))


def _kept(dz: Array, mistakes: Mistakes, single: bool) -> Array:
    """The sum over the axes that are not kept; the batch axis goes where the problem has none."""
    keeps = mistakes.db_keeps
    if keeps == "total":
        return np.repeat(dz.sum(), dz.shape[3])
    letters = keeps.removeprefix("none")
    away = tuple(axis for axis, letter in enumerate("NHWC") if letter not in letters)
    left = [letter for letter in "NHWC" if letter in letters]
    db: Array = np.asarray(dz.sum(axis=away)).transpose([left.index(letter) for letter in letters])
    return db[0] if single and letters.startswith("N") else db


def _shaped(db: Array, shape: DbShape, places: tuple[int, int, int]) -> Array:
    """Right values brought into a wrong shape."""
    match shape:
        case "(C, 1)":
            return db.reshape(-1, 1)
        case "(1, C)":
            return db.reshape(1, -1)
        case "(1, 1, C)":
            return db.reshape(1, 1, -1)
        case "(C, 1, 1)":
            return db.reshape(-1, 1, 1)
        case "(C, 1, 1, 1)":
            return db.reshape(-1, 1, 1, 1)
        case "(H_out, W_out, C)":
            return np.broadcast_to(db, (*places[1:], *db.shape)).copy()
        case "(N, H_out, W_out, C)":
            return np.broadcast_to(db, (*places, *db.shape)).copy()
        case "(N, C)":
            return np.broadcast_to(db, (places[0], *db.shape)).copy()
        case "(C, C)":
            return np.broadcast_to(db, (db.size, *db.shape)).copy()
        case _:
            return db
