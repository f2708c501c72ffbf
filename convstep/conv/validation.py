"""Every contradiction a problem can hold, each answered with one sentence that names the numbers."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.geometry import Geometry, Padding, Pair, StepIndex
from convstep.frozen import NamedTuple
from convstep.language import tr
from convstep.printable import SentenceError
from convstep.steps.cells import Array
from convstep.steps.cells import cell_text as cell_text


class ProblemError(SentenceError, ValueError):
    """The problem contradicts itself; the message is one sentence for the person who made it."""


def check_type(name: str, value: object, *wanted: type[Any]) -> None:
    """Refuse an argument of another type than those wanted: a TypeError, one sentence that names both."""
    if not isinstance(value, wanted):
        said = tr(
            "{name} is of type {kind}; it must be of type {wanted}",
            name=name,
            kind=type(value).__name__,
            wanted=" | ".join(kind.__name__ for kind in wanted),
        )
        raise TypeError(said)


class Hyperparameters(NamedTuple):
    """Stride, padding, dilation and groups as the caller wrote them."""

    stride: Any
    padding: Any
    dilation: Any
    groups: Any


MOST = 2**31 - 1
"""Rows or columns of a stride, a padding or a dilation; PyTorch counts them in 32 bits."""

LARGEST = 2**31
"""Cells in one array, 16 GiB of float64; a typing error in the padding soon goes beyond."""

_LAYOUTS = {
    "A_prev": {3: "(H, W, C_in)", 4: "(N, H, W, C_in)"},
    "W": {4: "(C_out, F_h, F_w, C_in // groups)"},
    "b": {1: "(C_out,)"},
    "dZ": {3: "(H_out, W_out, C_out)", 4: "(N, H_out, W_out, C_out)"},
}
"""By array and number of axes, what the axes are; the second form has a batch axis."""


def array(name: str, given: npt.ArrayLike | None) -> Array:
    """`A_prev`, `W`, `b` or `dZ`, of anything `np.asarray` takes, in a floating dtype and of the right rank.

    Raises ProblemError: wrong rank, empty, ragged, or a dtype that is not a real number.
    """
    values = as_float(name, as_array(name, given))
    check_axes(name, values.shape)
    return values


def check_axes(name: str, axes: tuple[int, ...]) -> None:
    """Refuse an `A_prev`, `W`, `b` or `dZ` of the wrong rank, or an empty one, with a ProblemError."""
    shape, layouts = shape_text(axes), _LAYOUTS[name]
    if len(axes) not in layouts:
        layout, *batch = layouts.values()
        said = tr(
            "{name} has {axes}, shape {shape}; it needs 3 or 4: {layout}, or {batch} with a batch"
            if batch
            else "{name} has {axes}, shape {shape}; it needs {needed}: {layout}",
            name=name,
            axes=tr("1 axis" if len(axes) == 1 else "{count} axes", count=len(axes)),
            needed=min(layouts),
            shape=shape,
            layout=layout,
            batch="".join(batch),
        )
        raise ProblemError(said)
    if 0 in axes:
        raise ProblemError(
            tr("{name} is empty: shape {shape} has an axis of length 0", name=name, shape=shape)
        )


def as_array(name: str, given: npt.ArrayLike | None) -> Array:
    """The array that something is, of any dtype; raises ProblemError, which starts with `name`: none."""
    if given is None:
        raise ProblemError(tr("{name} is None; it must be an array", name=name))
    try:
        return np.asarray(given)
    except MemoryError:
        raise
    except Exception as error:  # a stranger's __array__ may raise anything
        sentence = tr("{name} cannot be read as an array: {error}", name=name, error=error)
        raise ProblemError(sentence) from error


def as_float(name: str, values: Array) -> Array:
    """float32 and float64 as they are, ints as float64, halves as float32; else ProblemError with `name`."""
    dtype = values.dtype.newbyteorder("=")  # another machine's byte order is the same number
    if dtype in (np.float32, np.float64):
        return values.astype(dtype, copy=False)
    if dtype.kind in "iu":
        return values.astype(np.float64)
    check_dtype(name, str(dtype))
    return values.astype(np.float32)


_FLOATS = ("float16", "float32", "float64", "bfloat16")


def check_dtype(name: str, dtype: str) -> None:
    """Refuse a dtype that `as_float` cannot convert: a ProblemError that starts with `name`."""
    if dtype not in _FLOATS and dtype.rstrip("0123456789") not in ("int", "uint"):
        said = (
            "{name} has dtype {dtype}; convert it to float32 or float64"
            if dtype.startswith("float")
            else "{name} has dtype {dtype}; only real numbers work: convert it to float32 or float64"
        )
        raise ProblemError(tr(said, name=name, dtype=dtype))


def geometry(shapes: Mapping[str, tuple[int, ...]], given: Hyperparameters) -> Geometry:
    """The geometry that shapes of `A_prev`, `W`, `b`, `dZ` and `given` numbers agree on; or ProblemError."""
    A_prev = shapes["A_prev"]
    height, width, c_in = A_prev[-3:]
    c_out, f_h, f_w, c_k = shapes["W"]
    stride = _pair("stride", given.stride, least=1)
    dilation = _pair("dilation", given.dilation, least=1)
    groups = _integer("groups", given.groups, least=1)
    reach = (dilation[0] * (f_h - 1) + 1, dilation[1] * (f_w - 1) + 1)
    found = Geometry(
        batch=A_prev[0] if len(A_prev) == 4 else None,
        input_shape=(height, width, c_in),
        kernel_shape=(c_out, f_h, f_w, c_k),
        stride=stride,
        padding=_padding(given.padding, stride, reach),
        dilation=dilation,
        groups=groups,
    )
    _check_channels(c_in, c_out, c_k, groups)
    if "b" in shapes and shapes["b"][0] != c_out:
        said = "b has {values} values but W has {filters} filters; give one bias per filter"
        raise ProblemError(tr(said, values=shapes["b"][0], filters=c_out))
    _check_kernel_fits(found)
    _check_size(found)
    if "dZ" in shapes:
        _check_dZ(shapes["dZ"], found)
    return found


def _check_channels(c_in: int, c_out: int, c_k: int, groups: int) -> None:
    if c_in % groups or c_out % groups:
        said = (
            "A_prev has {channels} channels, which do not divide into {groups} groups; "
            "choose a number of groups that divides the channels of A_prev and the filters of W"
            if c_in % groups
            else "W has {filters} filters, which do not divide into {groups} groups; "
            "choose a number of groups that divides the channels of A_prev and the filters of W"
        )
        raise ProblemError(tr(said, channels=c_in, filters=c_out, groups=groups))
    if c_k * groups != c_in:
        said = (
            "W expects {expected} channels but each group of A_prev has {held} "
            "({channels} / {groups} groups); W is (C_out, F_h, F_w, C_in // groups)"
            if groups > 1
            else "W expects {expected} channels but A_prev has {channels}; "
            "W is (C_out, F_h, F_w, C_in // groups)"
        )
        raise ProblemError(tr(said, expected=c_k, channels=c_in, groups=groups, held=c_in // groups))


def _check_kernel_fits(found: Geometry) -> None:
    h_pad, w_pad, _ = found.padded_shape
    reach_h, reach_w = found.reach
    if reach_h <= h_pad and reach_w <= w_pad:
        return
    _, f_h, f_w, _ = found.kernel_shape
    said = tr(
        "kernel {kernel} is larger than the padded input {padded}; add padding or use a smaller kernel"
        if found.dilation == (1, 1)
        else "kernel {kernel} (spanning {reach} with dilation {dilation}) is larger than "
        "the padded input {padded}; add padding or use a smaller kernel",
        kernel=shape_text((f_h, f_w)),
        reach=shape_text((reach_h, reach_w)),
        dilation=pair_text(found.dilation),
        padded=shape_text((h_pad, w_pad)),
    )
    raise ProblemError(said)


def _check_size(found: Geometry) -> None:
    """Refuse what padding blows up before anything tries to allocate it."""
    padded, output = (found.samples * math.prod(s) for s in (found.padded_shape, found.output_shape))
    if max(padded, output) > LARGEST:
        said = tr(
            "the padded input would have {cells} cells (padding {padding}); at most {most} "
            "are possible: use less padding or smaller arrays"
            if padded > LARGEST
            else "the output would have {cells} cells (padding {padding}); at most {most} "
            "are possible: use less padding or smaller arrays",
            cells=padded if padded > LARGEST else output,
            padding=padding_text(found.padding),
            most=LARGEST,
        )
        raise ProblemError(said)


def _check_dZ(dZ: tuple[int, ...], found: Geometry) -> None:
    expected = found.output_shape
    if (len(dZ) == 4) != (found.batch is not None):
        has, lacks = ("dZ", "A_prev") if len(dZ) == 4 else ("A_prev", "dZ")
        sentence = (
            "{has} has a batch axis but {lacks} has none: dZ is {shape}, the output of one sample is "
            "{expected}; give both a batch axis or neither"
        )
        said = tr(sentence, has=has, lacks=lacks, shape=shape_text(dZ), expected=shape_text(expected))
        raise ProblemError(said)
    if found.batch is not None and dZ[0] != found.batch:
        words = "dZ has {dZ} samples but A_prev has {A_prev}; their batch axes must agree"
        raise ProblemError(tr(words, dZ=dZ[0], A_prev=found.batch))
    if dZ[-3:] != expected:
        said = tr(
            "dZ is {shape} but this geometry gives an output of {expected} (stride {stride}, padding "
            "{padding}, dilation {dilation}); give dZ that shape or change the geometry",
            shape=shape_text(dZ[-3:]),
            expected=shape_text(expected),
            stride=pair_text(found.stride),
            padding=padding_text(found.padding),
            dilation=pair_text(found.dilation),
        )
        raise ProblemError(said)


def _integer(name: str, value: Any, least: int) -> int:
    """A plain int from an int or a zero-dimensional integer array; bools and floats are mistakes."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except Exception:  # a stranger's __index__ may raise anything
        sentence = tr("{name} is {value!r}; it must be a whole number", name=name, value=as_python(value))
        raise ProblemError(sentence) from None
    if number < least:
        raise ProblemError(
            tr("{name} is {value}; it must be at least {least}", name=name, value=number, least=least)
        )
    if number > MOST:
        raise ProblemError(
            tr("{name} is {value}; it must be at most {most}", name=name, value=number, most=MOST)
        )
    return number


def _is_scalar(value: Any) -> bool:
    # a list or tuple never is, and a ragged one has no ndim
    if isinstance(value, (str, list, tuple)):
        return False
    try:
        return np.ndim(value) == 0
    except Exception:  # a stranger's __array__ may raise anything
        return True


def _sequence(name: str, value: Any, form: str) -> list[Any]:
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple, np.ndarray)):
        raise ProblemError(
            tr("{name} is {value!r}; it must be {form}", name=name, value=as_python(value), form=form)
        )
    if len(value) != 2:
        said = (
            "{name} has 1 entry, {value}; it must be {form}"
            if len(value) == 1
            else "{name} has {count} entries, {value}; it must be {form}"
        )
        raise ProblemError(tr(said, name=name, count=len(value), value=as_python(value), form=form))
    return list(value)


def as_python(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's, which read as people write them; anything else as it is."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    plain = {"f": np.float64, "c": np.complex128}.get(value.dtype.kind)  # Python has no longdouble
    return (value if plain is None else value.astype(plain)).tolist()


def _pair(name: str, value: Any, least: int) -> Pair:
    if value is not None and _is_scalar(value):
        number = _integer(name, value, least)
        return number, number
    first, second = _sequence(name, value, tr("a whole number or a pair (h, w)"))
    return _integer(f"{name}[0]", first, least), _integer(f"{name}[1]", second, least)


def _padding(value: Any, stride: Pair, reach: Pair) -> Padding:
    form = tr('a whole number, (h, w), ((top, bottom), (left, right)), "valid" or "same"')
    if isinstance(value, str):
        return _named_padding(value, stride, reach)
    if value is not None and _is_scalar(value):
        number = _integer("padding", value, 0)
        return (number, number), (number, number)
    sides = []
    for axis, side in enumerate(_sequence("padding", value, form)):
        name = f"padding[{axis}]"
        if _is_scalar(side):
            number = _integer(name, side, 0)
            sides.append((number, number))
        else:
            before, after = _sequence(name, side, tr("a whole number or a pair (before, after)"))
            sides.append((_integer(f"{name}[0]", before, 0), _integer(f"{name}[1]", after, 0)))
    return sides[0], sides[1]


def _named_padding(name: str, stride: Pair, reach: Pair) -> Padding:
    """Source: `torch.nn.Conv2d`, whose "same" puts the odd cell at the bottom and right."""
    if name == "valid":
        return (0, 0), (0, 0)
    if name != "same":
        raise ProblemError(tr('padding is {name!r}; the named paddings are "valid" and "same"', name=name))
    if stride != (1, 1):
        said = 'padding "same" needs stride 1 but the stride is {stride}; give the padding in numbers'
        raise ProblemError(tr(said, stride=pair_text(stride)))
    tall, wide = reach[0] - 1, reach[1] - 1
    return (tall // 2, tall - tall // 2), (wide // 2, wide - wide // 2)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape as people write it: `(8, 8, 1)` -> "8x8x1"."""
    return "x".join(str(length) for length in shape) or tr("scalar")


def table_columns(
    shapes: Mapping[str, tuple[int, ...] | None], stride: Pair, padding: str, dilation: Pair, groups: int
) -> dict[str, str | int | None]:
    """Shapes and geometry as a table takes them: texts, and one number; None where there is no array.

    >>> table_columns({"W": (4, 3, 3, 1), "b": None}, (2, 1), "same", (1, 1), 2)
    {'W': '4x3x3x1', 'b': None, 'stride': '(2, 1)', 'padding': 'same', 'dilation': '1', 'groups': 2}
    """
    arrays = {name: None if shape is None else shape_text(shape) for name, shape in shapes.items()}
    texts = {"stride": pair_text(stride), "padding": padding, "dilation": pair_text(dilation)}
    return {**arrays, **texts, "groups": groups}


def place_text(index: StepIndex, geometry: Geometry) -> str:
    """The loop index in words, the sample left out where there is one."""
    names = index._fields if geometry.batch is not None else index._fields[1:]
    return ", ".join(f"{name} {getattr(index, name)}" for name in names)


def pair_text(pair: Pair) -> str:
    """`(2, 2)` -> "2", `(2, 1)` -> "(2, 1)"."""
    return str(pair[0]) if pair[0] == pair[1] else str(pair)


def padding_text(padding: Padding) -> str:
    """The shortest form of the padding that says all of it."""
    (top, bottom), (left, right) = padding
    if top == bottom and left == right:
        return pair_text((top, left))
    return str(padding)
