"""How large each array gets, quickly: for colour scales, never for results."""

from __future__ import annotations

import math

import numpy as np

from convstep.conv.forward import expected_forward
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from convstep.steps.cells import Array

STEPWISE = 2_000
"""Steps that are executed to see how large the gradients get meanwhile."""
AT_ONCE = 20_000_000
"""Multiply-adds below which the gradients can be measured before the first screen."""


def work(problem: Problem) -> int:
    """Multiply-adds of one of the two gradient products."""
    return problem.total_steps * int(np.prod(problem.geometry.kernel_shape[1:]))


def quick_magnitudes(problem: Problem) -> dict[str, float]:
    """The largest magnitude of each array, and a guess for gradients, as of independent contributions."""
    given = {name: _largest(getattr(problem, name)) for name in ("A_prev", "W", "dZ")}
    a, w, dz = (_usual(getattr(problem, name)) for name in ("A_prev", "W", "dZ"))
    geometry = problem.geometry
    places = geometry.total_steps // geometry.output_shape[2]
    taps = problem.W.size // geometry.input_shape[2] // (geometry.stride[0] * geometry.stride[1])
    guess = {
        "dW": 4 * a * dz * places**0.5,
        "dA_prev": 4 * w * dz * max(taps, 1) ** 0.5,
        "db": 4 * dz * places**0.5,
    }
    return given | guess


def quick_output(problem: Problem) -> dict[str, float]:
    """The same of a forward pass: what it reads, and a guess for `Z`."""
    bias = {} if problem.b is None else {"b": _largest(problem.b)}
    given = {name: _largest(getattr(problem, name)) for name in ("A_prev", "W")} | bias
    taps = problem.W.size // len(problem.W)
    guess = 4 * _usual(problem.A_prev) * _usual(problem.W) * taps**0.5
    return {**given, "Z": guess + bias.get("b", 0.0)}


def output_magnitude(problem: Problem) -> dict[str, float]:
    """The largest magnitude of `Z`, with its bias and before: a whole-array product, for a colour alone."""
    with quiet():
        Z = expected_forward(problem)
        summed = Z if problem.b is None else Z - problem.b
    return {"Z": max(_largest(Z), _largest(summed))}


def reached_magnitudes(problem: Problem) -> dict[str, float]:
    """The largest magnitude of each gradient: at any step where steps are few, else of the finished one."""
    few = problem.total_steps <= STEPWISE
    return running_magnitudes(problem) if few else gradient_magnitudes(problem)


def running_magnitudes(problem: Problem) -> dict[str, float]:
    """The largest magnitude of each gradient at any step, all of which, `STEPWISE` at most, are executed.

    A place at a time: of its channels only those of one group meet, in `dA_prev`, one after the other.
    """
    largest = dict.fromkeys(("dW", "dA_prev", "db"), 0.0)
    run, geometry = Run.begin(problem), problem.geometry
    _, f_h, f_w, c_k = geometry.kernel_shape
    A_prev_pad, dZ, dA_prev_pad = map(run.samples, (problem.A_prev_pad, problem.dZ, run.dA_prev_pad))
    W = problem.W.reshape(problem.groups, -1, f_h, f_w, c_k).transpose(1, 2, 3, 0, 4)
    W = W.reshape(*W.shape[:3], -1)  # the groups side by side, over all channels that they read
    dW, added = np.zeros_like(W), np.empty((len(W) + 1, *W.shape[1:]), W.dtype)
    with quiet():
        for place in np.ndindex(dZ.shape[:3]):
            i_n, i_h, i_w = place
            window = i_n, geometry.rows(i_h), geometry.columns(i_w)
            dz = dZ[place].reshape(problem.groups, -1).T.repeat(c_k, axis=1)[:, np.newaxis, np.newaxis]
            dW += A_prev_pad[window] * dz
            added[0], added[1:] = dA_prev_pad[window], W * dz
            running = np.add.accumulate(added)
            dA_prev_pad[window] = running[-1]
            written = {"dW": dW, "dA_prev": running}
            if run.db is not None:
                run.db[...] += dZ[place]
                written["db"] = run.db
            largest |= {name: max(largest[name], _largest(values)) for name, values in written.items()}
    return largest


def _usual(values: Array) -> float:
    """The root of the mean square of the finite values."""
    finite = values[np.isfinite(values)].astype(np.float64)
    with np.errstate(over="ignore"):
        square = float(np.mean(finite**2)) if finite.size else 0.0
    return float(square**0.5)


def gradient_magnitudes(problem: Problem) -> dict[str, float]:
    """The largest magnitude of each finished gradient, by float64 products: not the loop's bits."""
    geometry = problem.geometry
    n, (h_out, w_out, c_out), groups = geometry.samples, geometry.output_shape, problem.groups
    _, f_h, f_w, c_k = geometry.kernel_shape
    padded = problem.A_prev_pad.reshape(n, *geometry.padded_shape).astype(np.float64)
    dZ = problem.dZ.reshape(-1, groups, c_out // groups).astype(np.float64)
    W = problem.W.reshape(groups, c_out // groups, f_h, f_w, c_k).astype(np.float64)
    dA = np.zeros_like(padded)
    largest_dW = 0.0
    with np.errstate(all="ignore"):
        for k_h in range(f_h):
            for k_w in range(f_w):
                rows, columns = geometry.tap(k_h, k_w)
                seen = padded[:, rows, columns].reshape(-1, groups, c_k)
                dW = np.matmul(dZ.transpose(1, 2, 0), seen.transpose(1, 0, 2))
                largest_dW = max(largest_dW, _largest(dW))
                sent = np.matmul(dZ.transpose(1, 0, 2), W[:, :, k_h, k_w])
                dA[:, rows, columns] += sent.transpose(1, 0, 2).reshape(n, h_out, w_out, -1)
        db = problem.dZ.reshape(-1, c_out).sum(axis=0, dtype=np.float64)
    return {"dW": largest_dW, "dA_prev": _largest(dA), "db": _largest(db)}


def _largest(values: Array) -> float:
    """The largest finite magnitude, 0 if there is none."""
    largest = float(np.abs(values).max()) if values.size else 0.0
    if math.isfinite(largest):
        return largest
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0
