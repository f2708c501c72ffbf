"""Every known bug, and the order in which diagnosis tries their variants."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from convstep.candidate.diagnose.known_bugs import (
    accumulate_bugs,
    channel_bugs,
    kernel_bugs,
    padding_bugs,
    result_bugs,
    window_bugs,
)
from convstep.candidate.diagnose.known_bugs.bug import BY_ITS_NUMBERS, KnownBug, Variant

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
