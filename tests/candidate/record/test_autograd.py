"""A `torch.autograd.Function` of no known operator is held against its own forward."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.pair import Open, PairVerdict, against_forward
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.autograd import as_functions
from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.deliberate import left_open
from convstep.candidate.verdicts.draws import held
from convstep.candidate.verdicts.marks import Held
from convstep.candidate.verdicts.slopes import Clock
from tests.strategies import SELDOM

HEAD = "import torch\nfrom torch.autograd import Function\n"
SCALED = """class Scaled(Function):
    @staticmethod
    def forward(x, weight, eps=1e-6):
        wide = x.float()
        return wide * torch.rsqrt((wide * wide).mean(-1, keepdim=True) + eps) * weight
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs[:2])
        ctx.eps = inputs[2]
    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        r = torch.rsqrt((x * x).mean(-1, keepdim=True) + ctx.eps)
        n, gn = x * r, g * weight
        dw = (g * n).sum(0) if ctx.needs_input_grad[1] else None
        return r * (gn - n * (gn * n).mean(-1, keepdim=True)), dw, None
"""


def one(forward: str, backward: str, takes: str = "x", name: str = "F") -> str:
    """A Function whose forward keeps `x`."""
    return f"""class {name}(Function):
    @staticmethod
    def forward(ctx, {takes}):
        ctx.save_for_backward(x.clone())
        {forward}
    @staticmethod
    def backward(ctx, g, *others):
        x, = ctx.saved_tensors
        return {backward}
"""


RIGHT = {
    "cubed": one("return x ** 3", "3 * x ** 2 * g"),
    "in place": one("ctx.mark_dirty(x); return x.mul_(2.0)", "2.0 * g"),
    "a loss": one("return (x ** 2).mean()", "2 * x * g / x.numel()"),
    "places besides": one(
        "v, i = x.max(-1); ctx.mark_non_differentiable(i); ctx.at = i; return i, v",
        "torch.zeros_like(x).scatter_(-1, ctx.at[..., None], others[0][..., None])",
    ),
    "draws": one("ctx.kept = torch.rand_like(x) < 0.5; return x * ctx.kept", "g * ctx.kept"),
}
WRONG = {
    "factor": one("return x ** 3", "x ** 2 * g"),
    "gradient left out": one("return x ** 3", "3 * x ** 2"),
    "a loss without it": one("return (x ** 2).sum()", "2 * x"),
    "passes on": one("return x.exp()", "g"),
}
MEANT = {
    "sign": one("return x.sign()", "g * (x.abs() < 1)"),
    "reversed": one("return x.view_as(x)", "-0.5 * g"),
    "clamp": one("return x.clamp(-1, 1)", "g.clone()"),
    "said": one("return torch.tanh(x)", "g", name="TanhSTE"),
}


def verdict(text: str, *arrays: Any) -> Held:
    """What is said of the only Function of a text."""
    module = types.ModuleType("functions")
    exec(HEAD + text, vars(module))
    kind = next(value for value in vars(module).values() if getattr(value, "__module__", "") == "functions")
    forward, backward = as_functions(kind)
    call, ran = Called.kept(forward, *arrays), Called(forward, arrays)
    out, kept = ran.make()
    above = np.random.default_rng(1).standard_normal(out.shape)
    pair = Pair.of(call, ran, (out, kept), Called(backward, [kept, above]))
    return left_open(held(pair, (None, None), Clock.of(20), lines=False), pair, text)


def x() -> Any:
    return np.random.default_rng(0).standard_normal((3, 4)) * 2


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_is_the_gradient_of_its_forward_is_right(text: str) -> None:
    assert verdict(text, x()).agrees


@SELDOM
def test_it_is_judged_in_float64_whatever_it_casts_to_and_by_all_its_inputs() -> None:
    said = verdict(SCALED, x(), x()[0])
    assert said.agrees
    assert [each.of for each in said.ends] == ["x", "weight"]
    assert verdict(
        SCALED.replace(".mean(-1, keepdim=True)), dw", ".sum(-1, keepdim=True)), dw"), x(), x()[0]
    ).differs


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_not_is_wrong(text: str) -> None:
    said = verdict(text, x())
    assert said.differs
    assert said.line == 0  # PyTorch runs its lines, and nobody sees which


@SELDOM
@pytest.mark.parametrize("text", MEANT.values(), ids=MEANT)
def test_what_is_meant_to_be_another_is_not_called_wrong(text: str) -> None:
    said = verdict(text, x())
    assert not said.differs
    assert not said.agrees


@SELDOM
def test_it_is_checked_and_cannot_be_stepped(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(HEAD + SCALED + MEANT["said"])
    with open_caller(f"{tmp_path / 'f.py'}:Scaled") as worker:
        found = against_forward(worker)
        assert isinstance(found, PairVerdict)
        assert found.ok
        assert not found.steps
        with pytest.raises(CandidateError, match="can be stepped"):
            worker.record(Arguments(), 10)
    with open_caller(f"{tmp_path / 'f.py'}:TanhSTE") as worker:
        assert "STE" in str(against_forward(worker))
        assert isinstance(against_forward(worker), Open)


PLAIN = """
import torch

def gated_forward(x, p):
    a = x @ p["W"] + p["b"]
    return torch.tanh(a) * x, (x, a, p)

def gated_backward(dout, cache):
    x, a, p = cache
    da = dout * x * (1 - a.tanh() ** 2)
    return dout * a.tanh() + da @ p["W"].t(), {"dW": x.t() @ da, "db": da.sum(dim=0)}

def cells(x):
    return torch.from_numpy(x).cos().numpy()

def cells_backward(dout, x):
    return -torch.from_numpy(dout * x).sin().numpy()
"""


@SELDOM
@pytest.mark.parametrize(("old", "new"), [("", ""), ("x.t() @ da", "a.t() @ da")])
def test_functions_over_tensors_are_held_against_their_forward(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "f.py").write_text(PLAIN.replace(old, new) if old else PLAIN)
    with open_caller(f"{tmp_path / 'f.py'}:gated_backward") as worker:
        found = against_forward(worker)
        assert isinstance(found, PairVerdict)
        assert found.ok == (not old)
        assert [one.result for one in found.held.ends] == ["return[0]", "dW", "db"]
        assert not found.steps


@SELDOM
def test_what_makes_tensors_itself_gets_arrays(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(PLAIN)
    with open_caller(f"{tmp_path / 'f.py'}:cells_backward") as worker:
        found = against_forward(worker)
        assert isinstance(found, PairVerdict)
        assert not found.ok
