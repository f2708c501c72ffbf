"""Padding that is missing, too wide, hard-coded, or cut off wrongly."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import WINDOWED, KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

_DA = ("dA_prev",)
_DW = ("dW",)

BUGS = (
    KnownBug(
        id="crop-zero-slice",
        title="[p:-p] is empty when the padding is 0",
        wrong="dA_prev = dA_prev_pad[p:-p, p:-p]",
        right="dA_prev = dA_prev_pad[p:p + H, p:p + W]",
        explanation=(
            "In Python -0 is 0, so with p = 0 the slice [p:-p] is [0:0]: empty, where the whole array was "
            "meant. Returned, it is a gradient without cells; assigned to dA_prev[i_n], it raises because "
            "shapes do not fit. With any padding it is right, which is why tests at padding 1 pass. Write "
            "the end of the slice as p + H."
        ),
        symptom="dA_prev empty, or an error, at padding 0 only",
        sources=("HIPS/autograd#431", "most public course solutions"),
        variants=(
            Variant(_DA, Mistakes(crop="[p:-p]"), "an empty array is returned"),
            Variant(_DA, Mistakes(crop="[p:-p] assigned"), "assigning the empty array raises"),
            Variant(_DA, Mistakes(crop="[p:-p] on H"), "along H only"),
            Variant(_DA, Mistakes(crop="[p:-p] on W"), "along W only"),
        ),
    ),
    KnownBug(
        id="same-padding-off-by-one",
        title='the "same" padding is one too wide',
        wrong="p = ((H - 1) * stride + f - H) // 2 + 1",
        right="p = ((H - 1) * stride + f - H + 1) // 2",
        explanation=(
            'The formula for "same" padding is meant to round up, but adds one also where the division '
            "leaves nothing to round. Every window then starts one row and one column too early, and the "
            "crop takes the same step, so shapes are right and nothing is raised. The result disagrees "
            "with the forward pass that produced dZ. Compare the padding with the one Z's size implies."
        ),
        symptom="dA_prev and dW shifted by one cell, right shape, nothing raised",
        sources=("29 of 84 ALX solutions",),
        variants=(
            Variant(WINDOWED, Mistakes(padding="+1 where padded"), "where there is padding at all"),
            Variant(WINDOWED, Mistakes(padding="+1"), "always"),
            Variant(WINDOWED, Mistakes(padding="+1 on H"), "along H only"),
            Variant(WINDOWED, Mistakes(padding="+1 on W"), "along W only"),
        ),
    ),
    KnownBug(
        id="padding-hardcoded",
        title="a padding is hard-coded",
        wrong="dA_prev = dA_prev_pad[1:-1, 1:-1]",
        right="dA_prev = dA_prev_pad[p:p + H, p:p + W]",
        explanation=(
            "The number 1 is written where the padding belongs: when the arrays are padded, when the "
            "gradient is cropped, or both. The usual test uses padding 1 and passes. With less padding "
            "windows are shifted or real cells are cropped away; with more, windows leave the array or "
            "padding stays in the result."
        ),
        symptom="right at padding 1 only",
        sources=("4 of 38 cs231n solutions",),
        variants=(
            Variant(_DA, Mistakes(crop="[1:-1]"), "the crop"),
            Variant(_DA, Mistakes(crop="[1:-1] assigned"), "the crop, whose assignment raises"),
            Variant(WINDOWED, Mistakes(padding="1"), "the padding of the array"),
            Variant(WINDOWED, Mistakes(padding="1", cut=True), "the padding of the array, windows cut off"),
            Variant(
                _DA,
                Mistakes(padding="1", crop="outer [p:-p]"),
                "the padding of dA_prev_pad, but not the crop",
            ),
            Variant(WINDOWED, Mistakes(padding="2"), "a padding of 2"),
        ),
    ),
    KnownBug(
        id="padding-not-cropped",
        title="the padded gradient is returned",
        wrong="return dW, db, dA_prev_pad",
        right="return dW, db, dA_prev_pad[p:p + H, p:p + W]",
        explanation=(
            "dA_prev_pad has a border of p cells on every side that belongs to no input cell. It must be "
            "cropped before it is returned. The inner part is right; the shape is too large by 2p, and at "
            "padding 0 nothing is wrong."
        ),
        symptom="dA_prev too large by 2p",
        sources=("MP-SPDZ#1206",),
        variants=(
            Variant(_DA, Mistakes(crop="none"), ""),
            Variant(_DA, Mistakes(crop="[p:]"), "cropped only at the top and left"),
        ),
    ),
    KnownBug(
        id="crop-offset",
        title="the gradient is cropped from the wrong corner",
        wrong="dA_prev = dA_prev_pad[:H, :W]",
        right="dA_prev = dA_prev_pad[p:p + H, p:p + W]",
        explanation=(
            "The result has the input's shape, but its first cell is a cell of the padding (or the crop "
            "is aligned to the far corner). Every gradient is attributed to a cell p rows and columns "
            "away. At padding 0 all these crops are the same. Put a single 1 into dZ and compare where "
            "the kernel's picture appears in dA_prev with the window the forward pass read."
        ),
        symptom="dA_prev shifted by the padding, right shape",
        variants=(
            Variant(_DA, Mistakes(crop="[:H]"), "the first H rows and W columns"),
            Variant(_DA, Mistakes(crop="[-H:]"), "the last H rows and W columns"),
            Variant(_DA, Mistakes(crop="[:H] on H"), "the first H rows"),
            Variant(_DA, Mistakes(crop="[:H] on W"), "the first W columns"),
            Variant(_DA, Mistakes(crop="[-H:] on H"), "the last H rows"),
            Variant(_DA, Mistakes(crop="[-H:] on W"), "the last W columns"),
        ),
    ),
    KnownBug(
        id="crop-wrong-axes",
        title="the crop cuts the wrong axes",
        wrong="dA_prev = dA_prev_pad[p:-p, p:-p, :, :]   # of (N, H, W, C)",
        right="dA_prev = dA_prev_pad[:, p:p + H, p:p + W, :]",
        explanation=(
            "Slices count axes from the left, so the crop for an array without a batch axis, or in "
            "another layout, cuts samples or channels. Height or width keeps its padding and the other "
            "axis loses entries, often all of them. At padding 0 it is right if the slice is guarded "
            "there. Print the shape before and after the crop."
        ),
        symptom="dA_prev of the wrong shape, or empty",
        sources=("survey",),
        variants=(
            Variant(_DA, Mistakes(crop="axes N, H"), "N and H of NHWC"),
            Variant(_DA, Mistakes(crop="axes W, C"), "W and C of NHWC"),
            Variant(_DA, Mistakes(crop="axes C, H"), "C and H of NCHW"),
            Variant(_DA, Mistakes(crop="axes N, C"), "N and C of NCHW"),
            Variant(_DA, Mistakes(crop="axes N, H guarded"), "N and H of NHWC, if p > 0"),
            Variant(_DA, Mistakes(crop="axes W, C guarded"), "W and C of NHWC, if p > 0"),
            Variant(_DA, Mistakes(crop="axes C, H guarded"), "C and H of NCHW, if p > 0"),
            Variant(_DA, Mistakes(crop="axes N, C guarded"), "N and C of NCHW, if p > 0"),
            Variant(_DA, Mistakes(crop="axes N, H started"), "[p:p+H, p:p+W] of N and H of NHWC"),
            Variant(_DA, Mistakes(crop="axes W, C started"), "[p:p+H, p:p+W] of W and C of NHWC"),
            Variant(_DA, Mistakes(crop="axes C, H started"), "[p:p+H, p:p+W] of C and H of NCHW"),
            Variant(_DA, Mistakes(crop="axes N, C started"), "[p:p+H, p:p+W] of N and C of NCHW"),
        ),
    ),
    KnownBug(
        id="input-not-padded",
        title="windows are sliced from the unpadded input",
        wrong="a_slice = A_prev[h_start:h_end, w_start:w_end]",
        right="a_slice = A_prev_pad[h_start:h_end, w_start:w_end]",
        explanation=(
            "h_start and w_start are positions in the padded input. In A_prev the same numbers lie p rows "
            "and columns further on, and the last windows reach past its end, where a slice is silently "
            "shorter. Then shapes clash, or a window of one row is spread over the whole kernel. At "
            "padding 0 there is no difference."
        ),
        symptom="dW wrong, or shapes clash, when the padding is larger than 0",
        variants=(
            Variant(_DW, Mistakes(padding="0"), "windows cut off at the border raise"),
            Variant(_DW, Mistakes(padding="0", cut=True), "windows are cut off at the border"),
            Variant(_DW, Mistakes(padding="0", by_index=True), "cells are taken by index"),
            Variant(
                _DW,
                Mistakes(padding="0", buffer="reached", refit="zeros after"),
                "correlated with dZ, cut to the kernel",
            ),
        ),
    ),
    KnownBug(
        id="dA-not-padded",
        title="the accumulator of dA is not padded",
        wrong="dA_prev_pad = np.zeros_like(A_prev)   # h_start and w_start count padded rows",
        right="dA_prev_pad = np.zeros_like(A_prev_pad)   # cropped to [p:p + H, p:p + W] at the end",
        explanation=(
            "Windows are counted in the padded input, but the array that collects their gradients has the "
            "input's own size. Everything lands p rows and columns too far down and right, and windows at "
            "the far border are cut: adding the whole kernel there raises, adding a cut kernel loses a "
            "part. At padding 0 it is right."
        ),
        symptom="an error, or dA_prev shifted and cut at the border, when the padding is larger than 0",
        sources=("survey",),
        variants=(
            Variant(_DA, Mistakes(padding="0"), "windows cut off at the border raise"),
            Variant(_DA, Mistakes(padding="0", cut=True), "windows are cut off at the border"),
            Variant(_DA, Mistakes(padding="0", by_index=True), "cells are written by index"),
            Variant(
                _DA,
                Mistakes(padding="0", cut=True, crop="outer [p:size-p]"),
                "windows are cut off, and the result is cropped as if it were padded",
            ),
        ),
    ),
    KnownBug(
        id="pad-mode",
        title="the input is not padded with zeros",
        wrong='A_prev_pad = np.pad(A_prev, ((p, p), (p, p), (0, 0)), mode="edge")',
        right='A_prev_pad = np.pad(A_prev, ((p, p), (p, p), (0, 0)), mode="constant")',
        explanation=(
            "The forward pass read zeros around the input; this backward reads copies of the border, a "
            "mirror image, or ones. Taps that look into the padding collect gradient that should be "
            "zero. dA_prev and db do not read the input and are right, and so is everything at padding "
            "0. Only the kernel's outer taps are wrong."
        ),
        symptom="dW wrong in the taps that reach over the border, when the padding is larger than 0",
        variants=(
            Variant(_DW, Mistakes(border="edge"), "the border repeated"),
            Variant(_DW, Mistakes(border="reflect"), "mirrored, the border once"),
            Variant(_DW, Mistakes(border="symmetric"), "mirrored, the border twice"),
            Variant(_DW, Mistakes(border="wrap"), "wrapped around"),
            Variant(_DW, Mistakes(border="one"), "ones"),
        ),
    ),
)
"""Bugs of this kind."""
