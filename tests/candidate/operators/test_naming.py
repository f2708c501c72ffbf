"""Which operator a name speaks of, and which names speak of nothing that is checked."""

from __future__ import annotations

import pytest

from convstep.candidate.operators.naming import named_operators, why_not


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("conv_backward_naive", {"conv2d"}),
        ("Conv2D.backward", {"conv2d"}),
        ("conv1d_backward", {"conv1d"}),
        ("conv_transpose2d_backward", {"conv-transpose2d"}),
        ("max_pool_backward_naive", {"max-pool"}),
        ("MeanPool2d", {"avg-pool"}),
        ("spatial_batchnorm_backward", {"batch-norm"}),
        ("softmax_loss_backward", {"softmax-cross-entropy"}),
        ("LayerNorm", {"layer-norm"}),
        ("word_embedding_backward", {"embedding"}),
        ("rnn_step_backward", {"rnn-step"}),
        ("backward", set()),
        ("convert_grad", set()),
        ("ConvNet.conv_backward", {"conv2d"}),
        ("Layer", set()),
        ("Netz", set()),
        ("FCLayer", {"linear"}),
        ("BatchNorm2D.backward", {"batch-norm"}),
    ],
)
def test_a_name_says_which_operator_it_is_of(name: str, operators: set[str]) -> None:
    assert (named_operators(name), why_not(name)) == (operators, "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rnn_backward", "no check is known for rnn"),
        ("Conv3D", "no check is known for conv3d"),
        ("MyGRU", "no check is known for gru"),
        ("ConvNet", "no check is known for net"),
        ("Sequential", "no check is known for sequential"),
        ("leaky_relu_backward", "no check is known for leakyrelu"),
        ("softmax_backward", "no check is known for softmax"),
        ("spatial_groupnorm_backward", "no check is known for groupnorm"),
        ("global_avg_pool_backward", "no check is known for globalavgpool"),
        ("affine_relu_backward", "its name speaks of several operators; one at a time is checked"),
        ("conv_bn_relu_pool_backward", "its name speaks of several operators; one at a time is checked"),
    ],
)
def test_what_no_check_is_for_is_taken_for_nothing_else(name: str, said: str) -> None:
    assert why_not(name) == said
