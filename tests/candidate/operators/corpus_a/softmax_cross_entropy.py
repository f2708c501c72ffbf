"""Problems of softmax with cross-entropy, and how each of its functions is called.

The gradient is that of the mean over the samples; what a file sums is divided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch.nn.functional as F

from tests.candidate.operators.corpus_a.common import Call, Gradients, leaf, tensor


def problems() -> Iterator[SimpleNamespace]:
    """One sample, fewer and more samples than classes, a label that occurs twice, logits of 1000."""
    rng = np.random.default_rng(7)
    for samples, classes, scale in ((3, 4, 1.0), (1, 3, 1.0), (5, 3, 3.0), (2, 2, 1.0), (3, 4, 1000.0)):
        x = rng.normal(size=(samples, classes)) * scale
        y = rng.integers(0, classes, samples)
        if scale == 1000:
            y = x.argmin(axis=1)  # whose probability underflows
        logits = leaf(x)
        loss: Any = F.cross_entropy(logits, tensor(y))
        loss.backward()
        yield SimpleNamespace(
            x=x,
            y=y,
            one_hot=np.eye(classes)[y],
            large=scale == 1000,
            arrays=("x", "y", "one_hot"),
            gradients={"dx": logits.grad.numpy(), "loss": loss.detach().numpy()},
        )


def _both(name: str, key: str = "") -> Call:
    """A function that returns the loss and the gradient."""

    def call(m: Any, p: Any) -> Gradients:
        loss, dx = getattr(m, name)(p.x, p.y)
        return {"loss": loss, "dx": dx[key] if key else dx}

    return call


def _layer(name: str, labels: Callable[[Any], Any]) -> Call:
    def call(m: Any, p: Any) -> Gradients:
        layer = getattr(m, name)()
        loss = layer.forward(p.x, labels(p))
        return {"loss": np.asarray(loss).reshape(()), "dx": layer.backward()}

    return call


def _cached(m: Any, p: Any) -> Gradients:
    loss, cache = m.softmax_ce_forward(p.x, p.y)
    return {"loss": loss, "dx": m.softmax_ce_backward(1.0, cache)}


def _one_hot(m: Any, p: Any) -> Gradients:
    loss, dx = m.softmax_cross_entropy_with_logits(p.x, p.one_hot)
    return {"loss": loss, "dx": dx}


def _temporal(m: Any, p: Any) -> Gradients:
    loss, dx = m.temporal_softmax_loss(p.x[:, None], p.y[:, None], np.ones((len(p.y), 1), bool))
    return {"loss": loss, "dx": dx[:, 0]}


def _criterion(m: Any, p: Any) -> Gradients:
    criterion = m.SoftmaxCrossEntropy()
    loss = criterion.forward(p.x, p.one_hot)
    return {"loss": loss.mean(), "dx": criterion.derivative() / len(p.x)}


def _coursera(m: Any, p: Any) -> Gradients:
    probabilities, cache = m.softmax(p.x.T.copy())
    loss = m.compute_cost(probabilities, p.one_hot.T)
    return {"loss": loss, "dx": m.softmax_backward(p.one_hot.T.copy(), cache).T / len(p.x)}


def _eecs(m: Any, p: Any) -> Gradients:
    loss, dx = m.softmax_loss(tensor(p.x), tensor(p.y))
    return {"loss": loss, "dx": dx}


def _torch(m: Any, p: Any) -> Gradients:
    x = leaf(p.x)
    loss = m.SoftmaxCrossEntropy.apply(x, tensor(p.y))
    loss.backward()
    return {"loss": loss.detach(), "dx": x.grad}


def _numpy_ml(m: Any, p: Any) -> Gradients:
    probabilities = m.softmax(p.x)
    loss = m.CrossEntropy.loss(p.one_hot, probabilities) / len(p.x)
    return {"loss": loss, "dx": m.CrossEntropy.grad(p.one_hot, probabilities) / len(p.x)}


def _minitorch(m: Any, p: Any) -> Gradients:
    ctx = m.Ctx()
    loss = m.CrossEntropy.forward(ctx, p.x, p.y)
    return {"loss": loss, "dx": m.CrossEntropy.backward(ctx, 1.0)}


def _each_sample(m: Any, p: Any) -> Gradients:
    losses, dx = zip(*(m.softmax_crossentropy(x, y) for x, y in zip(p.x, p.y, strict=True)), strict=True)
    return {"loss": np.mean(losses), "dx": np.array(dx) / len(p.x)}


def _nnfs(m: Any, p: Any) -> Gradients:
    layer = m.Activation_Softmax_Loss_CategoricalCrossentropy()
    loss = layer.forward(p.x, p.y)
    before = layer.output.copy()
    layer.backward(layer.output, p.y)
    if not np.array_equal(before, layer.output, equal_nan=True):
        p.x[...] = np.nan  # the caller's array, which is the layer's own output here
    return {"loss": loss, "dx": layer.dinputs}


SOFTMAX_CROSS_ENTROPY: dict[str, Call] = {
    "cs231n_softmax_loss.py:softmax_loss": _both("softmax_loss"),
    "cs231n_probs.py:softmax_loss": _both("softmax_loss"),
    "cs231n_loops.py:softmax_loss": _both("softmax_loss"),
    "cs231n_temporal.py:temporal_softmax_loss": _temporal,
    "dlfs.py:SoftmaxWithLoss": _layer("SoftmaxWithLoss", lambda p: p.y),
    "dlfs2.py:SoftmaxWithLoss": _layer("SoftmaxWithLoss", lambda p: p.one_hot),
    "cmu_loss.py:CrossEntropyLoss": _layer("CrossEntropyLoss", lambda p: p.one_hot),
    "cmu_no_shift.py:CrossEntropyLoss": _layer("CrossEntropyLoss", lambda p: p.one_hot),
    "sigmoid_habit.py:SoftmaxCrossEntropy": _layer("SoftmaxCrossEntropy", lambda p: p.one_hot),
    "cmu_criterion.py:SoftmaxCrossEntropy": _criterion,
    "coursera_columns.py:softmax_backward": _coursera,
    "eecs498.py:softmax_loss": _eecs,
    "torch_function.py:SoftmaxCrossEntropy": _torch,
    "numpy_ml_style.py:CrossEntropy": _numpy_ml,
    "minitorch_style.py:CrossEntropy": _minitorch,
    "jacobian.py:cross_entropy_backward": lambda m, p: {
        "loss": m.loss(p.x, p.y),
        "dx": m.cross_entropy_backward(p.x, p.y),
    },
    "single_sample.py:softmax_crossentropy": _each_sample,
    "nnfs.py:Activation_Softmax_Loss_CategoricalCrossentropy": _nnfs,
    "log_softmax_nll.py:CrossEntropyWithLogits": _layer("CrossEntropyWithLogits", lambda p: p.y),
    "backward_only.py:softmax_cross_entropy_backward": lambda m, p: {
        "dx": m.softmax_cross_entropy_backward(p.x, p.y)
    },
    "loss_and_grads.py:loss_and_grads": _both("loss_and_grads", "logits"),
    "forward_and_cache.py:softmax_ce_backward": _cached,
    "one_hot_function.py:softmax_cross_entropy_with_logits": _one_hot,
    "single_precision.py:softmax_loss": _both("softmax_loss"),
}
