"""Which operator a name speaks of."""

from __future__ import annotations

import pytest

from convstep.candidate.survey.naming import named_operators


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("conv_backward_naive", {"conv2d"}),
        ("Conv2D.backward", {"conv2d"}),
        ("conv1d_backward", {"conv1d"}),
        ("conv_transpose2d_backward", {"conv-transpose2d"}),
        ("max_pool_backward_naive", {"max-pool"}),
        ("MeanPool2d", {"avg-pool"}),
        ("pool_backward", {""}),
        ("spatial_batchnorm_backward", {"batch-norm"}),
        ("affine_relu_backward", {"linear", "relu"}),
        ("leaky_relu_backward", {"relu"}),
        ("word_embedding_backward", {"embedding"}),
        ("rnn_step_backward", {"rnn-step"}),
        ("RNNCell.backward", {"rnn-step"}),
        ("rnn_backward", {""}),
        ("backward", set()),
        ("convert_grad", set()),
        ("Layer", set()),
    ],
)
def test_a_name_says_which_operators_it_is_about(name: str, operators: set[str]) -> None:
    assert named_operators(name) == operators
