"""Channels, groups and samples that are used for others or are left out."""

from __future__ import annotations

from convstep.candidate.diagnose.known_bugs.bug import ALL, WINDOWED, KnownBug, Variant
from convstep.candidate.diagnose.known_bugs.mistakes import Mistakes

_DW = ("dW",)
_DA = ("dA_prev",)
_SUMS = ("dW", "db")

BUGS = (
    KnownBug(
        id="dZ-channel-fixed",
        title="one channel of dZ is used for all",
        wrong="dz = dZ[i_h, i_w, 0]",
        right="dz = dZ[i_h, i_w, i_c]",
        explanation=(
            "The loop runs over the filters, but the upstream value is always that of one channel. That "
            "channel's dW and db are right, every other filter gets a copy made from the wrong upstream "
            "gradient. With one filter, or equal channels in dZ (all ones), nothing shows."
        ),
        symptom="dW and db right in one channel only",
        variants=(
            Variant(ALL, Mistakes(channels="dZ-first"), "the first channel"),
            Variant(ALL, Mistakes(channels="dZ-last"), "the last channel"),
        ),
    ),
    KnownBug(
        id="one-channel-only",
        title="a channel index is fixed, or a channel loop is missing",
        wrong="dW[0] += a_slice * dZ[i_h, i_w, i_c]",
        right="dW[i_c] += a_slice * dZ[i_h, i_w, i_c]",
        explanation=(
            "A channel's index is fixed or a loop over channels is missing. Either every filter's "
            "gradient is added to one filter and the others stay zero, or only one filter is processed "
            "and dA_prev lacks what the others send back; likewise for input channels. One channel in and "
            "out hides it. Look at which slices of dW along its first and last axis are zero."
        ),
        symptom="all channels but one are zero, or dA_prev lacks the other channels' part",
        sources=("neon#111",),
        variants=(
            Variant(ALL, Mistakes(channels="only-first"), "only the first filter is processed"),
            Variant(ALL, Mistakes(channels="only-last"), "only the last filter is processed"),
            Variant(_SUMS, Mistakes(channels="into-first"), "everything lands in the first filter"),
            Variant(_SUMS, Mistakes(channels="into-last"), "everything lands in the last filter"),
            Variant(_DA, Mistakes(channels="kernel-first"), "the first kernel is used for all"),
            Variant(_DA, Mistakes(channels="kernel-last"), "the last kernel is used for all"),
            Variant(WINDOWED, Mistakes(channels="input-first"), "only the first input channel is processed"),
            Variant(WINDOWED, Mistakes(channels="input-last"), "only the last input channel is processed"),
            Variant(_DW, Mistakes(channels="reads-first"), "the first input channel is used for all"),
        ),
    ),
    KnownBug(
        id="groups-ignored",
        title="a group reads the wrong input channels",
        wrong="a_slice = A_prev_pad[h_start:h_end, w_start:w_end, :C_in // groups]",
        right=(
            "g, C_k = i_c // (C_out // groups), C_in // groups; "
            "a_slice = A_prev_pad[h_start:h_end, w_start:w_end, g * C_k:(g + 1) * C_k]"
        ),
        explanation=(
            "In a grouped convolution a filter sees only its group's input channels: the block that "
            "starts at group * C_in / groups. Without that offset every filter uses the first block; with "
            "channels dealt out in turn, or the group found by i_c % groups, it uses others. Filters of "
            "the first group are right, and with groups = 1 all are."
        ),
        symptom="dW and dA_prev wrong if there is more than one group",
        sources=("pytorch#51430",),
        variants=(
            Variant(WINDOWED, Mistakes(groups="offset-0"), "every group reads the first block"),
            Variant(WINDOWED, Mistakes(groups="interleaved"), "channels are dealt out in turn"),
            Variant(WINDOWED, Mistakes(groups="modulo"), "a filter's group is i_c % groups"),
            Variant(WINDOWED, Mistakes(groups="offset-unscaled"), "the offset is the group's number"),
        ),
    ),
    KnownBug(
        id="batch-one-sample",
        title="one sample is used for the whole batch",
        wrong="a_slice = A_prev_pad[0, h_start:h_end, w_start:w_end]",
        right="a_slice = A_prev_pad[i_n, h_start:h_end, w_start:w_end]",
        explanation=(
            "The sample's index is fixed, the loop over samples is missing, or a buffer for one sample is "
            "shared by all. dW and db miss the other samples' share; dA_prev is filled for one of them, "
            "or receives the whole batch's sum. A batch of one hides it: test with two different samples."
        ),
        symptom="wrong if there is more than one sample",
        sources=("numpy-ml Conv2D._backward_naive",),
        variants=(
            Variant(ALL, Mistakes(samples="first"), "only the first sample is used"),
            Variant(ALL, Mistakes(samples="last"), "only the last sample is used"),
            Variant(_DW, Mistakes(samples="A-first"), "windows of the first sample are used for all"),
            Variant(ALL, Mistakes(samples="dZ-first"), "dZ of the first sample is used for all"),
            Variant(_DA, Mistakes(samples="into-first"), "the batch's sum lands in the first sample"),
            Variant(_DA, Mistakes(samples="into-last"), "the batch's sum lands in the last sample"),
            Variant(_DA, Mistakes(samples="into-every"), "the batch's sum lands in every sample"),
            Variant(
                _DA,
                Mistakes(samples="first-alone"),
                "only the first sample's is returned, without a batch axis",
            ),
            Variant(
                _DA,
                Mistakes(samples="last-alone"),
                "only the last sample's is returned, without a batch axis",
            ),
        ),
    ),
    KnownBug(
        id="batch-hardcoded",
        title="a batch size is hard-coded",
        wrong="for i_n in range(2):",
        right="for i_n in range(A_prev.shape[0]):",
        explanation=(
            "The number of samples is a constant from the test at hand, in a range or a reshape. Smaller "
            "batches raise, larger ones raise in a reshape or leave the remaining samples out. With "
            "exactly that batch size everything is right. Take the size from A_prev.shape."
        ),
        symptom="any other batch size raises or is used in part",
        sources=("survey",),
        variants=(
            Variant(ALL, Mistakes(samples="first"), "a batch of 1; later samples are left out"),
            Variant(ALL, Mistakes(samples="must be 1"), "a batch of 1; others raise"),
            Variant(ALL, Mistakes(samples="must be 2"), "a batch of 2; others raise"),
            Variant(ALL, Mistakes(samples="two"), "a batch of 2; later samples are left out"),
        ),
    ),
)
"""Bugs of this kind."""
