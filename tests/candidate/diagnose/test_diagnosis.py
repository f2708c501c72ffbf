"""Every known bug, in every convention that can say it, is named; what is right is called right."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convstep.candidate.call.outcome import RAISED, RETURNED, Outcome
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.check.grade import grade
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.diagnosis import diagnose
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, flawed_gradient, variants_of
from convstep.candidate.referee import check
from convstep.candidate.verdict import Verdict
from tests.candidate.corpus import FILES, Specimen, one_each
from tests.candidate.corpus.patched import module_of, path_of
from tests.candidate.diagnose.mistakes.ambiguous import AMBIGUOUS
from tests.candidate.diagnose.test_observations import swept
from tests.strategies import SELDOM, THOROUGH, some

Array = npt.NDArray[Any]

SPECIMENS = one_each()
COMMONEST = {"crop-zero-slice", "same-padding-off-by-one", "stride-ignored", "overwrite-dW", "overwrite-dA"}
"""The commonest bugs: tried whatever the share."""
SPAWNED = {"coursera_crop_zero.py", "cs231n_im2col.py", "torch_function.py"}
"""Files that are loaded by a process of their own; the others are loaded here, which is faster."""


def share() -> list[Specimen]:
    """All with CONVSTEP_THOROUGH=1; else the commonest bugs and one in sixteen, in one convention each."""
    by_bug: dict[str, list[Specimen]] = {}
    for specimen in SPECIMENS:
        if specimen.bug:
            by_bug.setdefault(specimen.bug, []).append(specimen)
    if THOROUGH:
        return [specimen for found in by_bug.values() for specimen in found]
    shown = {*some(by_bug, 16), *COMMONEST}
    return [found[turn % len(found)] for turn, (bug, found) in enumerate(by_bug.items()) if bug in shown]


def named(verdict: Verdict) -> list[str]:
    """The known bugs that are claimed, proven or (where it only raises) likely."""
    return [finding.id for finding in verdict.diagnosis if finding.id in KNOWN_BUGS]


def title(specimen: Specimen) -> str:
    return "-".join(filter(None, (specimen.convention, specimen.bug, specimen.form, specimen.variant)))


@pytest.mark.parametrize("specimen", share(), ids=title)
def test_the_bug_is_named(specimen: Specimen) -> None:
    verdict = check(specimen.function)
    assert not verdict.ok
    assert verdict.convention == specimen.convention
    assert specimen.bug in named(verdict), str(verdict)
    # a mistake that no numbers tell apart may stand before it, any other may not
    assert not told_apart(named(verdict)[0], specimen.bug), str(verdict)


@pytest.mark.parametrize("specimen", some((s for s in SPECIMENS if not s.bug), 18), ids=title)
def test_what_is_right_raises_no_alarm(specimen: Specimen) -> None:
    verdict = check(specimen.function)
    assert verdict.ok, str(verdict)
    assert verdict.convention == specimen.convention
    assert verdict.diagnosis == ()
    assert verdict.failing is None
    assert verdict.first_divergence is None


@SELDOM
@pytest.mark.parametrize(("filename", "function", "convention", "bug"), some(FILES, 10))
def test_files_as_people_write_them(filename: str, function: str, convention: str, bug: str) -> None:
    spawned = filename in SPAWNED
    verdict = check(f"{path_of(filename)}:{function}" if spawned else getattr(module_of(filename), function))
    assert verdict.convention == convention
    assert verdict.ok == (not bug), str(verdict)
    if bug:
        assert bug in named(verdict), str(verdict)


CASES = [
    Case(size, (3, 3), (s, s), ((p, p), (p, p)), 2, 3)
    for s, p, size in itertools.product((1, 2), (0, 1), [(9, 5), (5, 9)])
]


def made(change: Callable[[Case], Outcome | Mapping[str, Any]], cases: Sequence[Case] = ()) -> Swept:
    """A sweep in which this came of each case: an outcome, or gradients that are not the right ones."""
    results = []
    for case in cases or CASES:
        right, came = right_of(case), change(case)
        if not isinstance(came, Outcome):
            came = Outcome(RETURNED, gradients={**right.gradients, **came})
        results.append(grade(case, right, came))
    return swept(*results)


def test_where_it_raises_as_the_mistake_does_is_said_with_the_mistake() -> None:
    bug = KNOWN_BUGS["stride-one-axis"]
    strides = (1, 1), (1, 2), (2, 1), (2, 3)
    cases = [Case((h, 6), (3, 3), at, ((1, 1), (1, 1)), 1, 1, 2) for h in (6, 9) for at in strides]

    def one_stride(case: Case) -> Outcome | Mapping[str, Any]:
        try:
            return {"dA_prev": flawed_gradient("dA_prev", right_of(case).problem, bug.variants[2].mistakes)}
        except ValueError:
            return Outcome(RAISED, message="ValueError: no")

    found = diagnose(made(one_stride, cases))
    assert found[0].id == bug.id
    assert found[0].message.endswith(
        "4 of them wrong; on 2 problems more it raises, as this does: ValueError: no"
    )


def test_two_exceptions_are_two_findings_and_neither_is_proof() -> None:
    def raises(case: Case) -> Outcome | Mapping[str, Any]:
        if case.stride == (2, 2):
            return Outcome(RAISED, message="KeyError: 's'", line=4, line_text="s = hp['s']")
        if case.padding[0] == (1, 1):
            return Outcome(RAISED, message="TypeError: no", line=9, line_text="pad(x, None)")
        return {}

    found = diagnose(made(raises))
    assert [(finding.id, finding.strength) for finding in found] == [("raises", "seen")] * 2
    assert [finding.message for finding in found] == [
        "it raises on 4 of 8 problems: KeyError: 's', at line 4: `s = hp['s']`",
        "it raises on 2 of 8 problems: TypeError: no, at line 9: `pad(x, None)`",
    ]
    (finding,) = diagnose(made(lambda case: raises(CASES[-1])))
    assert finding.message == "it raises on every problem: KeyError: 's', at line 4: `s = hp['s']`"


def test_what_a_mistake_explains_is_no_second_finding() -> None:
    """The height in both loops: other numbers where rows are fewer, past the border where they are more."""
    variants = {variant.label: variant.mistakes for _, variant in variants_of("dW")}
    mistakes = variants["H_out in both loops"]

    def change(case: Case) -> Outcome | Mapping[str, Any]:
        try:
            problem = right_of(case).problem
            return {name: flawed_gradient(name, problem, mistakes) for name in ("dW", "dA_prev")}
        except IndexError as error:
            return Outcome(RAISED, message=f"IndexError: {error}", line=7, line_text="dW += x * dZ[r, q]")

    sweep = made(change)
    assert {result.outcome.kind for result in sweep.results} == {RAISED, RETURNED}
    assert [(finding.id, finding.proven) for finding in diagnose(sweep)] == [("axes-swapped", True)]


def test_a_mistake_and_one_more_is_not_claimed_where_it_leaves_as_much_unexplained() -> None:
    """The crop `p:-p`, and another mistake by which it raises wherever the picture is not square."""
    pads = [((p, p), (p, p)) for p in (0, 1, 2)]
    cases = [Case(size, (3, 3), (1, 1), pad) for size in ((5, 5), (7, 7), (5, 8), (8, 5)) for pad in pads]
    variants = {variant.label: variant.mistakes for _, variant in variants_of("dA_prev")}

    def change(case: Case) -> Outcome | Mapping[str, Any]:
        problem = right_of(case).problem
        rows, columns = problem.geometry.input_shape[:2]
        if rows != columns or case.padding[0] == (2, 2):
            return Outcome(RAISED, message="IndexError: out of bounds", line=7, line_text="dx[r, q] += d")
        return {"dA_prev": flawed_gradient("dA_prev", problem, variants["an empty array is returned"])}

    assert diagnose(made(change, cases))[0].id == "crop-zero-slice"


def test_alternatives_are_few_and_explain_as_much() -> None:
    flipped = next(variant.mistakes for bug, variant in variants_of("dW") if bug.id == "dW-flipped")
    found = diagnose(made(lambda case: {"dW": flawed_gradient("dW", right_of(case).problem, flipped)}))
    assert (found[0].id, found[0].proven, found[0].alternative) == ("dW-flipped", True, False)
    others = found[1:]
    assert len(others) <= 2
    assert all(finding.alternative and finding.gradients == ("dW",) for finding in others)


@pytest.mark.parametrize(
    ("source", "strengths"),
    [
        ("", {"stride-ignored": "likely", "dZ-not-dilated": "likely"}),
        ("dx[i:i + k, j:j + k] += w", {"stride-ignored": "proven", "dZ-not-dilated": "likely"}),
        ("return corr(g, np.flip(w))", {"dZ-not-dilated": "proven", "stride-ignored": "likely"}),
    ],
)
def test_of_two_names_for_the_same_numbers_one_is_proven_only_by_the_text(
    source: str, strengths: dict[str, str]
) -> None:
    ignored = next(variant.mistakes for bug, variant in variants_of("dA_prev") if bug.id == "stride-ignored")
    sweep = made(lambda case: {"dA_prev": flawed_gradient("dA_prev", right_of(case).problem, ignored)})
    sweep = replace(sweep, candidate=replace(sweep.candidate, source=f"def f(g, w):\n    {source}\n"))
    found = diagnose(sweep)
    assert {finding.id: finding.strength for finding in found} == strengths
    if source:
        assert [finding.id for finding in found] == list(strengths)
    assert [finding.alternative for finding in found] == [False, True]


def test_names_for_the_same_lines_are_no_doubt() -> None:
    found = diagnose(made(lambda case: {"db": right_of(case).problem.dZ.mean(axis=(0, 1))}))
    named = [(finding.id, finding.strength) for finding in found]
    assert named == [("db-mean", "proven"), ("averaged", "likely")]


def test_what_is_so_everywhere_is_no_mistake_in_a_part() -> None:
    """Half of the gradient is a division by N where there are two samples, and elsewhere it is not."""
    results = [
        grade(
            case,
            right,
            Outcome(RETURNED, gradients={**right.gradients, "dA_prev": right.gradients["dA_prev"] / 2}),
        )
        for case in (replace(case, batch=batch, channels=3) for case in CASES[::3] for batch in (1, 2))
        for right in [right_of(case)]
    ]
    (finding,) = diagnose(swept(*results))
    assert finding.message == "not a known bug: on 3 problems, dA_prev is 0.5 times the right values"


def test_gradients_that_torch_refuses_in_each_others_place_are_likely_in_the_wrong_order() -> None:
    def refused(case: Case) -> Outcome:
        image, kernels = [1, case.channels, *case.size], [case.filters, case.channels, *case.kernel]
        message = f"RuntimeError: Function FBackward returned an invalid gradient at index 0 - got {kernels}"
        return Outcome(RAISED, message=f"{message} but expected shape compatible with {image}")

    (finding,) = diagnose(made(refused))
    assert (finding.id, finding.strength) == ("wrong-order", "likely")


def test_a_gradient_that_never_comes_is_not_accused() -> None:
    def without(case: Case) -> Outcome:
        gradients = right_of(case).gradients
        return Outcome(RETURNED, gradients={"dA_prev": gradients["dA_prev"], "dW": 0 * gradients["dW"]})

    assert {name for finding in diagnose(made(without)) for name in finding.gradients} == {"dW"}


def test_sums_that_index_arrays_lose_are_told_with_the_line_that_adds_them() -> None:
    lost = next(variant.mistakes for bug, variant in variants_of("dA_prev") if bug.id == "overwrite-dA")
    sweep = made(lambda case: {"dA_prev": flawed_gradient("dA_prev", right_of(case).problem, lost)})
    source = "def f(g, at):\n    r, q = places(at)\n    g[r, q] += d\n"
    sweep = replace(sweep, candidate=replace(sweep.candidate, source=source))
    (finding,) = diagnose(sweep)
    assert finding.id == "overwrite-dA"
    assert finding.message.endswith("`np.add.at(g, (r, q), d)` adds every time")


def cs231n_layer(dout: Array, cache: Any) -> tuple[Any, ...]:
    """Right: x padded as xp, and the gradients."""
    x, w, _, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], (2, 3))[:, :, ::s, ::s]
    dxp = np.zeros(xp.shape)
    for i, j in np.ndindex(dout.shape[2:]):
        at = np.s_[:, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]]
        dxp[at] += np.einsum("nf,fchw->nchw", dout[:, :, i, j], w)
    dx = dxp[:, :, p : p + x.shape[2], p : p + x.shape[3]]
    return windows, dx, np.einsum("ncijhw,nfij->fchw", windows, dout), dout.sum(axis=(0, 2, 3))


def turns_dout(dout: Array, cache: Any) -> tuple[Any, ...]:
    windows, dx, _, db = cs231n_layer(dout, cache)
    return dx, np.einsum("ncijhw,nfij->fchw", windows, dout[:, :, ::-1, ::-1]), db


def columns_tap_by_tap(dout: Array, cache: Any) -> tuple[Any, ...]:
    windows, dx, _, db = cs231n_layer(dout, cache)
    rows = windows.transpose(0, 2, 3, 4, 5, 1).reshape(dout[:, 0].size, -1)
    return dx, (dout.transpose(1, 0, 2, 3).reshape(len(db), -1) @ rows).reshape(cache[1].shape), db


def reshapes_at_once(dout: Array, cache: Any) -> tuple[Any, ...]:
    windows, dx, _, db = cs231n_layer(dout, cache)
    rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(dout[:, 0].size, -1)
    return dx, (dout.reshape(len(db), -1) @ rows).reshape(cache[1].shape), db


def clips_values(dout: Array, cache: Any) -> tuple[Any, ...]:
    return tuple(np.clip(gradient, -1, 1) for gradient in cs231n_layer(dout, cache)[1:])


def clips_all_norms_together(dout: Array, cache: Any) -> tuple[Any, ...]:
    gradients = cs231n_layer(dout, cache)[1:]
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return tuple(gradient * min(1, 5 / norm) for gradient in gradients)


def loops_over_what_dout_leaves(dout: Array, cache: Any) -> tuple[Any, ...]:
    f_h, f_w = cache[1].shape[2:]
    fewer = dout.copy()
    fewer[:, :, max(dout.shape[2] - f_h + 1, 0) :] = 0
    fewer[:, :, :, max(dout.shape[3] - f_w + 1, 0) :] = 0
    return cs231n_layer(fewer, cache)[1:]


def never_writes(dout: Array, cache: Any) -> tuple[Any, ...]:
    return cs231n_layer(dout, cache)[1], np.zeros(cache[1].shape), np.zeros(cache[2].shape)


@SELDOM
@pytest.mark.parametrize(
    ("candidate", "bug"),
    some(
        [
            (turns_dout, "dZ-rotated"),
            (columns_tap_by_tap, "columns-order"),
            (reshapes_at_once, "rows-order"),
            (clips_values, "gradient-clipped"),
            (clips_all_norms_together, "gradient-clipped"),
            (loops_over_what_dout_leaves, "loop-range"),
            (never_writes, "gradient-not-returned"),
        ],
        3,
    ),
)
def test_kinds_met_later_are_named(candidate: Any, bug: str) -> None:
    verdict = check(candidate, convention="cs231n")
    assert bug in named(verdict), str(verdict)
    assert bug == next(finding.id for finding in verdict.diagnosis)


def crops_one_axis(dZ: Array, A_prev: Array, W: Array, b: Array, padding: str, stride: Any) -> Any:
    """ALX's; under "same", the slice is empty where one axis needs no padding and the other does."""
    (_, h, w, _), (f_h, f_w, _, _), (s_h, s_w) = A_prev.shape, W.shape, stride
    p_h = p_w = 0
    if padding == "same":
        p_h, p_w = ((h - 1) * s_h + f_h - h + 1) // 2, ((w - 1) * s_w + f_w - w + 1) // 2
    A_pad = np.pad(A_prev, ((0, 0), (p_h, p_h), (p_w, p_w), (0, 0)))
    dA, dW = np.zeros(A_pad.shape), np.zeros(W.shape)
    for i, j in np.ndindex(dZ.shape[1:3]):
        at = np.s_[:, i * s_h : i * s_h + f_h, j * s_w : j * s_w + f_w]
        dA[at] += np.einsum("no,hwco->nhwc", dZ[:, i, j], W)
        dW += np.einsum("nhwc,no->hwco", A_pad[at], dZ[:, i, j])
    if padding == "same":
        dA = dA[:, p_h:-p_h, p_w:-p_w]
    return dA, dW, dZ.sum(axis=(0, 1, 2), keepdims=True)


@SELDOM
def test_a_zero_slice_along_one_axis_is_named() -> None:
    assert "crop-zero-slice" in named(check(crops_one_axis, convention="alx"))


RAISE_ALIKE = frozenset({"input-not-padded", "dA-not-padded"})
"""Where windows past the border raise, nothing comes back that could tell which array was meant."""

UNGROUPED_ALIKE = frozenset({"one-channel-only", "overwrite-dA"})
"""A sum that each filter overwrites is the last filter's, unless groups tell whose."""


def told_apart(first: str, second: str) -> bool:
    pair = frozenset({first, second})
    return len(pair) == 2 and pair not in {*AMBIGUOUS, RAISE_ALIKE, UNGROUPED_ALIKE}


LOOP = """
import numpy as np

def conv_backward_naive(dout, cache):
    x, w, b, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F, C, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)){mode})
    dxp, dw = np.zeros_like({like}), np.zeros_like(w)
    for n, f, i, j in np.ndindex(dout.shape):
        at = (n, slice(None), slice(i * s, i * s + HH), slice(j * s, j * s + WW))
        d = dout[n, f, i, j]
        dw[f] += xp[at] * d
        room = dxp[n, :, i * s : i * s + HH, j * s : j * s + WW]
        room += w[f, :, {taps}] * d
    return dxp{crop}, dw, dout.sum(axis=(0, 2, 3))
"""
WHOLE = ":, :"
CUT = ": room.shape[1], : room.shape[2]"


def loop(folder: Path, like: str, taps: str, crop: str, mode: str = "") -> Verdict:
    (folder / "layer.py").write_text(LOOP.format(like=like, taps=taps, crop=crop, mode=mode))
    return check(f"{folder}/layer.py:conv_backward_naive")


@SELDOM
@pytest.mark.parametrize(
    ("like", "taps", "crop", "mistake"),
    [
        ("xp", WHOLE, "[:, :, p:H - p, p:W - p]", "crop-ends-early"),
        ("xp", WHOLE, "[:, :, :H, :W]", "crop-offset"),
        ("x", CUT, "", "dA-not-padded"),
        ("x", CUT, "[:, :, p:H - p, p:W - p]", "dA-not-padded"),
    ],
)
def test_of_what_loses_the_padding_the_one_that_its_text_shows_comes_first(
    tmp_path: Path, like: str, taps: str, crop: str, mistake: str
) -> None:
    first = loop(tmp_path, like, taps, crop).diagnosis[0]
    assert (first.id, first.proven) == (mistake, True)
    assert len(first.lines[0].splitlines()) == 1 or mistake == "dA-not-padded"


def test_where_no_text_tells_the_fix_of_one_line_comes_first(tmp_path: Path) -> None:
    verdict = loop(tmp_path, "xp", WHOLE, ".take(range(p, H - p), 2).take(range(p, W - p), 3)")
    assert [finding.id for finding in verdict.diagnosis] == ["crop-ends-early", "dA-not-padded"]


def test_a_pattern_is_tried_on_a_kernel_of_one_cell_in_the_padding(tmp_path: Path) -> None:
    verdict = loop(tmp_path, "xp", "::-1, ::-1", "[:, :, p:p + H, p:p + W]", ', "edge"')
    assert verdict.patterns["dW"] == "wrong only when padding > 0"
    assert verdict.patterns["dA_prev"] == "wrong only when the kernel is larger than 1x1"
    assert verdict.pattern == "wrong only when padding > 0 or the kernel is larger than 1x1"


@SELDOM
def test_what_the_engine_sums_to_fit_is_no_mistake_of_its_numbers(tmp_path: Path) -> None:
    """Where a gradient's shape fits by chance, its numbers may be another mistake's."""
    (tmp_path / "layer.py").write_text(
        """
import torch

class Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding):
        ctx.save_for_backward(x, weight)
        ctx.told = stride, padding
        return torch.nn.functional.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        gx = torch.nn.grad.conv2d_input(x.shape, weight, grad, *ctx.told)
        gw = torch.nn.grad.conv2d_weight(x, weight.shape, grad, *ctx.told)
        return gx, gw, grad.sum((0, 2)), None, None
"""
    )
    verdict = check(f"{tmp_path}/layer.py:Conv")
    assert [finding.id for finding in verdict.diagnosis] == ["raises"]
    assert "invalid gradient at index 2" in verdict.diagnosis[0].message
