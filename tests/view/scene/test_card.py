from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.grid.panel import NOW, READS, WRITES
from convstep.view.numbers.text import largest, short
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import MARKS, draw_card
from convstep.view.scene.scene import Addition, Scene

Array = npt.NDArray[Any]


def scene_at(problem: Problem, position: int, additions: int = 0) -> Scene:
    timeline = Timeline(problem)
    timeline.seek(position)
    for _ in range(additions):
        timeline.next_write()
    return Stage(timeline).scene()


def spoiled(*values: float) -> Problem:
    """A problem whose dZ holds these values first."""
    problem = catalog.load("stride-2")
    dZ = np.array(problem.dZ)
    dZ.flat[: len(values)] = values
    return Problem(problem.A_prev, problem.W, problem.b, dZ, 2)


def batch() -> Problem:
    numbers = np.random.default_rng(0)
    return Problem(numbers.random((2, 40, 120, 1)) * 1e6, numbers.random((12, 5, 5, 1)), np.zeros(12), None)


SCENES = {
    **{name: scene_at(catalog.load(name), catalog.load(name).total_steps // 2) for name in catalog.names()},
    "start": scene_at(catalog.load("digit"), 0),
    "one addition": scene_at(catalog.load("digit"), 137, 1),
    "two additions": scene_at(catalog.load("rectangle"), 50, 2),
    "nan": scene_at(spoiled(np.nan), 1),
    "inf": scene_at(spoiled(np.inf, -np.inf), 2),
    "huge": scene_at(spoiled(-1.7976931348623157e308), 1),
    "tiny": scene_at(spoiled(5e-324), 1),
    "zero": scene_at(spoiled(0.0, -0.0), 2),
    "no bias": scene_at(Problem(np.ones((4, 5, 1)), np.ones((2, 3, 3, 1)), None, None), 5),
    "batch": scene_at(batch(), 90_000 - 1 if batch().total_steps > 90_000 else batch().total_steps - 1),
}


def lines(scene: Scene, width: int, height: int) -> list[str]:
    return draw_card(scene, width, height).plain.split("\n")


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_card_fits_its_room(name: str, width: int, height: int) -> None:
    drawn = lines(SCENES[name], width, height)
    assert len(drawn) <= height
    for line in drawn:
        assert cell_len(line.rstrip()) <= width, line


def sections(scene: Scene, drawn: list[str]) -> list[list[str]]:
    """The lines of each addition, the one with its mark first."""
    names = [addition.cells.name for addition in scene.additions]
    starts = list[int]()
    for number, name in enumerate(names):
        mark = MARKS["done"] if number < scene.made else MARKS["next" if number == scene.made else "later"]
        start = re.compile(rf"{mark} ({name}\b|{name[:2]}…)")
        starts.append(next(n for n, line in enumerate(drawn) if start.match(line) and n not in starts))
    assert starts == sorted(starts)
    return [drawn[at:end] for at, end in itertools.pairwise([*starts, len(drawn)])]


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_card_shows_every_addition_in_order_with_its_mark(name: str, width: int, height: int) -> None:
    scene = SCENES[name]
    assert len(sections(scene, lines(scene, width, height))) == len(scene.additions)


@pytest.mark.parametrize("name", SCENES)
def test_before_and_after_are_the_real_numbers_of_the_cell_that_changes_most(name: str) -> None:
    text = draw_card(SCENES[name], 70, 1 + 2 * len(SCENES[name].additions)).plain
    for addition in SCENES[name].additions:
        at = largest(addition.added)
        assert f" {short(addition.before[at])} → {short(addition.after[at])}" in text


def test_named_cell_is_the_one_shown() -> None:
    scene = SCENES["dilated"]
    text = draw_card(scene, 60, 7).plain
    for addition in scene.additions:
        row, column = largest(addition.added)
        cell = addition.cells.index(addition.span.rows[row], addition.span.columns[column])
        assert f"[{', '.join(map(str, cell))}]" in text


def test_large_card_shows_factor_product_before_and_after() -> None:
    text = draw_card(SCENES["digit"], 60, 40).plain
    for word in ("x * dz", "w * dz", "before", "after"):
        assert word in text
    assert "will be" in draw_card(SCENES["one addition"], 60, 40).plain


def test_smaller_cards_say_less_but_never_nothing() -> None:
    sizes = [len(lines(SCENES["digit"], 50, height)) for height in range(1, 40)]
    assert sizes == sorted(sizes)
    assert all(size >= 1 for size in sizes)


def test_upstream_value_stands_in_the_title_and_zero_is_remarked() -> None:
    assert lines(SCENES["digit"], 60, 20)[0].startswith("dz = dZ[")
    assert "adds nothing" in lines(SCENES["zero"], 60, 20)[0]
    assert "nan" in lines(SCENES["nan"], 60, 20)[0]


@pytest.mark.parametrize("height", [6, 12, 40])
@pytest.mark.parametrize("name", ["digit", "two additions", "batch"])
def test_what_is_said_of_few_steps_moves_nothing_and_is_seen(name: str, height: int) -> None:
    remark = "said of few steps"
    plain, said = lines(SCENES[name], 70, height), lines(replace(SCENES[name], remarks=(remark,)), 70, height)
    assert said[-1] == remark
    assert said[0] == plain[0]
    if height == 40:
        assert said[: len(plain)] == plain


def test_a_zero_that_meets_a_nan_or_an_inf_does_not_add_nothing() -> None:
    for value in (np.nan, np.inf):
        A_prev = np.ones((2, 2, 2))
        A_prev[1, 0, 1] = value  # on a face that is not shown
        scene = scene_at(Problem(A_prev, np.ones((1, 2, 2, 2)), None, np.zeros((1, 1, 1))), 1)
        assert "adds" not in lines(scene, 60, 20)[0]


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ([[1.0, -3.0], [2.0, 3.0]], (0, 1)),
        ([[0.0, 0.0], [0.0, 0.0]], (0, 0)),
        ([[1.0, np.inf], [np.nan, 3.0]], (0, 1)),
        ([[1.0, 5.0], [np.nan, 3.0]], (1, 0)),
    ],
)
def test_largest_is_the_first_of_greatest_magnitude(
    values: list[list[float]], place: tuple[int, int]
) -> None:
    assert largest(np.array(values)) == place


def compact(text: str) -> str:
    return text.replace(" ", "")


NUMBER = re.compile(r"[-+]?([\d.]+|inf|∞)|nan|>>|<<")


def matrices(addition: Addition, section: list[str]) -> dict[str, Array]:
    """What stands below each name: the numbers times the factor beside it; NaN for what is no number."""
    found = dict[str, Array]()
    names = {addition.factor_name: "factor", addition.formula: "added", "product": "added", "+=": "added",
             "before": "before", "after": "after", "will be": "after"}  # fmt: skip
    texts = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    for at, line in enumerate(section):
        if (
            not at
            or (" → " in line and "before" not in line)
            or not re.search(rf"(?<!\S)({texts})(?!\S)", line)
        ):
            continue
        titles = re.findall(rf"(?<!\S)({texts})(?: ×(\S+))?(?= |$)", line)
        titles = [(name, titles[n + 1][1] if name == "before" and n + 1 < len(titles) else factor)
                  for n, (name, factor) in enumerate(titles)]  # fmt: skip
        rows = itertools.takewhile(
            lambda texts: all(map(NUMBER.fullmatch, texts)), map(str.split, section[at + 1 :])
        )
        numbers = np.array([[number(text) for text in row] for row in rows if row])
        for (name, factor), block in zip(titles, np.split(numbers, len(titles), axis=1), strict=True):
            with np.errstate(over="ignore"):
                found[names[name]] = block * float(factor or 1)
    return found


def number(text: str) -> float:
    """A number of a table; NaN for a mark."""
    return np.nan if text in (">>", "<<", "∞", "-∞") else float(text)


def shown_cells(addition: Addition, section: list[str]) -> tuple[slice, slice]:
    """Rows and columns of the written cells that are shown: all, or those that the part names."""
    said = re.search(r"\[([-\d:, ]+)\](?:, a part)? of \d", "".join(section))
    if said is None:
        return slice(None), slice(None)
    parts = [[int(end) for end in part.split(":")] for part in said[1].split(",") if ":" in part]
    spans = (addition.span.rows, addition.span.columns)
    rows, columns = (
        slice(span.index(part[0]), span.index(range(*part)[-1]) + 1)
        for span, part in zip(spans, parts, strict=True)
    )
    return rows, columns


WIDE = Problem(
    np.random.default_rng(3).standard_normal((9, 12, 2)),
    np.random.default_rng(4).standard_normal((2, 5, 4, 2)),
    np.zeros(2),
    None,
    dilation=(1, 2),
)
SCENES |= {f"wide {n}": scene_at(WIDE, n) for n in (0, 7, 40)}


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_every_addition_shows_all_its_cells_or_names_those_it_shows(
    name: str, width: int, height: int
) -> None:
    scene = SCENES[name]
    for addition, section in zip(scene.additions, sections(scene, lines(scene, width, height)), strict=True):
        row, column = largest(addition.added)
        index = addition.cells.index(addition.span.rows[row], addition.span.columns[column])
        shown = matrices(addition, section)
        if "after" not in shown:
            text = compact("".join(section))
            assert f"[{','.join(map(str, index))}]" in text, (addition.target, text)
            continue
        assert shown.keys() >= {"before", "after"}
        if "  a part of" not in "".join(section):
            cells = shown_cells(addition, section)
            rows, columns = np.mgrid[: addition.after.shape[0], : addition.after.shape[1]]
            assert (row, column) in set(zip(rows[cells].flat, columns[cells].flat, strict=True))
            assert shown["after"].shape == shown["before"].shape == addition.after[cells].shape


@pytest.mark.parametrize("size", [(31, 21), (44, 18), (58, 12), (100, 30)])
@pytest.mark.parametrize("name", ["digit", "rectangle", "dilated", "stride-2", "one addition", "no bias"])
def test_every_written_cell_is_there_before_and_after(name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    for addition, section in zip(scene.additions, sections(scene, lines(scene, *size)), strict=True):
        if addition.after.size == 1:
            cell, text = (addition.before[0, 0], addition.after[0, 0]), "".join(section)
            assert any(" → ".join(short(value, digits) for value in cell) in text for digits in (3, 4))
            continue
        shown = matrices(addition, section)
        assert shown["after"].shape == addition.after.shape
        if size == (31, 21) or size[0] == 100:
            assert shown.keys() == {"factor", "added", "before", "after"}


@given(st.sampled_from(["rectangle", "depthwise", "batch"]), st.integers(44, 100), st.integers(7, 50))
def test_headings_name_the_channel_where_there_are_several(name: str, width: int, height: int) -> None:
    scene = SCENES[name]
    for addition, section in zip(scene.additions, sections(scene, lines(scene, width, height)), strict=True):
        *_, channel = addition.cells.fixed
        several = addition.cells.lengths[-1] > 1
        if " += " in section[0] and addition.after.size > 1:
            assert (f", {channel}] += " in section[0]) == several, section
        else:
            assert f",{channel}]" in compact(section[0]) or addition.after.size == 1


def test_one_line_names_the_cell_as_well() -> None:
    assert lines(SCENES["rectangle"], 60, 4)[1:3] == [
        f"✓ {addition.cells.cell(*at)} {short(addition.before[one])} → {short(addition.after[one])}"
        for addition in SCENES["rectangle"].additions[:2]
        for one in [largest(addition.added)]
        for at in [(addition.span.rows[one[0]], addition.span.columns[one[1]])]
    ]


TINY = Problem(
    np.random.default_rng(0).standard_normal((6, 7, 2)),
    np.random.default_rng(1).standard_normal((3, 3, 3, 2)),
    np.zeros(3),
    np.random.default_rng(2).standard_normal((6, 7, 3)) * 1e-7,
    padding=1,
)


SCENES |= {f"tiny {n}": scene_at(TINY, n) for n in (0, 1, 50, TINY.total_steps)}


@example("same", 31, 14)  # no room for a factor beside the whole name
@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_matrices_hold_the_numbers_divided_by_the_factor_above_them(
    name: str, width: int, height: int
) -> None:
    scene = SCENES[name]
    for addition, section in zip(scene.additions, sections(scene, lines(scene, width, height)), strict=True):
        cells = shown_cells(addition, section)
        for kind, shown in matrices(addition, section).items():
            values = getattr(addition, kind)[cells].astype(float)
            if shown.shape != values.shape:
                assert "  a part of" in "".join(section)  # no room to name it
                continue
            known = np.isfinite(shown) & np.isfinite(values)
            limit = max(abs(addition.before).max(), abs(addition.after).max(), abs(values).max())
            assert shown[known] == pytest.approx(values[known], rel=0.5, abs=max(float(limit) / 9, 1e-300))


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_before_and_after_stand_beside_their_arrow_and_off_the_border(
    name: str, width: int, height: int
) -> None:
    for line in lines(SCENES[name], width, height):
        if " → " in line and "before" not in line:
            assert re.search(r"\S → \S", line), line
            assert len(line) < width or MARKS_AND_CELL.match(line), line


MARKS_AND_CELL = re.compile(rf"[{''.join(MARKS.values())}] \w")
"""How the one-line form of a card begins, which has no room to lose."""


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_numbers_side_by_side_stand_under_their_names(name: str, width: int, height: int) -> None:
    drawn = lines(SCENES[name], width, height)
    for line, following in itertools.pairwise(drawn):
        if re.fullmatch(r"[-+\d. <>naif∞]+", following) and following.split()[1:]:
            named = re.search(r"\b(x|w|before|after|product)\b|\bwill be\b", line)
            assert named or re.fullmatch(r"[-+\d. <>naif∞]+", line), (line, following)


def test_what_is_read_what_is_written_and_dz_have_their_hues_once_their_turn_has_come() -> None:
    drawn = draw_card(SCENES["one addition"], 31, 21)
    hued = {style: [drawn.plain[span.start : span.end].strip() for span in drawn.spans if span.style == style]
            for style in (READS, WRITES, NOW)}  # fmt: skip
    scene = SCENES["one addition"]
    assert hued[NOW] == [short(scene.dz, 6)]
    target, *rows, following = hued[WRITES]
    assert (target, following) == ("dW[1]", "dA_prev_pad[…]")
    assert len(rows) == 3, "what the next addition will make is not written yet"
    assert hued[READS][0] == "x"


def test_what_is_read_is_written_alike_whatever_channel_it_is_of() -> None:
    titles = set[str]()
    for position in range(133, 141):  # dz is 0 at some of them
        found = lines(scene_at(catalog.load("digit"), position), 31, 21)
        titles |= {line.split("w * dz")[0].strip() for line in found if "w * dz" in line and "+=" not in line}
    assert titles == {"w"}


def test_numbers_far_smaller_than_their_array_have_a_factor_of_their_own() -> None:
    problem = catalog.load("digit")
    W = np.array(problem.W)
    W[1] *= 1e-4
    scene = scene_at(Problem(problem.A_prev, W, problem.b, problem.dZ, 1, 1), 134)
    (title,) = (line for line in lines(scene, 31, 21) if line.strip().startswith("w "))
    assert re.search(r"^ *w ×1e-\d", title)
