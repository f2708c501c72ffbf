"""Sums that are not sums: overwritten, kept, lost, or begun from the wrong numbers."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import ALL, WINDOWED, KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

_DW = ("dW",)
_DB = ("db",)
_DA = ("dA_prev",)

BUGS = (
    KnownBug(
        id="overwrite-dW",
        title="dW is assigned instead of added to",
        wrong="dW[i_c] = a_slice * dZ[i_h, i_w, i_c]",
        right="dW[i_c] += a_slice * dZ[i_h, i_w, i_c]",
        explanation=(
            "A kernel is used at every output position, so its gradient is a sum over all of them. With = "
            "every window throws away what the earlier ones added, and only the last survives. The same "
            "happens per row or per sample if the assignment is one loop further out. With a single "
            "output position and one sample nothing shows. To see it, let dZ be a single 1 anywhere but "
            "at the end: dW is zero."
        ),
        symptom="only the last window survives in dW; what earlier steps added is lost",
        sources=("dynet PR #612",),
        variants=(
            Variant(_DW, Mistakes(last="nhw"), "the last window survives"),
            Variant(_DW, Mistakes(last="n"), "the last sample survives"),
            Variant(_DW, Mistakes(last="nh"), "the last row survives"),
            Variant(_DW, Mistakes(last="hw"), "the last window of every sample survives"),
            Variant(_DW, Mistakes(last="h"), "the last row of every sample survives"),
            Variant(_DW, Mistakes(last="w"), "the last window of every row survives"),
        ),
    ),
    KnownBug(
        id="overwrite-dA",
        title="dA_prev is assigned instead of added to",
        wrong="dA_prev_pad[h_start:h_end, w_start:w_end] = W[i_c] * dZ[i_h, i_w, i_c]",
        right="dA_prev_pad[h_start:h_end, w_start:w_end] += W[i_c] * dZ[i_h, i_w, i_c]",
        explanation=(
            "An input cell belongs to several windows and, in each, to several filters; its gradient is "
            "the sum of what they all send back. With = the last write wins. If the filters are summed "
            "before the assignment, it shows only where windows overlap, that is, when the stride is "
            "smaller than the kernel. In col2im the same slip is in the loop over taps."
        ),
        symptom="dA_prev wrong where windows or filters overlap, right if the stride is at least the kernel",
        sources=("darknet#2570",),
        variants=(
            Variant(_DA, Mistakes(write="step"), "the last window and the last filter survive"),
            Variant(_DA, Mistakes(write="place"), "filters are summed, the last window survives"),
            Variant(_DA, Mistakes(write="tap"), "in col2im, the first window survives"),
        ),
    ),
    KnownBug(
        id="overwrite-db",
        title="db is assigned instead of added to",
        wrong="db[i_c] = dZ[i_h, i_w, i_c]",
        right="db[i_c] += dZ[i_h, i_w, i_c]",
        explanation=(
            "A bias is added at every output position, so its gradient is the sum of dZ over all of them. "
            "With = it is the last value alone, or the sum of the last row or the last sample if the "
            "assignment is further out. Compare db with dZ.sum() over all axes but the channels."
        ),
        symptom="db is only a part of dZ's sum: the last position, row or sample",
        variants=(
            Variant(_DB, Mistakes(last="nhw"), "the last position survives"),
            Variant(_DB, Mistakes(last="n"), "the last sample survives"),
            Variant(_DB, Mistakes(last="nh"), "the last row survives"),
            Variant(_DB, Mistakes(last="hw"), "the last position of every sample survives"),
            Variant(_DB, Mistakes(last="h"), "the last row of every sample survives"),
            Variant(_DB, Mistakes(last="w"), "the last position of every row survives"),
        ),
    ),
    KnownBug(
        id="gradient-not-returned",
        title="the sum is made in one array, but another is returned",
        wrong="da_pad = np.pad(dA_prev[i_n], around)   # written to, but dA_prev is returned",
        right="dA_prev[i_n] = da_pad[p:p + H, p:p + W]",
        explanation=(
            "np.pad makes a copy. The windows are added to the copy, and the array of zeros it was made "
            "from is returned without ever being written. Shape and type are right and nothing is raised; "
            "the gradient is zero everywhere, whatever the inputs are."
        ),
        symptom="a gradient of zeros",
        sources=("survey",),
        variants=(
            Variant(ALL, Mistakes(zeros=True), ""),
            Variant(_DA, Mistakes(zeros=True, crop="none"), "in the padded shape"),
        ),
    ),
    KnownBug(
        id="starts-from-input",
        title="the accumulator starts as a copy of the input",
        wrong="dA_prev_pad = np.copy(A_prev_pad)",
        right="dA_prev_pad = np.zeros_like(A_prev_pad)",
        explanation=(
            "A buffer of the right shape is made by copying the array whose gradient it will hold, and "
            "the contributions are added to the old values. The gradient is too large by exactly "
            "the input, cell by cell. Subtract the input from what came back: the rest is right. With "
            "inputs of zero it does not show."
        ),
        symptom="a gradient is off by exactly its input: dA_prev by A_prev, dW by W, db by b",
        sources=("survey",),
        variants=(Variant(ALL, Mistakes(starts_from_input=True), ""),),
    ),
    KnownBug(
        id="state-kept",
        title="the accumulators are not cleared between calls",
        wrong="self.dW += a_slice * dz   # self.dW is made once, in __init__",
        right="self.dW = np.zeros_like(W)   # at the start of every backward",
        explanation=(
            "The arrays that collect the gradients outlive the call: attributes of a layer, globals, or a "
            "default argument. The first call is right, every later one adds to what the calls before "
            "left. Call twice with the same inputs: the second result must equal the first; here it is "
            "twice that."
        ),
        symptom="the second call's gradients contain the first's",
        sources=("micrograd PR #102",),
        variants=(Variant(ALL, Mistakes(scale="2"), "the first call's result is added again"),),
        seen_by="calling twice",
    ),
    KnownBug(
        id="mutates-input",
        title="an input is changed in place",
        wrong="dZ *= scale   # dZ is the caller's array",
        right="dZ = dZ * scale",
        explanation=(
            "In-place operators and assignments into a slice write to the caller's array. The call itself "
            "may return right gradients, and whoever uses dZ, A_prev or W afterwards gets wrong ones. "
            "Compare every input before and after the call; work on a copy, or write to a new array."
        ),
        symptom="dZ, A_prev or W differ after the call; later results are wrong",
        sources=("caffe#2015",),
        seen_by="the inputs afterwards",
    ),
    KnownBug(
        id="integer-truncation",
        title="fractions are lost in integer buffers",
        wrong="dW = np.zeros_like(W)   # W holds integers",
        right="dW = np.zeros(W.shape)",
        explanation=(
            "zeros_like takes over the type of its argument. If the input is an array of integers, so is "
            "the buffer, and every value stored in it loses its fraction. With += on a slice NumPy raises "
            "instead; cell by cell it truncates silently. With floating-point inputs nothing shows."
        ),
        symptom="gradients are whole numbers, too close to zero",
        sources=("numpy#16578",),
        variants=(
            Variant(WINDOWED, Mistakes(integers="like-step"), "with integer inputs, at every step"),
            Variant(_DA, Mistakes(integers="like-place"), "with integer inputs, at every window"),
            Variant(WINDOWED, Mistakes(integers="like-end"), "with integer inputs, at the end"),
            Variant(WINDOWED, Mistakes(integers="like-raises"), "with integer inputs, += raises"),
            Variant(ALL, Mistakes(integers="step"), "at every step"),
            Variant(_DA, Mistakes(integers="place"), "at every window"),
            Variant(ALL, Mistakes(integers="end"), "at the end"),
            Variant(ALL, Mistakes(integers="floor"), "at the end, rounded down"),
            Variant(ALL, Mistakes(integers="round"), "at the end, rounded"),
            Variant(ALL, Mistakes(integers="dZ"), "in dZ, before anything else"),
        ),
    ),
)
"""Bugs of this kind."""
