"""Kernels rotated the wrong way, and the transposed form of dA_prev."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

_DW = ("dW",)
_DA = ("dA_prev",)

BUGS = (
    KnownBug(
        id="dW-flipped",
        title="dW is rotated",
        wrong='dW[i_c] = correlate2d(dZ[..., i_c], A_prev_pad[..., c], mode="valid")',
        right='dW[i_c] = correlate2d(A_prev_pad[..., c], dZ[..., i_c], mode="valid")',
        explanation=(
            "Correlation does not commute: with its arguments swapped, the same numbers come out in "
            "reverse order. dW[i_c, k_h, k_w] holds what belongs to the tap mirrored through the kernel's "
            "centre, so the shape, the mean and every norm are right. A convolution used for a "
            "correlation does the same. Compare with dW[:, ::-1, ::-1]. A kernel of one tap, or symmetric "
            "data, hides it."
        ),
        symptom="dW rotated by 180°, its mean right",
        sources=("e2eml course 322",),
        variants=(
            Variant(_DW, Mistakes(taps="flip"), "along both axes"),
            Variant(_DW, Mistakes(taps="flip-h"), "along H only"),
            Variant(_DW, Mistakes(taps="flip-w"), "along W only"),
        ),
    ),
    KnownBug(
        id="kernel-flipped",
        title="the kernel is rotated when it should not be, or not when it should",
        wrong="dA_prev_pad[h_start:h_end, w_start:w_end] += np.rot90(W[i_c], 2) * dz",
        right="dA_prev_pad[h_start:h_end, w_start:w_end] += W[i_c] * dz",
        explanation=(
            "In the loop form each window receives the kernel as it is. Only the transposed-convolution "
            "form, which slides over a padded dZ, needs the kernel rotated by 180°. Rotating in the first "
            "or forgetting it in the second gives the right shape and the right total with every cell's "
            "share taken from the mirrored tap. A one-tap or symmetric kernel hides it: put a single 1 "
            "into dZ, and dA_prev must show W itself."
        ),
        symptom="dA_prev wrong, its shape and mean right",
        sources=("nntrainer#705", "numpy-ml#27"),
        variants=(
            Variant(_DA, Mistakes(taps="flip"), "along both axes"),
            Variant(_DA, Mistakes(taps="flip-h"), "along H only"),
            Variant(_DA, Mistakes(taps="flip-w"), "along W only"),
        ),
    ),
    KnownBug(
        id="kernel-transposed",
        title="k_h and k_w are swapped",
        wrong="w = W[i_c].transpose(1, 0, 2)",
        right="w = W[i_c]",
        explanation=(
            "A transpose meant to rearrange channels swaps the kernel's rows and columns. Taps on the "
            "diagonal k_h = k_w are right, the others are taken from the mirrored tap. Kernels that are "
            "not square no longer fit their window and raise. Put a single 1 into dZ: dA_prev shows W on "
            "its side."
        ),
        symptom="dA_prev (or dW) wrong with the diagonal taps right; raises if the kernel is not square",
        variants=(
            Variant(_DA, Mistakes(taps="transpose"), "the kernel that is added to dA_prev"),
            Variant(_DW, Mistakes(taps="transpose"), "dW itself"),
            Variant(_DA, Mistakes(taps="scramble"), "transposed and read in the old shape"),
            Variant(_DW, Mistakes(taps="scramble"), "dW itself, transposed and read in the old shape"),
            Variant(
                _DA,
                Mistakes(taps="transpose", swapped="kernel", cut=True),
                "the window is transposed with the kernel",
            ),
        ),
    ),
    KnownBug(
        id="dZ-not-dilated",
        title="no zeros are inserted into dZ",
        wrong="dZ_up = dZ",
        right=(
            "dZ_up = np.zeros(((H_out - 1) * stride + 1, (W_out - 1) * stride + 1, C_out)); "
            "dZ_up[::stride, ::stride] = dZ"
        ),
        explanation=(
            "As a transposed convolution, dA_prev slides the rotated kernel over dZ with stride 1. That "
            "works only if dZ's values lie as far apart as the windows did: stride - 1 zeros between "
            "neighbours. Without them the result is too small, or, filled up to the input's size, "
            "squeezed into a corner. The same holds for dW as a correlation of A_prev_pad with dZ. At "
            "stride 1 it is right."
        ),
        symptom="dA_prev wrong, mostly too small, when the stride is larger than 1; dW too large",
        sources=("candle PR #2337",),
        variants=(
            Variant(
                _DA,
                Mistakes(stride="none", buffer="reached", crop="[p:size-p]"),
                "dA_prev is too small",
            ),
            Variant(
                _DA,
                Mistakes(stride="none", buffer="reached", crop="[p:size-p]", refit="zeros after"),
                "placed at the top left of zeros",
            ),
            Variant(
                _DA,
                Mistakes(stride="none", buffer="reached", crop="[p:size-p]", refit="zeros around"),
                "placed in the middle of zeros",
            ),
            Variant(
                _DA,
                Mistakes(stride="none", buffer="reached", crop="[p:size-p]", refit="assigned"),
                "too small for the array it is assigned to",
            ),
            Variant(_DA, Mistakes(stride="none"), "filled up with zeros before the convolution"),
            Variant(_DA, Mistakes(stride="none", buffer="reached"), "cut by [p:p+H] from too short an array"),
            Variant(_DW, Mistakes(stride="none", buffer="reached"), "dW is too large"),
            Variant(
                _DW, Mistakes(stride="none", buffer="reached", refit="assigned"), "dW too large for its array"
            ),
        ),
    ),
    KnownBug(
        id="remainder-lost",
        title="rows that no window reaches are not restored",
        wrong="dA_prev_pad = full_convolution(dZ_up, W_rotated)   # too few rows",
        right="dA_prev_pad[:rows, :columns] = full_convolution(dZ_up, W_rotated)   # into zeros of full size",
        explanation=(
            "If (H + 2p - f) is not a multiple of the stride, the last rows of the padded input are in "
            "no window. The transposed form has only the rows that are in one: its result lacks the "
            "remainder. It must be added at the bottom and right as zeros, before the crop. Added "
            "elsewhere or after the crop, it shifts the gradient or loses its last rows. dW as a "
            "correlation is too large by the same number of taps. Sizes that tile exactly hide it."
        ),
        symptom="dA_prev too small or shifted, dW too large, when (H + 2p - f) % stride is not 0",
        sources=("backpack#30", "CMU10-714#6"),
        variants=(
            Variant(_DA, Mistakes(buffer="reached", crop="[p:size-p]"), "dA_prev is too small"),
            Variant(
                _DA,
                Mistakes(buffer="reached", crop="[p:size-p]", refit="zeros after"),
                "zeros at the end, after the crop",
            ),
            Variant(
                _DA,
                Mistakes(buffer="reached", crop="[p:size-p]", refit="zeros before"),
                "zeros at the start, after the crop",
            ),
            Variant(
                _DA,
                Mistakes(buffer="reached", crop="[p:size-p]", refit="zeros around"),
                "zeros on both sides, after the crop",
            ),
            Variant(
                _DA, Mistakes(buffer="reached", refit="rows before"), "zeros at the start, before the crop"
            ),
            Variant(_DA, Mistakes(buffer="reached"), "cut by [p:p+H] from too short an array"),
            Variant(
                _DA,
                Mistakes(buffer="reached", crop="[p:size-p]", refit="assigned"),
                "too small for the array it is assigned to",
            ),
            Variant(_DW, Mistakes(buffer="reached"), "dW has too many taps"),
            Variant(_DW, Mistakes(buffer="reached", refit="zeros before"), "dW's last taps are taken"),
            Variant(_DW, Mistakes(buffer="reached", refit="assigned"), "dW too large for its array"),
        ),
    ),
)
"""Bugs of this kind."""
