"""Every known bug, and the order in which diagnosis tries their variants."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from convstep.candidate.known_bugs import (
    accumulate_bugs,
    channel_bugs,
    kernel_bugs,
    padding_bugs,
    result_bugs,
    window_bugs,
)
from convstep.candidate.known_bugs.bug import BY_ITS_NUMBERS, KnownBug, Variant

_GROUPS = (window_bugs, padding_bugs, accumulate_bugs, kernel_bugs, channel_bugs, result_bugs)
_BY_ID = {bug.id: bug for group in _GROUPS for bug in group.BUGS}
_IDS = [
    "stride-ignored",
    "stride-one-axis",
    "padding-not-cropped",
    "crop-zero-slice",
    "crop-offset",
    "input-not-padded",
    "pad-mode",
    "overwrite-dW",
    "overwrite-dA",
    "overwrite-db",
    "dW-flipped",
    "kernel-flipped",
    "kernel-transposed",
    "dZ-not-dilated",
    "remainder-lost",
    "axes-swapped",
    "dZ-transposed",
    "dZ-channel-fixed",
    "one-channel-only",
    "db-wrong-axes",
    "db-mean",
    "averaged",
    "integer-truncation",
    "groups-ignored",
    "dilation-ignored",
    "batch-one-sample",
    "state-kept",
    "mutates-input",
    "same-padding-off-by-one",
    "padding-hardcoded",
    "dA-not-padded",
    "loop-range",
    "dZ-index-strided",
    "crop-wrong-axes",
    "gradient-not-returned",
    "starts-from-input",
    "batch-hardcoded",
    "db-shape",
    "wrong-order",
    "forward-wrong",
]

KNOWN_BUGS: dict[str, KnownBug] = {name: _BY_ID[name] for name in _IDS}
"""Every known bug by its id."""

COMMONEST = (
    "crop-zero-slice",
    "same-padding-off-by-one",
    "stride-ignored",
    "padding-hardcoded",
    "overwrite-dA",
    "overwrite-dW",
    "overwrite-db",
    "padding-not-cropped",
    "kernel-flipped",
    "dW-flipped",
    "gradient-not-returned",
    "starts-from-input",
    "stride-one-axis",
    "input-not-padded",
    "dA-not-padded",
    "loop-range",
    "dZ-channel-fixed",
    "db-mean",
    "batch-one-sample",
    "one-channel-only",
)
"""The ids to try first, by how often the survey met them; the others follow in the table's order."""


@functools.cache
def variants_of(gradient: str) -> Sequence[tuple[KnownBug, Variant]]:
    """The variants that can spoil a gradient and be seen in its numbers, commonest first.

    Args:
        gradient: "dW", "db" or "dA_prev".
    """
    ids = [*COMMONEST, *(name for name in KNOWN_BUGS if name not in COMMONEST)]
    return tuple(
        (bug, variant)
        for bug in (KNOWN_BUGS[name] for name in ids)
        if bug.seen_by == BY_ITS_NUMBERS
        for variant in bug.variants
        if gradient in variant.gradients
    )


AMBIGUOUS: dict[frozenset[str], str] = {
    frozenset({"stride-ignored", "dZ-not-dilated"}): (
        "in dA_prev alone, windows at i_h and a transposed form without inserted zeros are the same sum; "
        "in the loop form dW is wrong as well"
    ),
    frozenset({"axes-swapped", "dZ-transposed"}): (
        "a window at (i_w, i_h) for dZ[i_h, i_w] is a window at (i_h, i_w) for dZ[i_w, i_h]"
    ),
    frozenset({"crop-offset", "dA-not-padded"}): (
        "cropping [:H, :W] throws away what an unpadded accumulator has no room for"
    ),
    frozenset({"overwrite-dW", "batch-one-sample"}): (
        "a sum that each sample overwrites is the last sample's; dA_prev tells whether the others were used"
    ),
    frozenset({"overwrite-db", "batch-one-sample"}): (
        "a sum that each sample overwrites is the last sample's; dA_prev tells whether the others were used"
    ),
    frozenset({"db-mean", "averaged"}): (
        "db alone does not tell; if dW or dA_prev are divided as well, everything is averaged"
    ),
    frozenset({"batch-hardcoded", "batch-one-sample"}): (
        "a loop over one sample is both: a hard-coded size, and one sample for the batch"
    ),
    frozenset({"dZ-not-dilated", "dZ-index-strided"}): (
        "both may do no more than raise whenever the stride is larger than 1"
    ),
}
"""Pairs of ids with a variant each that return the same on every problem, and what tells them apart."""
