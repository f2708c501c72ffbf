"""One step of an LSTM: x (N, D), h and c (N, H), Wx (D, 4H), Wh (H, 4H), b (4H,), gates i f o g."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.candidate.operators.corpus_b.common import (
    Call,
    Draw,
    Gradients,
    Problem,
    gradients,
    named,
    tensors,
)

NAMES = "dx dh dc dWx dWh db"


def problems(rng: Draw) -> list[Problem]:
    drawn = []
    for n, d, h in [(3, 4, 2), (1, 2, 3), (4, 8, 2), (2, 1, 1), (4, 4, 1), (3, 3, 3), (2, 5, 4)]:
        shapes = {"x": (n, d), "h": (n, h), "c": (n, h), "Wx": (d, 4 * h), "Wh": (h, 4 * h), "b": (4 * h,)}
        arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        drawn.append(Problem(**arrays, dh=rng.normal(size=(n, h)), dc=rng.normal(size=(n, h))))
    return drawn


def reordered(array: Any, gates: str, now: str = "ifog") -> Any:
    """The last axis in another order of its four blocks."""
    blocks = np.split(array, 4, axis=-1)
    return np.concatenate([blocks[now.index(gate)] for gate in gates], axis=-1)


def reference(p: Problem) -> Gradients:
    order = torch.from_numpy(reordered(np.arange(p.b.size), "ifgo"))

    def run(x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        wx, wh, b = (value[..., order] for value in parameters)
        return torch.stack(torch.lstm_cell(x, (h, c), wx.T, wh.T, b, torch.zeros_like(b)))

    return gradients(run, np.stack([p.dh, p.dc]), x=p.x, h=p.h, c=p.c, Wx=p.Wx, Wh=p.Wh, b=p.b)


def cs231n(module: Any, p: Problem) -> Gradients:
    cache = module.lstm_step_forward(p.x, p.h, p.c, p.Wx, p.Wh, p.b)[2]
    return named(NAMES, module.lstm_step_backward(p.dh, p.dc, cache))


def eecs498(module: Any, p: Problem) -> Gradients:
    *inputs, dh, dc = tensors(p.x, p.h, p.c, p.Wx, p.Wh, p.b, p.dh, p.dc)
    return named(NAMES, module.lstm_step_backward(dh, dc, module.lstm_step_forward(*inputs)[2]))


def stacked(p: Problem) -> dict[str, Any]:
    """Of each gate W (H, H + D), on the column of h and x, and b (H, 1)."""
    both = np.split(np.vstack([p.Wh, p.Wx]), 4, axis=1)
    biases = np.split(p.b, 4)
    return {gate: (both[k].T.copy(), biases[k].reshape(-1, 1)) for k, gate in enumerate("ifog")}


def unstacked(p: Problem, dx: Any, dh: Any, dc: Any, weights: list[Any], biases: list[Any]) -> Gradients:
    """Columns become rows again, and the gates i f o g blocks side by side."""
    both = np.hstack([weight.T for weight in weights])
    assert all(bias.shape == (p.h.shape[1], 1) for bias in biases)
    hidden = p.h.shape[1]
    return named(NAMES, (dx.T, dh.T, dc.T, both[hidden:], both[:hidden], np.vstack(biases)[:, 0]))


def coursera(module: Any, p: Problem) -> Gradients:
    names = dict(zip("fico", "figo", strict=True))
    parameters = {"Wy": np.ones((2, p.h.shape[1])), "by": np.zeros((2, 1))}
    for theirs, ours in names.items():
        parameters["W" + theirs], parameters["b" + theirs] = stacked(p)[ours]
    cache = module.lstm_cell_forward(p.x.T, p.h.T, p.c.T, parameters)[3]
    grads = module.lstm_cell_backward(p.dh.T, p.dc.T, cache)
    weights, biases = [grads["dW" + gate] for gate in "ifoc"], [grads["db" + gate] for gate in "ifoc"]
    return unstacked(p, grads["dxt"], grads["da_prev"], grads["dc_prev"], weights, biases)


def columns(module: Any, p: Problem) -> Gradients:
    gates = stacked(p)
    w, b = (np.vstack([gates[gate][k] for gate in "fiog"]) for k in (0, 1))
    cache = module.lstm_step_forward(p.x.T, p.h.T, p.c.T, w, b)[2]
    dx, dh, dc, dw, db = module.lstm_step_backward(p.dh.T, p.dc.T, cache)
    assert dw.shape == w.shape
    weights, biases = np.split(dw, 4), np.split(db, 4)
    order = [1, 0, 2, 3]
    return unstacked(p, dx, dh, dc, [weights[k] for k in order], [biases[k] for k in order])


def dlfs2(module: Any, p: Problem) -> Gradients:
    layer = module.LSTM(*(reordered(value, "fgio") for value in (p.Wx, p.Wh, p.b)))
    layer.forward(p.x, p.h, p.c)
    states = layer.backward(p.dh, p.dc)
    return named(NAMES, (*states, *(reordered(value, "ifog", "fgio") for value in layer.grads)))


def function(module: Any, p: Problem) -> Gradients:
    x, h, c, dh, dc = tensors(p.x, p.h, p.c, p.dh, p.dc)
    wx, wh, b = tensors(*(reordered(value, "ifgo").T.copy() for value in (p.Wx, p.Wh, p.b)))
    leaves = [leaf.clone().requires_grad_() for leaf in (x, h, c, wx, wh, b)]
    torch.autograd.backward(module.LSTMStep.apply(*leaves), (dh, dc))
    found = [np.asarray(leaf.grad) for leaf in leaves]
    return named(NAMES, (*found[:3], *(reordered(value.T, "ifog", "ifgo") for value in found[3:])))


def plain(module: Any, p: Problem) -> Gradients:
    grads = module.lstm_step_backward(p.dh, p.dc, p.x, p.h, p.c, p.Wx, p.Wh, p.b)
    return named(NAMES, [grads[name] for name in ("dx", "dh_prev", "dc_prev", "dWx", "dWh", "db")])


def dicts(module: Any, p: Problem) -> Gradients:
    cell = module.LSTMCell(p.x.shape[1], p.h.shape[1])
    parts = {"Wx_": p.Wx, "Wh_": p.Wh, "b_": p.b}
    for name, value in parts.items():
        for gate, block in zip("ifog", np.split(value, 4, axis=-1), strict=True):
            cell.params[name + gate] = block
    cell.forward(p.x, p.h, p.c)
    states = cell.backward(p.dh, p.dc)
    joined = (np.concatenate([cell.grads[name + gate] for gate in "ifog"], axis=-1) for name in parts)
    return named(NAMES, (*states, *joined))


def averaged(module: Any, p: Problem) -> Gradients:
    """The gates' own attributes; the course's average over the batch taken back."""
    n, d = p.x.shape
    cell = module.LSTMCell(d, p.h.shape[1])
    blocks = [np.split(value, 4, axis=-1) for value in (p.Wx, p.Wh, p.b)]
    for k, gate in enumerate("ifog"):
        setattr(cell, f"W{gate}x", blocks[0][k].T)
        setattr(cell, f"W{gate}h", blocks[1][k].T)
        setattr(cell, f"b{gate}", blocks[2][k])
    cell.forward(p.x, p.h, p.c)
    states = cell.backward(p.dh, p.dc)
    weights = [np.hstack([n * getattr(cell, f"dW{gate}{of}").T for gate in "ifog"]) for of in "xh"]
    return named(NAMES, (*states, *weights, np.hstack([n * getattr(cell, f"db{gate}") for gate in "ifog"])))


def alone(module: Any, p: Problem) -> Gradients:
    a_i, a_f, a_o, a_g = np.split(p.x @ p.Wx + p.h @ p.Wh + p.b, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-a)) for a in (a_i, a_f, a_o))
    g = np.tanh(a_g)
    gates = (i, f, o, g, f * p.c + i * g)
    return named(NAMES, module.lstm_step_backward(p.dh, p.dc, p.x, p.h, p.c, p.Wx, p.Wh, *gates))


def short(module: Any, p: Problem) -> Gradients:
    cache = module.lstm_cell_fwd(p.x, p.h, p.c, p.Wx, p.Wh, p.b)[2]
    return named(NAMES, module.lstm_cell_bwd(p.dh, p.dc, cache))


THEIRS = dict(zip("ifog", "ifoc", strict=True))
"""What a gate is called where each has a weight of its own."""


def gates_on_columns(module: Any, p: Problem) -> Gradients:
    cell = module.LSTM(p.x.shape[1], p.h.shape[1])
    for ours, theirs in THEIRS.items():
        weight, bias = stacked(p)[ours]
        setattr(cell, f"W{theirs}", weight)
        setattr(cell, f"b{theirs}", bias)
    cell.forward(p.x.T, p.h.T, p.c.T)
    dx, dh, dc = cell.backward(p.dh.T, p.dc.T)
    weights, biases = ([getattr(cell, f"d{word}{gate}") for gate in "ifoc"] for word in "Wb")
    return unstacked(p, dx, dh, dc, weights, biases)


def gates_on_rows(module: Any, p: Problem) -> Gradients:
    parameters: dict[str, Any] = {}
    d = p.x.shape[1]
    blocks = zip("ifoc", np.split(np.vstack([p.Wx, p.Wh]), 4, axis=1), np.split(p.b, 4), strict=True)
    for gate, weight, bias in blocks:
        parameters |= {f"W{gate}": weight, f"b{gate}": bias}
    cache = module.lstm_cell_forward(p.x, p.h, p.c, parameters)[2]
    grads = module.lstm_cell_backward(p.dh, p.dc, cache)
    both, bias = (np.hstack([grads[f"d{word}{gate}"] for gate in "ifoc"]) for word in "Wb")
    return named(NAMES, (grads["dx"], grads["dh_prev"], grads["dc_prev"], both[:d], both[d:], bias))


def gates_apart(module: Any, p: Problem) -> Gradients:
    order = "figo"
    listed = [reordered(value, order) for value in (p.Wx, p.Wh, p.b)]
    parts = [part for value in listed for part in np.split(value, 4, axis=-1)]
    cache = module.lstm_step(p.x, p.h, p.c, *parts)[2]
    found = module.lstm_step_backward(p.dh, p.dc, cache)
    whole = (np.concatenate(found[at : at + 4], axis=-1) for at in (3, 7, 11))
    return named(NAMES, (*found[:3], *(reordered(value, "ifog", order) for value in whole)))


CALLS: dict[str, Call] = {
    "lstm_step/a_weight_a_gate.py:LSTM": gates_on_columns,
    "lstm_step/a_weight_a_gate.py:lstm_cell_backward": gates_on_rows,
    "lstm_step/a_weight_a_gate.py:lstm_step_backward": gates_apart,
    "lstm_step/rnn_layers.py:lstm_step_backward": cs231n,
    "lstm_step/cs231n_inplace.py:lstm_step_backward": cs231n,
    "lstm_step/cs231n_slices.py:lstm_step_backward": cs231n,
    "lstm_step/coursera.py:lstm_cell_backward": coursera,
    "lstm_step/coursera_dc.py:lstm_cell_backward": coursera,
    "lstm_step/dlfs2.py:LSTM": dlfs2,
    "lstm_step/torch_function.py:LSTMStep": function,
    "lstm_step/plain.py:lstm_step_backward": plain,
    "lstm_step/cell_dicts.py:LSTMCell": dicts,
    "lstm_step/eecs498_style.py:lstm_step_backward": eecs498,
    "lstm_step/stacked_columns.py:lstm_step_backward": columns,
    "lstm_step/loops.py:lstm_step_backward": cs231n,
    "lstm_step/names.py:lstm_cell_bwd": short,
    "lstm_step/cmu_averaged.py:LSTMCell": averaged,
    "lstm_step/backward_alone.py:lstm_step_backward": alone,
}
FIXED_EPS: dict[str, float] = {}
