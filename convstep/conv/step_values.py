"""What the steps of many places read, at once: the names of a condition without running gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.steps.cells import Array

IntArray = npt.NDArray[np.intp]

RUNNING = frozenset(("dW", "db", "dA"))
"""Names of conditions whose values depend on the steps before."""
CELLS = 1 << 17
"""Products that are summed up at once: small enough to stay in a processor's cache."""


class StepValues:
    """Gathers `dz`, `x`, `w`, `Z` and the loop indices for places `(i_n, i_h, i_w)`, numbered in loop order.

    Every array has two leading axes, `(places, channels)`, of length 1 where nothing changes.
    """

    def __init__(self, problem: Problem) -> None:
        geometry = problem.geometry
        h_out, w_out, c_out = geometry.output_shape
        _, f_h, f_w, c_k = geometry.kernel_shape
        self._W, self._b = problem.W, problem.b
        self._dZ = problem.dZ.reshape(-1, c_out)
        self._counts = (geometry.samples, h_out, w_out)
        self._groups, self._filters = geometry.groups, c_out
        A = problem.A_prev_pad.reshape(geometry.samples, *geometry.padded_shape)
        (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
        sample, down, right, deep = A.strides
        self._windows = np.lib.stride_tricks.as_strided(
            A,
            (*self._counts, f_h, f_w, geometry.groups, c_k),
            (sample, down * s_h, right * s_w, down * d_h, right * d_w, deep * c_k, deep),
            writeable=False,
        )

    def dz(self, places: IntArray, channels: range) -> Array:
        """`dZ` in its own dtype, `(places, channels)`."""
        return self._dZ[places, channels.start : channels.stop]

    def x(self, places: IntArray, channels: range) -> Array:
        """The windows in their own dtype, `(places, channels or 1, F_h, F_w, C_in // groups)`."""
        seen = np.moveaxis(self._windows[np.unravel_index(places, self._counts)], 3, 1)
        if self._groups == 1:
            return seen
        return seen[:, np.arange(channels.start, channels.stop) // (self._filters // self._groups)]

    def Z(self, places: IntArray, channels: range) -> Array:
        """What the forward loop makes at these places, with its bits, `(places, channels)`.

        `np.sum(x * w)` adds a contiguous product in pairs, and so does a sum along a last axis as long.
        """
        made = np.empty((len(places), len(channels)), self._W.dtype)
        with quiet():
            self._sum_into(made, places, channels)
        return made

    def _sum_into(self, made: Array, places: IntArray, channels: range) -> None:
        many = max(CELLS // (len(places) * self._W[0].size), 1)
        for first in range(0, len(channels), many):
            part = channels[first : first + many]
            w = self._W[part.start : part.stop]
            products = np.empty((len(places), *w.shape), w.dtype)  # contiguous, however `x` lies
            np.multiply(self.x(places, part), w, out=products)
            made[:, first : first + many] = products.reshape(len(places), len(part), -1).sum(axis=-1)
        if self._b is not None:
            made += self._b[channels.start : channels.stop]

    def read(self, names: Iterable[str], places: IntArray, channels: range) -> dict[str, Array]:
        """The values at places and channels of those `names` that are no running gradients, in float64."""
        made: dict[str, Array] = {}
        i_n, i_h, i_w = np.unravel_index(places, self._counts)
        i_c = np.arange(channels.start, channels.stop)[np.newaxis]
        for name in names:
            value: Any
            match name:
                case "step" | "position":
                    value = self.steps(places, channels) + (name == "position")
                case "i_n" | "i_h" | "i_w":
                    value = {"i_n": i_n, "i_h": i_h, "i_w": i_w}[name][:, np.newaxis]
                case "i_c":
                    value = i_c
                case "dz":
                    value = self.dz(places, channels)
                case "x":
                    value = self.x(places, channels)
                case "w":
                    value = self._W[channels.start : channels.stop][np.newaxis]
                case "b" if self._b is not None:
                    value = self._b[np.newaxis, channels.start : channels.stop]
                case "Z":
                    value = self.Z(places, channels)
                case _:
                    continue
            made[name] = np.asarray(value, np.float64)
        return made

    def steps(self, places: IntArray, channels: range) -> IntArray:
        """Step numbers, `(places, channels)`."""
        return places[:, np.newaxis] * self._filters + np.arange(channels.start, channels.stop)
