from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.numbers.text import largest, short
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import MARKS, draw_card
from convstep.view.scene.scene import Scene


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


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(7, 50))
def test_card_shows_every_addition_in_order_with_its_mark(name: str, width: int, height: int) -> None:
    scene = SCENES[name]
    drawn = lines(scene, width, height)[1:]
    headings = [line for line in drawn if " += " in line] or drawn
    marks = [line[0] for line in headings if line.strip()]
    expected = [MARKS["done"] if n < scene.made else MARKS["next" if n == scene.made else "later"]
                for n in range(len(scene.additions))]  # fmt: skip
    assert marks == expected


@pytest.mark.parametrize("name", SCENES)
def test_before_and_after_are_the_real_numbers_of_the_cell_that_changes_most(name: str) -> None:
    text = draw_card(SCENES[name], 70, 9).plain
    for addition in SCENES[name].additions:
        at = largest(addition.added)
        assert f" {short(addition.before[at])} → {short(addition.after[at])}" in text


def test_named_cell_is_the_one_shown() -> None:
    scene = SCENES["dilated"]
    text = draw_card(scene, 60, 9).plain
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


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_every_addition_names_the_cell_whose_before_and_after_it_shows(
    name: str, width: int, height: int
) -> None:
    scene = SCENES[name]
    text = compact(draw_card(scene, width, height).plain)
    for addition in scene.additions:
        row, column = largest(addition.added)
        cell = addition.cells.index(addition.span.rows[row], addition.span.columns[column])
        assert f"[{','.join(map(str, cell))}]" in text, (addition.target, text)


@given(st.sampled_from(["rectangle", "depthwise", "batch"]), st.integers(44, 100), st.integers(7, 50))
def test_headings_name_the_channel_where_there_are_several(name: str, width: int, height: int) -> None:
    scene = SCENES[name]
    text = draw_card(scene, width, height).plain
    for addition in scene.additions[:2]:
        *_, channel = addition.cells.fixed
        several = addition.cells.lengths[-1] > 1
        heading = next(
            line for line in text.split("\n") if f" {addition.cells.name}[" in line and " += " in line
        )
        assert (f", {channel}] += " in heading) == several, heading


def test_one_line_names_the_cell_as_well() -> None:
    assert lines(SCENES["rectangle"], 60, 4)[1:] == [
        f"✓ {addition.cells.cell(*at)} {short(addition.before[one])} → {short(addition.after[one])}"
        for addition in SCENES["rectangle"].additions
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


@given(st.integers(0, TINY.total_steps), st.sampled_from([(30, 17), (60, 40), (80, 40)]))
def test_matrices_hold_the_numbers_divided_by_the_factor_above_them(
    position: int, size: tuple[int, int]
) -> None:
    scene = scene_at(TINY, position)
    drawn = lines(scene, *size)
    for addition in scene.additions[:2]:
        after = "after" if addition.done else "will be"
        pairs = {
            rf" +{addition.factor_name} (.*) {re.escape(addition.formula)}(.*)": (
                addition.factor,
                addition.added,
            ),
            f" +before(.*) {after}(.*)": (addition.before, addition.after),
        }
        start = next(n for n, line in enumerate(drawn) if f"+= {addition.formula}" in line)
        for pattern, arrays in list(pairs.items())[: 1 if size[1] < 40 else 2]:
            at, found = next(
                (n, match)
                for n in range(start, len(drawn))
                if (match := re.fullmatch(pattern + " *", drawn[n]))
            )
            for side, array in enumerate(arrays):
                factor = re.search(r"×1e(-?\d+)", found[side + 1])
                times = 10.0 ** int(factor[1]) if factor else 1.0
                rows = drawn[at + 1 : at + 4]
                shown = [text for row in rows for text in row.split()[3 * side : 3 * side + 3]]
                for text, value in zip(shown, array.flat, strict=True):
                    if "~" in text:
                        assert abs(value) < 0.06 * times
                    else:
                        assert float(text) * times == pytest.approx(float(value), rel=0.5, abs=0.06 * times)


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_before_and_after_stand_beside_their_arrow_and_off_the_border(
    name: str, width: int, height: int
) -> None:
    for line in lines(SCENES[name], width, height):
        if " → " in line:
            assert re.search(r"\S → \S", line), line
            assert len(line) < width or MARKS_AND_CELL.match(line), line


MARKS_AND_CELL = re.compile(rf"[{''.join(MARKS.values())}] \w")
"""How the one-line form of a card begins, which has no room to lose."""


@given(st.sampled_from(sorted(SCENES)), st.integers(28, 100), st.integers(4, 50))
def test_numbers_side_by_side_stand_under_their_names(name: str, width: int, height: int) -> None:
    drawn = lines(SCENES[name], width, height)
    for line, following in itertools.pairwise(drawn):
        if re.fullmatch(r"[-\d. ~<>naif∞e]+", following) and following.split()[1:]:
            named = re.search(r"\b(x|w|before)\b", line)
            assert named or re.fullmatch(r"[-\d. ~<>naif∞e]+", line), (line, following)
