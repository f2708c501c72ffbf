"""Windows in the wrong place: stride, dilation, axes, and the range of the loops."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import ALL, WINDOWED, KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

BUGS = (
    KnownBug(
        id="stride-ignored",
        title="the stride is ignored",
        wrong="h_start = i_h",
        right="h_start = i_h * stride",
        explanation=(
            "The forward pass reads output (i_h, i_w) from the window at (i_h * stride, i_w * stride). "
            "This backward takes the window at (i_h, i_w) instead, so inputs and upstream gradients are "
            "paired that never met. At stride 1 both are the same window, so tests at stride 1 pass. "
            "Compare the window's corner at i_h = 1 with the one the forward pass used."
        ),
        symptom="dW and dA_prev wrong when the stride is larger than 1, right at stride 1",
        sources=("Kulbear/deep-learning-coursera#34", "enggen/Deep-Learning-Coursera#7"),
        variants=(Variant(WINDOWED, Mistakes(stride="none"), ""),),
    ),
    KnownBug(
        id="stride-one-axis",
        title="the stride is applied to one axis only",
        wrong="h_start, w_start = i_h * stride, i_w",
        right="h_start, w_start = i_h * stride, i_w * stride",
        explanation=(
            "One of the two window corners is multiplied by the stride and the other is not, or one axis' "
            "stride is used for both. Windows slide correctly along one axis and too slowly (or too fast) "
            "along the other. With stride 1, or a single row or column of output, nothing shows. Walk "
            "along i_h with i_w fixed, then along i_w with i_h fixed: only one of the walks is right."
        ),
        symptom="dW and dA_prev wrong when the stride of one axis is not 1",
        sources=("public course solutions",),
        variants=(
            Variant(WINDOWED, Mistakes(stride="h-none"), "ignored along H"),
            Variant(WINDOWED, Mistakes(stride="w-none"), "ignored along W"),
            Variant(WINDOWED, Mistakes(stride="h-for-both"), "the stride of H on both axes"),
            Variant(WINDOWED, Mistakes(stride="w-for-both"), "the stride of W on both axes"),
            Variant(
                WINDOWED,
                Mistakes(stride="h-for-both", cut=True),
                "the stride of H on both axes, windows cut off",
            ),
            Variant(
                WINDOWED,
                Mistakes(stride="w-for-both", cut=True),
                "the stride of W on both axes, windows cut off",
            ),
        ),
    ),
    KnownBug(
        id="dilation-ignored",
        title="the window is dense although the convolution is dilated",
        wrong="a_slice = A_prev_pad[h_start:h_start + f, w_start:w_start + f]",
        right=(
            "a_slice = A_prev_pad[h_start:h_start + dilation * (f - 1) + 1:dilation, "
            "w_start:w_start + dilation * (f - 1) + 1:dilation]"
        ),
        explanation=(
            "A dilated kernel looks at every dilation-th cell, so its window reaches over dilation * (f - "
            "1) + 1 rows. A dense slice of f rows has the right shape and the wrong cells: only the tap "
            "at (0, 0) is at its place. Nothing is raised, and at dilation 1 it is right."
        ),
        symptom="dW and dA_prev wrong when the dilation is larger than 1",
        variants=(
            Variant(WINDOWED, Mistakes(dilation="none"), ""),
            Variant(WINDOWED, Mistakes(dilation="h-none"), "along H only"),
            Variant(WINDOWED, Mistakes(dilation="w-none"), "along W only"),
        ),
    ),
    KnownBug(
        id="axes-swapped",
        title="H and W are swapped",
        wrong="h_start, w_start = i_w * stride, i_h * stride",
        right="h_start, w_start = i_h * stride, i_w * stride",
        explanation=(
            "Rows are used where columns belong: in the window's corner, in the loops' ranges, in the "
            "strides, in the padding, in the kernel's size or in the crop. On a square input the loops "
            "still fit, and symmetric data even gives the right numbers. With H different from W, windows "
            "leave the array: an exception, or slices that are silently cut. Test with an input such as "
            "7x10."
        ),
        symptom="wrong or a crash when H and W differ; may be invisible on squares",
        sources=("np-conv2d PR #2", "NNPACK#15"),
        variants=(
            Variant(WINDOWED, Mistakes(swapped="window"), "the window's corner"),
            Variant(WINDOWED, Mistakes(swapped="window", cut=True), "the window's corner, windows cut off"),
            Variant(WINDOWED, Mistakes(swapped="window-and-stride"), "the window's corner with its stride"),
            Variant(
                WINDOWED,
                Mistakes(swapped="window-and-stride", cut=True),
                "the window's corner with its stride, windows cut off",
            ),
            Variant(WINDOWED, Mistakes(swapped="strides"), "the strides"),
            Variant(WINDOWED, Mistakes(swapped="strides", cut=True), "the strides, windows cut off"),
            Variant(WINDOWED, Mistakes(swapped="paddings", cut=True), "the paddings, windows cut off"),
            Variant(WINDOWED, Mistakes(swapped="kernel"), "the kernel's height and width"),
            Variant(ALL, Mistakes(swapped="ranges"), "the loops' ranges"),
            Variant(ALL, Mistakes(swapped="h-for-both"), "H_out in both loops"),
            Variant(ALL, Mistakes(swapped="w-for-both"), "W_out in both loops"),
            Variant(("dA_prev",), Mistakes(crop="H and W swapped"), "the crop"),
            Variant(("dA_prev",), Mistakes(swapped="sizes", crop="H and W swapped"), "the sizes of dA_prev"),
        ),
    ),
    KnownBug(
        id="loop-range",
        title="the loops do not cover dZ exactly",
        wrong="for i_h in range(H - f + 1):",
        right="for i_h in range(dZ.shape[0]):",
        explanation=(
            "Every value of dZ belongs to one window, so the loops must run over exactly dZ's rows and "
            "columns. Ranges taken from the input, from a size formula without the padding, or without "
            "its + 1, visit too many positions (an IndexError) or miss the last rows and columns. What is "
            "missed adds nothing to any gradient: put a single 1 into the last cell of dZ and see all "
            "gradients stay zero."
        ),
        symptom="the last (or first) rows and columns of dZ have no effect, or an index error",
        sources=("survey",),
        variants=(
            Variant(ALL, Mistakes(loops="unpadded"), "over H - f + 1, without the padding"),
            Variant(ALL, Mistakes(loops="input/stride"), "over H // stride"),
            Variant(ALL, Mistakes(loops="short"), "stops one row and one column early"),
            Variant(ALL, Mistakes(loops="short-h"), "stops one row early"),
            Variant(ALL, Mistakes(loops="short-w"), "stops one column early"),
            Variant(ALL, Mistakes(loops="late"), "starts at row 1 and column 1"),
            Variant(ALL, Mistakes(loops="late-h"), "starts at row 1"),
            Variant(ALL, Mistakes(loops="late-w"), "starts at column 1"),
            Variant(ALL, Mistakes(loops="input"), "over the input's rows and columns"),
        ),
    ),
    KnownBug(
        id="dZ-index-strided",
        title="dZ is indexed with the stride",
        wrong="dz = dZ[i_h * stride, i_w * stride, i_c]",
        right="dz = dZ[i_h, i_w, i_c]",
        explanation=(
            "The stride turns an output position into an input position; dZ is indexed by output "
            "positions and needs none. Multiplied there, it asks for rows that dZ does not have (an "
            "IndexError), or, in loops that step by the stride, it uses only every stride-th value and drops "
            "the others. At stride 1 it is right."
        ),
        symptom="an index error, or most of dZ without effect, when the stride is larger than 1",
        sources=("survey",),
        variants=(
            Variant(ALL, Mistakes(dz_index="strided"), ""),
            Variant(
                ALL,
                Mistakes(dz_index="strided-guarded"),
                "every stride-th value, positions that dZ does not have are skipped",
            ),
            Variant(ALL, Mistakes(loops="every-stride"), "the loops step over dZ by the stride"),
        ),
    ),
    KnownBug(
        id="dZ-transposed",
        title="dZ is indexed by (i_w, i_h)",
        wrong="dz = dZ[i_w, i_h, i_c]",
        right="dz = dZ[i_h, i_w, i_c]",
        explanation=(
            "The window is right but the upstream value belongs to the mirrored place. Values on the "
            "diagonal i_h = i_w are right, and so is db, whose sum does not care about the order. If dZ "
            "is not square, the index leaves the array and raises, unless dZ was reshaped to (W_out, "
            "H_out) first."
        ),
        symptom="wrong or an index error if H_out and W_out differ; invisible for symmetric dZ",
        variants=(
            Variant(ALL, Mistakes(dz_index="transposed"), ""),
            Variant(WINDOWED, Mistakes(dz_index="reshaped"), "after a reshape to (W_out, H_out)"),
            Variant(WINDOWED, Mistakes(dz_index="scrambled"), "transposed and read in the old shape"),
            Variant(
                WINDOWED,
                Mistakes(swapped="ranges", dz_index="transposed"),
                "dZ is transposed before the loops",
            ),
            Variant(
                WINDOWED,
                Mistakes(swapped="ranges", dz_index="transposed", cut=True),
                "dZ is transposed before the loops, windows cut off",
            ),
        ),
    ),
)
"""Bugs of this kind."""
