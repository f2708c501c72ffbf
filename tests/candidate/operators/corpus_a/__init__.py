"""How each function of `corpus/` is called, by hand, one entry a target, and on which problems.

A call takes the module and a problem and gives the gradients in the problem's own layout
(NCHW, samples in rows), or None where the function's parameters cannot express the problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace

from tests.candidate.operators.corpus_a import (
    embedding,
    linear,
    pooling,
    relu,
    several,
    softmax_cross_entropy,
)
from tests.candidate.operators.corpus_a.common import Call

CALLS: dict[str, Call] = {
    f"{folder}/{name}": call
    for folder, calls in (
        ("max_pool", pooling.MAX_POOL),
        ("linear", linear.LINEAR),
        ("softmax_cross_entropy", softmax_cross_entropy.SOFTMAX_CROSS_ENTROPY),
        ("relu", relu.RELU),
        ("avg_pool", pooling.AVG_POOL),
        ("embedding", embedding.EMBEDDING),
        ("several", several.SEVERAL),
    )
    for name, call in calls.items()
}
"""By `folder/file.py:target`."""

PROBLEMS: dict[str, Callable[[], Iterator[SimpleNamespace]]] = {
    "max-pool": partial(pooling.problems, "max-pool"),
    "linear": linear.problems,
    "softmax-cross-entropy": softmax_cross_entropy.problems,
    "relu": relu.problems,
    "avg-pool": partial(pooling.problems, "avg-pool"),
    "embedding": embedding.problems,
}
"""By operator; each with its arrays, whose names are in `arrays`, and torch's `gradients`."""
