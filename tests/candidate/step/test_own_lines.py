"""The candidate's own line: the one that was broken is shown, and nothing is said of right candidates."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from convstep.candidate.call.calling import Call, perform, reached
from convstep.candidate.call.conventions import convention_of, named
from convstep.candidate.call.source_of import served_function
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, Right, cases_for, right_of
from convstep.candidate.check.grade import wrong_cells
from convstep.candidate.step.own_lines import OwnLines, aligned
from convstep.candidate.step.own_run import CUT, LAST, MAKES, PARTS
from convstep.candidate.step.probing import Divergence, Probe
from convstep.recording.recorder import run
from convstep.recording.recording import Recording
from tests.candidate.corpus import FOLDER
from tests.candidate.step.test_probing import Direct
from tests.guide import block
from tests.strategies import SELDOM, some

STRIDED = Case((4, 4), (2, 2), (2, 2), ((1, 1), (1, 1)), 2, 2, 2)
ALONE = replace(STRIDED, batch=None)
VALID = replace(STRIDED, padding=((0, 0), (0, 0)))

COURSERA = ("coursera_notebook.py", "conv_backward", "coursera", STRIDED)
CS231N = ("cs231n_naive.py", "conv_backward_naive", "cs231n", STRIDED)
ARTICLE = ("article_conv2d.py", "conv2d_backward", "article", ALONE)
ALX = ("alx_conv_backward.py", "conv_backward", "alx", VALID)

BROKEN = {
    "vert_start": (*COURSERA, "vert_start = h * stride", "vert_start = h", PARTS),
    "horiz_start": (*COURSERA, "horiz_start = w * stride", "horiz_start = w", PARTS),
    "dW once": (*COURSERA, "dW[:, :, :, c] += a", "dW[:, :, :, c] = a", PARTS),
    "db once": (*COURSERA, "db[:, :, :, c] += dZ", "db[:, :, :, c] = dZ", PARTS),
    "one channel": (*COURSERA, "+= W[:, :, :, c]", "+= W[:, :, :, 0]", PARTS),
    "flipped": (*COURSERA, "+= W[:, :, :, c]", "+= W[::-1, ::-1, :, c]", PARTS),
    "cut, a copy": (*COURSERA, "[pad:-pad, pad:-pad, :]", "[:-2 * pad, :-2 * pad, :]", CUT),
    "averaged": (*COURSERA, "return dA_prev, dW, db", "return dA_prev, dW / m, db", MAKES),
    "averaged, of the same name": (*COURSERA, "assert(dA_prev", "dW = dW / m; assert(dA_prev", MAKES),
    "divided": (*COURSERA, "assert(dA_prev", "dW /= m; assert(dA_prev", PARTS),
    "two of a line": (*CS231N, "hs, ws = i * stride, j * stride", "hs, ws = i, j", PARTS),
    "one of a line": (*CS231N, "hs, ws = i * stride, j * stride", "hs, ws = i * stride, j", PARTS),
    "dx once": (*CS231N, "ws:ws + WW] += w", "ws:ws + WW] = w", PARTS),
    "first sample": (*CS231N, "dx_pad[n, :, hs", "dx_pad[0, :, hs", PARTS),
    "cut, a view": (*CS231N, "dx_pad[:, :, pad:pad + H, pad:pad + W]", "dx_pad[:, :, :H, :W]", CUT),
    "transposed": (*CS231N, "pad:pad + W]", "pad:pad + W].transpose(0, 1, 3, 2)", CUT),
    "turned": (*CS231N, "return dx, dw, db", "return dx, dw[:, :, ::-1, ::-1], db", CUT),
    "reshaped": (*CS231N, "return dx, dw, db", "return dx, dw.swapaxes(0, 1).reshape(w.shape), db", CUT),
    "summed elsewhere": (*CS231N[:3], replace(STRIDED, filters=3), "axis=(0, 2, 3)", "axis=(0, 1, 2)", MAKES),
    "channels at once": (*ARTICLE, "h0, w0 = h * stride, w * stride", "h0, w0 = h, w", PARTS),
    "a window's name": (*ARTICLE, "A_pad[h0:h0 + f, w0:w0 + f]\n", "A_pad[h:h + f, w:w + f]\n", PARTS),
    "made in a loop": (*ARTICLE, "dW += dZ", "dW = dZ", MAKES),
    "cut where returned": (*ARTICLE, "padding:padding + H, padding:padding + Wd", ":H, :Wd", CUT),
    "inside a subscript": (*ALX, "A_pad[i, h * sh:h * sh + kh, w", "A_pad[i, h:h + kh, w", PARTS),
}  # fmt: skip
"""A right function, what of it is broken, and what is known of the line then."""


def loaded(path: Path, name: str) -> Callable[..., Any]:
    """A function of a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.pop(path.stem, None)
    spec.loader.exec_module(module)
    return cast("Callable[..., Any]", getattr(module, name))


def own(
    function: Callable[..., Any], convention: str, case: Case, divergence: Divergence | None = None
) -> OwnLines | None:
    """The own lines of a function on a problem, all in this process."""
    call, right = Call(convention), right_of(case)
    candidate = served_function(function).candidate
    outcome = perform(function, None, candidate, call, right.problem)
    gradients = named(convention_of(call), outcome.returned, outcome.labels, right.problem)
    worker = cast(Worker, Direct(function))
    found = divergence or Probe(worker, call, right.problem).first_divergence()
    assert found is not None
    made = reached(function, None, candidate, call, right.problem)
    done = run(made.function, made.places, made.named)
    recording = Recording(done.log, done.source.text, done.name, done.result)
    return aligned(recording, call, right, gradients, found)


def broken(folder: Path, name: str) -> tuple[Callable[..., Any], str, Case, int, str]:
    """A function with a mistake, its convention, its problem, the mistake's line, and what is known of it."""
    file, function, convention, case, old, new, known = BROKEN[name]
    text = (FOLDER / file).read_text(encoding="utf-8")
    at = text.rindex(old)
    path = folder / f"broken_{file}"
    path.write_text(text[:at] + new + text[at + len(old) :], encoding="utf-8")
    return loaded(path, function), convention, case, text[:at].count("\n") + 1, known


@pytest.mark.parametrize("name", some(BROKEN, 5))
def test_the_line_that_was_broken_is_the_one_that_is_shown(name: str, tmp_path: Path) -> None:
    function, convention, case, line, known = broken(tmp_path, name)
    found = own(function, convention, case)
    assert found is not None
    assert (found.first.line, found.first.kind) == (line, known)


@pytest.mark.parametrize("name", some([name for name, row in BROKEN.items() if row[-1] == PARTS], 4))
def test_what_is_said_of_a_cell_is_what_both_have_there(name: str, tmp_path: Path) -> None:
    function, convention, case, *_ = broken(tmp_path, name)
    found = own(function, convention, case)
    assert found is not None
    first, recording, right = found.first, found.run.recording, right_of(case)
    recording.seek(first.position)
    array, index = first.cell[:-1].split("[")
    held = recording.arrays[array][tuple(int(at) for at in index.split(", "))]
    assert held == first.value
    at = abs(first.value - first.expected)
    assert at > right.loose[found.run.gradient]
    if first.window is not None:
        assert (first.window.rows, first.window.columns) != (
            first.window.right_rows,
            first.window.right_columns,
        )


def test_the_window_of_the_readme_stands_beside_the_reference_s(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(block("mine.py"), encoding="utf-8")
    found = own(
        loaded(path, "conv2d_backward"), "article", Case((2, 4), (2, 2), (2, 2), ((1, 1), (1, 1)), 1, 2)
    )
    assert found is not None
    first, window = found.first, found.first.window
    assert first.text.startswith("window = ")
    assert window is not None
    assert (window.array, window.rows, window.columns) == ("A_prev_pad", range(2), range(1, 3))
    assert (window.right_rows, window.right_columns) == (range(2), range(2, 4))


def test_the_start_of_a_window_has_the_value_of_the_reference_beside_it(tmp_path: Path) -> None:
    function, convention, case, *_ = broken(tmp_path, "vert_start")
    found = own(function, convention, case)
    assert found is not None
    window = found.first.window
    assert window is not None
    assert (window.name, window.value, window.right_value) == ("vert_start", 1, 2)


def test_every_step_of_the_reference_finds_the_candidate_s(tmp_path: Path) -> None:
    function, convention, case, *_ = broken(tmp_path, "two of a line")
    found = own(function, convention, case)
    assert found is not None
    geometry = right_of(case).problem.geometry
    for step in range(0, geometry.total_steps, 5):
        there, index = found.at(step), geometry.index_at(step)
        assert there is not None
        loops = {loop.name: loop.at for loop in there.event.loops}
        assert (loops["n"], loops["i"], loops["j"], loops["f"]) == tuple(index)


def test_a_cell_of_dZ_that_no_step_reads_is_named(tmp_path: Path) -> None:
    text = (FOLDER / "cs231n_naive.py").read_text(encoding="utf-8")
    at = text.rindex("for i in range(H_out)")
    path = tmp_path / "short.py"
    path.write_text(text[:at] + text[at:].replace("range(H_out)", "range(H_out - 1)", 1), encoding="utf-8")
    found = own(loaded(path, "conv_backward_naive"), "cs231n", STRIDED)
    assert found is not None
    assert (found.first.kind, found.first.unread) == (LAST, "dout[0, 0, 2, 0]")


def test_a_wrong_part_of_a_wrong_array_is_not_taken_for_a_wrong_window(tmp_path: Path) -> None:
    text = (FOLDER / "cs231n_naive.py").read_text(encoding="utf-8")
    text = text.replace("dx_pad[:, :, pad:pad + H, pad:pad + W]", "dx_pad[:, :, :H, :W]")
    path = tmp_path / "two_mistakes.py"
    path.write_text(text.replace("dx_pad[n, :, hs:hs", "dx_pad[0, :, hs:hs"), encoding="utf-8")
    found = own(loaded(path, "conv_backward_naive"), "cs231n", replace(STRIDED, stride=(1, 1)))
    assert found is None or (found.first.kind, found.first.window) == (LAST, None)


SCATTERED = """
import numpy as np


def spread(cells, shape, k, step, margin):
    n, c, h, w = shape
    rows, columns = (h + 2 * margin - k) // step + 1, (w + 2 * margin - k) // step + 1
    cells = cells.reshape(n, rows, columns, c, k, k)
    canvas = np.zeros((n, c, h + 2 * margin + step - 1, w + 2 * margin + step - 1))
    for a in range(k):
        for b in range(k):
            put = cells[..., a, b].transpose(0, 3, 1, 2)
            canvas[:, :, a:a + step * rows:step, b:b + step * columns:step] += put
    return canvas[:, :, margin:margin + h, margin:margin + w]


def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    step, margin = conv_param["stride"], conv_param["pad"]
    f, c, k, _ = w.shape
    rows = dout.transpose(0, 2, 3, 1).reshape(-1, f)
    padded = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::step, ::step]
    taps = windows.transpose(0, 2, 3, 1, 4, 5).reshape(len(rows), -1)
    product = taps.T @ rows
    dw = product.T.reshape(w.shape)
    dcells = rows @ w.reshape(f, -1)
    dx = spread(dcells, x.shape, k, step, margin)
    return dx, dw, rows.sum(axis=0)
"""
"""A backward by im2col and col2im, in whose end no number is where it was made."""
SCATTERED_BROKEN = {
    "assigned": (VALID, "] += put", "] = put", LAST),
    "cropped": (STRIDED, "margin:margin + h, margin:margin + w]", "margin:margin + h, :w]", CUT),
    "shaped": (STRIDED, "product.T.reshape", "product.reshape", CUT),
    "lengthened": (
        STRIDED,
        "return canvas[:, :, margin:margin + h, margin:margin + w]",
        "canvas = np.pad(canvas, [(0, 0)] * 2 + [(0, k)] * 2)\n    return canvas[:, :, k:k + h, k:k + w]",
        CUT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCATTERED_BROKEN)
def test_what_is_right_before_it_is_scattered_is_not_blamed(name: str, tmp_path: Path) -> None:
    case, old, new, known = SCATTERED_BROKEN[name]
    path = tmp_path / "scattered.py"
    path.write_text(SCATTERED.replace(old, new), encoding="utf-8")
    case = replace(case, stride=(1, 1)) if name == "assigned" else case
    found = own(loaded(path, "conv_backward"), "cs231n", case)
    assert found is not None
    line = SCATTERED[: SCATTERED.index(old)].count("\n") + 1 + new.count("\n")
    assert (found.first.line, found.first.kind) == (line, known)
    assert found.first.array == ("canvas" if known == CUT and name != "shaped" else found.first.array)


def test_a_helper_that_does_as_it_is_told_is_not_blamed(tmp_path: Path) -> None:
    path = tmp_path / "told.py"
    text = """
import numpy as np


def slide(x, w):
    k, l = w.shape[2:]
    return np.einsum("nchwij,fcij->nfhw", np.lib.stride_tricks.sliding_window_view(x, (k, l), axis=(2, 3)), w)


def conv_backward(dout, cache):
    x, w, b, conv_param = cache
    k = w.shape[2] - 1
    dw = slide(x.swapaxes(0, 1), dout.swapaxes(0, 1)).swapaxes(0, 1)
    around = np.pad(dout, ((0, 0), (0, 0), (k, k), (k, k)))
    dx = slide(around, w.swapaxes(0, 1))
    return dx, dw, dout.sum(axis=(0, 2, 3))
"""
    path.write_text(text, encoding="utf-8")
    case = Case((4, 5), (2, 2), (1, 1), ((0, 0), (0, 0)), 2, 3, 2)
    found = own(loaded(path, "conv_backward"), "cs231n", case)
    assert found is None or "einsum" not in found.first.text


RIGHT = [COURSERA, CS231N, ARTICLE, ("problem_windows.py", "backward", "problem", STRIDED)]


@SELDOM
@pytest.mark.parametrize("row", some(RIGHT, 4), ids=lambda row: row[2])
def test_nothing_is_said_of_a_right_candidate(row: tuple[str, str, str, Case]) -> None:
    file, name, convention, _ = row
    function = loaded(FOLDER / file, name)
    cases, _ = cases_for(convention_of(Call(convention)), served_function(function).candidate)
    for case in [case for case in cases if case.geometry.total_steps < 200][:6]:
        right = right_of(case)
        for gradient in right.gradients:
            found = own(function, convention, case, _invented(right, gradient))
            assert found is None


def _invented(right: Right, gradient: str) -> Divergence:
    """A divergence that there is not."""
    values = right.gradients[gradient]
    cell = tuple(int(at) for at in np.argwhere(values)[0])
    assert not wrong_cells(gradient, right, values).any()
    value = float(values[cell])
    return Divergence(
        0, right.problem.geometry.index_at(0), gradient, (cell,), 1, (value,), (value,), (gradient,)
    )
