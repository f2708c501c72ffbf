"""Arguments are found, or made of what is given: in the candidate's process, here without one."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pytest

from convstep.candidate.call import child
from convstep.candidate.call.served import Served
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.calling import Ready, given_call
from tests.candidate.conftest import Files

# fmt: off
COURSES = {
    "max_pool_backward_naive": """
        def max_pool_forward_naive(x, pool_param):
            N, C, H, W = x.shape
            h, w, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
            out = np.zeros((N, C, 1 + (H - h) // s, 1 + (W - w) // s))
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[:, :, i, j] = x[:, :, i*s:i*s+h, j*s:j*s+w].max(axis=(2, 3))
            return out, (x, pool_param)
        def max_pool_backward_naive(dout, cache):
            x, pool_param = cache
            h, w, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
            dx = np.zeros_like(x)
            for i in range(dout.shape[2]):
                for j in range(dout.shape[3]):
                    window = x[:, :, i*s:i*s+h, j*s:j*s+w]
                    mask = window == window.max(axis=(2, 3), keepdims=True)
                    dx[:, :, i*s:i*s+h, j*s:j*s+w] += mask * dout[:, :, i, j][:, :, None, None]
            return dx
    """,
    "pool_backward": """
        def pool_backward(dA, cache, mode="max"):
            (A_prev, hparameters) = cache
            stride, f = hparameters["stride"], hparameters["f"]
            m, n_H_prev, n_W_prev, n_C_prev = A_prev.shape
            m, n_H, n_W, n_C = dA.shape
            dA_prev = np.zeros(A_prev.shape)
            for h in range(n_H):
                for w in range(n_W):
                    for c in range(n_C):
                        a = A_prev[0, h*stride:h*stride+f, w*stride:w*stride+f, c]
                        mask = a == a.max()
                        dA_prev[0, h*stride:h*stride+f, w*stride:w*stride+f, c] += mask * dA[0, h, w, c]
            assert dA_prev.shape == A_prev.shape and (n_H - 1) * stride + f == n_H_prev
            return dA_prev
    """,
    "pool_backward_alx": """
        def pool_backward_alx(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
            m, h_new, w_new, c = dA.shape
            kh, kw = kernel_shape
            sh, sw = stride
            dA_prev = np.zeros_like(A_prev)
            for i in range(h_new):
                for j in range(w_new):
                    a = A_prev[:, i*sh:i*sh+kh, j*sw:j*sw+kw]
                    dA_prev[:, i*sh:i*sh+kh, j*sw:j*sw+kw] += dA[:, i:i+1, j:j+1] * (a == a.max())
            assert A_prev.shape[1] == (h_new - 1) * sh + kh
            return dA_prev
    """,
    "maxpool_backward": """
        def maxpool_forward(x, p=2):
            N, C, L = x.shape
            return x[:, :, :L // p * p].reshape(N, C, L // p, p).max(-1)
        def maxpool_backward(dp, a, p=2):
            N, C, L = a.shape
            assert type(p) is int and dp.shape == (N, C, L // p) and L // p > 1
            tiles = a[:, :, :L // p * p].reshape(N, C, L // p, p)
            da = np.zeros_like(a)
            da[:, :, :L // p * p] = (dp[..., None] * (tiles == tiles.max(-1)[..., None])).reshape(N, C, -1)
            return da
    """,
    "batchnorm_backward_alt": """
        def batchnorm_forward(x, gamma, beta, bn_param):
            mu, var = x.mean(axis=0), x.var(axis=0)
            xhat = (x - mu) / np.sqrt(var + bn_param.get('eps', 1e-5))
            return gamma * xhat + beta, (xhat, gamma, var)
        def batchnorm_backward_alt(dout, cache):
            xhat, gamma, var = cache
            dgamma = np.sum(dout * xhat, axis=0)
            return dout * gamma / np.sqrt(var), dgamma, dout.sum(axis=0)
    """,
    "layernorm_backward": """
        def layernorm_forward(x, gamma, beta, ln_param):
            var = x.var(axis=1, keepdims=True) + ln_param.get('eps', 1e-5)
            xhat = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(var)
            return gamma * xhat + beta, (xhat, gamma)
        def layernorm_backward(dout, cache):
            xhat, gamma = cache
            return dout * gamma, np.sum(dout * xhat, axis=0), np.sum(dout, axis=0)
    """,
    "affine_backward": """
        def affine_backward(dout, cache):
            x, w, b = cache
            dx = dout.dot(w.T).reshape(x.shape)
            assert b.shape == (w.shape[1],)
            return dx, x.reshape(len(x), -1).T.dot(dout), dout.sum(axis=0)
    """,
    "linear_backward": """
        def linear_backward(dZ, cache):
            A_prev, W, b = cache
            m = A_prev.shape[1]
            assert dZ.shape == (W.shape[0], m) and b.shape == (W.shape[0], 1)
            return np.dot(W.T, dZ), np.dot(dZ, A_prev.T) / m, np.sum(dZ, axis=1, keepdims=True) / m
    """,
    "relu_backward": """
        def relu_backward(dA, cache):
            Z = cache
            dZ = np.array(dA, copy=True)
            dZ[Z <= 0] = 0
            return dZ
    """,
    "softmax_loss": """
        def softmax_loss(x, y):
            probs = np.exp(x - np.max(x, axis=1, keepdims=True))
            probs /= np.sum(probs, axis=1, keepdims=True)
            loss = -np.mean(np.log(probs[np.arange(len(x)), y]))
            dx = probs.copy()
            dx[np.arange(len(x)), y] -= 1
            return loss, dx / len(x)
    """,
    "word_embedding_backward": """
        def word_embedding_forward(x, W):
            return W[x], (x, W.shape)
        def word_embedding_backward(dout, cache):
            x, shape = cache
            dW = np.zeros(shape)
            np.add.at(dW, x, dout)
            return dW
    """,
    "rnn_step_backward": """
        def rnn_step_forward(x, prev_h, Wx, Wh, b):
            next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
            return next_h, (x, prev_h, Wx, Wh, next_h)
        def rnn_step_backward(dnext_h, cache):
            x, prev_h, Wx, Wh, next_h = cache
            da = dnext_h * (1 - next_h ** 2)
            return da @ Wx.T, da @ Wh.T, x.T @ da, prev_h.T @ da, da.sum(axis=0)
    """,
    "lstm_step_backward": """
        def sigmoid(x):
            return 1 / (1 + np.exp(-x))
        def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
            a = x @ Wx + prev_h @ Wh + b
            i, f, o, g = np.split(a, 4, axis=1)
            next_c = sigmoid(f) * prev_c + sigmoid(i) * np.tanh(g)
            return sigmoid(o) * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, next_c)
        def lstm_step_backward(dnext_h, dnext_c, cache):
            x, prev_h, prev_c, Wx, Wh, next_c = cache
            dc = dnext_c + dnext_h * (1 - np.tanh(next_c) ** 2)
            return dc * prev_c
    """,
    "rnn_cell_backward": """
        def rnn_cell_forward(xt, a_prev, parameters):
            a_next = np.tanh(parameters['Wax'] @ xt + parameters['Waa'] @ a_prev + parameters['ba'])
            yt = parameters['Wya'] @ a_next + parameters['by']
            return a_next, yt, (a_next, a_prev, xt, parameters)
        def rnn_cell_backward(da_next, cache):
            a_next, a_prev, xt, parameters = cache
            dtanh = (1 - a_next ** 2) * da_next
            return {"dxt": parameters['Wax'].T @ dtanh, "dba": dtanh.sum(axis=1, keepdims=True)}
    """,
    "Affine.backward": """
        class Affine:
            def __init__(self, W, b):
                self.W, self.b = W, b
            def forward(self, x):
                self.x = x
                return x @ self.W + self.b
            def backward(self, dout):
                self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
                return dout @ self.W.T
    """,
    "Pooling.backward": """
        class Pooling:
            def __init__(self, pool_h, pool_w, stride=2, pad=0):
                self.h, self.w, self.s = pool_h, pool_w, stride
            def forward(self, x):
                self.x = x
                N, C, H, W = x.shape
                return np.zeros((N, C, (H - self.h) // self.s + 1, (W - self.w) // self.s + 1))
            def backward(self, dout):
                dx = np.zeros_like(self.x)
                for i in range(dout.shape[2]):
                    dx[:, :, i * self.s] += dout[:, :, i].sum()
                return dx
    """,
    "Relu.forward": """
        class Relu:
            def forward(self, x):
                self.mask = x <= 0
                out = x.copy()
                out[self.mask] = 0
                return out
    """,
    "conv_forward_naive": """
        def conv_forward_naive(x, w, b, conv_param):
            s, p = conv_param['stride'], conv_param['pad']
            N, C, H, W = x.shape
            F, _, HH, WW = w.shape
            xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
            out = np.zeros((N, F, 1 + (H + 2*p - HH) // s, 1 + (W + 2*p - WW) // s))
            for i in range(out.shape[2]):
                for j in range(out.shape[3]):
                    out[:, 0, i, j] = np.sum(xp[:, :, i*s:i*s+HH, j*s:j*s+WW] * w[0], axis=(1, 2, 3)) + b[0]
            return out, (x, w, b, conv_param)
    """,
    "nothing_asked": """
        def nothing_asked():
            return np.arange(3) + 1
    """,
}
"""Functions as the courses have them, by what is called."""


def served(files: Files, text: str, name: str, **options: bool) -> Served:
    path = files.write("layers.py", "import numpy as np\n" + textwrap.dedent(text))
    return child.load(Target.parse(f"{path}:{name}"), {"unmade": True, **options})


def first(served: Served, **said: Any) -> Ready:
    return next(given_call(served, Arguments(**said)))


def refused(served: Served, **said: Any) -> str:
    with pytest.raises(CandidateError) as caught:
        first(served, **said)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", COURSES)
def test_what_the_courses_write_is_called_without_being_told_anything(files: Files, name: str) -> None:
    ready = first(served(files, COURSES[name], name))
    assert ready.how
    result = ready.function(*ready.places, **ready.named)
    assert result is not None
    again = first(served(files, COURSES[name], name))
    assert repr(again.places) == repr(ready.places)  # the same numbers each time


def test_the_options_of_a_pool_have_its_longer_names_too(files: Files) -> None:
    text = """
        def pool_backward(dA, cache):
            A_prev, hparameters = cache
            size, step = hparameters["pool_size"], hparameters["pool_stride"]
            return A_prev[:, : size + step * (dA.shape[1] - 1)]
    """
    ready = first(served(files, text, "pool_backward"))
    assert ready.function(*ready.places).shape == ready.places[1][0].shape


def test_overlapping_windows_come_first_and_tiles_where_those_do_not_fit(files: Files) -> None:
    guesses = [
        *given_call(served(files, COURSES["max_pool_backward_naive"], "max_pool_backward_naive"), Arguments())
    ]
    sizes = [(ready.places[1][0].shape[2], ready.places[1][1]["stride"]) for ready in guesses]
    assert sizes[:2] == [(5, 2), (4, 2)]
    x = guesses[0].places[1][0]
    assert len(np.unique(x)) == x.size  # no window has two maxima


def test_a_cache_is_made_as_the_function_takes_it_apart(files: Files) -> None:
    text = """
        def max_pool_backward(dout, cache):
            x, size, stride = cache  # the window and its step
            assert dout.ndim == x.ndim < 4
            return np.zeros_like(x)
    """
    calls = [*given_call(served(files, text, "max_pool_backward"), Arguments())]
    assert all([np.ndim(part) for part in ready.places[1]][1:] == [0, 0] for ready in calls)
    fitting = next(ready for ready in calls if ready.places[0].ndim < 4)
    assert fitting.places[0].ndim == 2  # pictures with channels would fit as well
    assert fitting.function(*fitting.places, **fitting.named).shape == fitting.places[1][0].shape


def test_a_call_is_evaluated_in_the_names_of_the_file(files: Files) -> None:
    text = """
        SIZE = 3
        class Scaled:
            def __init__(self, by, *, offset=0):
                self.by, self.offset = by, offset
            def forward(self, x, more=1):
                return self.by * x * more + self.offset
        def f(x, y=1, *rest, **options):
            return x + y
        def g(x):
            return f(x)
    """
    ready = first(served(files, text, "f"), call="f(np.ones(SIZE), *[2, 3], **{'k': 4})")
    assert ready.function.__name__ == "f"
    assert (ready.places[0].tolist(), ready.places[1:], ready.named) == ([1, 1, 1], [2, 3], {"k": 4})
    ready = first(
        served(files, text, "Scaled.forward"), call="np.sum(Scaled(2, offset=1).forward(np.ones(2), more=3))"
    )
    assert ready.function(*ready.places, **ready.named).tolist() == [7, 7]
    ready = first(served(files, text, "f"), call="f(np.random.rand(3))")
    assert np.array_equal(
        ready.places[0], first(served(files, text, "f"), call="f(np.random.rand(3))").places[0]
    )


def test_a_call_that_needs_what_did_not_run_says_so(files: Files) -> None:
    text = """
        def f(x):
            return x
        print("hello")
        data = __import__('json').loads('[1, 2]')
    """
    said = refused(served(files, text, "f"), call="f(data)")
    assert said == (
        "--call: NameError: name 'data' is not defined; data is set at line 6 of layers.py, "
        "which did not run (add --run-all)"
    )
    assert first(served(files, text, "f", run_all=True), call="f(data)").places == [[1, 2]]
    assert refused(served(files, text, "f"), call="data.x()").startswith("--call: NameError")


def test_arguments_by_name_leave_defaults_alone_and_make_the_cache_by_the_forward(files: Files) -> None:
    name = "max_pool_backward_naive"
    one = served(files, COURSES[name], name)
    shape = ("x=1x1x4x4", "pool_param={'pool_height': 2, 'pool_width': 2, 'stride': 1}")
    ready = first(one, shapes=shape)
    assert ready.places[0].shape == (1, 1, 3, 3)
    assert ready.places[1][0].shape == (1, 1, 4, 4)
    ready = first(one, shapes=(*shape, "dout=1x1x3x3", "cache=3x3"))
    assert [np.shape(each) for each in ready.places] == [(1, 1, 3, 3), (3, 3)]
    assert refused(one, shapes=("dout=3x",)) == (
        "there is no value for cache; write the call, like --call 'max_pool_backward_naive(dout, cache)', "
        "or give each, like --shape dout=4x5 --shape cache=…"
    )
    assert (
        refused(one, shapes=("dot=3x",)) == "max_pool_backward_naive has no parameter dot; did you mean dout?"
    )


def test_a_class_takes_what_is_given_for_its_constructor_its_forward_and_its_method(files: Files) -> None:
    one = served(files, COURSES["Affine.backward"], "Affine.backward")
    ready = first(one, shapes=("W=3x4", "b=4x", "x=2x3", "dout=2x4"))
    assert ready.function.__self__.x.shape == (2, 3)  # type: ignore[attr-defined]
    assert [each.shape for each in ready.places] == [(2, 4)]
    assert refused(one, shapes=("dout=2x4",)).startswith(
        "there is no value for W and b of Affine(); write the call"
    )
    assert refused(one, shapes=("W=3x4", "b=4x", "dout=2x4")).startswith(
        "there is no value for x of its forward"
    )


def test_what_cannot_be_had_is_asked_for_with_the_call_to_write(files: Files) -> None:
    one = served(files, "def strange(foo, bar, baz=1):\n    return foo\n", "strange")
    assert refused(one) == (
        "strange is no operator that is known by name, so its arguments have to be given; write the call, "
        "like --call 'strange(foo, bar)', or give each, like --shape foo=4x5 --shape bar=…"
    )


def test_what_runs_before_and_fails_is_a_sentence(files: Files) -> None:
    text = """
        def relu_forward(x):
            raise ValueError("not\\nwritten")
        def relu_backward(dout, cache):
            return dout
    """
    assert refused(served(files, text, "relu_backward"), shapes=("x=3x",)) == (
        "its forward fails on these arguments: ValueError: not written"
    )
