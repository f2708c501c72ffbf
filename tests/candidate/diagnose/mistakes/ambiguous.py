"""Which known bugs no numbers tell apart."""

from __future__ import annotations

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
    frozenset({"crop-ends-early", "dA-not-padded"}): (
        "cropping [p:H-p] keeps only cells that an unpadded accumulator has room for"
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
        "a loop over one sample is both: a size written in, and one sample for the batch"
    ),
    frozenset({"dZ-not-dilated", "dZ-index-strided"}): (
        "both may do no more than raise whenever the stride is larger than 1"
    ),
}
"""Pairs of ids with a variant each that return the same on every problem, and what tells them apart."""
