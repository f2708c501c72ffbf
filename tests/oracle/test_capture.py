from __future__ import annotations

import copy
import gc
import io
import math
import pickle
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep import cli
from convstep.brief import columns
from convstep.conv.problem import Problem
from convstep.conv.validation import padding_text, pair_text, shape_text
from convstep.oracle.captured import Captured, CapturedLayer, CaptureError, Skipped
from convstep.oracle.comparison import compare
from convstep.oracle.expectation import OracleUnavailable
from tests.captures import small
from tests.strategies import SELDOM, some
from tests.tables import read_back

torch = pytest.importorskip("torch")
nn = torch.nn

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")

KINDS: dict[str, dict[str, Any]] = {
    "plain": {"in_channels": 3, "out_channels": 8, "kernel_size": 3, "padding": 1},
    "strided": {"in_channels": 8, "out_channels": 8, "kernel_size": 3, "stride": 2},
    "grouped": {"in_channels": 8, "out_channels": 12, "kernel_size": 3, "groups": 4, "padding": "valid"},
    "dilated": {"in_channels": 12, "out_channels": 12, "kernel_size": 3, "dilation": 2, "padding": 2},
    "depthwise": {"in_channels": 12, "out_channels": 12, "kernel_size": 3, "groups": 12, "padding": 1},
    "pointwise": {"in_channels": 12, "out_channels": 8, "kernel_size": 1, "bias": False},
    "same": {"in_channels": 8, "out_channels": 8, "kernel_size": (2, 4), "padding": "same"},
    "uneven": {
        "in_channels": 8,
        "out_channels": 6,
        "kernel_size": (3, 2),
        "stride": (1, 2),
        "padding": (0, 1),
        "bias": False,
    },
}


class Model(nn.Module):  # type: ignore[name-defined, misc]
    """Eight conv layers of all kinds, each followed by a ReLU that works in place."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        for name, options in KINDS.items():
            self.features.add_module(name, nn.Conv2d(**options))
            self.features.add_module(f"{name}_relu", nn.ReLU(inplace=True))
        self.head = nn.Linear(6, 4)

    def forward(self, images: Any) -> Any:
        return self.head(self.features(images).mean((2, 3)))


def model_of_all_kinds() -> Any:
    torch.manual_seed(0)
    return Model()


def train(model: Any, images: Any, steps: int = 1) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images).float(), torch.arange(len(images)) % 4).backward()
        optimizer.step()


def images(count: int = 4, dtype: Any = None) -> Any:
    return torch.randn(count, 3, 15, 17, generator=torch.Generator().manual_seed(1)).to(dtype)


def last_first(tensor: Any) -> Any:
    """A tensor of PyTorch's in the article's layout."""
    return np.moveaxis(tensor.detach().float().numpy(), -3, -1)


def assert_agrees(layer: CapturedLayer, names: set[str] | None = None) -> None:
    problem = layer.problem()
    assert problem.recorded is not None
    if names is not None:
        assert set(problem.recorded.gradients) == names
    for oracle in ("recorded", "torch"):
        comparison = compare(problem, oracle=oracle)
        assert comparison.ok, (layer, comparison.verdict)


@SELDOM
@pytest.mark.parametrize("dtype", some([torch.float32, torch.float64]))
def test_every_kind_of_layer_agrees_with_real_training_steps(dtype: Any) -> None:
    model = model_of_all_kinds().to(dtype)
    with convstep.capture(model) as captured:
        train(model, images(dtype=dtype), steps=3)
    assert captured.names == [f"features.{name}" for name in KINDS]
    assert len(captured.layers) == 24
    for layer in captured.layers:
        kind = layer.name.removeprefix("features.")
        names = {"dW", "dA_prev"} if kind != "plain" else {"dW"}  # images require no gradient
        assert_agrees(layer, names | ({"db"} if KINDS[kind].get("bias", True) else set()))
        assert layer.problem().dtype == (np.float64 if dtype == torch.float64 else np.float32)
        assert layer.call == layer.step
        assert layer.note == ""


def test_the_gradients_are_those_in_grad() -> None:
    model = model_of_all_kinds()
    before = model.features.strided.weight.detach().clone()
    with convstep.capture(model, "features.strided") as captured:
        optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        model(images()).square().sum().backward()
        first = model.features.strided.weight.grad.clone()
        optimizer.step()  # in place
        model(images()).square().sum().backward()  # without zero_grad
    problem = captured.problem(call=0)
    np.testing.assert_array_equal(problem.W, last_first(before))
    assert problem.recorded is not None
    np.testing.assert_array_equal(problem.recorded.gradients["dW"], last_first(first))
    assert problem.recorded.by == f"PyTorch {torch.__version__.split('+')[0]} during training"
    assert problem.recorded.eps == 2.0**-23
    again = captured.problem().recorded
    assert again is not None
    added = model.features.strided.weight.grad - first
    np.testing.assert_allclose(again.gradients["dW"], last_first(added), rtol=1e-4, atol=1e-4)
    assert_agrees(captured.layer())


def test_watching_changes_no_bit_of_the_training() -> None:
    plain, watched = model_of_all_kinds(), model_of_all_kinds()
    train(plain, images(), steps=2)
    with convstep.capture(watched):
        train(watched, images(), steps=2)
    for ours, theirs in zip(watched.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_one_sample_alone() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model, "features.grouped") as captured:
        train(model, images())
    whole, third = captured.problem(), captured.problem(sample=2)
    np.testing.assert_array_equal(third.A_prev, whole.A_prev[2])
    np.testing.assert_array_equal(third.dZ, whole.dZ[2])
    assert third.geometry.batch is None
    assert third.recorded is not None
    assert list(third.recorded.gradients) == ["dA_prev"]
    assert compare(third, oracle="recorded").ok
    np.testing.assert_array_equal(captured.problem(sample=-1).dZ, whole.dZ[3])
    with pytest.raises(CaptureError, match=r"sample 4 does not exist; .* samples 0 to 3"):
        captured.problem(sample=4)


def test_a_batch_of_one_keeps_its_gradients_for_the_sample() -> None:
    conv = nn.Conv2d(3, 2, 3)
    with convstep.capture(conv) as captured:
        conv(images(1)).sum().backward()
    recorded = captured.problem(sample=0).recorded
    assert recorded is not None
    assert set(recorded.gradients) == {"dW", "db"}
    assert compare(captured.problem(0), oracle="recorded").ok
    assert captured.names == ["Conv2d"]


def test_the_input_gradient_is_this_calls_share_not_the_tensors() -> None:
    conv, other = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
    given = images().requires_grad_()
    with convstep.capture(conv) as captured:
        hidden = given * 1.5
        (conv(hidden) + other(hidden) + hidden).square().sum().backward()
    assert_agrees(captured.layer(), {"dW", "db", "dA_prev"})


@pytest.mark.parametrize("unbatched", ["valid", "same"])
def test_an_input_without_a_batch_axis(unbatched: str) -> None:
    conv = nn.Conv2d(3, 4, (2, 3), padding=unbatched)
    with convstep.capture(conv) as captured:
        conv(images()[0].requires_grad_()).square().sum().backward()
    assert captured.layer().samples is None
    assert captured.problem().A_prev.shape == (15, 17, 3)
    assert_agrees(captured.layer(), {"dW", "db", "dA_prev"})
    assert captured.problem(sample=0).total_steps == captured.problem().total_steps
    with pytest.raises(CaptureError, match="sample 0 only"):
        captured.problem(sample=1)


def test_several_calls_of_one_module_share_what_they_accumulate() -> None:
    conv = nn.Conv2d(3, 3, 3, padding=1)
    with convstep.capture(conv) as captured:
        conv(torch.relu_(conv(torch.relu_(conv(images()))))).square().sum().backward()
    assert [layer.call for layer in captured.layers] == [0, 1, 2]
    assert {layer.step for layer in captured.layers} == {0}
    for layer in captured.layers:
        assert layer.shared_by == 3
        assert "dW and db were accumulated over 3 calls" in layer.note
        np.testing.assert_array_equal(layer.gradients["dW"], last_first(conv.weight.grad))
    assert captured.problem(call=0).recorded is None  # the image requires no gradient
    for call in (1, 2):
        assert_agrees(captured.layer(call=call), {"dA_prev"})
    # the calls' own gradients make the whole
    parts = [compare(layer.problem()).rows[0].actual for layer in captured.layers]
    np.testing.assert_allclose(sum(parts), captured.layers[0].gradients["dW"], rtol=1e-3, atol=1e-3)
    with pytest.raises(CaptureError, match=r"call 3 of 'Conv2d' does not exist; it was captured 3 times"):
        captured.problem(call=3)


def test_what_else_is_added_to_grad_is_said_and_not_compared() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        (conv(images()).sum() + conv.weight.square().sum()).backward()
    assert captured.layer().note.startswith("dW got more than this call's share")
    assert_agrees(captured.layer(), {"db"})


def test_two_backward_passes_through_one_call() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        Z = conv(images())
        Z.sum().backward(retain_graph=True)
        Z.square().sum().backward()
    assert [(layer.call, layer.step) for layer in captured.layers] == [(0, 0), (1, 1)]
    assert (captured.layers[0].dZ == 1).all()
    for layer in captured.layers:
        assert_agrees(layer, {"dW", "db"})


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_records_what_was_really_convolved(dtype: Any) -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        for _ in range(2):
            with torch.autocast("cpu", dtype=dtype):
                logits = model(images())
            (logits.float().square().sum() * 100).backward()
    assert len(captured.layers) == 16
    for layer in captured.layers:
        problem = layer.problem()
        assert problem.dtype == np.float32
        assert problem.recorded is not None
        assert problem.recorded.eps == torch.finfo(dtype).eps
        for values in (problem.A_prev, problem.W, problem.dZ):
            np.testing.assert_array_equal(torch.from_numpy(values.copy()).to(dtype).float(), values)
        assert_agrees(layer)


def test_a_whole_model_in_bfloat16() -> None:
    model = model_of_all_kinds().bfloat16()
    with convstep.capture(model) as captured:
        train(model, images(dtype=torch.bfloat16))
    for layer in captured.layers:
        assert_agrees(layer)


def test_channels_last_memory() -> None:
    model = model_of_all_kinds().to(memory_format=torch.channels_last)
    with convstep.capture(model) as captured:
        train(model, images().to(memory_format=torch.channels_last))
    assert len(captured.layers) == 8
    for layer in captured.layers:
        assert_agrees(layer)


def test_frozen_weights_leave_the_input_gradient() -> None:
    model = model_of_all_kinds()
    model.features.strided.requires_grad_(False)
    with convstep.capture(model, "features.strided") as captured:
        train(model, images())
    assert_agrees(captured.layer(), {"dA_prev"})


@pytest.mark.parametrize("normed", ["old", "new", "spectral"])
def test_weights_made_of_other_parameters(normed: str) -> None:
    conv = nn.Conv2d(3, 4, 3)
    norm = {
        "old": torch.nn.utils.spectral_norm,  # by a hook, without a parametrization
        "new": torch.nn.utils.parametrizations.weight_norm,
        "spectral": torch.nn.utils.parametrizations.spectral_norm,
    }[normed]
    norm(conv)
    with convstep.capture(conv) as captured:
        conv(images()).square().sum().backward()
    assert_agrees(captured.layer(), {"dW", "db"})


def test_activation_checkpoints_are_captured_once() -> None:
    from torch.utils.checkpoint import checkpoint

    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        checkpoint(conv, images().requires_grad_(), use_reentrant=False).square().sum().backward()
    assert len(captured.layers) == 1
    assert_agrees(captured.layer(), {"dW", "db", "dA_prev"})


def test_a_wrapped_model_is_found_by_its_own_names() -> None:
    model = torch.nn.DataParallel(model_of_all_kinds())
    with convstep.capture(model, "features.same") as captured:
        train(model, images())
    assert captured.names == ["module.features.same"]
    assert_agrees(captured.layer())


def test_a_layer_by_itself_or_by_module() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model, model.features.dilated) as captured:
        train(model, images())
    assert captured.names == ["features.dilated"]
    assert captured.layer("features.dilated") is captured.layer(0) is captured.layers[0]


def hooks_of(model: Any) -> list[Any]:
    return [
        found
        for module in model.modules()
        for found in (*module._forward_hooks, *module._forward_pre_hooks, *module._backward_hooks)
    ]


def assert_clean(model: Any) -> None:
    assert hooks_of(model) == []
    for module in model.modules():
        assert "_conv_forward" not in module.__dict__
    for parameter in model.parameters():
        assert not parameter._backward_hooks


def test_nothing_is_left_in_the_model() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        train(model, images())
        assert hooks_of(model) == []  # nor while it runs: the model can be saved
        torch.save(model, io.BytesIO())
        pickle.loads(pickle.dumps(model))(images()).sum().backward()
    assert_clean(model)
    assert len(captured.layers) == 8
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert torch._C._len_torch_function_stack() == 0


def test_nothing_is_left_after_an_exception_in_the_block_or_in_a_layer() -> None:
    model = model_of_all_kinds()

    def interrupted() -> None:
        with convstep.capture(model):
            train(model, images())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert_clean(model)
    with convstep.capture(model) as captured:
        with pytest.raises(RuntimeError, match="expected input"):
            model(torch.ones(1, 5, 9, 9))
        assert all("_conv_forward" not in module.__dict__ for module in model.modules())
        train(model, images())
    assert len(captured.layers) == 8
    assert_clean(model)


def test_nothing_is_left_after_ctrl_c_in_the_middle_of_a_layer() -> None:
    model = model_of_all_kinds()

    def interrupted() -> None:
        def interrupt(*_: Any) -> None:
            raise KeyboardInterrupt

        with convstep.capture(model):
            handle = model.features.same.register_forward_pre_hook(interrupt)
            try:
                model(images())
            finally:
                handle.remove()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert_clean(model)


def test_a_function_of_the_users_own_stays_in_its_place() -> None:
    conv = nn.Conv2d(3, 3, 3)
    given = conv._conv_forward
    conv._conv_forward = doubled = lambda image, W, b: given(image * 2, W, b)
    with convstep.capture(conv) as outer, convstep.capture(conv) as inner:
        conv(images()).sum().backward()
    assert conv._conv_forward is doubled
    assert len(outer.layers) == len(inner.layers) == 1


def test_a_copy_made_inside_the_block_is_no_part_of_it() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        train(model, images())
        train(copy.deepcopy(model), images())
    assert len(captured.layers) == 8


def test_a_capture_inside_a_capture() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as outer, convstep.capture(model, "features.same") as inner:
        train(model, images())
    assert len(outer.layers) == 8
    assert len(inner.layers) == 1
    assert_clean(model)


def test_neither_the_graph_nor_the_model_is_kept() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        logits = model(images())
        logits.sum().backward()
        unused = model(images())  # never differentiated
    held = [weakref.ref(each) for each in (model, logits, unused, model.features.same.weight)]
    del model, logits, unused
    gc.collect()
    assert [each() for each in held] == [None] * 4
    assert len(captured.layers) == 8
    for layer in captured.layers:
        assert not layer.dZ.flags.writeable
        assert all(type(values) is np.ndarray for values in layer.gradients.values())


def test_a_backward_pass_after_the_block_is_not_recorded() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        loss = conv(images()).sum()
    loss.backward()
    with pytest.raises(CaptureError, match="no backward pass reached it inside the block; call loss"):
        captured.problem()


def test_without_gradients_there_is_a_sentence() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured, torch.no_grad():
        conv(images())
    with pytest.raises(CaptureError, match=r"'Conv2d' ran without gradients: under torch.no_grad\(\)"):
        captured.problem()
    with convstep.capture(conv) as captured, torch.inference_mode():
        conv(images())
    with pytest.raises(CaptureError, match="ran without gradients"):
        captured.problem()
    with convstep.capture(conv.requires_grad_(False)) as captured:
        conv(images())
    with pytest.raises(CaptureError, match="nothing in it requires gradients"):
        captured.problem()


def test_without_a_call_there_is_a_sentence() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        pass
    with pytest.raises(CaptureError, match="no layer was called inside the block; run the model"):
        captured.problem()
    assert captured.layers == []
    assert captured.names == []
    with convstep.capture(model, "features.same") as captured:
        pass
    with pytest.raises(CaptureError, match=r"'features.same' was not called"):
        captured.problem()


@SELDOM
def test_a_compiled_model_works_or_says_so() -> None:
    model = model_of_all_kinds()
    compiled = torch.compile(model, backend="eager")
    compiled(images()).sum().backward()
    with convstep.capture(compiled, "features.same") as captured:
        compiled(images()).sum().backward()
    with pytest.raises(CaptureError, match=r"hooks do not fire in a compiled model; capture it without"):
        captured.problem()


def test_which_layer_must_be_said_when_there_are_several() -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        train(model, images())
    with pytest.raises(CaptureError, match=r"8 layers were captured; name one with layer=: 'features.plain'"):
        captured.problem()
    with pytest.raises(CaptureError, match=r"did you mean 'features.strided'"):
        captured.problem(layer="features.stride")
    with pytest.raises(CaptureError, match="layer 8 does not exist; the layers captured are 0 to 7"):
        captured.problem(layer=8)
    np.testing.assert_array_equal(captured.problem(layer=-1).W, captured.problem(layer="features.uneven").W)


REFUSED: list[tuple[Callable[[], Any], str | None, str]] = [
    (
        model_of_all_kinds,
        "features.strid",
        "has no layer 'features.strid'; did you mean 'features.strided'",
    ),
    (model_of_all_kinds, "zzz", "no layer 'zzz'; the conv layers are 'features.plain'"),
    (model_of_all_kinds, "head", "'head' is a Linear, not an nn.Conv2d; the conv layers are"),
    (lambda: nn.Linear(3, 3), None, "a Linear has no nn.Conv2d"),
    (
        lambda: nn.ConvTranspose2d(1, 1, 1),
        None,
        "'ConvTranspose2d' convolves by ConvTranspose2d; convstep opens",
    ),
    (lambda: nn.Conv3d(1, 1, 1), None, "convolves by Conv3d; convstep opens"),
    (lambda: nn.Conv2d(1, 1, 1, device="meta"), None, "'Conv2d' is on the meta device"),
    (
        lambda: torch.ao.nn.quantized.Conv2d(1, 1, 1),
        None,
        "'Conv2d' is quantized and has no backward pass; capture the model before it is converted",
    ),
    (
        lambda: torch.jit.script(nn.Conv2d(1, 1, 1)),
        None,
        "was compiled by torch.jit, which cannot be watched",
    ),
    (lambda: "model", None, "capture takes a torch.nn.Module, a model or one nn.Conv2d; this is a str"),
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("make", "layer", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_captured_is_refused_with_a_sentence(
    make: Callable[[], Any], layer: str | None, sentence: str
) -> None:
    with pytest.raises(CaptureError) as caught:
        convstep.capture(make(), layer)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_layer_of_another_model_or_kind_is_refused() -> None:
    with pytest.raises(CaptureError, match="this Conv2d is not part of the model; the conv layers are"):
        convstep.capture(model_of_all_kinds(), nn.Conv2d(1, 1, 1))
    with pytest.raises(CaptureError, match="layer is an int; it must be a dotted name"):
        convstep.capture(model_of_all_kinds(), 3)  # type: ignore[arg-type]


def test_among_several_only_the_refused_layer_says_no() -> None:
    model = nn.Sequential(nn.ConvTranspose2d(3, 3, 3), nn.Conv2d(3, 3, 3))
    with convstep.capture(model) as captured:
        model(images()).sum().backward()
    assert_agrees(captured.layer(), {"dW", "db", "dA_prev"})
    with pytest.raises(CaptureError, match="'0' convolves by ConvTranspose2d; convstep opens"):
        captured.problem(layer="0")


def test_numbers_that_cannot_be_opened_do_not_disturb_the_model() -> None:
    conv = nn.Conv2d(3, 3, 3)

    def loss(parameters: Any, image: Any) -> Any:
        return torch.func.functional_call(conv, parameters, (image,)).sum()

    with convstep.capture(conv) as captured:
        per_sample = torch.vmap(torch.func.grad(loss), (None, 0))(dict(conv.named_parameters()), images())
    assert per_sample["bias"].shape == (4, 3)
    with pytest.raises(CaptureError, match=r"'Conv2d' ran under torch.func"):
        captured.problem()
    conv = nn.Conv2d(3, 3, 3, dtype=torch.complex64)
    with convstep.capture(conv) as captured:
        conv(images(dtype=torch.complex64)).abs().sum().backward()
    with pytest.raises(
        CaptureError, match="'Conv2d' convolved complex numbers; convstep opens only real ones"
    ):
        captured.problem()


def test_a_gradient_penalty_is_two_backward_passes() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        given = images().requires_grad_()
        energy = conv(given).square().sum()
        (slope,) = torch.autograd.grad(energy, given, create_graph=True)
        (energy + slope.square().sum()).backward()
    first, second = captured.layers
    assert_agrees(first, {"dA_prev"})
    assert second.note.startswith("dW got more")
    assert_agrees(second, {"db", "dA_prev"})


def test_nan_and_inf_are_counted_by_array() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with torch.no_grad():
        conv.weight[0, 0, 0, 0] = torch.inf
    with convstep.capture(conv) as captured:
        (conv(images().requires_grad_()) * 0).sum().backward()
    layer = captured.layer()
    assert layer.nonfinite["W"] == (0, 1)
    assert layer.nonfinite["A_prev"] == (0, 0)
    assert layer.nonfinite["dZ"] == (0, 0)
    assert layer.nonfinite["dA_prev"].nan > 0
    assert set(layer.nonfinite) == {"A_prev", "W", "b", "Z", "dZ", "dW", "db", "dA_prev"}
    assert layer.nonfinite["Z"] == layer.Z_seen[:2]
    assert layer.gradient_norms["dZ"] == 0
    assert np.isnan(layer.gradient_norms["dA_prev"])
    assert layer.shapes == {"A_prev": (4, 15, 17, 3), "W": (3, 3, 3, 3), "b": (3,), "dZ": (4, 13, 15, 3)}


def test_save_writes_what_the_command_line_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = model_of_all_kinds()
    with convstep.capture(model) as captured:
        train(model, images())
    path = tmp_path / "conv.npz"
    captured.save(path, layer="features.depthwise")
    problem, kept = captured.problem(layer="features.depthwise"), Problem.load(path)
    for name in ("A_prev", "W", "b", "dZ"):
        assert getattr(kept, name).tobytes() == getattr(problem, name).tobytes()
    assert kept.geometry == problem.geometry
    assert problem.recorded is not None
    assert kept.recorded is not None
    for name, values in problem.recorded.gradients.items():
        assert kept.recorded.gradients[name].tobytes() == values.tobytes()
    with pytest.raises(CaptureError, match=r"saved as \.npz, not as \.pt; give the file that ending"):
        captured.save(tmp_path / "conv.pt", layer=0)
    assert cli.main(["compare", str(path)]) == 0
    assert "during training" in capsys.readouterr().out


def test_inside_the_block_it_already_answers() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        assert isinstance(captured, Captured)
        for step in range(2):
            conv(images()).sum().backward()
            assert len(captured.layers) == step + 1
            assert_agrees(captured.layer())


def test_rows_are_a_table_of_the_layers() -> None:
    with convstep.capture(model := Model()) as captured:
        model(images()).sum().backward()
    for held in (captured, small(overflowing=True)):
        rows = held.rows()
        assert len(read_back(rows)) == len(held.layers)
        for row, layer in zip(rows, held.layers, strict=True):
            problem = layer.problem()
            assert (row["name"], row["call"], row["step"]) == (layer.name, layer.call, layer.step)
            for name in ("A_prev", "W", "dZ"):
                assert row[name] == shape_text(getattr(problem, name).shape)
            assert (row["b"] is None) is (problem.b is None)
            assert row["stride"] == pair_text(problem.stride)
            assert row["padding"] in (padding_text(problem.padding), "same", "valid")
            assert (row["groups"], row["steps"]) == (problem.groups, problem.total_steps)
            assert (row["|dA_prev|"] is None) is ("dA_prev" not in layer.gradients)
            every = [problem.A_prev, problem.W, problem.dZ, *layer.gradients.values()]
            assert row["nan"] == sum(int(np.isnan(a).sum()) for a in every) + layer.Z_seen.nan
            assert row["inf"] == sum(int(np.isinf(a).sum()) for a in every) + layer.Z_seen.inf
            norm = np.linalg.norm(layer.dZ.astype(np.float64).ravel())
            np.testing.assert_allclose(np.array(row["|dZ|"]), norm)
    assert any(row["inf"] for row in small(overflowing=True).rows())


@pytest.mark.parametrize(
    ("bad", "said"), [("data", r"A_prev\[1, 0, 0, 2\] = NaN"), ("weight", r"W\[0, 0, 1, 0\] = inf")]
)
def test_without_a_backward_pass_it_is_said_what_a_forward_saw(bad: str, said: str) -> None:
    model, given = nn.Sequential(nn.Conv2d(3, 3, 3), nn.Conv2d(3, 2, 3)), images()
    if bad == "data":
        given[1, 2, 0, 0] = math.nan
    else:
        model[0].weight.data[0, 0, 0, 1] = math.inf
    with convstep.capture(model) as captured:
        model(given)
    with pytest.raises(
        CaptureError, match=f"no backward pass reached it.*that of '0', which was given {said}$"
    ):
        captured.first_nonfinite()


def test_without_gradients_of_its_own_the_sentence_names_the_note() -> None:
    conv = nn.Conv2d(3, 3, 3, padding=1)
    with convstep.capture(conv) as captured:
        (conv(images()) + conv(images())).square().sum().backward()
    problem = captured.problem(call=0)
    assert "belong to all of them" in captured.layer(call=0).note
    with pytest.raises(OracleUnavailable, match=r"unless its `note` says why not"):
        compare(problem, oracle="recorded")
    conv.bias = None
    with convstep.capture(conv) as captured:
        (conv(images()) + conv(images())).square().sum().backward()
    assert captured.layer().note.startswith("dW was accumulated over 2 calls with the same weight")
    assert captured.layer().note.endswith("it belongs to all of them and is not compared")


def test_a_skipped_layer_tells_its_whole_reason_in_six_lines() -> None:
    reason = "was called " + "and called " * 30 + "in the end"
    shown = repr(Skipped("up", "ConvTranspose2d", reason, 3))
    assert shown.startswith("Skipped(name='up', kind='ConvTranspose2d', calls=3)\n")
    assert " ".join(shown.split()).endswith(reason)
    assert len(shown.split("\n")) <= 6
    shown = repr(Skipped("up", "Conv2d", "没有被调用" * 40, 3))
    assert "".join(shown.split()).endswith("没有被调用" * 40)
    assert max(columns(line) for line in shown.split("\n")) <= 110


def test_a_save_that_fails_names_the_file_that_was_to_be(tmp_path: Path) -> None:
    captured = watched()
    with pytest.raises(OSError, match="gone") as caught:
        captured.save(tmp_path / "gone" / "run.npz")
    assert caught.value.filename == str(tmp_path / "gone" / "run.npz")


def watched() -> Any:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv) as captured:
        conv(images()).square().sum().backward()
    return captured
