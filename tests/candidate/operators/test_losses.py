"""A loss class is called by the names of its arguments, and judged as the gradient that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import convstep
from convstep.candidate.operators.verdict import OperatorVerdict
from tests.strategies import SELDOM

LOSS = """
import numpy as np

class CrossEntropy:
    def loss(self, y_true, y_pred):
        return {loss}
    def gradient(self, y_true, y_pred):
        return {gradient}
"""
OF_ROWS = "-np.sum(y_true * np.log(y_pred), axis=1).mean()"
OF_LABELS = "-np.mean(np.log(y_pred[np.arange(len(y_true)), y_true]))"
OF_SCORES = "np.mean(np.log(np.exp(y_pred).sum(1)) - (y_true * y_pred).sum(1))"
SOFTMAX = "(np.exp(y_pred) / np.exp(y_pred).sum(1, keepdims=True) - y_true) / len(y_true)"


def verdict_of(folder: Path, loss: str, gradient: str) -> OperatorVerdict:
    (folder / "losses.py").write_text(LOSS.format(loss=loss, gradient=gradient))
    verdict = convstep.check(f"{folder}/losses.py:CrossEntropy")
    assert isinstance(verdict, OperatorVerdict)
    return verdict


@SELDOM
@pytest.mark.parametrize(("loss", "gradient", "operator"), [
    (OF_ROWS, "-y_true / y_pred / len(y_pred)", "cross-entropy"),
    (OF_ROWS, "(y_pred - y_true) / len(y_pred)", "softmax-cross-entropy"),
    (OF_LABELS, "-np.eye(y_pred.shape[1])[y_true] / (y_pred * len(y_pred))", "cross-entropy"),
])  # fmt: skip
def test_of_probabilities_either_gradient_is_right(
    tmp_path: Path, loss: str, gradient: str, operator: str
) -> None:
    verdict = verdict_of(tmp_path, loss, gradient)
    assert verdict.ok, str(verdict)
    assert verdict.swept.operator.name == operator


@SELDOM
@pytest.mark.parametrize(("loss", "gradient", "mistake"), [
    (OF_ROWS, "y_true / y_pred / len(y_pred)", "sign"),
    (OF_ROWS, "(y_pred - y_true) / y_pred.shape[1]", "averaged-by-classes"),
    (OF_ROWS + " * len(y_true)", "y_true - y_pred", "sign"),
    (OF_LABELS, "-np.eye(y_pred.shape[1])[y_true] / len(y_pred)", "not-over-probability"),
    (OF_SCORES, SOFTMAX.replace(" - y_true", ""), "one-not-subtracted"),
])  # fmt: skip
def test_a_wrong_gradient_is_named_by_what_it_comes_nearest_to(
    tmp_path: Path, loss: str, gradient: str, mistake: str
) -> None:
    verdict = verdict_of(tmp_path, loss, gradient)
    assert mistake in verdict.mistakes, str(verdict)


def test_probabilities_that_are_handed_over_are_the_callers(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(
        """
import numpy as np

class SoftmaxCrossEntropyLoss:
    def forward(self, inputs, y_true):
        exps = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = exps / exps.sum(axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()
    def backward(self, dvalues, y_true):
        dvalues[range(len(dvalues)), y_true] -= 1
        self.dinputs = dvalues / len(dvalues)
"""
    )
    verdict = convstep.check(f"{tmp_path}/losses.py:SoftmaxCrossEntropyLoss")
    assert "it writes into dvalues, the caller's own array" in " ".join(str(verdict).split())


@SELDOM
@pytest.mark.parametrize("scaled", ["2 * d", "d"])
def test_a_loss_of_scores_is_judged_as_that_whatever_it_is_called(tmp_path: Path, scaled: str) -> None:
    """Its name says less than its own forward does, also where its gradient is no known mistake's."""
    (tmp_path / "losses.py").write_text(
        f"""
import numpy as np

class CrossEntropyLoss:
    def forward(self, x, y):
        shifted = x - x.max(axis=1, keepdims=True)
        self.log_p, self.y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), y
        return -self.log_p[np.arange(len(y)), y].mean()
    def backward(self):
        d = np.exp(self.log_p) / len(self.y)
        d[np.arange(len(self.y)), self.y] -= 1 / len(self.y)
        return {scaled}
"""
    )
    verdict = convstep.check(f"{tmp_path}/losses.py:CrossEntropyLoss")
    assert isinstance(verdict, OperatorVerdict)
    assert verdict.swept.operator.name == "softmax-cross-entropy"
    assert "forward-wrong" not in verdict.mistakes, str(verdict)
    assert verdict.ok == (scaled == "d")
