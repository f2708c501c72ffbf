"""Forwards on tensors by autograd, and tensors as autograd and its callers hand them on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.nn import grad as by_torch

import convstep
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.grade import RIGHT
from convstep.candidate.check.sweep import sweep
from tests.strategies import SELDOM, some


def by_unfolding(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    columns = functional.unfold(x, w.shape[2:], padding=padding, stride=stride)
    out = w.flatten(1) @ columns + b[:, None]
    height = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
    return out.unflatten(2, (height, out.shape[2] // height))


def with_cut_kernels(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return by_unfolding(x, w.detach(), b, stride, padding)


def with_a_term_too_many(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return by_unfolding(x, w, b, stride, padding) + 0.1 * (x.sum() - x.sum().detach())


def transposed_forward(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return functional.conv_transpose2d(x, w, b, stride, padding)


def channels_last(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    Z = functional.conv2d(x.permute(0, 3, 1, 2), w.permute(3, 2, 0, 1), b, stride, padding)
    return Z.permute(0, 2, 3, 1)


kernels: Any = by_torch  # torch gives them no types


@torch.library.custom_op("convstep_tests::conv", mutates_args=())
def operator(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, stride: int, padding: int) -> torch.Tensor:
    return functional.conv2d(x, w, b, stride, padding)


def noted(ctx: Any, inputs: Any, output: Any) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.numbers = inputs[3:]


def gradients(ctx: Any, dZ: Any) -> tuple[Any, ...]:
    x, w = ctx.saved_tensors
    dx = kernels.conv2d_input(x.shape, w, dZ, *ctx.numbers)
    return dx, kernels.conv2d_weight(x, w.shape, dZ, *ctx.numbers), dZ.sum((0, 2, 3)), None, None


operator.register_autograd(gradients, setup_context=noted)


class Conv(torch.autograd.Function):
    """Its backward takes dZ as it comes."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any, stride: int, padding: int) -> Any:
        noted(ctx, (x, w, b, stride, padding), None)
        return functional.conv2d(x, w, b, stride, padding)

    @staticmethod
    def backward(ctx: Any, dZ: Any) -> Any:
        return gradients(ctx, dZ)


class ReadsMemory(Conv):
    """Its backward takes the memory of dZ for its cells."""

    @staticmethod
    def backward(ctx: Any, dZ: Any) -> Any:
        if dZ.untyped_storage().nbytes() >= dZ.numel() * dZ.element_size():
            dZ = torch.as_strided(dZ, dZ.shape, torch.empty(dZ.shape).stride())
        return gradients(ctx, dZ)


class Writes(Conv):
    """Its backward writes into dZ, which an expanded one does not let it."""

    @staticmethod
    def backward(ctx: Any, dZ: Any) -> Any:
        dZ += 0
        return gradients(ctx, dZ)


class Views(Conv):
    """Its backward raises on a dZ that is not contiguous, as many published ones do."""

    @staticmethod
    def backward(ctx: Any, dZ: Any) -> Any:
        return gradients(ctx, dZ.view(len(dZ), -1).view(dZ.shape))


@pytest.mark.parametrize("candidate", some([channels_last, by_unfolding, operator], 3))
def test_a_right_forward_on_tensors_is_right_by_autograd(candidate: Any) -> None:
    verdict = convstep.check(candidate)
    assert verdict.ok
    assert "gradients from PyTorch's autograd" in " ".join(str(verdict).split())
    assert "also right where dZ is expanded" in str(verdict)
    assert verdict.forward_ok


@SELDOM
@pytest.mark.parametrize(
    ("candidate", "gradient"), some([(with_cut_kernels, "dW"), (with_a_term_too_many, "dA_prev")])
)
def test_a_path_that_is_cut_and_a_term_too_many_are_found(candidate: Any, gradient: str) -> None:
    verdict = convstep.check(candidate)
    assert not verdict.ok
    assert [finding.gradients for finding in verdict.diagnosis] == [(gradient,)]


@SELDOM
def test_a_forward_of_something_else_is_not_checked() -> None:
    with pytest.raises(
        convstep.CannotCall,
        match="transposed_forward is a forward; name its backward",
    ):
        convstep.check(transposed_forward)


@SELDOM
def test_numbers_that_depend_on_how_dZ_lies_are_wrong() -> None:
    verdict = convstep.check(ReadsMemory)
    (finding,) = verdict.diagnosis
    assert (finding.id, finding.proven) == ("memory-layout", True)
    assert not verdict.ok
    assert "dZ is not contiguous and where pictures and dZ are channels_last" in finding.message
    assert verdict.failing is not None
    assert not verdict.as_dict()["ok"]


@SELDOM
def test_a_backward_must_take_what_the_simplest_loss_hands_on() -> None:
    (finding,) = convstep.check(Writes).diagnosis
    assert (finding.id, finding.proven) == ("memory-layout", False)
    assert "where dZ is expanded, as loss.sum() makes it, it raises: RuntimeError" in finding.message


@SELDOM
def test_what_is_refused_loudly_otherwise_is_told_and_not_wrong() -> None:
    verdict = convstep.check(Views)
    assert verdict.ok
    note = "not taken, which does not count as wrong: where dZ is not contiguous: RuntimeError"
    assert any(note in each for each in verdict.notes)


def flipped(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return functional.conv2d(x, w.flip(2, 3), b, stride, padding)


@SELDOM
def test_of_a_forward_on_tensors_it_is_the_forward_that_is_checked() -> None:
    verdict = convstep.check(flipped)
    assert not verdict.ok
    assert verdict.diagnosis[0].id == "forward-wrong"
    assert "true convolution" in verdict.diagnosis[0].message
    assert not any("also right where" in note for note in verdict.notes)


def one_picture(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
    return ReadsMemory.apply(x[None], w, b, stride, padding).squeeze(0)  # type: ignore[no-untyped-call]


@SELDOM
def test_one_picture_is_laid_otherwise_too() -> None:
    (finding,) = convstep.check(one_picture).diagnosis
    assert finding.id == "memory-layout"


def doubled(module: Any, back: Any, came: Any) -> Any:
    return tuple(2 * each for each in back)


class Doubled(torch.nn.Module):
    """Its hook doubles what it hands back."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(in_channels, out_channels, kernel_size)
        self.register_full_backward_hook(doubled)

    def forward(self, x: Any) -> Any:
        return self.conv(x)


class Normed(Doubled):
    """Its kernels are computed from others."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size)
        torch.nn.utils.parametrizations.weight_norm(self.conv)


class Inherits(torch.nn.Conv2d):
    """All of it is PyTorch's."""


@SELDOM
@pytest.mark.parametrize(("module", "wrong"), some([(Doubled, {"dA_prev"}), (Inherits, set())]))
def test_a_modules_hooks_run_and_what_it_inherits_is_its_own(module: type[Any], wrong: set[str]) -> None:
    with Worker.of_function(module) as running:
        results = sweep(running).results
    assert {judged.name for result in results for judged in result.grades if judged.kind != RIGHT} == wrong


@SELDOM
def test_a_module_whose_kernels_are_computed_is_not_called() -> None:
    with pytest.raises(convstep.CannotCall, match="computed by a parametrization"):
        convstep.check(Normed)


@SELDOM
def test_the_apply_of_a_function_is_the_function(tmp_path: Any) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import torch\nfrom torch.nn import functional\n\n\n"
        "class Mine(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x, w, stride, padding):\n"
        "        ctx.save_for_backward(x, w)\n        ctx.numbers = stride, padding\n"
        "        return functional.conv2d(x, w, None, stride, padding)\n\n"
        "    @staticmethod\n"
        "    def backward(ctx, dZ):\n"
        "        x, w = ctx.saved_tensors\n"
        "        dx = torch.nn.grad.conv2d_input(x.shape, w, dZ, *ctx.numbers)\n"
        "        return dx, torch.nn.grad.conv2d_weight(x, w.shape, dZ, *ctx.numbers), None, None\n\n\n"
        "conv2d = Mine.apply\n"
    )
    assert convstep.check(f"{path}:conv2d").ok
