"""Scenes of a run that is no convolution."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.view.grid.faces import Fixed, face
from convstep.view.grid.panel import Cell, Panel, Span
from convstep.view.scene.build import build
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Scene
from tests.steps.runs import Logged, matrix_product

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
