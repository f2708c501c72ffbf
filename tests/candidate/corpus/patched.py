"""The files of people's own, and with one change each the wrong ones of the same authors."""

from __future__ import annotations

import functools
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parent / "files"
"""Where the files lie as people write them."""
PATCHES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "coursera_padded_in_cache": (
        "coursera_notebook",
        (
            ("cache = (A_prev, W, b, hparameters)\n", "cache = (A_prev, W, b, hparameters, A_prev_pad)\n"),
            ("(A_prev, W, b, hparameters) = cache\n", "(A_prev, W, b, hparameters, A_prev_pad) = cache\n"),
            ("    A_prev_pad = zero_pad(A_prev, pad)\n", ""),
        ),
    ),
    "coursera_crop_zero": (
        "coursera_notebook",
        (("        if pad == 0:\n            dA_prev[i, :, :, :] = da_prev_pad\n        else:\n    ", ""),),
    ),
    "coursera_no_stride": (
        "coursera_notebook",
        (("vert_start = h * stride", "vert_start = h"), ("horiz_start = w * stride", "horiz_start = w")),
    ),
    "coursera_bias_in_sum": (
        "coursera_notebook",
        (
            ("np.multiply(a_slice_prev, W)\n", "np.multiply(a_slice_prev, W) + b\n"),
            ("    Z = Z + b.item()\n", ""),
        ),
    ),
    "coursera_keeps_grads": (
        "coursera_notebook",
        (
            ("def conv_backward(", "grads = {}\n\n\ndef conv_backward("),
            (
                "dW = np.zeros((f, f, n_C_prev, n_C))\n    db = np.zeros((1, 1, 1, n_C))\n",
                "dW, db = grads.setdefault(W.shape, (np.zeros(W.shape), np.zeros((1, 1, 1, n_C))))\n",
            ),
        ),
    ),
    "cs231n_xpad_in_cache": (
        "cs231n_naive",
        (
            ("cache = (x, w, b, conv_param)\n", "cache = (x_pad, w, b, conv_param)\n"),
            ("x, w, b, conv_param = cache\n", "x_pad, w, b, conv_param = cache\n"),
            ("= x.shape\n", "= x_pad.shape\n"),
            ("    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')\n", ""),
            ("pad:pad + H, pad:pad + W]", "pad:H - pad, pad:W - pad]"),
        ),
    ),
    "cs231n_padding_one": ("cs231n_naive", (("pad:pad + H, pad:pad + W]", "1:-1, 1:-1]"),)),
    "cs231n_db_axes": ("cs231n_naive", (("np.sum(dout, axis=(0, 2, 3))", "np.sum(dout, axis=(0, 1, 2))"),)),
    "cs231n_loops_over_input": (
        "cs231n_naive",
        (("for i in range(H_out)", "for i in range(H)"), ("for j in range(W_out)", "for j in range(W)")),
    ),
    "cs231n_im2col_overwrites": (
        "cs231n_im2col",
        (
            (
                "np.add.at(x_padded, (slice(None), k, i, j), cols_reshaped)",
                "x_padded[:, k, i, j] += cols_reshaped",
            ),
        ),
    ),
    "cs231n_im2col_column_order": (
        "cs231n_im2col",
        (("cols.transpose(1, 2, 0)", "cols.transpose(1, 0, 2)"),),
    ),
    "alx_same_off_by_one": (
        "alx_conv_backward",
        (
            (
                "int(np.ceil(((h_prev - 1) * sh + kh - h_prev) / 2))",
                "((h_prev - 1) * sh + kh - h_prev) // 2 + 1",
            ),
            (
                "int(np.ceil(((w_prev - 1) * sw + kw - w_prev) / 2))",
                "((w_prev - 1) * sw + kw - w_prev) // 2 + 1",
            ),
        ),
    ),
    "alx_not_cropped": (
        "alx_conv_backward",
        (("    if padding == 'same':\n        dA = dA[:, ph:ph + h_prev, pw:pw + w_prev, :]\n", ""),),
    ),
    "alx_no_stride": (
        "alx_conv_backward",
        (
            ("dA[i, h * sh:h * sh + kh, w * sw:w * sw + kw, :]", "dA[i, h:h + kh, w:w + kw, :]"),
            (
                "A_pad[i, h * sh:h * sh + kh, w * sw:w * sw + kw, :] * dz",
                "A_pad[i, h:h + kh, w:w + kw, :] * dz",
            ),
        ),
    ),
    "article_columns_forward_wrong": (
        "article_columns",
        (("j * stride:j * stride + f].ravel()", "j:j + f].ravel()"),),
    ),
    "problem_interleaves_groups": ("problem_windows", (("g = c // per_group", "g = c % problem.groups"),)),
    "torch_function_flipped": (
        "torch_function",
        (("(input.shape, weight,", "(input.shape, weight.flip(2, 3),"),),
    ),
}
"""By the name of the wrong one (or the right one that keeps something else in its cache): whose it is, and
what stands in the place of what; where that stands several times, the last is meant."""


_MADE = tempfile.TemporaryDirectory()


@functools.cache
def path_of(filename: str) -> Path:
    """Where a file is: as it was written, or made by its patch."""
    name = filename.removesuffix(".py")
    if name not in PATCHES:
        return FOLDER / filename
    original, changes = PATCHES[name]
    text = (FOLDER / f"{original}.py").read_text()
    for old, new in changes:
        before, found, after = text.rpartition(old)
        assert found, f"{name}: {old}"
        text = before + new + after
    made = Path(_MADE.name) / filename
    made.write_text(text)
    return made


@functools.cache
def module_of(filename: str) -> ModuleType:
    """A file, imported."""
    name = f"corpus_{filename.removesuffix('.py')}"
    spec = importlib.util.spec_from_file_location(name, path_of(filename))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
