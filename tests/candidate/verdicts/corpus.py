"""Forwards and backwards as people write them, all right, and mistakes that can be planted in them."""
# ruff: noqa: E501  # a mistake is one line

from __future__ import annotations

import inspect
import itertools
import linecache
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.naming import of_gradient

FILES = Path(__file__).parent / "files"
_COUNT = itertools.count()


def r(*shape: int, seed: int = 0) -> Any:
    """Numbers of no pattern."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def whole(*shape: int, seed: int = 0) -> Any:
    """Whole numbers, many of them the same."""
    return np.random.default_rng([seed, *shape]).integers(-4, 5, shape).astype(float)


IDS = np.array([[0, 2, 1, 2], [3, 2, 0, 0]])
POOL = {"size": 2, "stride": 2}
LSTM = {f"W{gate}": r(4, 7, seed=n) for n, gate in enumerate("fico")} | {
    f"b{gate}": r(4, 1, seed=n) for n, gate in enumerate("fico")
}
PARAMS = {"W1": r(4, 5), "b1": r(5), "W2": r(5, 3), "b2": r(3)}
RIGHT: dict[str, Callable[[], tuple[Any, ...]]] = {
    "norms.batchnorm_backward": lambda: (r(6, 4), r(4, seed=1), r(4, seed=2)),
    "norms.bn_backward": lambda: (r(5, 3), r(3, seed=1), r(3, seed=2), {"mode": "train"}),
    "norms.bnalt_backward": lambda: (r(5, 3), r(3, seed=1), r(3, seed=2)),
    "norms.layernorm_backward": lambda: (r(3, 5), r(5, seed=1), r(5, seed=2)),
    "norms.layernorm_loop_backward": lambda: (r(3, 5), r(5, seed=1), r(5, seed=2)),
    "norms.groupnorm_backward": lambda: (r(2, 4, 3, 2), r(1, 4, 1, 1, seed=1), r(1, 4, 1, 1, seed=2), 2),
    "norms.l2_normalize_backward": lambda: (r(3, 4),),
    "norms.rmsnorm_backward": lambda: (r(3, 4), r(4)),
    "norms.weight_standardize_backward": lambda: (r(3, 4),),
    "activations.relu_backward": lambda: (whole(4, 5),),
    "activations.relu_loop_backward": lambda: (whole(3, 4),),
    "activations.relu_back": lambda: (r(4, 3),),
    "activations.sigmoid_backward": lambda: (r(3, 4),),
    "activations.tanh_backward": lambda: (r(3, 4),),
    "activations.leaky_relu_backward": lambda: (r(3, 4),),
    "activations.gelu_backward": lambda: (r(3, 4),),
    "activations.softmax_backward": lambda: (r(3, 4),),
    "activations.softmax_rows_backward": lambda: (r(3, 4),),
    "activations.logsumexp_backward": lambda: (r(3, 4),),
    "activations.log_softmax_backward": lambda: (r(3, 4),),
    "activations.nll_backward": lambda: (r(3, 4), np.array([1, 0, 3])),
    "activations.mse_backward": lambda: (r(3, 4), r(3, 4, seed=1)),
    "activations.dropout_backward": lambda: (r(4, 5), {"p": 0.6, "mode": "train"}),
    "activations.swish_backward": lambda: (r(3, 4),),
    "activations.prelu_backward": lambda: (r(3, 4), r(4)),
    "activations.maxout_backward": lambda: (whole(3, 6),),
    "linear.affine_backward": lambda: (r(3, 2, 2), r(4, 5), r(5)),
    "linear.linear_backward": lambda: (r(4, 6), r(3, 4), r(3, 1)),
    "linear.linear_loops_backward": lambda: (r(3, 4), r(4, 2)),
    "linear.linear_gather_backward": lambda: (r(3, 4), r(4, 2)),
    "linear.Linear.backward": lambda: ((4, 3), (r(5, 4),)),
    "linear.TwoLayer.backward": lambda: ((), (r(6, 4),)),
    "linear.net_backward": lambda: (r(6, 4), PARAMS),
    "linear.ridge_backward": lambda: (r(3, 4), r(4, 2)),
    "linear.embedding_backward": lambda: (IDS, r(4, 3)),
    "linear.embedding_loop_backward": lambda: (IDS, r(4, 3)),
    "linear.bilinear_backward": lambda: (r(3, 4), r(3, 2), r(4, 2)),
    "linear.max_axis_backward": lambda: (whole(4, 6),),
    "linear.cumsum_backward": lambda: (r(2, 5),),
    "linear.attention_backward": lambda: (r(3, 4), r(5, 4), r(5, 2)),
    "linear.multihead_backward": lambda: (r(3, 4), *(r(4, 4, seed=n) for n in range(1, 5)), 2),
    "recurrent.rnn_step_backward": lambda: (r(2, 3), r(2, 4), r(3, 4), r(4, 4), r(4)),
    "recurrent.rnn_backward": lambda: (r(2, 3, 3), r(2, 4), r(3, 4), r(4, 4), r(4)),
    "recurrent.lstm_step_backward": lambda: (r(2, 3), r(2, 4), r(2, 4, seed=1), r(3, 16), r(4, 16), r(16)),
    "recurrent.lstm_cell_backward": lambda: (
        r(3, 2), r(4, 2), r(4, 2, seed=1), LSTM | {"Wy": r(2, 4), "by": r(2, 1)},
    ),
    "recurrent.gru_backward": lambda: (r(2, 3), r(2, 4), *(r(7, 4, seed=n) for n in range(3))),
    "windows.conv_backward_naive": lambda: (
        whole(2, 2, 5, 3), whole(2, 2, 3, 3), whole(2), {"stride": 2, "pad": 1},
    ),
    "windows.conv_backward": lambda: (
        r(2, 4, 4, 2), r(3, 3, 2, 2), r(1, 1, 1, 2), {"stride": 2, "pad": 1},
    ),
    "windows.max_pool_backward_naive": lambda: (whole(1, 2, 5, 7), {"size": 3, "stride": 2}),
    "windows.max_pool_argmax_backward": lambda: (whole(1, 2, 4, 4),),
    "windows.max_pool_fast_backward": lambda: (r(1, 2, 4, 4),),
    "windows.avg_pool_backward": lambda: (r(5, 5), 3, 1),
    "windows.global_pool_backward": lambda: (r(2, 3, 2, 2),),
    "windows.conv1d_backward": lambda: (r(7), r(3)),
    "windows.conv_taps_backward": lambda: (r(2, 4, 4), r(2, 2, 3, 3)),
    "windows.conv_im2col_backward": lambda: (r(2, 4, 4), r(2, 2, 3, 3)),
    "windows.upsample_backward": lambda: (r(2, 3),),
}  # fmt: skip
"""By backward, the arguments of its forward; of a class, those it is made with and those of its forward."""


@dataclass(frozen=True)
class Mistake:
    """Some lines of a backward, written otherwise."""

    name: str
    """Which backward, as `RIGHT` has it."""
    right: str
    """What stands there."""
    wrong: str
    """What is put there."""
    nth: int = 0
    """Which of several such places in the function."""
    also: tuple[str, ...] = ()
    """Parts of other lines that may be blamed: those that use what is wrong where nothing else can be seen."""


def module(file: str, change: Callable[[str], str] = lambda text: text) -> types.ModuleType:
    """A file of the corpus, with its lines where tracebacks and recordings look for them."""
    text = change((FILES / f"{file}.py").read_text(encoding="utf-8"))
    name = f"{FILES / file}-{next(_COUNT)}.py"
    made = types.ModuleType(file)
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), made.__dict__)
    return made


def pair_of(made: types.ModuleType, name: str, arguments: tuple[Any, ...]) -> Pair:
    """The calls of a forward and of its backward, as a program would make them."""
    np.random.seed(0)
    owner, _, last = name.rpartition(".")
    forward_name = last.replace("backward", "forward").replace("_back", "")
    if owner:
        layer = getattr(made, owner)(*arguments[0])
        forward, back, arguments = getattr(layer, forward_name), getattr(layer, last), arguments[1]
    else:
        forward, back = getattr(made, forward_name), getattr(made, last)
    before = Called.kept(forward, *arguments)
    ran = Called(forward, arguments)
    result = forward(*arguments)
    several = isinstance(result, tuple)
    outputs = list(result[:-1]) if several else [result]
    up = (r(*np.shape(one), seed=9 + n) if np.ndim(one) else 1.5 for n, one in enumerate(outputs))
    places = [
        next(up) if of_gradient(each) and each != "diff" else result[-1] if several else result
        for each in inspect.signature(back).parameters
    ]
    return Pair.of(before, ran, result, Called(back, tuple(places)))


def planted(mistake: Mistake) -> tuple[types.ModuleType, tuple[int, ...]]:
    """The file with a mistake in it, and the lines that may be blamed."""
    file, _, name = mistake.name.partition(".")
    lines = tuple[int, ...]()

    def change(text: str) -> str:
        nonlocal lines
        head = f"def {name.rpartition('.')[2]}("
        start = text.index(head, text.index(f"class {name.partition('.')[0]}") if "." in name else 0)
        end = min(
            (at for mark in ("\ndef ", "\nclass ") if (at := text.find(mark, start)) > 0), default=len(text)
        )
        place = start
        for _ in range(mistake.nth + 1):
            place = text.index(mistake.right, place + 1)
        assert place < end, mistake
        changed = text[:place] + mistake.wrong + text[place + len(mistake.right) :]
        numbers = [text.count("\n", 0, place) + 1]
        body = changed[start:end].splitlines()
        first = text.count("\n", 0, start) + 1
        numbers += [first + n for n, line in enumerate(body) if any(part in line for part in mistake.also)]
        lines = tuple(numbers)
        return changed

    return module(file, change), lines


def names() -> Iterator[str]:
    """All of them."""
    return iter(RIGHT)


MISTAKES = (
    Mistake("norms.batchnorm_backward", "dgammax * xhat", "dgammax * xmu"),
    Mistake("norms.batchnorm_backward", "-1.0 / (sqrtvar ** 2)", "-1.0 / sqrtvar"),
    Mistake("norms.batchnorm_backward", "0.5 * 1.0 / np.sqrt", "1.0 / np.sqrt"),
    Mistake("norms.batchnorm_backward", "-1 * np.sum(dxmu1 + dxmu2, axis=0)", "np.sum(dxmu1 + dxmu2, axis=0)"),
    Mistake("norms.batchnorm_backward", "dx = dx1 + dx2", "dx = dx1"),
    Mistake("norms.bn_backward", "** -1.5", "** -0.5"),
    Mistake("norms.bn_backward", "dout.sum(axis=0)", "dout.mean(axis=0)"),
    Mistake("norms.bn_backward", "dmean / m", "dmean"),
    Mistake("norms.bnalt_backward", "N * dout - dout.sum(0) - x_hat", "N * dout - x_hat"),
    Mistake("norms.layernorm_backward", "np.mean(dx_hat, axis=1, keepdims=True)", "np.mean(dx_hat, axis=0, keepdims=True)"),
    Mistake("norms.layernorm_backward", "dx_hat = dout * gamma", "dx_hat = dout * x"),
    Mistake("norms.layernorm_loop_backward", "dgamma += dout[i] * x_hat[i]", "dgamma = dout[i] * x_hat[i]"),
    Mistake("norms.groupnorm_backward", "(dout * x_norm)", "(dout * x)"),
    Mistake("norms.rmsnorm_backward", "dr * -0.5 * r ** 3", "dr * 0.5 * r ** 3"),
    Mistake("activations.relu_backward", "x > 0", "x < 0"),
    Mistake("activations.gelu_backward", "1 - t ** 2", "1 - t"),
    Mistake("activations.gelu_backward", "dx = dout * 0.5 * (1 + t)", "dx = dout * (1 + t)", also=("dx = dx",)),
    Mistake("activations.nll_backward", "-= 1", "-= 2", also=("dlogits *=",)),
    Mistake("activations.softmax_backward", "(dp - s)", "dp"),
    Mistake("activations.swish_backward", "grad_y * s + grad_s", "grad_y + grad_s"),
    Mistake("linear.affine_backward", "np.sum(dout, axis=0)", "np.sum(dout, axis=1)"),
    Mistake("linear.affine_backward", "x.reshape(N, -1).T.dot(dout)", "-x.reshape(N, -1).T.dot(dout)"),
    Mistake("linear.linear_loops_backward", "dw[d, m] += dout", "dw[d, m] = dout"),
    Mistake("linear.Linear.backward", "dout @ self.W.T", "dout @ self.dW.T"),
    Mistake("linear.TwoLayer.backward", "dz1 = dh1 * (z1 > 0)", "dz1 = dh1"),
    Mistake("linear.net_backward", "x.T @ dh", "x.T @ (dh * 2)"),
    Mistake("linear.embedding_backward", "np.add.at(dE, idx, dout)", "dE[idx] += dout"),
    Mistake("linear.embedding_loop_backward", "+= dout[n, t]", "= dout[n, t]"),
    Mistake("linear.attention_backward", "(dP - (dP * P).sum(-1, keepdims=True))", "dP"),
    Mistake("linear.attention_backward", "dS.T @ Q / np.sqrt(d_k)", "dS.T @ Q / d_k"),
    Mistake("linear.multihead_backward", "dk @ Wk.T + dv", "dk @ Wq.T + dv"),
    Mistake("linear.multihead_backward", "dattn * attn).sum(-1, keepdims=True)) / np.sqrt(h)", "dattn * attn).sum(-1, keepdims=True))"),
    Mistake("recurrent.rnn_step_backward", "1 - next_h ** 2", "1 - next_h"),
    Mistake("recurrent.rnn_backward", "dh[:, t] + dprev_h", "dh[:, t]"),
    Mistake("recurrent.lstm_step_backward", "dc = dnext_c + dnext_h * o", "dc = dnext_c + dnext_h"),
    Mistake("recurrent.lstm_step_backward", "dprev_c = dc * f", "dprev_c = dnext_c * f"),
    Mistake("recurrent.lstm_step_backward", "dg * (1 - g ** 2)", "dg * g * (1 - g)"),
    Mistake("recurrent.lstm_cell_backward", "* ft * (1 - ft)", "* ft"),
    Mistake("recurrent.gru_backward", "dz = dout * (n - h)", "dz = dout * (h - n)"),
    Mistake("recurrent.gru_backward", "    dh += dxrh[:, D:] * r\n", ""),
    Mistake("windows.conv_backward_naive", "dw[f] += window", "dw[f] = window"),
    Mistake("windows.conv_backward_naive", "db[f] += dout[n, f, i, j]", "db[f] += dout[n, f, i, j] * w[f].sum()"),
    Mistake("windows.conv_backward_naive", "dx_pad[n, :, i * stride:i * stride + HH", "dx_pad[n, :, i:i + HH", also=("dx = dx_pad",)),
    Mistake("windows.conv_backward_naive", "dx_pad[:, :, pad:pad + x.shape[2], pad:", "dx_pad[:, :, :x.shape[2], pad:"),
    Mistake("windows.conv_backward", "vert_start = h * stride", "vert_start = h", also=("da_prev_pad[vert", "dW[:, :, :, c]")),
    Mistake("windows.conv_backward", "+= W[:, :, :, c] *", "+= W[:, ::-1, :, c] *"),
    Mistake("windows.max_pool_backward_naive", "+= mask *", "= mask *"),
    Mistake("windows.max_pool_backward_naive", "np.max(window)", "np.min(window)", also=("+= mask",)),
    Mistake("windows.max_pool_argmax_backward", "2 * i + di, 2 * j + dj", "2 * i + dj, 2 * j + di"),
    Mistake("windows.avg_pool_backward", "+= dout[i, j] / (k * k)", "= dout[i, j] / (k * k)"),
    Mistake("windows.avg_pool_backward", "dout[i, j] / (k * k)", "dout[i, j] / k"),
    Mistake("windows.global_pool_backward", "/ (H * W)", "/ H"),
    Mistake("windows.conv1d_backward", "dw += dy[t] * x[t:t + len(w)]", "dw += dy[t] * x[:len(w)]"),
    Mistake("windows.conv_taps_backward", "dw[:, :, i, j] = np", "dw[:, :, j, i] = np"),
    Mistake("windows.conv_im2col_backward", "w.reshape(F, -1).T @ dres", "w.reshape(F, -1).T @ dres[::-1]"),
    Mistake("windows.upsample_backward", "+= dout[i, j]", "= dout[i, j]"),
)  # fmt: skip
"""Mistakes as people make them."""
