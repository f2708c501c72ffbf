"""Which operator a backward is of, as far as its name says."""

from __future__ import annotations

import re

from convstep.candidate.call.outcome import Candidate
from convstep.candidate.operators.ways import likely
from convstep.language import tr

_UNKNOWN = re.compile(
    r"conv_?3_?d|depthwise_separable|separable|depthwise|attention|attn|dropout|(group|instance)_?norm|sigmoid|tanh|softplus|silu|swish|leaky(_?relu)?"
    r"|(global|adaptive)_?(avg|average|mean|max)_?pool(ing)?"
    r"|(?<![a-z])(gn|rnn|gru|svm|mse|hinge|prelu|elu|selu|gelu|relu6)(?![a-z])|activation"
    r"|sequential|(?<![a-z])(network|net|model|module|trainer|tensor|variable|parameter)(?![a-z])"
)
"""What no check is for, unless somebody has added an operator that is called so; or what holds layers."""
_LAYERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"conv(?!er|ex|ent|ey|in)",
        r"affine|linear|dense|(?<![a-z])fc(?![a-z])",
        r"pool",
        r"norm(?!al)|(?<![a-z])(bn|ln)(?![a-z])",
        r"relu",
        r"softmax|cross_?entropy",
        r"embed",
        r"lstm",
    )
)
"""Kinds of layers; a name with two of them is of a sandwich, of which every part is checked by itself."""


def named_operators(name: str) -> set[str]:
    """The operators that a function of this name can be; none if it does not say."""
    return _known(name) or ({"conv2d"} if _LAYERS[0].search(snake(name)) else set())


def why_not(name: str) -> str:
    """Why a backward is not checked, a sentence; "" if its name speaks of nothing that cannot be."""
    last = snake(name.rpartition(".")[2])
    said = last if any(layer.search(last) for layer in _LAYERS) else snake(name)  # Net.conv_backward
    known, unknown = _known(name), _UNKNOWN.search(said)
    spoken = [found[0] for layer in _LAYERS if (found := layer.search(said)) is not None]
    if unknown is not None and not known:
        return tr("no check is known for {operator}", operator=unknown[0].replace("_", ""))
    if len(spoken) > 1:
        return tr("its name speaks of several operators; one at a time is checked")
    if spoken and not named_operators(name):  # a softmax without a loss
        return tr("no check is known for {operator}", operator=spoken[0])
    return ""


def _known(name: str) -> set[str]:
    return {one.name for one in likely(Candidate(name, "function", (), 0))}


def snake(name: str) -> str:
    """`MaxPool2D.backward` -> `max_pool2_d.backward`: words that can be told apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
