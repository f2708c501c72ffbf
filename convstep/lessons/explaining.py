"""Why an answer is what it is, from the numbers on the screen."""

from __future__ import annotations

from convstep.conv.geometry import Geometry
from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.validation import cell_text
from convstep.lessons.expressions import number_text
from convstep.lessons.page_place import Placed
from convstep.lessons.tensors import Index, array_shape
from convstep.lessons.words import escaped, say
from convstep.steps.provenance import Provenance

MOST_TERMS = 5
"""Terms of a sum that are written out."""
MOST_PLACES = 6
"""Steps that are listed."""


def place_name(step: int, geometry: Geometry) -> str:
    """A step's index as the article writes it: `(0, 1, 0)`."""
    return f"({', '.join(map(str, geometry.place_of(step)))})"


def step_writes(language: str, tensor: str, step: int, geometry: Geometry) -> str:
    """Which cells of a tensor a step writes, and why these."""
    index, place = geometry.index_at(step), place_name(step, geometry)
    if tensor == "db":
        return _said(language, "why.bias", place=place, i_c=index.i_c)
    if tensor == "dW":
        return _said(language, "why.filter", place=place, i_c=index.i_c, tensor=tensor)
    (s_h, s_w), (d_h, d_w) = geometry.stride, geometry.dilation
    _, f_h, f_w, _ = geometry.kernel_shape
    dilated = ".dilated" if (d_h, d_w) != (1, 1) else ""
    taps = say(language, f"why.taps{dilated}", f_h=f_h, f_w=f_w, d_h=d_h, d_w=d_w)
    return _said(
        language,
        "why.window",
        place=place,
        i_h=index.i_h,
        s_h=s_h,
        row=index.i_h * s_h,
        i_w=index.i_w,
        s_w=s_w,
        column=index.i_w * s_w,
        taps=taps,
    )


def untouched_why(language: str, geometry: Geometry) -> str:
    """Why some cells get nothing."""
    (s_h, s_w), (r_h, r_w) = geometry.stride, geometry.reach
    h_out, w_out, _ = geometry.output_shape
    bottom, right = (h_out - 1) * s_h + r_h - 1, (w_out - 1) * s_w + r_w - 1
    return _said(
        language,
        "why.untouched",
        s_h=s_h,
        s_w=s_w,
        h_out=h_out,
        w_out=w_out,
        bottom=bottom,
        right=right,
    )


def padding_why(language: str, geometry: Geometry) -> str:
    """Which cells the crop leaves out."""
    (top, bottom), (left, right) = geometry.padding
    return _said(language, "why.padding", top=top, bottom=bottom, left=left, right=right)


def held(found: Provenance, count: int) -> float:
    """What a cell holds after so many of its contributions."""
    return float(found.running[count - 1]) if count else 0.0


def next_value_why(language: str, problem: Problem, tensor: str, index: Index, step: int) -> str:
    """What one step makes of a cell of a gradient."""
    found = provenance(problem, tensor, index)
    at, cell = found.done(step), cell_text(tensor, index)
    before = held(found, at)
    if found.done(step + 1) == at:
        return _said(language, "why.not.touched", cell=cell, value=number_text(before))
    factors = found.second_cell(at)
    if found.first_name:
        factors = f"{found.first_cell(at)} * {factors}"
    added, after = float(found.product[at]), float(found.running[at])
    term = _term(found, at)
    total = f"{number_text(before)} + {term}"
    middle = f" = {number_text(before)} + {_signed(added)}" if found.first_name and before else ""
    text = f"{total}{middle} = {number_text(after)}"
    return _said(language, "why.plus", cell=cell, factors=factors, sum=text)


def value_why(language: str, placed: Placed, tensor: str, index: Index, value: float) -> str:
    """What made a cell what it is where the debugger stands."""
    cell = cell_text(tensor, index)
    if tensor not in GRADIENTS:
        return _said(language, "why.plain", cell=cell, value=number_text(value))
    found = provenance(placed.problem, tensor, index)
    count = found.done(placed.added_to(tensor))
    if not count:
        return _said(language, "why.not.yet" if len(found) else "why.none", cell=cell)
    terms = " + ".join(_term(found, at) for at in range(min(count, MOST_TERMS)))
    if count > MOST_TERMS:
        terms = say(language, "why.more", terms=terms, count=count)
    return _said(language, "why.sum", cell=cell, sum=f"{terms} = {number_text(value)}")


def steps_why(language: str, tensor: str, index: Index, geometry: Geometry) -> str:
    """Which steps touch a cell."""
    steps = geometry.steps_touching(tensor, index)
    names = [place_name(int(step), geometry) for step in steps]
    if len(names) > MOST_PLACES:  # the first and the last ones are asked for
        names = [*names[: MOST_PLACES // 2], "…", *names[-MOST_PLACES // 2 :]]
    places = say(language, "comma").join(names)
    return _said(language, "why.steps", cell=cell_text(tensor, index), count=len(steps), places=places)


def shape_why(language: str, name: str, problem: Problem) -> str:
    """Why a tensor has its shape."""
    shape = array_shape(name, problem)
    assert shape is not None
    geometry = problem.geometry
    if name in ("dZ", "Z"):
        h, w, _ = geometry.input_shape
        (top, bottom), (left, right) = geometry.padding
        (r_h, r_w), (s_h, s_w) = geometry.reach, geometry.stride
        h_out, w_out, c_out = geometry.output_shape
        sizes = {"h": h, "w": w, "p_h": top + bottom, "p_w": left + right, "r_h": r_h, "r_w": r_w}
        counts = {"s_h": s_h, "s_w": s_w, "h_out": h_out, "w_out": w_out, "c_out": c_out}
        return _said(language, "why.shape.output", **sizes, **counts)
    if name.startswith("d"):
        return _said(language, "why.shape.gradient", name=name, of=name[1:], shape=shape)
    return _said(language, "why.shape", name=name, shape=shape)


def _term(found: Provenance, at: int) -> str:
    second = _signed(float(found.second_factor[at]))
    if found.first_factor is None:
        return second
    return f"{_signed(float(found.first_factor[at]))}*{second}"


def _signed(value: float) -> str:
    """A number in the middle of a sum: a negative one in parentheses."""
    text = number_text(value)
    return f"({text})" if text.startswith("-") else text


def _said(language: str, key: str, **values: object) -> str:
    """A sentence whose stars are products and not Markdown."""
    return escaped(say(language, key, **values))
