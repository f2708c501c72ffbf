"""The digit is real: real data, a network that learned, and the gradient its loss sends back."""

import hashlib

import numpy as np
import pytest
import torch

from convstep.examples import load, train_digit
from convstep.examples.digits import load_digits
from convstep.examples.make import CLASSIFIER


@pytest.fixture(scope="module")
def network() -> train_digit.Network:
    """The bundled parameters, without training again."""
    digit = load("digit")
    assert digit.b is not None
    with np.load(CLASSIFIER, allow_pickle=False) as archive:
        return train_digit.Network(digit.W, digit.b, archive["W_out"], archive["b_out"])


def test_the_data_are_the_published_ones() -> None:
    images, labels = load_digits()
    assert images.shape == (1797, 8, 8)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 16)
    # class counts of the test part, as its authors list them
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_data_are_the_bytes_that_were_checked_against_an_independent_copy() -> None:
    images, labels = load_digits()
    found = hashlib.sha256(images.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()
    assert found == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_image_is_held_out_from_training() -> None:
    training, held_out = train_digit.split()
    assert train_digit.IMAGE in held_out
    assert train_digit.IMAGE not in training
    assert sorted([*training, *held_out]) == list(range(1797))


def test_the_network_has_learned_yet_takes_this_nine_for_a_five(network: train_digit.Network) -> None:
    assert train_digit.held_out_accuracy(network) > 0.95
    found = train_digit.pass_of_the_digit(network)
    assert load_digits()[1][train_digit.IMAGE] == 9
    assert found.probabilities[0].argmax() == 5
    assert "image 9: a 9, taken for a 5" in train_digit.report(network)


def test_dZ_is_what_cross_entropy_sends_back_to_Z(network: train_digit.Network) -> None:
    digit = load("digit")
    with np.load(CLASSIFIER, allow_pickle=False) as archive:
        label = torch.tensor([int(archive["label"])])
    A_prev = torch.tensor(digit.A_prev).permute(2, 0, 1)[None]
    W, b = torch.tensor(digit.W).permute(0, 3, 1, 2), torch.tensor(digit.b)

    Z = torch.nn.functional.conv2d(A_prev, W, b, padding=1).permute(0, 2, 3, 1).contiguous()
    Z.requires_grad_()
    logits = torch.relu(Z).flatten(1) @ torch.tensor(network.W_out) + torch.tensor(network.b_out)
    (expected,) = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, label), [Z])

    np.testing.assert_allclose(digit.dZ, expected[0].numpy(), rtol=0, atol=1e-10)


def test_the_training_formula_agrees_with_the_loop(network: train_digit.Network) -> None:
    problem = train_digit.digit_problem(network)  # raises when they part
    np.testing.assert_allclose(problem.dZ, load("digit").dZ, rtol=0, atol=1e-12)


def test_every_gradient_of_the_training_is_autograds(network: train_digit.Network) -> None:
    images, labels = train_digit.images_and_labels()
    chosen = slice(0, 20)
    parameters = [torch.tensor(values, requires_grad=True) for values in network.arrays()]
    W, b, W_out, b_out = parameters

    A_prev = torch.tensor(images[chosen]).permute(0, 3, 1, 2)
    Z = torch.nn.functional.conv2d(A_prev, W.permute(0, 3, 1, 2), b, padding=1).permute(0, 2, 3, 1)
    logits = torch.relu(Z).flatten(1) @ W_out + b_out
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels[chosen]), reduction="sum")
    expected = torch.autograd.grad(loss, parameters)

    found = train_digit.forward_and_backward(network, images[chosen], labels[chosen])
    for ours, theirs in zip(found.gradient.arrays(), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)
