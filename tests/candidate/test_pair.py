"""A backward of no known operator is held against its own forward."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convstep.candidate.call.outcome import CannotCall
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.pair import Open, PairVerdict, against_forward
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.referee import check
from convstep.cli import main
from tests.strategies import SELDOM

PAIRS = """
import numpy as np

def swish_forward(x, beta=1.0):
    s = 1 / (1 + np.exp(-beta * x))
    return x * s, (x, s, beta)

def swish_backward(dout, cache):
    x, s, beta = cache
    return dout * (s + beta * x * s * (1 - s))

def rmsnorm_forward(x, gamma, eps=1e-5):
    r = 1 / np.sqrt((x ** 2).mean(-1, keepdims=True) + eps)
    return gamma * x * r, (x, gamma, r)

def rmsnorm_backward(dout, cache):
    x, gamma, r = cache
    dgamma = (dout * x * r).sum(0)
    g = dout * gamma
    dx = g * r - x * r ** 3 * (g * x).mean(-1, keepdims=True)
    return dx, dgamma

def attention_forward(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[-1])
    p = np.exp(s - s.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    return p @ v, (q, k, v, p)

def attention_backward(dout, cache):
    q, k, v, p = cache
    dp = dout @ v.T
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / np.sqrt(q.shape[-1])
    return ds @ k, ds.T @ q, p.T @ dout

class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad):
        return grad * (1 - self.y ** 2)

class Dropout:
    def __init__(self, p):
        self.p = p

    def forward(self, x):
        self.mask = (np.random.rand(*x.shape) < self.p) / self.p
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask

def mix_forward(first, second):
    return first * np.sin(second), (first, second)

def mix_backward(dout, cache):
    first, second = cache
    return dout * np.sin(second), dout * first * np.cos(second)

def clip_forward(x):
    return x ** 2, x

def clip_backward(dout, cache):
    return np.clip(2 * cache * dout, -1.0, 1.0)

def elman_forward(steps, h_start, params):
    states, h = [h_start], h_start
    for x in steps:
        h = np.tanh(params["W_in"] @ x + params["W_rec"] @ h + params["b"])
        states.append(h)
    return np.array(states[1:]), (steps, states, params)

def elman_backward(d_states, cache):
    steps, states, params = cache
    grads = {key: np.zeros_like(value) for key, value in params.items()}
    d_steps, dh = np.zeros_like(steps), 0
    for t in reversed(range(len(steps))):
        dz = (d_states[t] + dh) * (1 - states[t + 1] ** 2)
        grads["W_in"] += np.outer(dz, steps[t])
        grads["W_rec"] += np.outer(dz, states[t])
        grads["b"] += dz
        d_steps[t], dh = params["W_in"].T @ dz, params["W_rec"].T @ dz
    return d_steps, dh, grads

def leaky(z):
    return np.where(z > 0, z, 0.1 * z), z

def leaky_backward(da, activation_cache):
    return np.where(activation_cache > 0, da, 0.1 * da)

def rotary_forward(xq, cos, sin):
    even, odd, c, s = xq[..., ::2], xq[..., 1::2], cos[:, None], sin[:, None]
    return np.stack([even * c - odd * s, even * s + odd * c], -1).reshape(xq.shape)

def rotary_backward(dout, cos, sin):
    even, odd, c, s = dout[..., ::2], dout[..., 1::2], cos[:, None], sin[:, None]
    return np.stack([even * c + odd * s, odd * c - even * s], -1).reshape(dout.shape)

def softmax(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)

def softmax_grad(dy, y, axis=-1):
    return dy * y - y * (dy * y).sum(axis, keepdims=True)

def gate_cell(x, h, p):
    xh = np.concatenate([x, h], axis=1)
    z = np.tanh(xh @ p["Wz"] + p["bz"])
    return z * h, (xh, z, h, p)

def gate_cell_backward(dh_next, cache):
    xh, z, h, p = cache
    dz = dh_next * h * (1 - z ** 2)
    dxh, split = dz @ p["Wz"].T, xh.shape[1] - h.shape[1]
    dx, dh = dxh[:, :split], dxh[:, split:] + dh_next * z
    return {"x": dx, "h": dh, "Wz": xh.T @ dz, "bz": dz.sum(0)}

def groupnorm_forward(x, gamma, beta, G, eps=1e-5):
    rows = x.reshape(len(x), G, -1)
    r = 1 / np.sqrt(rows.var(-1, keepdims=True) + eps)
    xh = (rows - rows.mean(-1, keepdims=True)) * r
    return gamma * xh.reshape(x.shape) + beta, (xh, r, gamma)

def groupnorm_backward(dout, cache):
    xh, r, gamma = cache
    dgamma, dbeta = (dout * xh.reshape(dout.shape)).sum(0), dout.sum(0)
    g = (dout * gamma).reshape(xh.shape)
    dx = r * (g - g.mean(-1, keepdims=True) - xh * (g * xh).mean(-1, keepdims=True))
    return dx.reshape(dout.shape), dgamma, dbeta

def svm_loss(x, y):
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] -= dx.sum(axis=1)
    return margins.sum() / len(x), dx / len(x)

def gru_step_forward(x, h, p):
    units, gx, gh = h.shape[1], x @ p["W"] + p["bx"], h @ p["U"]
    z = 1 / (1 + np.exp(-gx[:, :units] - gh[:, :units]))
    n, more = gx[:, 2 * units :] + gh[:, 2 * units :], gx[:, units : 2 * units] + gh[:, units : 2 * units]
    return z * np.tanh(n) + (1 - z) * np.sin(more) * h, (x, h, p, z, n, more)

def gru_step_backward(dh_next, cache):
    x, h, p, z, n, more = cache
    dz = dh_next * (np.tanh(n) - np.sin(more) * h) * z * (1 - z)
    dm = dh_next * (1 - z) * h * np.cos(more)
    dg = np.concatenate([dz, dm, dh_next * z * (1 - np.tanh(n) ** 2)], axis=1)
    grads = {"W": x.T @ dg, "U": h.T @ dg, "bx": dg.sum(0)}
    return dg @ p["W"].T, dg @ p["U"].T + dh_next * (1 - z) * np.sin(more), grads

class Exp:
    @staticmethod
    def forward(ctx, a):
        out = np.exp(a)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        (out,) = ctx.saved_values
        return grad_output * out

class ResidualBlock:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x, self.t = x, np.tanh(x @ self.W + self.b)
        return x + self.t

    def backward(self, dout):
        d = dout * (1 - self.t ** 2)
        self.dW, self.db = self.x.T @ d, d.sum(0)
        return dout + d @ self.W.T

class SelfAttention:
    def __init__(self, n_embd, n_head):
        self.n_head, self.W = n_head, np.random.randn(n_embd, n_embd)

    def forward(self, x):
        B, T, C = x.shape
        self.x, self.v = x, (x @ self.W).reshape(B, T, self.n_head, -1)
        return self.v.cumsum(1).reshape(B, T, C)

    def backward(self, dout):
        d = dout[:, ::-1].cumsum(1)[:, ::-1]
        self.dW = np.einsum("nti,ntj->ij", self.x, d)
        return d @ self.W.T

def svm_loss_vectorized(W, X, y, reg):
    rows, scores = np.arange(len(y)), X @ W
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    mask = (margins > 0).astype(float)
    mask[rows, y] = -mask.sum(1)
    dW = X.T @ mask / len(y) + 2 * reg * W
    return margins.sum() / len(y) + reg * np.sum(W * W), dW

def temporal_softmax_loss(x, y, mask):
    e = np.exp(x)
    p, kept = e / e.sum(-1, keepdims=True), mask[..., None]
    hot = np.eye(x.shape[-1])[y]
    dx = (p - hot) * kept / len(x)
    return -np.sum(hot * np.log(p) * kept) / len(x), dx
"""
NAMES = ["swish_backward", "rmsnorm_backward", "attention_backward", "Tanh", "Dropout", "mix_backward"]
NAMES += ["elman_backward", "leaky_backward", "rotary_backward", "softmax_grad"]
NAMES += ["gate_cell_backward", "groupnorm_backward", "svm_loss"]
NAMES += ["gru_step_backward", "Exp.backward", "ResidualBlock", "SelfAttention"]
NAMES += ["svm_loss_vectorized", "temporal_softmax_loss"]
WRONG = [
    ("swish_backward", "s + beta * x * s * (1 - s)", "s + x * (1 - s)", "return", 10),
    ("rmsnorm_backward", "(g * x).mean(", "(g * x).sum(", "dx", 20),
    ("rmsnorm_backward", "(dout * x * r).sum(0)", "(dout * x).sum(0)", "dgamma", 18),
    ("attention_backward", "/ np.sqrt(q.shape[-1])\n    return", "\n    return", "return[0]", 33),
    ("attention_backward", "ds.T @ q,", "ds @ q,", "return[1]", 33),
    ("Tanh", "1 - self.y ** 2", "1 - self.y", "return", 41),
    ("Dropout", "dout * self.mask", "dout * (self.mask > 0)", "return", 52),
    ("leaky_backward", "da, 0.1 * da", "da, 0.1", "return", 90),
    ("groupnorm_backward", "(g * xh).mean(-1", "(g * xh).sum(-1", "return[0]", 130),
]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Writes a file of pairs."""

    def written(text: str) -> str:
        (tmp_path / "pairs.py").write_text(text)
        return str(tmp_path / "pairs.py")

    return written


@pytest.mark.parametrize("name", NAMES)
def test_the_gradients_of_its_own_forward_are_right(file: Callable[[str], str], name: str) -> None:
    verdict = check(f"{file(PAIRS)}:{name}")
    assert isinstance(verdict, PairVerdict)
    assert verdict.ok
    assert verdict.held.draws == 6
    assert "is right for its own" in verdict.headline
    assert "itself is right is not known" in str(verdict)


@pytest.mark.parametrize(("name", "right", "wrong", "result", "line"), WRONG)
def test_what_is_no_gradient_of_its_forward_is_wrong(
    file: Callable[[str], str], name: str, right: str, wrong: str, result: str, line: int
) -> None:
    assert PAIRS.count(right) == 1
    verdict: Any = check(f"{file(PAIRS.replace(right, wrong))}:{name}")
    assert not verdict.ok
    assert verdict.operator == "own forward"
    assert result in [one.gradients[0] for one in verdict.diagnosis]
    assert verdict.held.line in (0, line)


@SELDOM
def test_what_is_clipped_is_neither(file: Callable[[str], str]) -> None:
    with pytest.raises(CannotCall):
        check(f"{file(PAIRS)}:clip_backward")
    with open_caller(f"{file(PAIRS)}:clip_backward") as worker:
        said = against_forward(worker)
    assert isinstance(said, Open)
    assert "clipped" in said.why


def test_without_a_forward_nothing_is_said(file: Callable[[str], str]) -> None:
    text = "def gelu_backward(dout, cache):\n    return dout\n"
    with pytest.raises(CannotCall, match="no check is known for gelu, and no forward is known"):
        check(f"{file(text)}:gelu_backward")


UNIT = """
import numpy as np
def unit_forward(v):
    n = np.sqrt((v ** 2).sum(-1, keepdims=True))
    return v / n, (v, n)
def unit_backward(dout, cache):
    v, n = cache
    return dout / n - v * (v * dout).sum() / n ** 3
"""


@SELDOM
def test_what_agrees_only_for_some_shapes_is_left_open(
    file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a vector it is right, of rows it is not, and nobody has said which it is for."""
    path = file(UNIT)
    assert main(["check", f"{path}:unit_backward"]) == 2
    assert "say which is meant, with --shape or --call" in capsys.readouterr().err
    assert main(["check", f"{path}:unit_backward", "--shape", "v=5x"]) == 0
    assert main(["check", f"{path}:unit_backward", "--shape", "v=2x5"]) == 1


@SELDOM
def test_a_mistake_for_negative_numbers_is_not_hidden_by_positive_ones(file: Callable[[str], str]) -> None:
    text = """
import numpy as np
def size_forward(x):
    return np.abs(x), x
def size_backward(dout, cache):
    return dout * (cache * 0 + 1)
def root_forward(x):
    return np.sqrt(x), x
def root_backward(dout, cache):
    return dout * 0.5 / np.sqrt(cache)
"""
    assert not check(f"{file(text)}:size_backward").ok
    assert check(f"{file(text)}:root_backward").ok  # it takes no others


@SELDOM
def test_of_several_arrays_a_guess_proves_nothing_wrong(
    file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = PAIRS.replace("* np.cos(second)", "* np.sin(second)")
    path = file(wrong.replace("return dout * np.sin(second)", "return dout * np.cos(second)"))
    assert main(["check", f"{path}:mix_backward"]) == 2
    assert "if that is how it is meant, say so" in capsys.readouterr().err
    assert main(["check", f"{path}:mix_backward", "--shape", "first=3x4", "--shape", "second=3x4"]) == 1


@SELDOM
def test_what_a_backward_takes_of_the_output_is_the_output(file: Callable[[str], str]) -> None:
    text = """
import numpy as np
def soften(x, temperature=2.0):
    e = np.exp((x - x.max(-1, keepdims=True)) / temperature)
    probs = e / e.sum(-1, keepdims=True)
    return probs
def soften_backward(grad, probs, temperature=2.0):
    return probs * (grad - (grad * probs).sum(-1, keepdims=True)) / temperature
"""
    verdict: Any = check(f"{file(text)}:soften_backward")
    assert verdict.ok
    assert "temperature=2.0" in str(verdict)


@SELDOM
def test_of_several_arrays_one_that_agrees_proves_the_others_wrong(file: Callable[[str], str]) -> None:
    """The gradients by all of them come back, so they are what they are taken for."""
    verdict: Any = check(f"{file(PAIRS.replace('* np.cos(second)', '* np.sin(second)'))}:mix_backward")
    assert not verdict.ok
    assert [one.mark.kind for one in verdict.held.ends] == ["agrees", "differs"]


@SELDOM
@pytest.mark.parametrize(("gradient", "ok"), [("dout.sum()", False), ("(dout * self.x).sum()", True)])
def test_a_number_that_a_layer_learns_is_judged(file: Callable[[str], str], gradient: str, ok: bool) -> None:
    text = f"""
import numpy as np
class Scale:
    def __init__(self):
        self.alpha = 0.5
    def forward(self, x):
        self.x = x
        return x * self.alpha
    def backward(self, dout):
        self.dalpha = float({gradient})
        return dout * self.alpha
"""
    verdict: Any = check(f"{file(text)}:Scale")
    assert verdict.ok is ok
    assert verdict.held.ends[-1].result == "self.dalpha"


GAIN = """
import numpy as np
class Gain:
    def __init__(self, features):
        self.gain, self.bias = np.ones(features), np.zeros(features)
    def fprop(self, inputs):
        self.inputs = inputs
        return np.sin(inputs * self.gain + self.bias)
    def bprop(self, error):
        delta = error * np.cos(self.inputs * self.gain + self.bias)
        self.gain_grad = (delta * self.inputs).sum(axis=(0, 1))
        self.bias_grad = delta.sum(axis=(0, 1))
        return delta * self.gain
"""


@SELDOM
def test_gradients_that_come_to_one_number_mean_arrays_of_more_axes(file: Callable[[str], str]) -> None:
    verdict: Any = check(f"{file(GAIN)}:Gain")
    assert verdict.ok
    assert {one.result for one in verdict.held.ends} == {"return", "self.gain_grad", "self.bias_grad"}
    wrong: Any = check(f"{file(GAIN.replace('= delta.sum', '= error.sum'))}:Gain")
    assert not wrong.ok
    assert [one.result for one in wrong.held.ends if one.mark.kind == "differs"] == ["self.bias_grad"]


@SELDOM
@pytest.mark.parametrize("labels", ["Y", "labels", "y_true"])
def test_labels_are_no_gradient_from_above(file: Callable[[str], str], labels: str) -> None:
    text = f"""
import numpy as np
def squeeze(Z):
    e = np.exp(Z - Z.max(axis=0))
    return e / e.sum(axis=0), Z
def squeeze_backward({labels}, cache):
    A, _ = squeeze(cache)
    dZ = A - {labels}
    return dZ
"""
    verdict: Any = check(f"{file(text)}:squeeze_backward")
    assert verdict.ok
    assert verdict.operator == "softmax-cross-entropy"  # by its numbers, and not squeeze's own gradient


ALONE = """
import numpy as np

def softplus(x):
    return np.log1p(np.exp(x))
def d_softplus(x):
    return 1 / (1 + np.exp(-x))

def squash(z):
    return np.tanh(z)
def squash_prime(a):
    return 1 - a ** 2

def elastic(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))
def elastic_derivative(x, alpha=1.0):
    return np.where(x > 0, 1, alpha * np.exp(x))

class Softsign:
    def activate(self, x):
        return x / (1 + np.abs(x))
    def derivative(self, x):
        return 1 / (1 + np.abs(x)) ** 2

def bend(x, deriv=False):
    if deriv:
        return 2 * x * np.exp(x ** 2)
    return np.exp(x ** 2)

def mae(y_true, y_pred):
    return np.mean(np.abs(y_true - y_pred))
def mae_prime(y_true, y_pred):
    return np.sign(y_pred - y_true) / y_true.size

class Logits:
    def __call__(self, logits, targets):
        self.z, self.t = logits, targets
        return np.mean(np.maximum(self.z, 0) - self.z * self.t + np.log1p(np.exp(-np.abs(self.z))))
    def backward(self):
        return (1 / (1 + np.exp(-self.z)) - self.t) / self.z.size

def cost(theta, X, y):
    return 0.5 * np.mean((X @ theta - y) ** 2)
def gradient(theta, X, y):
    return X.T @ (X @ theta - y) / len(y)

def hinge(x, y, delta=1.0):
    margin = np.maximum(0, delta - x * y)
    dx = -y * (margin > 0) / len(x)
    return margin.sum() / len(x), dx
"""


@SELDOM
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("d_softplus", "np.exp(-x))\n\ndef squash(", "np.exp(x))\n\ndef squash("),
        ("squash_prime", "1 - a ** 2", "1 - a"),
        ("elastic_derivative", "x > 0, 1, alpha * np", "x > 0, 1, np"),
        ("Softsign", "np.abs(x)) ** 2", "np.abs(x))"),
        ("bend", "2 * x * np.exp", "x * np.exp"),
        ("mae_prime", "np.sign(y_pred - y_true)", "np.sign(y_true - y_pred)"),
        ("Logits", "- self.t) / self", "+ self.t) / self"),
        ("hinge", "-y * (margin > 0)", "y * (margin > 0)"),
    ],
)
def test_what_is_given_no_gradient_from_above_is_held_against_its_function(
    file: Callable[[str], str], name: str, right: str, wrong: str
) -> None:
    assert check(f"{file(ALONE)}:{name}").ok
    assert ALONE.count(right) == 1
    assert not check(f"{file(ALONE.replace(right, wrong))}:{name}").ok


@SELDOM
def test_a_derivative_of_the_output_is_right_and_says_so(file: Callable[[str], str]) -> None:
    verdict = check(f"{file(ALONE)}:squash_prime")
    assert "squash_prime is right, given the output of squash, not its input" in verdict.headline
    assert verdict.as_dict()["given"] == "output"


@SELDOM
def test_a_number_that_agrees_only_as_its_default_is_wrong(file: Callable[[str], str]) -> None:
    verdict = check(f"{file(ALONE.replace('x > 0, 1, alpha * np', 'x > 0, 1, np'))}:elastic_derivative")
    assert "that is with alpha=0.6; without that it agrees" in str(verdict)
    assert "to see it" not in str(verdict)  # stepped, it would have its defaults


@SELDOM
def test_prediction_minus_target_is_not_called_wrong(file: Callable[[str], str]) -> None:
    """It is the gradient by what goes into the sigmoid before, and many mean that."""
    text = """
import numpy as np
class Likelihood:
    def loss(self, p, target):
        return -np.sum(target * np.log(p) + (1 - target) * np.log(1 - p))
    def gradient(self, p, target):
        return p - target
"""
    with open_caller(f"{file(text)}:Likelihood") as worker:
        said = against_forward(worker)
    assert isinstance(said, Open)


SIZED = """
import numpy as np
class Gate:
    def __init__(self, dim, width):
        rng = np.random.default_rng(0)
        self.wa, self.wb = rng.normal(size=(dim, width)), rng.normal(size=(dim, width))
    def forward(self, x):
        self.x, self.a = x, x @ self.wa
        self.s = 1 / (1 + np.exp(-(x @ self.wb)))
        return self.a * self.s
    def backward(self, dout):
        da, ds = dout * self.s, dout * self.a * self.s * (1 - self.s)
        self.dwa, self.dwb = self.x.T @ da, self.x.T @ ds
        return da @ self.wa.T + ds @ self.wb.T
"""


@SELDOM
@pytest.mark.parametrize(("wrong", "ok"), [("(1 - self.s)", False), ("", True)])
def test_the_sizes_of_a_class_are_guessed(file: Callable[[str], str], wrong: str, ok: bool) -> None:
    verdict: Any = check(f"{file(SIZED.replace(f' * {wrong}', '') if wrong else SIZED)}:Gate")
    assert verdict.ok is ok
    assert len(verdict.held.ends) == 3


@SELDOM
def test_a_gradient_that_does_not_come_back_is_told(file: Callable[[str], str]) -> None:
    path = file(
        PAIRS.replace(
            "return dout * np.sin(second), dout * first * np.cos(second)", "return dout * np.sin(second)"
        ).replace("def mix_forward(first, second):", "def mix_forward(first, second, unused):")
    )
    said = str(check(f"{path}:mix_backward"))
    assert "no gradient by `second` was found" in said
    assert "unused` was found" not in said


@SELDOM
def test_arguments_that_are_given_are_taken(
    file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = file(PAIRS.replace("(g * x).mean(", "(g * x).sum("))
    assert main(["check", f"{path}:rmsnorm_backward", "--shape", "x=2x5", "--shape", "gamma=5x"]) == 1
    assert "gamma of (5,)" in capsys.readouterr().out
    call = "rmsnorm_backward(np.ones((2, 3)), rmsnorm_forward(np.eye(2, 3), np.ones(3))[1])"
    assert main(["check", f"{path}:rmsnorm_backward", "--call", call]) == 1
    assert main(["check", f"{path}:rmsnorm_backward", "--call", call, "--operator", "linear"]) == 2
    assert "--operator has no part in it" in capsys.readouterr().err


def test_it_asks_its_arguments_only(file: Callable[[str], str]) -> None:
    with open_caller(f"{file(PAIRS)}:mix_backward") as worker:
        said = against_forward(worker, Arguments(shapes=("first=2x5", "second=5x")))
    assert isinstance(said, PairVerdict)
    assert not said.ok  # the gradient of what was broadcast is not summed
    assert said.as_dict()["passed"] == 0
    assert [row["name"] for row in said.rows()] == ["return[0]", "return[1]"]


LEFT = """
import numpy as np

class Bend:
    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = np.tanh(inputs) * inputs

    def backward(self, dvalues):
        t = np.tanh(self.inputs)
        self.dinputs = dvalues * (t + self.inputs * (1 - t ** 2))

class Thin:
    def __init__(self, drop_prob):
        self.keep = 1 - drop_prob

    def forward(self, inputs):
        self.kept = np.random.binomial(1, self.keep, size=inputs.shape) / self.keep
        self.output = inputs * self.kept

    def backward(self, dvalues):
        self.dinputs = dvalues * self.kept

class Curve:
    def __init__(self, curve, slope):
        self.curve, self.slope = curve, slope

    def forward(self, values):
        self.values = values
        return self.curve(values)

    def backward(self, error_gradient, learning_rate):
        return error_gradient * self.slope(self.values)

class Sine(Curve):
    def __init__(self):
        super().__init__(np.sin, lambda values: np.cos(values))
"""


@SELDOM
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("Bend", "(1 - t ** 2)", "(1 - t)"),
        ("Thin", "dvalues * self.kept", "dvalues * (self.kept > 0)"),
        ("Sine", "np.cos(values)", "np.sin(values)"),
    ],
)
def test_what_a_layer_leaves_in_itself_and_what_it_inherits_is_found(
    file: Callable[[str], str], name: str, right: str, wrong: str
) -> None:
    assert check(f"{file(LEFT)}:{name}").ok
    assert LEFT.count(right) == 1
    assert not check(f"{file(LEFT.replace(right, wrong))}:{name}").ok


CLASSES = """
import numpy as np

class Classes:
    def __init__(self, in_len, classes):
        self.table = np.random.randn(in_len, classes)
        self.shift = np.zeros(classes)

    def forward(self, picture):
        self.shape, self.row = picture.shape, picture.ravel()
        powers = np.exp(self.row @ self.table + self.shift)
        self.probs = powers / powers.sum()
        return self.probs

    def backprop(self, d_L_d_out, learn_rate):
        for at, number in enumerate(d_L_d_out):
            if number == 0:
                continue
            d_t = -self.probs[at] * self.probs
            d_t[at] += self.probs[at]
            d_t *= number
            back = self.table @ d_t
            self.table -= learn_rate * np.outer(self.row, d_t)
            self.shift -= learn_rate * d_t
            return back.reshape(self.shape)
"""


@SELDOM
def test_what_takes_one_number_of_the_gradient_from_above_is_right_for_such_gradients(
    file: Callable[[str], str],
) -> None:
    verdict: Any = check(f"{file(CLASSES)}:Classes")
    assert verdict.ok
    assert "given a gradient of which one number is not 0" in verdict.headline
    assert "of several it takes one" in verdict.notes[0]
    assert [one.result for one in verdict.held.ends] == [
        "return",
        "change of self.table / rate",
        "change of self.shift / rate",
    ]


@SELDOM
@pytest.mark.parametrize(
    ("right", "wrong", "result"),
    [
        ("d_t[at] += self.probs[at]", "d_t[at] += 1", "return"),
        ("np.outer(self.row, d_t)", "np.outer(self.row, self.probs)", "change of self.table / rate"),
        ("self.shift -= learn_rate * d_t", "self.shift += learn_rate * d_t", "change of self.shift / rate"),
    ],
)
def test_what_is_wrong_for_one_number_too_is_wrong(
    file: Callable[[str], str], right: str, wrong: str, result: str
) -> None:
    assert CLASSES.count(right) == 1
    verdict: Any = check(f"{file(CLASSES.replace(right, wrong))}:Classes")
    assert not verdict.ok
    assert result in [one.gradients[0] for one in verdict.diagnosis]


@SELDOM
def test_of_rows_that_a_backward_takes_one_number_of_each_is_not_assumed(
    file: Callable[[str], str],
) -> None:
    text = """
import numpy as np
class Last:
    def forward(self, x):
        self.x = x
        return np.sin(x).sum(axis=-1, keepdims=True) * x
    def backward(self, dout):
        dx = np.zeros_like(self.x)
        for n, row in enumerate(dout):
            for at, number in enumerate(row):
                if number != 0:
                    dx[n] = number * self.x[n, at] * np.cos(self.x[n])
                    dx[n, at] += number * np.sin(self.x[n]).sum()
        return dx
"""
    assert main(["check", f"{file(text)}:Last", "--shape", "x=3x4"]) == 1


VECTORS = """
import numpy as np
class Controller:
    def __init__(self, input_dim=9, hidden=32, out_dim=3, seed=0):
        draw = np.random.RandomState(seed)
        self.u, self.c = draw.randn(hidden, input_dim), np.zeros(hidden)
        self.v = draw.randn(out_dim, hidden)

    def forward(self, state):
        self.state = state
        self.inner = np.tanh(self.u.dot(state) + self.c)
        return self.v.dot(self.inner)

    def backward(self, dL_dout):
        self.dv = np.outer(dL_dout, self.inner)
        d = self.v.T.dot(dL_dout) * (1 - self.inner ** 2)
        self.du, self.dc = np.outer(d, self.state), d.copy()
"""


@SELDOM
def test_a_small_network_of_vectors_that_returns_nothing_is_judged_by_what_it_keeps(
    file: Callable[[str], str],
) -> None:
    verdict: Any = check(f"{file(VECTORS)}:Controller")
    assert verdict.ok
    assert {one.result for one in verdict.held.ends} == {"self.dv", "self.du", "self.dc"}
    assert not check(f"{file(VECTORS.replace('1 - self.inner ** 2', '1 - self.inner'))}:Controller").ok


CONVOLUTIONS = """
import numpy as np

class DepthwiseConv:
    def __init__(self, channels, kernel_size=(3, 2), strides=(1, 1), padding="valid"):
        assert padding in ("valid", "same")
        self.kernel = np.ones((*kernel_size, channels))

    def call(self, inputs):
        self.inputs = inputs
        n, h, w, c = inputs.shape
        return sum(self.kernel[i, j] * part for i, j, part in self.parts(inputs))

    def parts(self, array):
        (k, m), (h, w) = self.kernel.shape[:2], array.shape[1:3]
        for i in range(k):
            for j in range(m):
                yield i, j, array[:, i:h - k + 1 + i, j:w - m + 1 + j]

    def gradients(self, upstream):
        d_inputs, d_kernel = np.zeros(self.inputs.shape), np.zeros(self.kernel.shape)
        for i, j, part in self.parts(d_inputs):
            part += upstream * self.kernel[i, j]
        for i, j, part in self.parts(self.inputs):
            d_kernel[i, j] = (upstream * part).sum((0, 1, 2))
        return d_inputs, d_kernel

class ConvOnTorus:
    def __init__(self, cin, cout, ksize):
        self.w = np.ones((cout, cin, ksize, ksize))

    def turned(self, a, sign):
        k = len(self.w[0, 0])
        for i in range(k):
            for j in range(k):
                yield i, j, np.roll(a, (sign * i, sign * j), (2, 3))

    def forward(self, a):
        self.a = a
        return sum(np.einsum("nchw,fc->nfhw", part, self.w[:, :, i, j]) for i, j, part in self.turned(a, -1))

    def backward(self, g):
        self.dw = np.zeros(self.w.shape)
        for i, j, part in self.turned(self.a, -1):
            self.dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", g, part)
        return sum(np.einsum("nfhw,fc->nchw", part, self.w[:, :, i, j]) for i, j, part in self.turned(g, 1))

class ConvOnRows:
    def __init__(self, in_shape, filters):
        self.in_shape = in_shape
        self.w = np.ones((filters, in_shape[0]))

    def forward(self, flat):
        self.flat = flat
        return np.einsum("nchw,fc->nfhw", flat.reshape(-1, *self.in_shape), self.w).reshape(len(flat), -1)

    def backward(self, g):
        c, h, w = self.in_shape
        g = g.reshape(len(g), -1, h, w)
        self.dw = np.einsum("nfhw,nchw->fc", g, self.flat.reshape(-1, c, h, w))
        return np.einsum("nfhw,fc->nchw", g, self.w).reshape(len(g), -1)
"""


@SELDOM
@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("DepthwiseConv", "* part).sum(", "* part).mean("),
        ("ConvOnTorus", "self.turned(g, 1)", "self.turned(g, -1)"),
    ],
)
def test_convolutions_that_are_not_conv2d_are_held_against_their_forward(
    file: Callable[[str], str], name: str, right: str, wrong: str
) -> None:
    assert "is right for its own" in check(f"{file(CONVOLUTIONS)}:{name}").headline
    assert right in CONVOLUTIONS
    assert "is wrong for its own" in check(f"{file(CONVOLUTIONS.replace(right, wrong))}:{name}").headline


@SELDOM
def test_a_convolution_of_pictures_in_rows_is_one(file: Callable[[str], str]) -> None:
    right, wrong = (
        CONVOLUTIONS.replace('nchw", g, self.w)', f'nchw", g, {times} * self.w)') for times in "12"
    )
    verdict = check(f"{file(right)}:ConvOnRows")
    assert (verdict.operator, verdict.ok) == ("conv2d", True)
    assert [finding.gradients for finding in check(f"{file(wrong)}:ConvOnRows").diagnosis] == [("dA_prev",)]


COSTS = """
import numpy as np

def hypothesis(theta, X):
    return 1 / (1 + np.exp(-X @ theta))

def cost(theta, X, y):
    h = hypothesis(theta, X)
    return -(y * np.log(h) + (1 - y) * np.log(1 - h)).mean()

def gradient(theta, X, y):
    return X.T @ (hypothesis(theta, X) - y) / len(y)
"""


@SELDOM
def test_a_gradient_is_that_of_the_cost_beside_it(file: Callable[[str], str]) -> None:
    assert "gradient is right for its own cost" in check(f"{file(COSTS)}:gradient").headline
    with pytest.raises(CannotCall, match="3 times the gradient"):  # it may be that of a sum
        check(f"{file(COSTS.replace(' / len(y)', ''))}:gradient")
