"""The corpus is what it says: correct candidates are correct, wrong ones wrong where they should be."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from convstep import Problem, conv2d_backward
from tests.candidate.corpus import CORES, FILES, SAME_NUMBERS, TENSORS, Specimen, one_each, specimens
from tests.candidate.corpus.calling import CASES, Asked, agrees, asked, call, failure
from tests.candidate.corpus.conventions import CONVENTIONS
from tests.candidate.corpus.patched import FOLDER, PATCHES, module_of

KNOWN = [
    "stride-ignored",
    "stride-one-axis",
    "padding-not-cropped",
    "crop-zero-slice",
    "crop-offset",
    "input-not-padded",
    "pad-mode",
    "overwrite-dW",
    "overwrite-dA",
    "overwrite-db",
    "dW-flipped",
    "kernel-flipped",
    "kernel-transposed",
    "dZ-not-dilated",
    "remainder-lost",
    "axes-swapped",
    "dZ-transposed",
    "dZ-channel-fixed",
    "one-channel-only",
    "db-wrong-axes",
    "db-mean",
    "averaged",
    "integer-truncation",
    "groups-ignored",
    "dilation-ignored",
    "batch-one-sample",
    "state-kept",
    "mutates-input",
    "same-padding-off-by-one",
    "padding-hardcoded",
    "dA-not-padded",
    "loop-range",
    "dZ-index-strided",
    "crop-wrong-axes",
    "gradient-not-returned",
    "starts-from-input",
    "batch-hardcoded",
    "db-shape",
    "wrong-order",
    "forward-wrong",
]

_NO_BATCH = {"batch-one-sample", "batch-hardcoded"}
_TORCH_AND_PROBLEM = {"dilation-ignored", "groups-ignored"}
_FORMS = [(convention, form) for convention in CONVENTIONS for form in CORES]
_FORMS += [("torch", form) for form in TENSORS]


@functools.cache
def _asked(convention: str) -> list[Asked]:
    return asked(convention)


@functools.cache
def _specimens() -> list[Specimen]:
    return specimens()


@functools.cache
def _chosen() -> list[Specimen]:
    return one_each()


def _of(convention: str, form: str) -> list[Specimen]:
    return [found for found in _specimens() if (found.convention, found.form) == (convention, form)]


def _wrong_somewhere(specimen: Specimen) -> bool:
    questions = reversed(_asked(specimen.convention))  # the later ones have more in them
    return any(failure(specimen.function, question) for question in questions)


def test_every_known_bug_occurs_and_no_other() -> None:
    in_files = {bug for _, _, _, bug in FILES}
    assert {specimen.bug for specimen in _specimens()} | in_files == {*KNOWN, ""}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_bug_a_convention_can_express_is_expressed_in_it(convention: str) -> None:
    expected = {*KNOWN} - {"forward-wrong", "same-padding-off-by-one"}
    if convention == "article":
        expected -= _NO_BATCH
    if convention not in ("torch", "problem"):
        expected -= _TORCH_AND_PROBLEM
    if convention == "alx":
        expected.add("same-padding-off-by-one")
    if convention == "torch":
        expected.add("forward-wrong")
    found = {specimen.bug for specimen in _specimens() if specimen.convention == convention}
    assert found == {*expected, ""}
    assert {specimen.bug for specimen in one_each() if specimen.convention == convention} == found


def test_names_are_unique() -> None:
    names = [specimen.name for specimen in _specimens()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_at_least_eleven_small_cases_tell_candidates_apart(convention: str) -> None:
    assert len(CASES[convention]) >= 11
    assert all(question.dZ.size <= 300 for question in _asked(convention))


@pytest.mark.parametrize(("convention", "form"), _FORMS)
def test_correct_candidates_agree_with_the_reference(convention: str, form: str) -> None:
    (correct,) = [specimen for specimen in _of(convention, form) if not specimen.bug]
    for question in _asked(convention):
        assert failure(correct.function, question) == "", question.case


@pytest.mark.parametrize(("convention", "form"), _FORMS)
def test_wrong_candidates_are_wrong_somewhere(convention: str, form: str) -> None:
    wrong = [specimen for specimen in _of(convention, form) if specimen.bug]
    assert [specimen.name for specimen in wrong if not _wrong_somewhere(specimen)] == []


def _padding_of(question: Asked) -> set[int]:
    return {cells for side in question.padding for cells in side}


def _covers(question: Asked) -> bool:
    """Whether the windows tile the padded input."""
    case = question.case
    sizes = zip(case.input[:2], question.padding, case.kernel[:2], case.stride, case.dilation, strict=True)
    return all((cells + sum(p) - d * (taps - 1) - 1) % step == 0 for cells, p, taps, step, d in sizes)


_RIGHT_WHEN: dict[str, Callable[[Asked], bool]] = {
    "stride-ignored": lambda asked: asked.case.stride == (1, 1),
    "stride-one-axis": lambda asked: asked.case.stride == (1, 1),
    "dZ-index-strided": lambda asked: asked.case.stride == (1, 1),
    "dZ-not-dilated": lambda asked: asked.case.stride == (1, 1),
    "padding-not-cropped": lambda asked: _padding_of(asked) == {0},
    "crop-offset": lambda asked: _padding_of(asked) == {0} and _covers(asked),
    "crop-wrong-axes": lambda asked: _padding_of(asked) == {0},
    "crop-zero-slice": lambda asked: 0 not in _padding_of(asked),
    "input-not-padded": lambda asked: _padding_of(asked) == {0},
    "pad-mode": lambda asked: _padding_of(asked) == {0},
    "dA-not-padded": lambda asked: _padding_of(asked) == {0},
    "padding-hardcoded": lambda asked: _padding_of(asked) == {1},
    "remainder-lost": _covers,
    "kernel-flipped": lambda asked: asked.case.kernel[:2] == (1, 1),
    "kernel-transposed": lambda asked: asked.case.kernel[:2] == (1, 1),
    "dW-flipped": lambda asked: asked.case.kernel[:2] == (1, 1),
    "dZ-channel-fixed": lambda asked: asked.case.kernel[2] == 1,
    "one-channel-only": lambda asked: asked.case.kernel[2] == 1,
    "groups-ignored": lambda asked: asked.case.groups == 1,
    "dilation-ignored": lambda asked: asked.case.dilation == (1, 1),
    "batch-one-sample": lambda asked: asked.case.batch == 1,
    "same-padding-off-by-one": lambda asked: asked.case.padding == "valid",
    "overwrite-db": lambda asked: asked.dZ.size == asked.case.kernel[2],
}


@pytest.mark.parametrize("bug", sorted(_RIGHT_WHEN))
def test_a_mistake_shows_only_where_its_symptom_says(bug: str) -> None:
    elsewhere = []
    for specimen in [found for found in _chosen() if found.bug == bug]:
        for question in filter(_RIGHT_WHEN[bug], _asked(specimen.convention)):
            answer = failure(specimen.function, question)
            elsewhere += [(specimen.name, question.case, answer)] if answer else []
    assert elsewhere == []


def _gradients(specimen: Specimen, question: Asked) -> tuple[Any, ...] | None:
    """What one call returns, None if it raises."""
    try:
        return tuple(call(specimen.function, question.arguments())[0])
    except Exception:
        return None


@pytest.mark.parametrize("pair", SAME_NUMBERS)
def test_no_case_tells_these_mistakes_apart(pair: tuple[str, str]) -> None:
    names = {f"{found.bug}:{found.variant}": found for found in _specimens() if found.convention == "problem"}
    for question in _asked("problem"):
        one, other = (_gradients(names[name], question) for name in pair)
        assert (one is None) == (other is None)
        for ours, theirs in zip(one or (), other or (), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("form", CORES)
def test_correct_problem_candidates_take_uneven_padding_without_batch_and_bias(form: str) -> None:
    (correct,) = [found for found in _of("problem", form) if not found.bug]
    draw = np.random.default_rng(7)
    A_prev, W = draw.standard_normal((5, 6, 4)), draw.standard_normal((4, 2, 3, 2))
    problem = Problem(A_prev, W, None, None, (2, 1), ((1, 0), (0, 2)), (2, 1), groups=2)
    dW, db, dA_prev = correct.function(problem)
    right = conv2d_backward(problem.dZ, problem.cache, (2, 1), ((1, 0), (0, 2)), (2, 1), 2)
    assert db is None
    np.testing.assert_allclose(dW, right[0], atol=1e-12)
    np.testing.assert_allclose(dA_prev, right[2], atol=1e-12)


@pytest.mark.parametrize("form", [*CORES, *TENSORS])
def test_correct_torch_candidates_do_without_a_bias_and_in_single_precision(form: str) -> None:
    (correct,) = [found for found in _of("torch", form) if not found.bug]
    torch.manual_seed(0)
    x, w = torch.randn(2, 2, 5, 4, requires_grad=True), torch.randn(3, 2, 2, 3, requires_grad=True)
    output = torch.nn.functional.conv2d(x, w, None, 2, 1)
    dz = torch.randn(output.shape)
    right = torch.autograd.grad(output, (x, w), dz)
    if form == "torch-function":
        given: Any = torch.autograd.grad(correct.function.apply(x, w, None, 2, 1, 1, 1), (x, w), dz)  # type: ignore[attr-defined]
    else:
        given = correct.function(dz, x, w, None, 2, 1, 1, 1)
        assert given[2] is None
    for ours, theirs in zip(given[:2], right, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs)


_FORWARDS = {
    "conv2d_backward": "conv2d_forward",
    "conv_backward": "conv_forward",
    "conv_backward_naive": "conv_forward_naive",
    "conv_backward_im2col": "conv_forward_im2col",
}


def _file_failure(filename: str, name: str, question: Asked) -> str:
    """As `failure`, with the cache of the file's own forward if it has one, whose Z is checked."""
    module = module_of(filename)
    forward = getattr(module, _FORWARDS.get(name, ""), None)
    if forward is None:
        return failure(getattr(module, name), question)
    arguments = question.arguments()
    if question.convention == "article":
        _, usual, stride, padding = arguments
        cache = forward(usual["A_prev"], usual["W"], usual["b"], stride, padding)
        Z, arguments = cache["Z"][None], (arguments[0], cache, stride, padding)
    else:
        Z, cache = forward(*arguments[1])
        Z, arguments = Z if question.convention == "coursera" else np.moveaxis(Z, 1, 3), (arguments[0], cache)
    if Z.shape != question.Z.shape or not np.allclose(Z, question.Z):
        return "its forward differs"
    for turn in ("first", "second"):
        try:
            answer, _ = call(getattr(module, name), arguments)
        except Exception as error:
            return f"{turn} call raises {error}"
        if not agrees(answer, question.expected()):
            return f"{turn} call differs"
    return ""


@pytest.mark.parametrize(("filename", "name", "convention", "bug"), FILES, ids=[row[0] for row in FILES])
def test_files_are_right_or_wrong_as_the_table_says(
    filename: str, name: str, convention: str, bug: str
) -> None:
    failures = [_file_failure(filename, name, question) for question in _asked(convention)]
    assert any(failures) == bool(bug), failures
    assert ("its forward differs" in failures) == (bug == "forward-wrong")


def test_the_table_of_files_is_complete() -> None:
    made = {f"{name}.py" for name in PATCHES}
    assert {row[0] for row in FILES} == {path.name for path in FOLDER.glob("*.py")} | made
    assert sum(not row[3] for row in FILES) >= 8
    assert sum(bool(row[3]) for row in FILES) >= 8


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_signatures_are_those_of_the_convention(convention: str) -> None:
    expected = {
        "article": ("conv2d_backward", "dZ cache stride padding"),
        "coursera": ("conv_backward", "dZ cache"),
        "cs231n": ("conv_backward_naive", "dout cache"),
        "alx": ("conv_backward", "dZ A_prev W b padding stride"),
        "torch": ("backward", "grad_output input weight bias stride padding dilation groups"),
        "problem": ("backward", "problem"),
    }[convention]
    for specimen in _specimens():
        if specimen.convention == convention and specimen.form != "torch-function":
            parameters = " ".join(inspect.signature(specimen.function).parameters)
            assert (specimen.function.__name__, parameters) == expected
