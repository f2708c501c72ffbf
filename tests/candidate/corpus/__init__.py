"""Candidates with one known mistake each, written without looking at how convstep finds them.

>>> len({specimen.bug for specimen in specimens()}) > 30
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.candidate.corpus import conventions, fft, grouped, im2col, loops, tensors, transposed
from tests.candidate.corpus.common import Core
from tests.candidate.corpus.patched import FOLDER as FOLDER

CORES: dict[str, tuple[Core, tuple[str, ...]]] = {
    "loops": (loops.backward, loops.BUGS),
    "im2col": (im2col.backward, im2col.BUGS),
    "transposed": (transposed.backward, transposed.BUGS),
    "grouped": (grouped.backward, grouped.BUGS),
    "fft": (fft.backward, fft.BUGS),
}
TENSORS: dict[str, tuple[Callable[[str], Callable[..., Any]], tuple[str, ...]]] = {
    "torch-fold": (tensors.fold, tensors.FOLD_BUGS),
    "torch-deconv": (tensors.deconv, tensors.DECONV_BUGS),
    "torch-function": (tensors.function, tensors.FUNCTION_BUGS),
}

_CHANNELS_LAST = ("article", "coursera", "alx", "problem")
_WITHOUT_BATCH = ("article",)
_PAIRS_OF_STRIDES = ("alx", "torch", "problem")
_PAIRS_OF_PADDINGS = ("torch", "problem")
_DILATION_AND_GROUPS = ("torch", "problem")
_NEEDS_BATCH = {
    "averaged:samples",
    "averaged:samples-and-positions",
    "crop-wrong-axes:0-1",
    "crop-wrong-axes:0-3",
    "db-wrong-axes:per-sample",
    "overwrite-dW:last-sample",
    "overwrite-db:last-sample",
}

OF_FEW_FORMS = (
    ("loops", "crop-ends-early"),
    ("im2col", "crop-ends-early"),
    ("transposed", "crop-ends-early"),
    ("transposed", "dZ-padded-by-p"),
)
"""Mistakes that few forms can have, each with its form."""


@dataclass(frozen=True)
class Specimen:
    """One candidate: who calls it how, how it is written, what is wrong with it."""

    convention: str
    """`article`, `coursera`, `cs231n`, `alx`, `torch` or `problem`."""
    form: str
    """How it is computed: a key of `CORES` or `TENSORS`."""
    bug: str
    """Id from KNOWN_BUGS.md, "" for a correct one."""
    variant: str
    """Member of the id's family, "" if there is only one."""
    function: Callable[..., Any]
    """The candidate; for `torch-function` a `torch.autograd.Function` subclass."""


def specimens() -> list[Specimen]:
    """All of them, made anew: a candidate that keeps state starts clean in every list."""
    found = [
        _specimen(convention, form, bug, conventions.make(convention, core, bug))
        for convention in conventions.CONVENTIONS
        for form, (core, bugs) in CORES.items()
        for bug in ("", *bugs, *_call_bugs(form, convention))
        if _expressible(convention, bug)
    ]
    found += [
        _specimen("torch", form, bug, maker(bug))
        for form, (maker, bugs) in TENSORS.items()
        for bug in ("", *bugs)
    ]
    found += [
        _specimen(convention, form, bug, conventions.make(convention, CORES[form][0], bug))
        for convention in conventions.CONVENTIONS
        for form, bug in OF_FEW_FORMS
    ]
    return found


def one_each() -> list[Specimen]:
    """One candidate per convention and id, forms and variants taking turns; all correct ones."""
    choices: dict[tuple[str, str], list[Specimen]] = {}
    for specimen in specimens():
        if specimen.variant == "int-input":  # right for every input of floats
            continue
        choices.setdefault((specimen.convention, specimen.bug), []).append(specimen)
    chosen: list[Specimen] = []
    for turn, ((_, bug), candidates) in enumerate(choices.items()):
        chosen += [candidates[turn % len(candidates)]] if bug else candidates
    return chosen


def specimen(convention: str, form: str, bug: str = "", variant: str = "") -> Specimen:
    """The one of that description, made anew (for another process).

    Raises:
        KeyError: there is none.
    """
    for found in specimens():
        if (found.convention, found.form, found.bug, found.variant) == (convention, form, bug, variant):
            return found
    raise KeyError(f"no specimen {convention}/{form}/{bug}:{variant}")


def _specimen(convention: str, form: str, bug: str, function: Callable[..., Any]) -> Specimen:
    name, _, variant = bug.partition(":")
    return Specimen(convention, form, name, variant, function)


def _call_bugs(form: str, convention: str) -> tuple[str, ...]:
    """Mistakes of the call, in two forms each so that the form does not give them away."""
    if form not in ("loops", "im2col"):
        return ()
    return conventions.CALL_BUGS + (conventions.ALX_BUGS if convention == "alx" else ())


def _expressible(convention: str, bug: str) -> bool:
    """Whether this convention can show the mistake at all."""
    if bug.startswith(("dilation-ignored", "groups-ignored")):
        return convention in _DILATION_AND_GROUPS
    if bug == "axes-swapped:stride":
        return convention in _PAIRS_OF_STRIDES
    if bug == "axes-swapped:padding":
        return convention in _PAIRS_OF_PADDINGS
    if bug in ("crop-wrong-axes:0-1", "crop-wrong-axes:2-3"):
        needs_last = convention in _CHANNELS_LAST
        return needs_last and not (bug in _NEEDS_BATCH and convention in _WITHOUT_BATCH)
    if bug in ("crop-wrong-axes:0-3", "crop-wrong-axes:3-1"):
        return convention not in _CHANNELS_LAST
    if bug in ("db-shape:column", "db-shape:kept-axes"):
        return convention != "problem"  # in what shape the code behind it has b, an adapter need not know
    if bug == "batch-hardcoded:reshape-to-10":
        return convention not in ("torch", *_WITHOUT_BATCH)  # it always raises, and its name is "backward"
    if bug == "integer-truncation:int-input":
        return convention not in ("torch", "problem")  # both have made floats of them
    needs_batch = bug in _NEEDS_BATCH or bug.startswith(("batch-one-sample", "batch-hardcoded"))
    return not (needs_batch and convention in _WITHOUT_BATCH)


FILES: list[tuple[str, str, str, str]] = [
    ("article_conv2d.py", "conv2d_backward", "article", ""),
    ("article_columns.py", "conv2d_backward", "article", ""),
    ("coursera_notebook.py", "conv_backward", "coursera", ""),
    ("coursera_padded_in_cache.py", "conv_backward", "coursera", ""),
    ("cs231n_naive.py", "conv_backward_naive", "cs231n", ""),
    ("cs231n_xpad_in_cache.py", "conv_backward_naive", "cs231n", ""),
    ("cs231n_im2col.py", "conv_backward_im2col", "cs231n", ""),
    ("alx_conv_backward.py", "conv_backward", "alx", ""),
    ("torch_function.py", "MyConv2d", "torch", ""),
    ("torch_plain.py", "backward", "torch", ""),
    ("problem_windows.py", "backward", "problem", ""),
    ("article_columns_forward_wrong.py", "conv2d_backward", "article", "forward-wrong"),
    ("article_overwrites_dw.py", "conv2d_backward", "article", "overwrite-dW"),
    ("article_swaps_axes.py", "conv2d_backward", "article", "axes-swapped"),
    ("coursera_crop_zero.py", "conv_backward", "coursera", "crop-zero-slice"),
    ("coursera_no_stride.py", "conv_backward", "coursera", "stride-ignored"),
    ("coursera_bias_in_sum.py", "conv_backward", "coursera", "forward-wrong"),
    ("coursera_keeps_grads.py", "conv_backward", "coursera", "state-kept"),
    ("cs231n_padding_one.py", "conv_backward_naive", "cs231n", "padding-hardcoded"),
    ("cs231n_db_axes.py", "conv_backward_naive", "cs231n", "db-wrong-axes"),
    ("cs231n_loops_over_input.py", "conv_backward_naive", "cs231n", "loop-range"),
    ("cs231n_im2col_overwrites.py", "conv_backward_im2col", "cs231n", "overwrite-dA"),
    ("cs231n_im2col_column_order.py", "conv_backward_im2col", "cs231n", "forward-wrong"),
    ("alx_same_off_by_one.py", "conv_backward", "alx", "same-padding-off-by-one"),
    ("alx_not_cropped.py", "conv_backward", "alx", "padding-not-cropped"),
    ("alx_no_stride.py", "conv_backward", "alx", "stride-ignored"),
    ("torch_function_flipped.py", "MyConv2d", "torch", "kernel-flipped"),
    ("problem_interleaves_groups.py", "backward", "problem", "groups-ignored"),
]
"""`(file of `patched`, function, convention, expected id or "")`: whole files as people write them.

A pair whose backward needs more than the course's cache takes it from the forward of the same file.
"""
