"""A whole network's backward is held against the loss beside it, by the names of its parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.pair import PairVerdict
from convstep.candidate.record.networks import has_loss, with_loss
from convstep.candidate.referee import check
from tests.strategies import SELDOM

COLUMNS = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(w.T @ X + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    grads = {"dw": X @ (A - Y).T / m, "db": np.sum(A - Y) / m}
    return grads, np.squeeze(cost)

def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = sigmoid(parameters["W2"] @ A1 + parameters["b2"])
    return A2, {"A1": A1, "A2": A2}

def compute_cost(A2, Y):
    return -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / Y.shape[1]

def backward_propagation(parameters, cache, X, Y):
    m, A1, A2 = X.shape[1], cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1 ** 2)
    return {
        "dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }
"""
ROWS = """
import numpy as np

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def forward(X, params):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.maximum(z1, 0)
    a2 = softmax(a1 @ params["W2"] + params["b2"])
    return a2, (z1, a1, a2)

def cross_entropy_loss(y_hat, Y):
    return -np.sum(Y * np.log(y_hat)) / len(Y)

def backward(X, Y, params, cache):
    z1, a1, a2 = cache
    dz2 = (a2 - Y) / len(X)
    dz1 = dz2 @ params["W2"].T * (z1 > 0)
    return {
        "dW1": X.T @ dz1, "db1": dz1.sum(axis=0, keepdims=True),
        "dW2": a1.T @ dz2, "db2": dz2.sum(axis=0, keepdims=True),
    }
"""


def verdict(folder: Path, text: str, name: str) -> PairVerdict:
    """What is said of one of a file's."""
    (folder / "net.py").write_text(text)
    found = check(f"{folder / 'net.py'}:{name}")
    assert isinstance(found, PairVerdict)
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (COLUMNS, "propagate"),
        (COLUMNS, "backward_propagation"),
        pytest.param(ROWS, "backward", marks=SELDOM),
    ],
)
def test_the_gradients_of_its_loss_are_right(tmp_path: Path, text: str, name: str) -> None:
    assert verdict(tmp_path, text, name).ok


@pytest.mark.parametrize(
    ("text", "name", "right", "wrong", "result"),
    [
        (COLUMNS, "propagate", "(A - Y).T / m", "(A - Y).T", "dw"),
        (COLUMNS, "backward_propagation", "1 - A1 ** 2", "1 - A1", "dW1"),
        pytest.param(ROWS, "backward", " * (z1 > 0)", "", "dW1", marks=SELDOM),
    ],
)
def test_what_is_no_gradient_of_its_loss_is_wrong(
    tmp_path: Path, text: str, name: str, right: str, wrong: str, result: str
) -> None:
    found = verdict(tmp_path, text.replace(right, wrong), name)
    assert not found.ok
    assert result in [each.gradients[0] for each in found.diagnosis]


@SELDOM
def test_a_gradient_that_is_divided_later_is_no_line_that_differs(tmp_path: Path) -> None:
    found = verdict(tmp_path, COLUMNS.replace("1 - A1 ** 2", "1 - A1"), "backward_propagation")
    line = 1 + COLUMNS.split("\n").index("    dZ2 = A2 - Y")
    assert found.held.line != line


@SELDOM
def test_a_loss_of_which_nothing_is_the_gradient_may_be_there_to_be_printed(tmp_path: Path) -> None:
    printed = ROWS.replace("-np.sum(Y * np.log(y_hat)) / len(Y)", "np.mean((y_hat - Y) ** 2)")
    (tmp_path / "net.py").write_text(printed)
    with pytest.raises(CannotCall, match=r"none of its gradients is one of forward \+ cross_entropy_loss"):
        check(f"{tmp_path / 'net.py'}:backward")


def test_a_loss_comes_after_a_forward_only_where_targets_are_given_and_there_is_one() -> None:
    def forward(X, W):  # type: ignore[no-untyped-def]
        return X @ W, X

    def backward(X, Y, cache):  # type: ignore[no-untyped-def]
        return X.T @ Y

    def chained(dout, cache):  # type: ignore[no-untyped-def]
        return dout

    def loss(A, Y):  # type: ignore[no-untyped-def]
        return np.sum(A * Y)

    both = with_loss(forward, backward, {"loss": loss})
    assert both is not None
    assert has_loss(both)
    cost, out, cache = both(np.ones((2, 3)), np.ones((3, 1)), Y=np.ones((2, 1)))
    assert cost == out.sum() == 6
    assert cache.shape == (2, 3)
    assert with_loss(forward, chained, {"loss": loss}) is forward
    assert with_loss(forward, backward, {"loss": loss, "cost": lambda A, Y: A}) is forward
    assert with_loss(None, backward, {"loss": loss}) is None
