"""What PyTorch computed once it computes again, so that one cell that is not its own shows, however small."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.oracle.comparison import compare
from convstep.oracle.rerun import rerun, unequal
from tests.oracle.problems import random_problem
from tests.strategies import some

torch = pytest.importorskip("torch")
nn = torch.nn

LAYERS: dict[str, dict[str, Any]] = {
    "plain": {"in_channels": 3, "out_channels": 8, "kernel_size": 3, "padding": 1},
    "pointwise": {"in_channels": 12, "out_channels": 8, "kernel_size": 1},
    "depthwise": {"in_channels": 12, "out_channels": 12, "kernel_size": 3, "groups": 12, "stride": 2},
    "uneven": {"in_channels": 4, "out_channels": 8, "kernel_size": (2, 4), "padding": "same"},
}

WAYS: dict[str, dict[str, Any]] = {
    "float32": {},
    "channels last": {"order": torch.channels_last},
    "without oneDNN": {"own": False},
    "float64": {"dtype": torch.float64},
    "bfloat16": {"dtype": torch.bfloat16},
    "bfloat16 without oneDNN": {"dtype": torch.bfloat16, "own": False},
    "autocast": {"autocast": True},
}

IN_FLOAT = [way for way in WAYS if "bfloat16" not in way and way != "autocast"]


@contextlib.contextmanager
def with_oneDNN(own: bool) -> Iterator[None]:
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(own)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def before_a_batch_norm(
    layer: str,
    seed: int,
    *,
    dtype: Any = torch.float32,
    order: Any = torch.contiguous_format,
    own: bool = True,
    autocast: bool = False,
) -> Problem:
    """A layer of a step of training; its db cancels, so that all of it is rounding."""
    torch.manual_seed(seed)
    conv = nn.Conv2d(**LAYERS[layer])
    model = nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels)).to(dtype=dtype, memory_format=order)
    images = torch.randn(3, conv.in_channels, 19, 22).relu().to(dtype=dtype, memory_format=order)
    with with_oneDNN(own), convstep.capture(model) as captured:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            made = model(images.requires_grad_()).float()
        (made * torch.randn_like(made)).sum().backward()
    return captured.problem()


def with_one_off(problem: Problem, name: str, cell: tuple[int, ...], sign: int) -> Problem:
    """A cell is off by 1e-4 of the largest value, 1e-9 in float64, four units of its own in bfloat16."""
    recorded = problem.recorded
    assert recorded is not None
    gradients = {each: np.array(values) for each, values in recorded.gradients.items()}
    values = gradients[name]
    size = np.abs(values).max()
    if recorded.eps == 2.0**-7:
        size, share = 2.0 ** np.floor(np.log2(np.abs(values[cell]))), 4 * recorded.eps
    else:
        share = 1e-9 if values.dtype == np.float64 else 1e-4
    values[cell] += values.dtype.type(sign * share * size)
    return problem.with_recorded(Recorded(recorded.by, gradients, recorded.eps))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layer", some(list(LAYERS), 2))
def test_where_all_cancels_one_wrong_cell_still_shows(layer: str, way: str) -> None:
    problem = before_a_batch_norm(layer, 1, **WAYS[way])
    assert problem.recorded is not None
    right = compare(problem, oracle="recorded")
    assert right.ok, right.verdict
    assert "PyTorch, run again, gives the same bits for " in right.tolerance_text
    random = np.random.default_rng(0)
    for name, values in problem.recorded.gradients.items():
        if way not in IN_FLOAT and name != "db":
            continue  # a small value of a half precision has small units
        for sign in (-1, 1):
            cell = tuple(int(random.integers(length)) for length in values.shape)
            found = compare(with_one_off(problem, name, cell, sign), oracle="recorded")
            wrong = [(row.name, row.wrong, row.worst_index) for row in found.rows if not row.ok]
            assert wrong == [(name, 1, cell)], (cell, found.verdict)


def test_what_pytorch_rounds_on_the_way_is_no_mistake_in_a_few_cells_either() -> None:
    for seed in range(12):
        torch.manual_seed(seed)
        conv = nn.Conv2d(16, 4, 1, groups=2).to(torch.bfloat16)
        images = torch.randn(3, 16, 9, 9).relu().to(torch.bfloat16)
        with with_oneDNN(False), convstep.capture(conv) as captured:
            conv(images).mean((2, 3)).float().square().sum().backward()
        comparison = compare(captured.problem(), oracle="recorded")
        assert comparison.ok, (seed, comparison.verdict)


def test_another_order_of_the_additions_is_not_held_to_the_bits_of_the_rerun() -> None:
    problem = before_a_batch_norm("plain", 2)
    assert problem.recorded is not None
    gradients = {name: row.actual for name, row in rows_of(problem).items()}
    loops = problem.with_recorded(Recorded(problem.recorded.by, gradients, problem.recorded.eps))
    comparison = compare(loops, oracle="recorded")
    assert comparison.ok, comparison.verdict
    assert unequal(rerun(problem, problem.recorded)["dW"], gradients["dW"]) > 10


def rows_of(problem: Problem) -> dict[str, Any]:
    return {row.name: row for row in compare(problem, oracle="recorded").rows}


def test_the_rerun_leaves_pytorch_as_it_was() -> None:
    problem = before_a_batch_norm("plain", 3, own=False)
    assert problem.recorded is not None
    before = torch.get_num_threads(), torch._C._get_mkldnn_enabled(), torch.is_grad_enabled()
    found = rerun(problem, problem.recorded)
    assert {name: unequal(values, found[name]) for name, values in problem.recorded.gradients.items()} == {
        "dW": 0,
        "db": 0,
        "dA_prev": 0,
    }
    assert (torch.get_num_threads(), torch._C._get_mkldnn_enabled(), torch.is_grad_enabled()) == before


@pytest.mark.parametrize(("width", "beyond"), [(10, True), (9, False)])
def test_a_kernel_of_onednn_that_writes_beyond_its_memory_is_not_run(
    width: int, beyond: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    conv = nn.Conv2d(3, 4, 1, stride=2)
    with convstep.capture(conv) as captured:
        conv(torch.randn(2, 3, 9, width, requires_grad=True)).sum().backward()
    problem = captured.problem()
    ways = set()

    def asked(torch: Any, problem: Problem, recorded: Recorded, dtype: Any, order: Any) -> dict[str, Any]:
        ways.add((torch._C._get_mkldnn_enabled(), order))
        return {name: values + 1 for name, values in recorded.gradients.items()}

    monkeypatch.setattr("convstep.oracle.rerun._backward", asked)
    assert problem.recorded is not None
    rerun(problem, problem.recorded)
    every = {
        (own, order) for own in (True, False) for order in (torch.contiguous_format, torch.channels_last)
    }
    assert every - ways == ({(True, torch.channels_last)} if beyond else set())


def test_what_pytorch_did_not_compute_it_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_problem(batch=2, dtype=np.float32)
    monkeypatch.setattr("convstep.oracle.rerun.torch_module", None)
    assert rerun(problem, Recorded("JAX 0.4", {"dW": np.zeros_like(problem.W)}, 2.0**-23)) == {}
    TF32 = 2.0**-9
    assert rerun(problem, Recorded("PyTorch 2.9.0", {"dW": np.zeros_like(problem.W)}, TF32)) == {}
