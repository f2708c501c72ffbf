"""Where the first NaN or inf of a captured run was born: one small model for each way it can be."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.oracle.captured import Captured, CaptureError
from convstep.oracle.origin import Origin, origin_of

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional

NAN, INF = float("nan"), float("inf")

Change = Callable[[Any], Any]


def layer(channels: int = 2, to: int = 2) -> Any:
    return nn.Conv2d(channels, to, 3, padding=1)


def batch(count: int = 2, bad: float | None = None) -> Any:
    """Pictures, with a number in the last of them."""
    images = torch.randn(count, 2, 5, 5, generator=torch.Generator().manual_seed(1))
    if bad is not None:
        images[count - 1, 1, 3, 2] = bad
    return images


class Net(nn.Module):  # type: ignore[name-defined, misc]
    """Three layers, and something between them."""

    def __init__(self, *between: Change) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.c1, self.c2, self.c3 = layer(), layer(), layer()
        self.between: list[Change] = [*between, *[lambda x: x] * (2 - len(between))]

    def forward(self, x: Any) -> Any:
        return self.c3(self.between[1](self.c2(self.between[0](self.c1(x)))))


class Graph(nn.Module):  # type: ignore[name-defined, misc]
    """The same layers, connected in another way."""

    def __init__(self, connect: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.c1, self.c2, self.c3 = layer(), layer(), layer()
        self.connect = connect

    def forward(self, x: Any) -> Any:
        return self.connect(self, x)


def with_value(model: Any, name: str, at: tuple[int, ...], value: float) -> Any:
    with torch.no_grad():
        model.get_parameter(name)[at] = value
    return model


def scaled(model: Any, name: str, factor: float) -> Any:
    with torch.no_grad():
        model.get_parameter(name).mul_(factor)
    return model


def once(model: Any, images: Any = None, loss: Change = torch.mean, **options: Any) -> Captured:
    with convstep.capture(model, **options) as captured:
        loss(model(batch() if images is None else images)).backward()
    return captured


def half(model: Any, images: Any, loss: Change = torch.mean) -> Captured:
    with convstep.capture(model) as captured:
        with torch.autocast("cpu", dtype=torch.float16):
            out = model(images)
        loss(out.float()).backward()
    return captured


def steps(
    model: Any,
    count: int = 3,
    rate: float = 0.1,
    images: Callable[[int], Any] = lambda _: batch(),
    loss: Callable[[Any, int], Any] = lambda out, _: out.square().mean(),
    before_update: Callable[[int, Any], None] = lambda step, model: None,
) -> Captured:
    with convstep.capture(model) as captured:
        for step in range(count):
            model.zero_grad()
            loss(model(images(step)), step).backward()
            before_update(step, model)
            update(model, rate)
    return captured


def update(model: Any, rate: float = 0.1) -> None:
    """What SGD does; importing PyTorch's takes seconds."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.sub_(rate * parameter.grad)


def clip_to_zero(step: int, model: Any) -> None:
    for parameter in model.parameters() if step == 1 else ():
        parameter.grad.mul_(0).div_(parameter.grad.norm())


def log_of_zero(out: Any) -> Any:
    return -torch.log(functional.softmax(out * 1e4, 1)).mean()


def overflowing_in_backward() -> Captured:
    torch.manual_seed(0)
    model = nn.Sequential(layer(), layer(), layer())
    return half(
        scaled(model, "2.weight", 30), batch(1), lambda out: (out * torch.randn(out.shape) * 6000).sum()
    )


def a_grad_that_was_bad() -> Captured:
    model = Net()
    model.c2.weight.grad = torch.full_like(model.c2.weight, NAN)
    with convstep.capture(model) as captured:
        for _ in range(2):
            model(batch()).mean().backward()
            update(model)
    return captured


def adversaries() -> Captured:
    """The first pass reaches c3 alone, on what the others made without a gradient to them."""
    model = Net()
    with convstep.capture(model) as captured:
        fake = model.c2(model.c1(batch()) * INF * 0)
        (model.c3(batch()).mean() - model.c3(fake.detach()).mean()).backward()
        model.c3(fake).mean().backward()
    return captured


def hooked(tensor: str) -> Captured:
    model = Net()
    if tensor == "weight":
        model.c2.weight.register_hook(lambda gradient: gradient * NAN)
    else:
        model.c1.register_forward_hook(lambda _, __, out: out.register_hook(lambda g: g / 0) and None)
    return once(model)


def given_to_backward() -> Captured:
    model = Net()
    with convstep.capture(model) as captured:
        out = model(batch())
        out.backward(torch.full_like(out, NAN))
    return captured


def penalty() -> Captured:
    """A gradient whose norm is 0: the square root's slope there comes by the double backward."""
    model = Net()
    with convstep.capture(model) as captured:
        images = batch().requires_grad_()
        out = model(images)
        (slope,) = torch.autograd.grad((out * 0).sum(), images, create_graph=True)
        (out.mean() + slope.square().sum().sqrt()).backward()
    return captured


def too_much_in_two_halves() -> Captured:
    """Both shares of dW fit float16, their sum does not."""
    conv = nn.Conv2d(1, 1, 1, bias=False).half()
    model = nn.Sequential(conv)
    with convstep.capture(model) as captured:
        one = torch.ones(1, 1, 1, 1).half()
        (model(one) + model(one)).backward(one * 40000)
    return captured


def normed(model: Any) -> Any:
    model.c2 = nn.utils.parametrizations.weight_norm(model.c2)
    return scaled(model, "c2.parametrizations.weight.original1", 0)


def transposed() -> Any:
    between: Any = nn.ConvTranspose2d(2, 2, 1)
    return Net(with_value(between, "bias", (0,), NAN))


FORMS: dict[str, tuple[Callable[[], Captured], str, str, str, str]] = {
    "log(0) in the loss": (lambda: once(Net(), loss=log_of_zero), "loss", "c3", "dZ", "from the loss, what"),
    "a loss scale that float16 does not hold": (
        lambda: half(Net(), batch(), lambda out: out.mean() * 2.0**40),
        "loss", "c3", "dZ", "a GradScaler would skip this step",
    ),
    "a rate that is too large": (
        lambda: steps(Net(), rate=1e6, count=4),
        "forward", "c2", "Z", "since the call of backward pass 0 the largest |W| has grown from 0.",
    ),
    "NaN in a weight": (
        lambda: once(with_value(Net(), "c2.weight", (1, 1, 0, 2), NAN)),
        "weight", "c2", "W[1, 0, 2, 1]", "there already when this layer was first captured",
    ),
    "NaN in a bias": (
        lambda: once(with_value(Net(), "c2.bias", (1,), NAN)), "weight", "c2", "b[1]", "there already",
    ),
    "NaN in the data": (
        lambda: once(Net(), batch(bad=NAN)), "data", "c1", "A_prev[1, 3, 2, 1]", "first NaN: A_prev",
    ),
    "inf in the data": (lambda: once(Net(), batch(bad=-INF)), "data", "c1", "A_prev[1, 3, 2, 1]", "-inf"),
    "a norm of zeros": (
        lambda: once(Net(lambda x: x, lambda x: x.relu() * 0 / x.relu().mul(0).norm())),
        "between", "c3", "A_prev", "every captured one that ran before is finite, c2's too",
    ),
    "a float32 weight too large for float16": (
        lambda: half(scaled(Net(), "c2.weight", 1e7), batch()), "weight", "c2", "W", "beyond 65504 is inf",
    ),
    "float16 overflows in the backward": (
        overflowing_in_backward,
        "backward", "2", "dA_prev", "the sum overflows float16 in this backward: dZ, A_prev",
    ),
    "float16 overflows in the forward": (
        lambda: half(scaled(Net(), "c2.weight", 1e5), batch() * 100),
        "forward", "c2", "Z", "and float16 ends at 65504",
    ),
    "bfloat16 overflows in the forward": (
        lambda: once(scaled(Net().bfloat16(), "c2.weight", 1e38), batch().bfloat16() * 1e3),
        "forward", "c2", "Z", "and bfloat16 ends at 3.39e38",
    ),
    "a standard deviation of 0": (
        lambda: once(Net(lambda x: (x - x.mean(0)) / x.std(0, unbiased=False)), batch(1)),
        "between", "c2", "A_prev", "c1's too",
    ),
    "a batch statistic of one sample": (
        lambda: once(Net(lambda x: (x - x.mean(0)) / x.std(0)), batch(1)), "between", "c2", "A_prev", "NaN",
    ),
    "the slope of a root at 0": (
        lambda: once(Net(lambda x: torch.sqrt(x * 0))),
        "between backward", "c1", "dZ", "dZ and dA_prev are finite, c2's too",
    ),
    "a mask times inf": (
        lambda: once(Net(lambda x: x.masked_fill(x < 0, INF) * (x > 0))), "between", "c2", "A_prev", "NaN",
    ),
    "a softmax of inf": (
        lambda: once(Net(lambda x: (x.abs() * INF).softmax(1))), "between", "c2", "A_prev", "NaN",
    ),
    "inf on weights that are 0": (
        lambda: once(scaled(Net(), "c1.weight", 0), batch(bad=INF)), "data", "c1", "A_prev", "first inf",
    ),
    "NaN as padding": (
        lambda: once(Net(lambda x: functional.pad(x, (1, 1, 1, 1), value=NAN))),
        "between", "c2", "A_prev[0, 0, 0, 0]", "c1's too",
    ),
    "a residual branch": (
        lambda: once(Graph(lambda m, x: m.c3((y := m.c1(x)) + m.c2((y - y) / (y - y))))),
        "between", "c2", "A_prev", "c1's too",
    ),
    "a branch that counts nothing": (
        lambda: once(Graph(lambda m, x: m.c3(y := m.c1(x)) + 0 * m.c2(y / 0 * 0))),
        "between", "c2", "A_prev", "c3's too",
    ),
    "a second input": (
        lambda: once(Graph(lambda m, x: m.c3(m.c1(x) + m.c2(batch(bad=NAN))))),
        "data", "c2", "A_prev[1, 3, 2, 1]", "probably in the data, as no dA_prev was computed here",
    ),
    "a weight used twice": (
        lambda: once(Graph(lambda m, x: m.c1(torch.sqrt(m.c1(x) * 0)))),
        "between backward", "c1", "dZ", "c1 call 1's too",
    ),
    "a layer that is not captured": (
        lambda: once(transposed()), "between", "c2", "A_prev", "every captured one that ran before is finite",
    ),
    "a layer in the middle alone": (
        lambda: once(Net(), batch(bad=NAN), layers=["c3"]),
        "upstream", "c3", "A_prev", "made before this layer, the first captured of its pass, or in the data",
    ),
    "data of a later step": (
        lambda: steps(Net(), images=lambda step: batch(bad=NAN if step == 2 else None)),
        "data", "c1", "A_prev[1, 3, 2, 1]", "c1 call 2, backward pass 2: first NaN",
    ),
    "the loss of a later step": (
        lambda: steps(Net(), loss=lambda out, step: (out * (step != 1)).abs().log().mean()),
        "loss", "c3", "dZ", "backward pass 1",
    ),
    "a gradient that is clipped to 0 / 0": (
        lambda: steps(Net(), before_update=clip_to_zero),
        "update", "c1", "W", "changed since the call of backward pass 1, perhaps by an optimizer's",
    ),
    "a .grad that was NaN before": (
        a_grad_that_was_bad, "update", "c2", "W", "changed since the call of backward pass 0",
    ),
    "a pass that reaches other layers first": (
        adversaries, "between", "c2", "A_prev", "c1's too",
    ),
    "a hook on a weight": (lambda: hooked("weight"), "shared", "c2", "dW", "or from a hook"),
    "a hook on an output": (lambda: hooked("output"), "between backward", "c1", "dZ", "c2's too"),
    "backward of NaN": (given_to_backward, "loss", "c3", "dZ", "what backward() was given"),
    "a gradient penalty": (penalty, "shared", "c3", "dW", "the sum over all that uses W"),
    "two halves that are too much": (too_much_in_two_halves, "shared", "0", "dW", "the sum over all"),
    "a weight that is computed": (
        lambda: once(normed(Net())), "weight", "c2", "W", "it is no parameter but computed",
    ),
    "another sample than the one that is kept": (
        lambda: once(Net(), batch(bad=NAN), sample=0),
        "shared", "c3", "dW", "it belongs to the whole batch; of every batch only sample 0 was kept",
    ),
}  # fmt: skip
"""What is done, and what is found: kind, layer, array or cell, and a part of the sentence."""


@pytest.mark.filterwarnings("ignore:std")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_found_where_it_is_born(form: str) -> None:
    make, kind, name, where, part = FORMS[form]
    captured = make()
    found = captured.first_nonfinite()
    assert found is not None
    assert (found.kind, found.layer) == (kind, name), found
    assert f"{found.array}{list(found.cell)}".startswith(where), found
    assert part in found.sentence, found
    assert_stands_there(found, captured)


def assert_stands_there(found: Origin, captured: Captured) -> None:
    """The cell is bad, the layer is the one that is named, and the step is one that meets the cell."""
    seen = captured.layers[found.index]
    assert (seen.name, seen.call, seen.step) == (found.layer, found.call, found.step)
    convolution = seen.convolution
    arrays: dict[str, Any] = {"A_prev": convolution.A_prev, "W": convolution.W, "b": convolution.b}
    arrays |= {"dZ": seen.dZ, **seen.gradients}
    if found.array == "Z":
        assert found.cell == seen.Z_seen.first
    else:
        assert not np.isfinite(arrays[found.array][found.cell])
    if found.kind == "shared":
        assert found.position is None
    else:
        assert found.position is not None
        assert 0 < found.position <= seen.dZ.size
    assert found.sentence.endswith(found.words)
    assert " ".join(repr(found).split()).endswith(" ".join(found.sentence.split()))


@pytest.mark.parametrize("unused", [False, True])
def test_what_is_finite_has_no_origin_and_neither_has_a_branch_that_no_loss_sees(unused: bool) -> None:
    def connect(model: Any, x: Any) -> Any:
        y = model.c1(x)
        if unused:
            model.c2(y / 0 * 0)
        return model.c3(y)

    assert once(Graph(connect)).first_nonfinite() is None


def test_a_nan_that_a_relu_masks_before_it_reaches_a_layer_is_none() -> None:
    """The slope of the root is inf at 0, times 0 is NaN, and ReLU's backward lets none of it through."""
    slopes: list[Any] = []

    def between(x: Any) -> Any:
        y = x.relu()
        y.register_hook(slopes.append)
        return torch.sqrt(y**2)

    assert once(Net(between)).first_nonfinite() is None
    assert slopes[0].isnan().any()


def test_where_nothing_was_captured_nothing_is_called_finite() -> None:
    with convstep.capture(Net()) as captured:
        pass
    with pytest.raises(CaptureError, match="inside the"):
        captured.first_nonfinite()


def test_a_step_meets_the_cell() -> None:
    captured = once(Net(), batch(bad=NAN))
    found = captured.first_nonfinite()
    assert found is not None
    assert found.position is not None
    problem = captured.problem(layer="c1")
    index = problem.geometry.index_at(found.position - 1)
    assert np.isnan(problem.A_prev_pad[problem.geometry.window(index)]).any()
    earlier = (problem.geometry.index_at(step) for step in range(found.position - 1))
    assert not any(np.isnan(problem.A_prev_pad[problem.geometry.window(index)]).any() for index in earlier)


def test_what_no_step_overflows_is_not_said_to_overflow() -> None:
    layers = once(Net()).layers
    spoilt = np.array(layers[1].gradients["dW"])
    spoilt[1, 0, 2, 1] = INF
    bad = [layers[0], replace(layers[1], gradients={**layers[1].gradients, "dW": spoilt}), layers[2]]
    found = origin_of(bad)
    assert found is not None
    assert (found.kind, found.layer, found.cell, found.position) == ("backward", "c2", (1, 0, 2, 1), None)
    assert "no step of the loop overflows float32 there" in found.sentence


def test_a_cell_that_no_window_reaches_has_no_step() -> None:
    conv = nn.Conv2d(2, 2, 2, stride=3)
    images = batch()
    images[0, 0, 2, 2] = NAN
    found = once(nn.Sequential(conv), images).first_nonfinite()
    assert found is not None
    assert (found.kind, found.cell, found.position) == ("data", (0, 2, 2, 0), None)


def test_it_can_be_left() -> None:
    layers = overflowing_in_backward().layers
    assert origin_of(layers, lambda: True) is None
    asked = itertools.count()
    assert origin_of(layers, lambda: next(asked) < 0) is not None
    for patience in range(next(asked)):
        left = iter([False] * patience)
        assert origin_of(layers, functools.partial(next, left, True)) is None


def test_what_autocast_casts_to_bfloat16_may_be_inf_only_there() -> None:
    conv = nn.Conv2d(1, 1, 3)
    with convstep.capture(conv) as captured:
        with torch.autocast("cpu", torch.bfloat16):
            out = conv(torch.full((1, 1, 4, 4), 3.4028e38))
        out.sum().backward()
    found = captured.first_nonfinite()
    assert found is not None
    assert found.sentence.endswith("; in bfloat16, as it was convolved, all beyond 3.3895e38 is inf")


def test_a_weight_that_changes_between_forward_and_backward_is_not_called_finite() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 1, 3))
    with convstep.capture(model) as captured:
        out = model(torch.randn(1, 1, 8, 8))
        model[1].weight.data.fill_(math.nan)
        out.sum().backward()
    found = captured.first_nonfinite()
    assert found is not None
    assert (found.layer, found.array) == ("1", "dA_prev")
    assert (
        "or A_prev or W changed after the forward: dZ is finite, A_prev and W as the forward used"
        in found.words
    )
