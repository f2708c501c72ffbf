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


SOFTMAX_LOSS = """
import numpy as np

def softmax_loss(x, y):
    p = np.exp(x{shifted})
    p /= p.sum(axis=1, keepdims=True)
    N = len(x)
    loss = -np.log(p[np.arange(N), y] + {constant}).mean()
    p[np.arange(N), y] -= 1
    return loss, p{scaled}
"""
SHIFTED = " - x.max(axis=1, keepdims=True)"


@SELDOM
@pytest.mark.parametrize("constant", ["1e-7", "1e-5", "1e-3"])
@pytest.mark.parametrize(("scaled", "mistake"), [("", "not-averaged"), (" * 3 / N", "scaled")])
def test_a_constant_in_the_logarithm_is_no_wrong_forward(
    tmp_path: Path, constant: str, scaled: str, mistake: str
) -> None:
    text = SOFTMAX_LOSS.format(shifted=SHIFTED, constant=constant, scaled=scaled)
    (tmp_path / "losses.py").write_text(text)
    verdict = convstep.check(f"{tmp_path}/losses.py:softmax_loss")
    assert not verdict.ok
    assert "forward-wrong" not in verdict.mistakes, str(verdict)
    assert mistake in verdict.mistakes or constant == "1e-3", str(verdict)
    assert any(note.startswith("forward-differs") for note in verdict.notes)


def test_where_a_gradient_overflows_its_factor_is_said_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(SOFTMAX_LOSS.format(shifted="", constant="0", scaled=" * 2 / N"))
    verdict = convstep.check(f"{tmp_path}/losses.py:softmax_loss")
    (found,) = verdict.diagnosis
    assert found.id == "scaled"
    assert found.message.startswith("dx is the right one times 2, on ")
    assert found.message.endswith(" it has nan or inf where the right one has numbers")
    assert not any("does not harm it" in note for note in verdict.notes)


def test_a_loss_that_takes_dout_to_be_1_is_not_wrong_for_that_where_something_else_is(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(
        """
import numpy as np

class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.t, self.y = t, e / e.sum(axis=1, keepdims=True)
        return -np.log(self.y[np.arange(len(t)), t]).mean()
    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dx * self.y / len(self.t)
"""
    )
    verdict = convstep.check(f"{tmp_path}/losses.py:SoftmaxWithLoss")
    assert "dout-ignored" not in verdict.mistakes
    assert "it takes the gradient from above to be 1" in verdict.notes
