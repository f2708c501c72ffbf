"""Adapters that are written for somebody: they run as they stand, and make right code right."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from convstep.candidate.adapter import CALL, ORDER, adapter_text, likely_call
from convstep.candidate.call import child
from convstep.candidate.call.call import Call
from convstep.candidate.call.conventions import CONVENTIONS, convention_of, named
from convstep.candidate.call.outcome import NAMES, RETURNED, Candidate, CannotCall, Outcome
from convstep.candidate.call.served import Ways
from convstep.candidate.check.cases import cases_for, right_of
from convstep.candidate.check.grade import grade
from convstep.candidate.load import loading
from convstep.candidate.load.target import Target
from convstep.conv.problem import Problem
from tests.candidate.conftest import Files
from tests.strategies import some

RIGHT = '''
import numpy as np

def right(x, w, dout, stride=1, pad=0):
    """Channels first."""
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            at = slice(i * stride, i * stride + w.shape[2]), slice(j * stride, j * stride + w.shape[3])
            dw += np.einsum("nf,nchw->fchw", dout[:, :, i, j], xp[:, :, at[0], at[1]])
            dxp[:, :, at[0], at[1]] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    return dxp[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, dout.sum((0, 2, 3))

def last(x, w, dz, stride=1, pad=0):
    """Channels last, kernels (f, f, C_in, C_out)."""
    x, dz = (array.transpose(0, 3, 1, 2) for array in (x, dz))
    dx, dw, db = right(x, w.transpose(3, 2, 0, 1), dz, stride, pad)
    return dx.transpose(0, 2, 3, 1), dw.transpose(2, 3, 1, 0), db
'''
WRITTEN = {
    "order of its own": """
        def back(weights, step, delta, images, pad_size):
            dx_dw_db = right(images, weights, delta, step, pad_size)
            d_images, d_weights, d_bias = dx_dw_db
            return d_weights, d_images, d_bias
    """,
    "cache of cs231n": """
        def back(dout, cache):
            x, w, b, conv_param = cache
            dx, dw, db = right(x, w, dout, conv_param['stride'], conv_param['pad'])
            return dx, dw, db
    """,
    "cache of its own": """
        def back(dZ, cache):
            W, X, p, s, bias = cache
            N, C, H, V = X.shape
            dX, dW, db = right(X, W, dZ, s, p)
            return dX, [dW, db]
    """,
    "dict": """
        def back(dout, cache, stride, padding):
            dx, dw, db = right(cache['input'], cache['kernel'], dout, stride, padding)
            return {'d_kernel': dw, 'd_bias': db, 'd_input': dx}
    """,
    "a dict beside dx, of its own cache": """
        def forward(x, w, b, stride=1, pad=0):
            return None, (x, w, stride, pad)

        def back(dout, cache):
            x, w, stride, pad = cache
            grads = {}
            dx, grads['W'], grads['b'] = right(x, w, dout, stride, pad)
            return dx, grads
    """,
    "a dict before dx": """
        def back(dout, x, w, stride):
            dx, dw, db = right(x, w, dout, stride)
            found = dict(weight=dw, bias=db)
            return found, dx
    """,
    "an object of gradients": """
        from dataclasses import dataclass

        @dataclass
        class Grads:
            dx: object
            dw: object
            db: object

        def back(dout, x, w, stride):
            dx, dw, db = right(x, w, dout, stride)
            return Grads(dx, dw, db)
    """,
    "nodes of a graph": """
        def back(out, x, w, s=1):
            x.grad, w.grad, _ = right(x.data, w.data, out.grad, s)
    """,
    "a layer of a config": """
        class back:
            def __init__(self, config):
                self.w, self.b = np.zeros(config.kernel_shape), np.zeros(config.kernel_shape[0])
                self.stride = config.stride
            def forward(self, x):
                self.x = x
            def backward(self, dout):
                dx, self.dw, self.db = right(self.x, self.w, dout, self.stride)
                return dx
    """,
    "kernels of 1x1": """
        def back(dout, x, w, stride):
            # a 1x1 shortcut
            dx, dw, db = right(x, w[:, :, :1, :1], dout, stride)
            assert w.shape[2:] == (1, 1)
            return dx, dw, db
    """,
    "channels last": """
        def back(dZ, A_prev, W, b, stride):
            (m, n_H, n_W, n_C) = A_prev.shape
            (f, f, n_C, n_F) = W.shape
            dA_prev, dW, db = last(A_prev, W, dZ, stride)
            return dA_prev, dW, db
    """,
    "one picture, channels last": """
        def back(dz, x, kernel, b, s=1, p=0):
            xp = np.pad(x, ((p, p), (p, p), (0, 0)))
            dx, dk, db = last(x[None], kernel, dz[None], s, p)
            return dx[0], dk, db
    """,
    "same and valid": """
        def back(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
            m, h, w, c = A_prev.shape
            kh, kw, cin, cout = W.shape
            sh, sw = stride
            dA, dW, db = last(A_prev, W, dZ, sh, kh // 2 if padding == "same" else 0)
            return dA, dW, db
    """,
    "without a stride": """
        def back(grad_output, input, weight, bias):
            grad_input, grad_weight, grad_bias = right(input, weight, grad_output)
            return grad_input, grad_weight, grad_bias, None, None
    """,
    "layer": """
        class back:
            def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, name="conv"):
                self.stride, self.padding, self.name = stride, padding, name
                self.weight = np.zeros((out_channels, in_channels, kernel_size, kernel_size))
                self.bias = np.zeros((out_channels, 1))
            def __call__(self, x):
                self.x = x
            def backward(self, dout):
                dx, self.weight_grad, db = right(self.x, self.weight, dout, self.stride, self.padding)
                self.bias_grad = db[:, None]
                return dx
    """,
    "layer with dicts, channels last": """
        class back:
            def __init__(self, in_ch, n_filters, k, s=1):
                self.s = s
                self.params = {'W': np.zeros((k, k, in_ch, n_filters)), 'b': np.zeros(n_filters)}
                self.grads = {}
            def forward(self, inputs):
                batch, rows, cols, channels = inputs.shape
                self.inputs = inputs
            def backward(self, dY):
                dX, self.grads['W'], self.grads['b'] = last(self.inputs, self.params['W'], dY, self.s)
                return dX
    """,
    "layer that updates itself": """
        class back:
            def __init__(self, input_shape, kernel_size, depth):
                channels, height, width = input_shape
                self.kernels = np.zeros((depth, channels, kernel_size, kernel_size))
                self.biases = np.zeros((depth, 1, 1))
            def forward(self, input):
                self.input = input
            def backward(self, output_gradient, learning_rate):
                dx, dw, db = right(self.input[None], self.kernels, output_gradient[None])
                self.kernels = self.kernels - learning_rate * dw
                self.biases -= learning_rate * db[:, None, None]
                return dx[0]
    """,
    "own context": """
        class back:
            @staticmethod
            def forward(ctx, x, w, b, stride):
                ctx.save_for_backward(x, w)
                ctx.stride = stride
            @staticmethod
            def backward(ctx, grad):
                x, w = ctx.saved_tensors
                dx, dw, db = right(x, w, grad, ctx.stride)
                return dx, dw, db
    """,
    "autograd Function": """
        import torch
        class back(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, weight, bias, padding):
                ctx.save_for_backward(x, weight)
                ctx.padding = padding
                return torch.nn.functional.conv2d(x, weight, bias, padding=padding)
            @staticmethod
            def backward(ctx, grad):
                x, weight = (saved.numpy() for saved in ctx.saved_tensors)
                return *map(torch.tensor, right(x, weight, grad.numpy(), 1, ctx.padding)), None
    """,
}


class Here:
    """What a worker is asked for; the candidate is called in this process."""

    def __init__(self, target: str) -> None:
        self.served = child.load(Target.parse(target), {})
        self.candidate, self.ways = self.served.candidate, Ways(self.served)
        self.clock = time.thread_time

    def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
        assert not fresh
        outcome = self.ways.called(call, problem.with_arrays())
        if outcome.kind != RETURNED:
            return outcome
        gradients = named(convention_of(call), outcome.returned, outcome.labels, problem)
        return replace(outcome, gradients=gradients)

    def calls(self, call: Call, problems: Sequence[Problem]) -> list[Outcome]:
        found: list[Outcome] = []
        while len(found) < len(problems) and not (found and found[-1].not_begun):
            found.append(self.call(call, problems[len(found)]))
        return found


def written(target: str, *flags: str) -> str:
    """Its adapter."""
    here = Here(target)
    call = likely_call(here, "auto")  # type: ignore[arg-type]
    return adapter_text(Target.parse(target), here.candidate, call, "adapter.py", flags)


def tried(text: str, target: str) -> tuple[int, int, set[str]]:
    """On how many problems of a sweep an adapter is right, on how many not, and why it refuses others."""
    ours: dict[str, Any] = {}
    exec(compile(text, "adapter.py", "exec"), ours)
    good, bad, asked = 0, 0, set[str]()
    cases, _ = cases_for(CONVENTIONS["problem"], Candidate("call", "function", ("problem",), 1))
    given = loading.load(Target.parse(target)).function
    for case in cases:
        right = right_of(case)
        try:
            found = ours[CALL](given, right.problem)
        except NotImplementedError as error:
            asked.add(str(error))
            continue
        outcome = Outcome(
            RETURNED, gradients={n: g for n, g in zip(NAMES, found, strict=True) if g is not None}
        )
        ok = grade(case, right, outcome).ok
        good, bad = good + ok, bad + (not ok)
    return good, bad, asked


@pytest.mark.parametrize("style", some(WRITTEN, 4))
def test_right_code_is_right_through_its_adapter(style: str, files: Files) -> None:
    target = f"{files.write('layer.py', RIGHT + textwrap.dedent(WRITTEN[style]))}:back"
    text = written(target)
    assert text.startswith(f"# convstep check {target} --adapter adapter.py:{CALL}\n")
    good, bad, _ = tried(text, target)
    assert bad == 0, text
    assert good >= 3, text


ASKED = """
class Conv:
    def __init__(self, recipe, stride): pass
    def backward(self, dout): pass
"""


def test_what_nobody_can_know_is_asked_for_first(files: Files) -> None:
    target = f"{files.write('layer.py', ASKED)}:Conv"
    text = written(target, "--python2")
    assert text.startswith(f"# convstep check {target} --adapter adapter.py:{CALL} --python2\n")
    assert tried(text, target) == (0, 0, {"the adapter does not say yet what recipe is"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Empty", "class Empty: pass", "Empty has no forward: it has no methods"),
        (
            "Half",
            "class Half:\n    def forward(self, x): pass",
            "Half has no backward: its methods are forward",
        ),
        ("conv", "def conv(x, w, b, stride): return x", "conv is a forward; name its backward"),
    ],
)
def test_what_has_no_backward_gets_no_adapter(name: str, text: str, said: str, files: Files) -> None:
    path = files.write("layer.py", text)
    with pytest.raises(CannotCall, match=said):
        written(f"{path}:{name}")


GUESSED = """
class back:
    def __init__(self, stride): self.weights = self.bias = None
    def backward(self, dout, cache): return g(cache), h(cache), dout.sum()
"""


def test_what_could_not_be_called_says_what_to_decide(files: Files) -> None:
    lines = written(f"{files.write('layer.py', GUESSED)}:back").splitlines()
    cache = "cache=(n.x, n.w, n.b, {'stride': n.stride, 'pad': n.padding})"
    assert f"    result = layer.backward(n.dz, {cache}){ORDER}" in lines
    assert lines[-1] == "    return n.gradients(result[0], result[1], result[2])"
