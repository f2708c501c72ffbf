"""Scenes of a run that is no convolution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.steps.event import Access, Event, Region
from convstep.view.grid.faces import Fixed, face
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.scene.build import ascending, build, fits, joined, seen_on
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Scene
from tests.steps.runs import Array, Logged, matrix_product

FACES: dict[str, Fixed] = {"A": (None, None), "B": (None, None), "C": (None, None), "uses": (None,)}


def product() -> Logged:
    numbers = np.random.default_rng(3)
    return matrix_product(numbers.standard_normal((3, 4)), numbers.standard_normal((4, 2)))


def scene_of(run: Logged) -> Scene:
    panels = [Panel(name, face(name, run.arrays[name], fixed), 4.0) for name, fixed in FACES.items()]
    return build((run.position, run.total), run.event, run.arrays, panels)


@pytest.mark.parametrize(("steps", "writes"), [(0, 0), (0, 1), (6, 0), (6, 1), (12, 0)])
def test_a_matrix_product_is_shown_by_what_it_reads_and_writes(steps: int, writes: int) -> None:
    run = product()
    run.seek(steps)
    for _ in range(writes):
        run.next_write()
    scene, (i, k) = scene_of(run), divmod(steps if writes else max(steps - 1, 0), 4)
    made = writes or (2 if steps else 0)
    assert (scene.place, scene.made) == (f"i {i}, k {k}", made)
    assert scene.upstream == f"A[{i}, {k}]"
    assert [panel.running for panel in scene.panels] == [False, False, True, True]
    row, uses = Span(range(i, i + 1), range(2)), Span(range(k, 4, 2), range(1))
    assert [panel.changed for panel in scene.panels] == [
        None, None, row if made else None, uses if made > 1 else None
    ]  # fmt: skip
    assert [panel.now for panel in scene.panels] == [Cell(i, k), None, None, None]
    to_row, to_uses = scene.additions
    assert (to_row.shown, to_row.sign, to_row.formula, to_row.factor_name) == (
        f"C[{i}, 0:2]",
        "+=",
        "a * row",
        "row",
    )
    assert (to_uses.shown, to_uses.formula, to_uses.factor_name) == (f"uses[{k}::2]", "1", "")
    for addition in scene.additions:
        shown = addition.cells.values[np.ix_(addition.span.rows, addition.span.columns)]
        assert (shown == (addition.after if addition.done else addition.before)).all()
        assert (addition.before + addition.added == addition.after).all()
    words = draw_card(scene, 60, 30).plain
    assert words.startswith(f"a = A[{i}, {k}] = ")
    assert f"C[{i}, 0:2] += a * row" in words
    assert f"uses[{k}::2] += 1" in words


def test_what_is_assigned_is_not_said_to_be_added() -> None:
    run = product()
    event = run.event
    assigned = tuple(
        access._replace(kind="assigns") if access.writes else access for access in event.accesses
    )
    panels = [Panel(name, face(name, run.arrays[name], fixed), 4.0) for name, fixed in FACES.items()]
    scene = build((0, run.total), type(event)(0, event.loops, assigned, 0), run.arrays, panels)
    assert [addition.sign for addition in scene.additions] == ["=", "="]
    assert "C[0, 0:2] = a * row" in draw_card(scene, 60, 30).plain


DTYPES = (np.float64, np.float32, np.int64, np.bool_)


@st.composite
def writes(draw: st.DrawFn, *, backwards: bool = True) -> tuple[Access, Array, Array, Fixed]:
    """Any cells of an array of up to six axes as a write; the array, which cells, and a face of it."""
    shape = tuple(draw(st.lists(st.integers(1, 4), max_size=6)))
    region = list[int | slice]()
    for length in shape:
        start = draw(st.integers(0, length - 1))
        if draw(st.booleans()):
            region.append(start)
        elif backwards and draw(st.integers(0, 4)) == 0:
            region.append(slice(start, None, -draw(st.integers(1, 2))))
        else:
            stop = draw(st.integers(start + 1, length))
            region.append(draw(st.sampled_from([slice(start, stop, draw(st.integers(1, 2))), slice(None)])))
    numbers = np.random.default_rng(draw(st.integers(0, 99)))
    array: Array = (numbers.standard_normal(shape) * 9).astype(draw(st.sampled_from(DTYPES)))
    part: Region = tuple(region)
    meant = np.zeros(shape, np.bool_)
    chosen = numbers.random(np.shape(array[part])) < 0.6
    cells = chosen if draw(st.booleans()) and chosen.ndim else None
    if cells is None:
        meant[part] = True
    else:
        meant[part] = cells
    after = np.array(array[part])
    write = Access("t", part, "assigns", "x", after, np.zeros_like(after), after, cells=cells)
    axes = draw(st.sets(st.integers(0, len(shape) - 1), max_size=2)) if shape else set()
    fixed = tuple(None if n in axes else draw(st.integers(0, length - 1)) for n, length in enumerate(shape))
    return write, array, meant, fixed


def marked(panel: Panel, span: Span | None) -> set[tuple[int, ...]]:
    places = np.ndindex(panel.face.shape)
    return {panel.face.index(*at) for at in places if span is not None and at in span}


@given(writes(), st.booleans())
def test_what_a_panel_marks_are_the_cells_of_the_access(
    drawn: tuple[Access, Array, Array, Fixed],
    made: bool,
) -> None:
    write, array, meant, fixed = drawn
    panel = Panel("t", face("t", array, fixed), 1.0, framed=True)
    event = Event(0, (), (write,), int(made))
    scene = build((0, 1), event, {"t": array}, [panel])
    (shown,) = scene.panels
    on_face = {
        index for index in map(tuple, np.argwhere(meant).tolist()) if panel.face.find(index) is not None
    }
    assert marked(shown, shown.window) == on_face
    assert marked(shown, shown.changed) == (on_face if made else set())
    for span in (shown.window, shown.changed):
        if span is not None:
            assert span.rows.step > 0
            assert span.columns.step > 0


@given(writes())
def test_what_the_card_says_of_a_write_are_its_cells(
    drawn: tuple[Access, Array, Array, Fixed],
) -> None:
    write, array, _, fixed = drawn
    panel = Panel("t", face("t", array, fixed), 1.0)
    scene = build((1, 1), Event(0, (), (write,), 1), {"t": array}, [panel])
    (addition,) = scene.additions
    seen = addition.cells.values[np.ix_(addition.span.rows, addition.span.columns)]
    assert np.array_equal(seen, addition.after)
    assert draw_card(scene, 50, 30).plain


@given(writes(backwards=False))
def test_an_access_fits_its_array_and_no_smaller_one(
    drawn: tuple[Access, Array, Array, Fixed],
) -> None:
    write, array, _, _ = drawn
    assert fits(ascending(write), array.shape)
    assert not fits(write, (*array.shape, 2))
    for axis, part in enumerate(write.region):
        short = list(array.shape)
        short[axis] = part if isinstance(part, int) else part.indices(array.shape[axis])[0]
        assert not fits(write, short)


def test_cells_of_several_accesses_are_one_span() -> None:
    spans = [Span.single((1, 1)), Span.single((3, 5)), Span(range(1, 2), range(1, 4))]
    found = joined([*spans, None])
    assert found is not None
    wanted = {(1, 1), (1, 2), (1, 3), (3, 5)}
    assert {at for at in np.ndindex(6, 7) if at in found} == wanted
    assert joined([None]) is None
    array = np.zeros((3, 4))
    nothing = Access("t", (slice(0, 3), slice(0, 4)), "reads", "t", array, cells=np.zeros((3, 4), np.bool_))
    assert seen_on(face("t", array, (None, None)), nothing) is None
