"""Convolutions of every spelling, in modules with a forward of their own and outside of all modules."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.oracle.captured import Captured, CaptureError
from tests.oracle.test_capture import Model, assert_agrees, images
from tests.strategies import SELDOM

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

EVERY = {"dW", "db", "dA_prev"}


def run(model: Any, given: Any = None, **options: Any) -> Captured:
    """One backward pass, the input's gradient included, of a loss that is not linear."""
    torch.manual_seed(0)
    given = images() if given is None else given
    with convstep.capture(model, **options) as captured:
        model(given.requires_grad_()).square().sum().backward()
    return captured


def reasons(captured: Captured) -> dict[str, str]:
    return {row.name: row.reason for row in captured.skipped}


class Same(nn.Conv2d):  # type: ignore[name-defined, misc]
    """Pads by hand, as TensorFlow does."""

    def forward(self, x: Any) -> Any:
        need = [
            max((-(-n // s) - 1) * s + k - n, 0)
            for n, s, k in zip(x.shape[-2:], self.stride, self.kernel_size, strict=True)
        ]
        x = F.pad(x, [need[1] // 2, need[1] - need[1] // 2, need[0] // 2, need[0] - need[0] // 2])
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class Standardised(nn.Conv2d):  # type: ignore[name-defined, misc]
    """Convolves with another weight than its parameter."""

    def forward(self, x: Any) -> Any:
        weight = F.batch_norm(self.weight.reshape(1, len(self.weight), -1), None, None, training=True)
        return F.conv2d(
            x, weight.reshape_as(self.weight), self.bias, stride=self.stride, padding=self.padding
        )


class Normed(nn.Conv2d):  # type: ignore[name-defined, misc]
    """With a norm and an activation of its own inside."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.norm = nn.BatchNorm2d(self.out_channels)

    def forward(self, x: Any) -> Any:
        x = torch.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        return F.relu_(self.norm(x))


@pytest.mark.parametrize("kind", [Same, Standardised, Normed])
def test_a_layer_with_a_forward_of_its_own_has_its_own_name(kind: type[Any]) -> None:
    model = nn.Sequential(kind(3, 4, 3, stride=2), nn.Conv2d(4, 2, 3))
    captured = run(model)
    assert captured.names == ["0", "1"]
    assert captured.skipped == []
    assert captured.layer("0").convolution.kind == kind.__name__
    for layer in captured.layers:
        assert_agrees(layer, EVERY)


class Adapted(nn.Conv2d):  # type: ignore[name-defined, misc]
    """Two small convolutions beside the layer's own."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.down = nn.Parameter(torch.randn(1, self.in_channels, *self.kernel_size))
        self.up = nn.Parameter(torch.randn(self.out_channels, 1, 1, 1))

    def forward(self, x: Any) -> Any:
        return super().forward(x) + F.conv2d(F.conv2d(x, self.down), self.up)


class Attention(nn.Module):  # type: ignore[name-defined, misc]
    """Convolves by functions alone."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 3, 1, 1))
        self.deep = nn.Parameter(torch.randn(6, 1, 3, 3))

    def forward(self, x: Any) -> Any:
        x = F.conv2d(x, self.weight)
        return F.conv2d(input=x, weight=self.deep, padding="same", groups=6)


def test_calls_of_functions_are_named_by_the_module_and_numbered() -> None:
    model = nn.Sequential()
    model.add_module("stem", Adapted(3, 3, 3))
    model.add_module("attn", Attention())
    captured = run(model)
    assert captured.names == [
        "stem",
        "stem F.conv2d #2",
        "stem F.conv2d #3",
        "attn F.conv2d #1",
        "attn F.conv2d #2",
    ]
    for layer in captured.layers:
        assert_agrees(layer, EVERY if layer.name == "stem" else {"dW", "dA_prev"})
    assert captured.layer("attn F.conv2d #2").convolution.padding == "same"


def test_outside_of_modules_the_numbers_begin_anew_after_each_backward_pass() -> None:
    first, second = (torch.randn(3, 3, 3, 3, requires_grad=True) for _ in range(2))
    with convstep.capture(Model()) as captured:
        for _ in range(2):
            with torch.no_grad():
                F.conv2d(images(), first)
            F.conv2d(F.conv2d(images(), first, None, 1, 1), second, stride=[2]).square().sum().backward()
    assert captured.names == ["F.conv2d #1", "F.conv2d #2"]
    assert [layer.call for layer in captured.layers] == [0, 0, 1, 1]
    for layer in captured.layers:
        assert_agrees(layer)
    assert captured.layers[1].problem().stride == (2, 2)
    assert reasons(captured)["F.conv2d"].startswith("ran without gradients: under torch.no_grad()")


SPELLINGS: dict[str, Callable[..., Any]] = {
    "F.conv2d #1": lambda x, W, b: F.conv2d(x, W, b, (2, 1), (1, 0), 1, 1),
    "torch.convolution #1": lambda x, W, b: torch.convolution(x, W, b, [2, 1], [1, 0], [1], False, [0, 0], 1),
}


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("through_aten", [False, True])
def test_every_spelling_is_the_same_convolution(name: str, through_aten: bool) -> None:
    W, b = torch.randn(4, 3, 3, 3, requires_grad=True), torch.randn(4, requires_grad=True)
    call = SPELLINGS[name]
    if through_aten:
        aten = torch.ops.aten
        call = {
            "F.conv2d #1": lambda x, W, b: aten.conv2d(x, W, b, [2, 1], [1, 0]),
            "torch.convolution #1": lambda x, W, b: aten.convolution.default(
                x, W, b, [2, 1], [1, 0], [1, 1], False, [0, 0], 1
            ),
        }[name]
    with convstep.capture(Model()) as captured:
        call(images().requires_grad_(), W, b).square().sum().backward()
    assert captured.names == [name]
    assert captured.problem().stride == (2, 1)
    assert_agrees(captured.layer(), EVERY)


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 4, "padding": "same"},
        {"kernel_size": 2, "padding": "valid", "dilation": 3, "groups": 2},
        {"kernel_size": 3, "padding": 2, "padding_mode": "circular", "bias": False},
    ],
)
@pytest.mark.parametrize("batched", [True, False])
def test_a_conv1d_is_a_conv2d_of_height_1(options: dict[str, Any], batched: bool) -> None:
    conv = nn.Conv1d(4, 6, **options)
    captured = run(conv, torch.randn(3, 4, 11) if batched else torch.randn(4, 11))
    problem = captured.problem()
    assert problem.A_prev.shape[-3] == problem.dZ.shape[-3] == problem.W.shape[1] == 1
    np.testing.assert_array_equal(problem.W[:, 0], conv.weight.detach().numpy().transpose(0, 2, 1))
    assert_agrees(captured.layer(), EVERY if conv.bias is not None else {"dW", "dA_prev"})
    assert captured.names == ["Conv1d"]


def test_calls_of_one_conv1d_share_what_they_accumulate() -> None:
    conv = nn.Conv1d(3, 3, 3, padding=1)
    captured = run(nn.Sequential(conv, conv), torch.randn(2, 3, 7))
    first, second = captured.layers
    assert first.shared_by == second.shared_by == 2
    assert first.gradients["dW"].shape == (3, 1, 3, 3)
    assert_agrees(second, {"dA_prev"})


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_other_padding_is_part_of_what_was_convolved(mode: str) -> None:
    conv = nn.Conv2d(3, 4, 3, padding=1, padding_mode=mode)
    captured = run(conv)
    problem = captured.problem()
    assert problem.A_prev.shape == (4, 17, 19, 3)
    assert problem.padding == ((0, 0), (0, 0))
    assert_agrees(captured.layer(), EVERY)


def test_a_lazy_layer_is_captured_from_its_first_call_on() -> None:
    captured = run(nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU()))
    assert captured.names == ["0"]
    assert_agrees(captured.layer(), EVERY)


class Everything(nn.Module):  # type: ignore[name-defined, misc]
    """One of each kind that is not opened."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.up = nn.ConvTranspose2d(3, 3, 3, padding=1)
        self.frozen = nn.Conv2d(3, 3, 1).requires_grad_(False)
        self.never = nn.Conv2d(3, 3, 1)
        self.looked = nn.Conv2d(3, 3, 1)
        self.dead = nn.Conv2d(3, 3, 1)

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            self.looked(x)
        self.frozen(x.detach())
        self.dead(x)
        F.conv3d(x[:, :, None], torch.ones(1, 3, 1, 1, 1))
        return self.up(self.conv(x))


def test_what_is_not_captured_is_listed_with_its_reason() -> None:
    captured = run(Everything())
    rows = {row.name: row for row in captured.skipped}
    assert captured.names == ["conv"]
    assert set(rows) == {"up", "frozen", "never", "looked", "dead", "Everything F.conv3d #1"}
    assert rows["up"].kind == "ConvTranspose2d"
    assert rows["up"].calls == rows["dead"].calls == 1
    assert rows["never"].calls == 0
    assert rows["up"].reason.startswith("convolves by ConvTranspose2d; convstep opens Conv1d and Conv2d")
    assert rows["frozen"].reason.startswith("ran without gradients: nothing in it requires gradients")
    assert rows["never"].reason.startswith("was not called inside the block")
    assert rows["looked"].reason.startswith("ran without gradients: under torch.no_grad()")
    assert rows["dead"].reason.startswith("ran but no backward pass reached it")
    assert rows["Everything F.conv3d #1"].reason.startswith("convolves by F.conv3d")
    with pytest.raises(CaptureError, match="'dead' ran but no backward pass reached it inside the block"):
        captured.problem(layer="dead")


def test_modules_of_no_model_and_copies_are_listed_not_captured() -> None:
    model, teacher = nn.Conv2d(3, 3, 3), nn.Sequential(nn.Conv2d(3, 3, 3))
    with convstep.capture(nn.Sequential(model)) as captured:
        (model(images()) + teacher(images())).square().sum().backward()
    assert captured.names == ["0"]
    (row,) = captured.skipped
    assert (row.name, row.kind, row.calls) == ("Conv2d outside the model", "Conv2d", 1)
    assert row.reason.startswith("is no part of the model that was given to capture")


def test_a_module_that_is_not_registered_counts_to_the_one_that_calls_it() -> None:
    class Holder(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.held = [nn.Conv2d(3, 3, 3)]

        def forward(self, x: Any) -> Any:
            return self.held[0](x)

    captured = run(Holder())
    assert captured.names == ["Holder F.conv2d #1"]
    assert_agrees(captured.layer(), EVERY)


def test_a_backward_of_ones_own_is_listed() -> None:
    class Own(torch.autograd.Function):  # type: ignore[name-defined, misc]
        @staticmethod
        def forward(ctx: Any, x: Any, W: Any) -> Any:
            ctx.save_for_backward(x, W)
            return F.conv2d(x, W)

        @staticmethod
        def backward(ctx: Any, dZ: Any) -> Any:
            x, W = ctx.saved_tensors
            return F.conv_transpose2d(dZ, W), nn.grad.conv2d_weight(x, W.shape, dZ)

    W = torch.randn(4, 3, 3, 3, requires_grad=True)
    with convstep.capture(Model()) as captured:
        Own.apply(images().requires_grad_(), W).square().sum().backward()
    assert "in the forward of a torch.autograd.Function" in reasons(captured)["F.conv2d"]
    assert captured.layers == []


def test_a_forward_in_another_thread_is_seen() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 3), Attention())
    given = images().requires_grad_()
    results: list[Any] = []
    with convstep.capture(model) as captured:
        thread = threading.Thread(target=lambda: results.append(model(given)))
        thread.start()
        thread.join()
        results[0].square().sum().backward()
    assert captured.names == ["0", "1 F.conv2d #1", "1 F.conv2d #2"]
    for layer in captured.layers:
        assert_agrees(layer)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_are_captured_once(reentrant: bool) -> None:
    from torch.utils.checkpoint import checkpoint

    model = nn.Sequential(nn.Conv2d(3, 3, 3), Attention())
    with convstep.capture(model) as captured:
        hidden = model[0](images())
        checkpoint(model[1], hidden, use_reentrant=reentrant).square().sum().backward()
    assert captured.names == ["0", "1 F.conv2d #1", "1 F.conv2d #2"]
    assert len(captured.layers) == 3
    for layer in captured.layers:
        assert_agrees(layer)
    with convstep.capture(model) as captured, convstep.capture(model[1]) as inner:
        model[1](checkpoint(model, images(), use_reentrant=False)[:, :3]).sum().backward()
    assert len(captured.layers) == 5
    assert len(inner.layers) == 4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_in_functions_and_conv1d(dtype: Any) -> None:
    model = nn.Sequential(Attention(), nn.Flatten(2), nn.Conv1d(6, 4, 3))
    with convstep.capture(model) as captured, torch.autocast("cpu", dtype=dtype):
        model(images()).float().square().mean().mul(100).backward()
    assert len(captured.layers) == 3
    for layer in captured.layers:
        values = layer.problem().A_prev
        np.testing.assert_array_equal(torch.from_numpy(values.copy()).to(dtype).float(), values)
        assert_agrees(layer)


def test_what_is_kept_does_not_follow_later_changes() -> None:
    weight, given = torch.randn(3, 3, 3, 3), images().requires_grad_()
    with convstep.capture(Model()) as captured:
        Z = F.conv2d(given, weight)
        factor = torch.ones_like(Z)
        Z.backward(factor)
        before = [array.copy() for array in captured.layer()._arrays.values()]
        for tensor in (weight, given.detach(), factor, given.grad):
            tensor.zero_()
    assert_agrees(captured.layer(), {"dA_prev"})
    for array, kept in zip(captured.layer()._arrays.values(), before, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_torch_func_and_tracing_are_left_alone() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 3), Attention())
    parameters = dict(model.named_parameters())

    def loss(given: Any) -> Any:
        return torch.func.functional_call(model, given, (images(),)).square().sum()

    expected = torch.func.grad(loss)(parameters)
    with convstep.capture(model) as captured:
        found = torch.func.grad(loss)(parameters)
        traced = torch.jit.trace(model, images())
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    torch.testing.assert_close(traced(images()), model(images()))
    for name in ("0", "1 F.conv2d #1"):
        assert reasons(captured)[name].startswith("ran under torch.func (grad, vmap and the like)")
        assert "call loss.backward()" in reasons(captured)[name]


def test_two_captures_see_the_same_function() -> None:
    model = nn.Sequential(Attention())
    with convstep.capture(model) as outer, convstep.capture(model, "0 F.conv2d #2") as inner:
        model(images()).square().sum().backward()
    assert outer.names == ["0 F.conv2d #1", "0 F.conv2d #2"]
    assert inner.names == ["0 F.conv2d #2"]


def test_an_empty_batch_is_listed_and_does_not_disturb() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        conv(images(4)[:0]).sum().backward()
    assert reasons(captured) == {"Conv2d": "ran on an empty batch; give it one with samples"}


@SELDOM
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.filterwarnings("ignore:Using `torch.compile")
def test_compiled_parts_run_as_before(backend: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    expected = model(images())
    model[1].compile(backend=backend)
    function = torch.compile(lambda x: F.conv2d(x, model[0].weight).relu(), backend=backend)
    with convstep.capture(model) as captured:
        torch.testing.assert_close(model(images()), expected)
        (model(images()).sum() + function(images()).sum()).backward()
    torch._dynamo.reset()
    assert "0" in captured.names
    assert reasons(captured).get("1", "hooks do not fire in a compiled model").count("compiled model") == 1


def test_after_ctrl_c_in_a_forward_names_are_right_again() -> None:
    model, weight = nn.Sequential(nn.Conv2d(3, 3, 3)), torch.randn(3, 3, 3, 3, requires_grad=True)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with convstep.capture(model) as captured:
        handle = model[0].register_forward_pre_hook(interrupt)
        with pytest.raises(KeyboardInterrupt):
            model(images())
        handle.remove()
        (model(images()).sum() + F.conv2d(images(), weight).sum()).backward()
    assert captured.names == ["0", "F.conv2d #1"]


def test_a_ctrl_c_that_the_model_catches_ends_only_what_it_left() -> None:
    class Trying(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Conv2d(3, 3, 3))
            self.weight = nn.Parameter(torch.ones(3, 3, 1, 1))

        def forward(self, x: Any) -> Any:
            x = F.conv2d(x, self.weight)
            with contextlib.suppress(KeyboardInterrupt):
                self.inner(x)
            return F.conv2d(x, self.weight)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    model = nn.Sequential(Trying())
    model[0].inner[0].register_forward_pre_hook(interrupt)
    assert run(model).names == ["0 F.conv2d #1", "0 F.conv2d #2"]


@pytest.mark.parametrize("how", ["a forward of its own", "a hook"])
def test_an_activation_that_somebody_made_convolve_gives_its_name(how: str) -> None:
    model, weight = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU()), torch.randn(3, 3, 1, 1, requires_grad=True)
    if how == "a hook":
        model[1].register_forward_pre_hook(lambda _, given: F.conv2d(given[0], weight))
    else:
        model[1].forward = lambda x: F.conv2d(x, weight)
    assert run(model).names == ["0", "1 F.conv2d #1"]


def test_captures_that_end_in_the_order_in_which_they_began() -> None:
    conv = nn.Conv2d(3, 3, 3)
    first, second = convstep.capture(conv), convstep.capture(conv)
    early, late = first.__enter__(), second.__enter__()
    conv(images()).sum().backward()
    first.__exit__(None, None, None)
    conv(images()).sum().backward()
    second.__exit__(None, None, None)
    assert (len(early.layers), len(late.layers)) == (1, 2)
    assert torch._C._len_torch_function_stack() == 0


class Unfolded(nn.Conv2d):  # type: ignore[name-defined, misc]
    """Convolves without a function that convolves."""

    def forward(self, x: Any) -> Any:
        return (F.unfold(x, 3).transpose(1, 2) @ self.weight.flatten(1).T).transpose(1, 2)


class Wrapping(nn.Conv2d):  # type: ignore[name-defined, misc]
    """Lets another layer convolve."""

    def __init__(self) -> None:
        super().__init__(3, 3, 3)
        self.inner = nn.Conv2d(3, 3, 3)

    def forward(self, x: Any) -> Any:
        return self.inner(x)


def test_a_layer_that_convolves_by_no_such_function_was_called_all_the_same() -> None:
    captured = run(nn.Sequential(nn.Conv2d(3, 3, 1), Unfolded(3, 2, 3)))
    (row,) = captured.skipped
    assert (row.name, row.kind, row.calls) == ("1", "Unfolded", 1)
    assert row.reason.startswith("was called, but was not seen to convolve itself by F.conv2d or")
    with pytest.raises(CaptureError, match="'1' was called, but was not seen to convolve"):
        captured.problem(layer="1")
    captured = run(nn.Sequential(Wrapping()))
    assert captured.names == ["0.inner"]
    assert [(row.name, row.calls) for row in captured.skipped] == [("0", 1)]
    assert "a layer inside it does, or it works in another way" in reasons(captured)["0"]
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        with pytest.raises(RuntimeError):
            conv(torch.randn(1, 2, 5, 5))  # too few channels
        conv(images()).square().sum().backward()
    (row,) = captured.skipped
    assert row.calls == 1
    assert row.reason.endswith("or its forward failed")


def test_a_layer_of_torch_jit_is_counted_and_what_a_mode_sees_inside_is_not_listed() -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    class Passing(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return func(*args, **(kwargs or {}))

    model = nn.Sequential(nn.Conv2d(3, 3, 3), torch.jit.script(nn.Conv2d(3, 2, 3)))
    for mode in (contextlib.nullcontext(), Passing()):  # type: ignore[no-untyped-call]
        with mode:
            captured = run(model)
        assert captured.names == ["0"]
        (row,) = captured.skipped
        assert (row.name, row.kind, row.calls) == ("1", "Conv2d", 1)
        assert row.reason.startswith("was compiled by torch.jit")


def test_calls_of_a_captured_layer_that_are_not_captured_are_counted_by_reason() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        with torch.no_grad():
            conv(images())
            conv(images())
        conv(images()).square().sum().backward()
        unused = conv(images())
        conv.requires_grad_(False)
        conv(images())
        assert captured.skipped[-1].calls == 1  # before the block has ended, too
    del unused
    assert [(row.name, row.calls) for row in captured.skipped] == [
        ("Conv2d", 2),
        ("Conv2d", 1),
        ("Conv2d", 1),
    ]
    evaluated, frozen, unreached = (row.reason for row in captured.skipped)
    assert evaluated.startswith("is captured, and ran without gradients as well, under torch.no_grad()")
    assert frozen.startswith("is captured, and ran as well where neither its weight nor its input required")
    assert unreached.startswith("is captured, and ran as well where no backward pass inside the block")
    assert "not every call of 'Conv2d'; .skipped says why" in repr(captured)
    assert "not opened" not in repr(captured)
    assert all(
        reason in " ".join(repr(captured.skipped).split()) for reason in (evaluated, frozen, unreached)
    )


def test_a_backward_pass_that_fails_on_its_way_leaves_a_row() -> None:
    model, fails = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3)), [True]

    def fail(_: Any) -> None:
        if fails.pop():
            raise ValueError

    with convstep.capture(model) as captured:
        half = model[1](model[0](images()))
        half.register_hook(fail)
        with pytest.raises(ValueError, match=r"^$"):
            model[2](half).sum().backward()
        model(images()).sum().backward()
    assert [(layer.name, layer.step) for layer in captured.layers] == [("2", 0), ("0", 1), ("2", 1)]
    assert [(row.name, row.calls) for row in captured.skipped] == [("0", 1)]


@pytest.mark.parametrize("reentrant", [False, True])
def test_what_a_checkpoint_runs_twice_is_not_missing(reentrant: bool) -> None:
    from torch.utils.checkpoint import checkpoint

    model = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 2, 3))
    with convstep.capture(model) as captured:
        for _ in range(2):
            x = images().requires_grad_()
            checkpoint(model, x, use_reentrant=reentrant).square().sum().backward()
    assert captured.names == ["0", "1"]
    assert captured.skipped == []


class Lazy(nn.Module):  # type: ignore[name-defined, misc]
    """Builds its layer when it first runs."""

    def forward(self, x: Any) -> Any:
        if not hasattr(self, "built"):
            self.built = nn.Conv2d(3, 3, 3)
        return self.built(x)


def test_a_layer_that_came_into_the_model_inside_the_block_has_its_dotted_name() -> None:
    model = nn.Sequential(nn.Conv2d(3, 3, 3), Lazy())
    with convstep.capture(model) as captured:
        for _ in range(2):
            model(images()).square().sum().backward()
        for _ in range(3):  # what is gone may leave its id to the next
            model[0] = nn.Conv2d(3, 3, 1)
            model(images()).square().sum().backward()
    assert captured.names == ["0", "1.built"]
    assert len(captured.layers) == 10
    assert captured.skipped == []
