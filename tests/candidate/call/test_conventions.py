"""Each way of calling gets what it documents, and its answers come back in our layout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from convstep import Problem, conv2d_backward
from convstep.candidate.call.by_name import Values
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.conventions import AUTO, CONVENTIONS, named, spelled
from convstep.candidate.call.layers import padding_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.likely import likely, matching_forward
from convstep.candidate.call.named import given
from convstep.candidate.call.outcome import Candidate
from convstep.candidate.call.returned import flattened, meaning
from convstep.candidate.call.written import call_text
from convstep.candidate.check.cases import Case, Right, cases_for
from convstep.conv.forward import conv2d_forward, expected_forward

ANY = Candidate("backward", "function", ("a", "b"), 2)
PAD1, PAD2 = ((1, 1), (1, 1)), ((2, 2), (2, 2))


def problem_of(case: Case) -> Problem:
    rng = np.random.default_rng(1)
    geometry = case.geometry
    lead = () if case.batch is None else (case.batch,)
    return Problem(
        rng.standard_normal((*lead, *geometry.input_shape)),
        rng.standard_normal(geometry.kernel_shape),
        rng.standard_normal(case.filters),
        rng.standard_normal((*lead, *geometry.output_shape)),
        case.stride,
        case.padding,
        case.dilation,
        case.groups,
    )


def arguments(name: str, case: Case, *parameters: str) -> tuple[tuple[Any, ...], Any]:
    candidate = Candidate("backward", "function", parameters, len(parameters))
    call, inputs = spelled(Call(name), candidate), CONVENTIONS[name].inputs(problem_of(case))
    assert call.backward is not None
    places, by_name = given(call.backward, parameters, Values(inputs, call, candidate))
    return tuple(places), by_name


# 5x7 input, 4 filters of 3x3 over 2 channels, stride 2, padding 1, 3 samples: 3x4 outputs
CASE = Case((5, 7), (3, 3), (2, 2), PAD1, 2, 4, 3)


ALONE = replace(CASE, batch=None)
GROUPED = Case((7, 6), (2, 2), (1, 1), ((0, 0), (0, 0)), 2, 2, None, (2, 2), 2)
VALID = Case((5, 7), (3, 2), (2, 1), channels=2, filters=4, batch=2)
WIDE = Case((7, 6), (2, 3), (2, 1), ((1, 1), (0, 0)), 4, 2, 2, (1, 2), 2)
HYPER = {"stride": 2, "pad": 1}
FOUR = (2, 2, 6, 4), (2, 5, 7, 2), (3, 2, 2, 4), (1, 1, 1, 4)
TORCH = (2, 2, 4, 2), (2, 4, 7, 6), (2, 2, 2, 3), (2,)


def shapes(given: Any) -> Any:
    """Arrays by their shapes, whatever holds them."""
    if isinstance(given, dict):
        return {name: shapes(value) for name, value in given.items()}
    return tuple(map(shapes, given)) if isinstance(given, tuple) else getattr(given, "shape", given)


@pytest.mark.parametrize(
    ("name", "case", "parameters", "places", "by_name"),
    [
        (
            *("article", ALONE, "dZ cache stride padding"),
            ((3, 4, 4), {"Z": (3, 4, 4), "W": (4, 3, 3, 2), "b": (4,), "A_prev": (5, 7, 2)}, 2, 1),
            {},
        ),
        (
            *("article", GROUPED, "dZ cache stride padding dilation groups"),
            ((5, 4, 2), {"Z": (5, 4, 2), "W": (2, 2, 2, 1), "b": (2,), "A_prev": (7, 6, 2)}, 1, 0, 2, 2),
            {},
        ),
        (
            *("coursera", CASE, "dZ cache"),
            ((3, 3, 4, 4), ((3, 5, 7, 2), (3, 3, 2, 4), (1, 1, 1, 4), HYPER)),
            {},
        ),
        (
            *("coursera", ALONE, "dZ cache"),
            ((1, 3, 4, 4), ((1, 5, 7, 2), (3, 3, 2, 4), (1, 1, 1, 4), HYPER)),
            {},
        ),
        ("cs231n", CASE, "dout cache", ((3, 4, 3, 4), ((3, 2, 5, 7), (4, 2, 3, 3), (4,), HYPER)), {}),
        ("alx", VALID, "dZ A_prev W b padding stride", (*FOUR, "valid", (2, 1)), {}),
        ("alx", VALID, "dZ A W b stride padding", FOUR, {"padding": "valid", "stride": (2, 1)}),
        ("alx", VALID, "dZ A W b pad s", (*FOUR, "valid", (2, 1)), {}),
        (
            *("torch", WIDE, "grad_output input weight bias stride padding dilation groups"),
            (*TORCH, (2, 1), (1, 0), (1, 2), 2),
            {},
        ),
        (
            *("torch", WIDE, "x weight grad_output bias padding stride"),
            (TORCH[1], TORCH[2], TORCH[0], TORCH[3], (1, 0), (2, 1)),
            {},
        ),
        ("torch", WIDE, "g h i j k l", (*TORCH, (2, 1), (1, 0)), {}),
    ],
)
def test_each_convention_passes_what_it_documents(
    name: str, case: Case, parameters: str, places: Any, by_name: dict[str, Any]
) -> None:
    given, named_too = arguments(name, case, *parameters.split())
    assert (shapes(given), named_too) == (places, by_name)


@pytest.mark.parametrize("name", [name for name in CONVENTIONS if name != "problem"])
def test_arrays_are_laid_out_as_gradients_come_back(name: str) -> None:
    problem, convention = problem_of(ALONE), CONVENTIONS[name]
    inputs = convention.inputs(problem)
    np.testing.assert_array_equal(convention.ours("dA_prev", inputs.A_prev, problem), problem.A_prev)
    np.testing.assert_array_equal(convention.ours("dA_prev", inputs.dZ, problem), problem.dZ)
    np.testing.assert_array_equal(convention.ours("dW", inputs.W, problem), problem.W)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [
        ((5, 4), (3, 3), (1, 1), (1, 1)),
        ((5, 4), (5, 1), (1, 1), (2, 0)),
        # by its own rule the output of any stride is as large as the input: ((n - 1) * s + f - n) / 2
        ((5, 7), (3, 3), (2, 2), (3, 4)),
        ((4, 5), (4, 3), (3, 3), None),  # (3 * 3 + 4 - 4) / 2 is no whole number
        ((5, 5), (2, 2), (1, 1), None),
        ((5, 5), (2, 3), (2, 1), None),
    ],
)
def test_alx_same_keeps_the_size_at_any_stride(
    size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], pads: tuple[int, int] | None
) -> None:
    top, left = pads or (1, 1)
    case = Case(size, kernel, stride, ((top, top), (left, left)))
    assert (padding_of("alx", case.geometry) == case.padding) is (pads is not None)
    if pads is not None:
        assert case.geometry.output_shape[:2] == size
        assert arguments("alx", case, *["dZ", "A_prev", "W", "b", "padding", "stride"])[0][4] == "same"


def test_alx_cases_cover_same_beyond_stride_1() -> None:
    cases, _ = cases_for(CONVENTIONS["alx"], ANY)
    same = {case.stride for case in cases if padding_of("alx", case.geometry) == case.padding}
    assert {(1, 1), (2, 2)} <= same


def test_problem_passes_the_problem() -> None:
    (passed,), _ = arguments("problem", CASE, "problem")
    assert isinstance(passed, Problem)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_arguments_are_copies_that_may_be_changed(name: str) -> None:
    case = replace(CASE, batch=None, padding=((0, 0), (0, 0)))
    problem = problem_of(case)
    convention = CONVENTIONS[name]
    kept = problem.A_prev.copy(), problem.W.copy(), problem.dZ.copy()
    inputs = convention.inputs(problem)
    for array in (inputs.A_prev, inputs.W, inputs.dZ, inputs.b):
        assert array.flags.writeable
        assert array.flags.c_contiguous
        array[...] = 7
    for array, before in zip((problem.A_prev, problem.W, problem.dZ), kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_integers_are_passed_as_integers(name: str) -> None:
    case = replace(CASE, batch=None, padding=((0, 0), (0, 0)))
    problem = problem_of(case)
    whole = Problem(np.rint(problem.A_prev), np.rint(problem.W), problem.b, problem.dZ, 2)
    inputs = CONVENTIONS[name].inputs(whole, integers=True)
    assert (inputs.A_prev.dtype, inputs.W.dtype, inputs.dZ.dtype) == (np.int64, np.int64, np.float64)


def by_hand(name: str, problem: Problem) -> tuple[Any, ...]:
    """The right gradients as a candidate of that convention returns them, from loops over axes."""
    found = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    dW, db, dA = found
    assert db is not None
    batched = dA if dA.ndim == 4 else dA[None]
    if name in ("article", "problem"):
        return dW, db, dA
    if name in ("coursera", "alx"):
        return batched, np.moveaxis(dW, 0, -1), db.reshape(1, 1, 1, -1)
    return np.moveaxis(batched, -1, 1), np.moveaxis(dW, -1, 1), db


def expressible() -> list[tuple[str, Case]]:
    return [
        (name, case)
        for name, convention in CONVENTIONS.items()
        for case in cases_for(convention, replace(ANY, parameters=("problem",)))[0][::7]
    ]


@pytest.mark.parametrize(("name", "case"), expressible())
def test_gradients_come_back_in_our_layout(name: str, case: Case) -> None:
    problem = problem_of(case)
    right = Right.of(problem).gradients
    found = named(CONVENTIONS[name], by_hand(name, problem), (), problem)
    assert found.keys() == right.keys()
    for gradient, values in right.items():
        np.testing.assert_allclose(found[gradient], values, atol=1e-12)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_forward_they_are_held_against_is_ours(name: str) -> None:
    for case in cases_for(CONVENTIONS[name], ANY)[0][::5]:
        problem = problem_of(case)
        geometry = problem.stride, problem.padding, problem.dilation, problem.groups
        Z = conv2d_forward(problem.A_prev, problem.W, problem.b, *geometry)["Z"]
        np.testing.assert_allclose(expected_forward(problem), Z, atol=1e-12)


def test_a_bias_gradient_with_three_leading_ones_is_fine_and_other_shapes_are_kept() -> None:
    problem, convention = problem_of(CASE), CONVENTIONS["cs231n"]
    assert convention.ours("db", np.zeros((1, 1, 1, 4)), problem).shape == (4,)
    for shape in [(4, 1), (1, 4), (3, 1, 1, 4), (4, 4)]:
        assert convention.ours("db", np.zeros(shape), problem).shape == shape
    assert convention.ours("dW", np.zeros((4, 18)), problem).shape == (4, 18)


A, B, C = np.ones((2, 3)), np.ones(3), np.ones((4, 5))


@pytest.mark.parametrize(
    ("result", "count", "labels"),
    [
        ((A, B, C), 3, ()),
        ([A, B, C], 3, ()),
        ((A, [B, C]), 3, ()),
        ((A, (B, None)), 3, ()),
        (A, 1, ()),
        ({"dW": A, "db": B, "dA_prev": C}, 3, ("dW", "db", "dA_prev")),
        ({"dX": C, "dw": A, "db": B, "loss": 1}, 3, ("dA_prev", "dW", "db")),
        ({"grad_input": C, "grad_weight": A}, 2, ("dA_prev", "dW")),
        ({"loss": 1}, 0, ()),
        ((), 0, ()),
    ],
)
def test_results_are_flat_and_named_where_they_say(result: Any, count: int, labels: tuple[str, ...]) -> None:
    values, names = flattened(result)
    assert (len(values), names) == (count, labels)


def test_names_of_gradients_are_understood() -> None:
    kernels = [
        "dW",
        "dw",
        "W",
        "grad_weight",
        "self.dW",
        "dkernel",
        "dweights",
        "dL_dW",
        "weight_grad",
        "d_filters",
        "gradW",
    ]
    assert {meaning(word) for word in kernels} == {"dW"}
    assert {meaning(word) for word in ("db", "b", "grad_bias", "dbias")} == {"db"}
    assert {meaning(word) for word in ("dA", "dA_prev", "dX", "dx", "grad_input", "x", "dinput")} == {
        "dA_prev"
    }
    assert {meaning(word) for word in ("loss", "cache", "dZ", "d", "")} == {""}


UNSAID = [
    ("article", replace(CASE, batch=2), "a batch"),
    ("article", Case((5, 5), (2, 3)), "kernels that are not square"),
    ("article", Case((5, 5), (3, 3), (1, 2)), "different strides along H and W"),
    ("article", Case((5, 5), (2, 2), dilation=(2, 2)), "dilation"),
    ("article", Case((5, 5), (2, 2), channels=2, groups=2), "groups"),
    ("coursera", Case((5, 5), (2, 3)), "kernels that are not square"),
    ("coursera", Case((5, 5), (3, 3), padding=((0, 0), (1, 1))), "different padding along H and W"),
    ("cs231n", Case((5, 5), (3, 3), padding=((0, 1), (0, 1))), "different padding on opposite sides"),
    ("cs231n", Case((5, 5), (2, 2), dilation=(2, 2)), "dilation"),
    ("cs231n", Case((5, 5), (2, 3)), ""),
    ("alx", Case((5, 5), (3, 3), padding=PAD2), 'padding other than its own "same" and "valid"'),
    ("alx", Case((5, 5), (3, 3), padding=PAD1), ""),
    ("alx", Case((5, 5), (2, 3), (1, 2)), ""),
    ("torch", Case((5, 5), (3, 3), padding=((0, 1), (0, 1))), "different padding on opposite sides"),
    ("torch", Case((5, 5), (3, 3), padding=((0, 0), (1, 1))), ""),
    ("torch", Case((5, 5), (3, 3)), ""),
    ("problem", Case((5, 5), (3, 3), (1, 2), ((0, 1), (2, 0)), 2, 2, 2, (2, 1), 2), ""),
]


@pytest.mark.parametrize(("name", "case", "unsaid"), UNSAID)
def test_what_a_call_cannot_express_is_named(name: str, case: Case, unsaid: str) -> None:
    parameters = ("problem",) if name == "problem" else tuple("abcdef")
    candidate = replace(ANY, parameters=parameters)
    assert CONVENTIONS[name].cannot_say(case.geometry, candidate) == unsaid


@pytest.mark.parametrize("name", CONVENTIONS)
def test_every_case_of_a_convention_can_be_said(name: str) -> None:
    cases, unsaid = cases_for(CONVENTIONS[name], ANY)
    assert not any(CONVENTIONS[name].cannot_say(case.geometry, ANY) for case in cases)
    assert all(unsaid)


def test_a_function_that_takes_dilation_is_tried_with_dilation() -> None:
    convention = CONVENTIONS["torch"]
    short = replace(ANY, parameters=("grad_output", "input", "weight", "bias", "stride", "padding"))
    whole = replace(ANY, parameters=(*short.parameters, "dilation", "groups"))
    assert "dilation" in cases_for(convention, short)[1]
    assert "groups" in cases_for(convention, short)[1]
    assert "dilation" not in cases_for(convention, whole)[1]


def of_signature(text: str) -> Candidate:
    name, _, rest = text.partition("(")
    words = [word.strip() for word in rest.rstrip(")").split(",")]
    names = tuple(word.partition("=")[0] for word in words if not word.startswith("*"))
    forward = "conv_forward_naive" if "naive" in name else ""
    return Candidate(name, "function", names, sum("=" not in word for word in words), "*" in rest, forward)


@pytest.mark.parametrize(
    ("signature", "convention"),
    [
        ("conv_backward(dZ, cache)", "coursera"),
        ("conv_backward(dZ, cache_conv)", "coursera"),
        ("conv2d_backward(dZ, cache, stride, padding)", "article"),
        ("conv2d_backward(dZ, cache, stride=1, padding=0)", "article"),
        ("conv2d_backward(dZ, cache, stride, padding, dilation=1, groups=1)", "article"),
        ("conv_backward_naive(dout, cache)", "cs231n"),
        ("conv_backward_im2col(dout, cache)", "cs231n"),
        ("conv_backward_strides(dout, cache)", "cs231n"),
        ("conv_backward_naive(d_output, cache)", "cs231n"),
        ('conv_backward(dZ, A_prev, W, b, padding="same", stride=(1,1))', "alx"),
        ("conv_backward(dZ, A_prev, W, b, padding, stride)", "alx"),
        ("backward(grad_output, input, weight, bias, stride, padding, dilation, groups)", "torch"),
        ("conv2d_backward(grad_output, input, weight, bias, stride, padding)", "torch"),
        ("conv_bwd(x, w, grad_out, b, stride=1, padding=0)", "torch"),
        ("backward(*args)", "article torch problem coursera cs231n alx"),
        ("backward(problem)", "problem"),
        ("adapter(p)", "problem"),
    ],
)
def test_the_likeliest_convention_of_a_signature(signature: str, convention: str) -> None:
    found = likely(of_signature(signature.replace("(1,1)", "1")))
    assert found[0][0] in convention.split()
    assert all(reason for _, reason in found)


def test_the_reason_names_what_was_seen() -> None:
    assert likely(of_signature("backward(problem)"))[0][1] == "it takes one argument: (problem)"
    coursera = likely(of_signature("conv_backward(dZ, cache)"))
    assert coursera[0][1] == "it is called as conv_backward(dZ, cache)"
    assert [name for name, _ in coursera] == ["coursera", "cs231n"]


def test_a_signature_of_no_convention_has_no_likely_one() -> None:
    assert likely(of_signature("backward(a, b, c)")) == []
    assert AUTO not in CONVENTIONS


@pytest.mark.parametrize(
    ("backward", "names", "forward"),
    [
        ("conv_backward", ["conv_forward", "conv_backward"], "conv_forward"),
        ("conv_backward_im2col", ["conv_forward_naive", "conv_forward_im2col"], "conv_forward_im2col"),
        ("my_bwd", ["my_fwd", "conv2d_forward"], "my_fwd"),
        ("grad", ["conv2d_forward"], "conv2d_forward"),
        ("Conv.backward", ["forward"], "forward"),
        ("conv_backward", ["pool_forward", "conv_backward"], ""),
    ],
)
def test_a_backward_finds_its_forward(backward: str, names: list[str], forward: str) -> None:
    assert matching_forward(backward, names) == forward


def test_a_candidate_without_batch_gets_none_back() -> None:
    problem = problem_of(ALONE)
    dA = np.zeros((1, 5, 7, 2))
    assert CONVENTIONS["coursera"].ours("dA_prev", dA, problem).shape == (5, 7, 2)
    batched = problem_of(CASE)
    assert CONVENTIONS["coursera"].ours("dA_prev", np.zeros((3, 5, 7, 2)), batched).shape == (3, 5, 7, 2)


@pytest.mark.parametrize("convention", ["torch", "named"])
def test_apply_takes_nothing_by_name(convention: str) -> None:
    parameters = ("x", "weight", "bias", "stride", "padding")
    roles = ("A_prev", "W", "b", "stride", "padding")
    told = Method("apply", tuple(zip(parameters, roles, strict=True)))
    call = Call(convention, forward=told if convention == "named" else None, layouts=Layouts("NCHW", "OIHW"))
    text = call_text(call, Candidate("Conv.backward", "autograd", parameters, 5), problem_of(CASE))
    assert text == "Conv.apply(x of (3, 2, 5, 7), weight of (4, 2, 3, 3), bias, 2, 1)"


@pytest.mark.parametrize(
    "backward", ["lam", "conv3d_backward", "depthwise_conv_backward", "conv_transpose_grad"]
)
def test_a_files_convolution_is_not_the_forward_of_something_else(backward: str) -> None:
    assert matching_forward(backward, ["conv2d_forward", backward]) == ""
