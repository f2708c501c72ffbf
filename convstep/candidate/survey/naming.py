"""Which operator a backward is of, as far as its name says."""

from __future__ import annotations

import re

_NAMED = (
    ("conv-transpose2d", r"conv\w*transpose|transposed?_?conv|deconv"),
    ("conv1d", r"conv_?1d"),
    ("rnn-step", r"rnn_?(step|cell)"),
    (
        "",
        r"conv_?3d|depthwise|attention|attn|dropout|group_?norm|instance_?norm|(?<![a-z])(gn|rnn|gru)(?![a-z])",
    ),
    ("", r"rnn|gru|sigmoid|tanh|gelu|elu(?<!relu)|silu|swish|softplus|svm|mse|model|activation|network"),
    ("avg-pool", r"(av(g|erage)|mean)\w*pool|pool\w*(av(g|erage)|mean)"),
    ("max-pool", r"max\w*pool|pool\w*max"),
    ("", r"pool"),
    ("layer-norm", r"layer_?norm|(?<![a-z])ln(?![a-z])"),
    ("batch-norm", r"batch_?norm|(?<![a-z])bn(?![a-z])"),
    ("embedding", r"embed"),
    ("lstm-step", r"lstm"),
    ("softmax-cross-entropy", r"softmax|cross_?entropy"),
    ("linear", r"affine|linear|dense|fully|(?<![a-z])fc(?![a-z])"),
    ("relu", r"relu"),
    ("conv2d", r"conv(?!er|ex|ent|ey|in)"),
)
"""Operators by what their functions are called; "" is what no check is for. The first that fits counts."""
CHECKED = frozenset({"conv2d"})
"""Those that can be checked."""
OPERATORS = tuple(sorted({name for name, _ in _NAMED if name}))
"""Those that a name can mean."""


def named_operators(name: str) -> set[str]:
    """The operators that a function's name speaks of; several for `conv_relu_backward`."""
    found, left = set(), name
    for operator, pattern in _NAMED:
        if re.search(pattern, left, re.IGNORECASE):
            found.add(operator)
            left = re.sub(pattern, " ", left, flags=re.IGNORECASE)
    return found
