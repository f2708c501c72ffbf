from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv import forward
from convstep.conv.forward import conv2d_forward
from convstep.conv.geometry import StepIndex
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.replay.session import Session, SessionError, View
from convstep.replay.stop_kinds import Breakpoint
from convstep.view.grid.panel import Cell
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.panels.forward import ForwardStage, other_way, source_lines
from convstep.view.panels.stage import Stage
from convstep.view.scene.card import draw_card
from convstep.view.scene.difference import difference
from convstep.view.scene.source import draw_source
from tests.strategies import problems, tried

KEYS = ["input", "output", "kernel", "bias"]


def made(**changes: Any) -> Problem:
    """Nothing square: a batch, two groups, every hyperparameter."""
    numbers = np.random.default_rng(11)
    given: dict[str, Any] = {
        "A_prev": numbers.standard_normal((2, 6, 9, 4)),
        "W": numbers.standard_normal((6, 2, 3, 2)),
        "b": numbers.standard_normal(6),
        "dZ": None,
        "stride": (2, 1),
        "padding": ((1, 0), (2, 1)),
        "dilation": (1, 2),
        "groups": 2,
    }
    return Problem(**(given | changes))


def at(problem: Problem, position: int) -> ForwardStage:
    stage = ForwardStage.on(problem)
    stage.run.seek(position)
    return stage


@settings(max_examples=tried(60))
@given(problems(), st.floats(0, 1), st.booleans())
def test_a_scene_shows_what_the_loop_reads_and_makes(problem: Problem, share: float, half: bool) -> None:
    stage = at(problem, round(share * problem.total_steps))
    if half:
        stage.run.next_write()
    scene, geometry = stage.scene(), problem.geometry
    index = geometry.index_at(scene.event.index)
    batch = () if geometry.batch is None else (index.i_n,)
    assert [panel.key for panel in scene.panels] == KEYS[: 4 if problem.b is not None else 3]
    seen, output = scene.panel("input"), scene.panel("output")
    assert seen.window is not None
    first = geometry.channels(index.i_c).start
    cells = problem.A_prev_pad[(*batch, geometry.rows(index.i_h), geometry.columns(index.i_w), first)]
    np.testing.assert_array_equal(seen.face.values[np.ix_(seen.window.rows, seen.window.columns)], cells)
    assert output.now == (index.i_h, index.i_w)
    assert output.face.index(*output.now) == (*batch, *index[1:])
    passed = index.i_h * geometry.output_shape[1] + index.i_w
    assert output.done == passed + (scene.made == len(scene.additions))
    summed, *added = scene.additions
    assert len(added) == (problem.b is not None)
    assert [name[0] for name, _ in summed.terms] == ["x", "w", "(" if problem.W.shape[3] > 1 else "x"]
    x, w, product = (values for _, values in summed.terms)
    np.testing.assert_array_equal(x, cells)
    np.testing.assert_array_equal(w, problem.W[index.i_c, :, :, 0])
    np.testing.assert_array_equal(product, x * w)
    assert summed.before is not None
    assert float(summed.before[0, 0]) == 0
    for one, two in zip(scene.additions, added, strict=False):
        np.testing.assert_array_equal(one.after, two.before)


SUM, BIAS = "Z[i_h, i_w, i_c] = np.sum(x * w)", "Z[i_h, i_w, i_c] += b[i_c]"


def test_the_lines_shown_are_those_that_run() -> None:
    code = [line.strip() for line in inspect.getsource(forward._loop).splitlines()]
    shown = [line.code for line in source_lines()]
    assert shown == code[code.index(shown[0]) :]
    assert shown[0].startswith("for i_n")
    assert [line.code for line in source_lines() if line.writes] == [SUM, BIAS]
    assert [line.loop for line in source_lines() if line.rests] == ["i_c"]


@pytest.mark.parametrize("bias", [True, False])
def test_the_mark_goes_through_the_lines_of_a_step(bias: bool) -> None:
    stage = ForwardStage.on(made() if bias else made(b=None))

    def marked(mark: str) -> list[str]:
        lines = draw_source(stage.scene(), 60, 20).plain.splitlines()
        return [re.sub(r" +\\d+/\\d+$", "", line[1:].strip()) for line in lines if line.startswith(mark)]

    assert marked("▶") == [SUM]
    if bias:
        stage.run.next_write()
        assert (marked("✓"), marked("▶")) == ([SUM], [BIAS])
    stage.run.next()
    assert marked("▶")[0].startswith("for i_c in range(c_o):")
    assert len(marked("✓")) == 1 + bias


def test_the_card_has_both_factors_and_their_products_in_any_width() -> None:
    stage = at(catalog.load("digit"), 137)
    for width in (30, 54, 80):
        card = draw_card(stage.scene(), width, 18).plain
        assert "✓ Z[4, 2, 0] = np.sum(x * w)" in card
        assert re.search(r"\bx\b", card)
        assert "x * w" in card.replace("np.sum(x * w)", "")
        assert "2.34 → 3.191" in card
    assert "adds nothing" not in draw_card(at(made(b=np.zeros(6)), 5).scene(), 60, 20).plain


def test_a_face_turns_and_follows_again() -> None:
    stage = at(made(), 30)
    output = stage.scene().panel("output")
    shown = output.choices[1]
    stage.turn(output, 1)
    assert not stage.follows
    assert stage.scene().panel("output").choices == (6, (shown + 1) % 6)
    assert stage.scene().panel("kernel").face.fixed[0] == (shown + 1) % 6
    assert stage.scene().panel("output").now is None
    stage.turn(stage.scene().panel("input"), 1)
    assert stage.kept_faces() == {"input": 1, "output": (shown + 1) % 6}
    kept = Session("made", 30, view=View(stage.kept_faces()), forward=True)
    assert stage.resumed(kept).choice == stage.choice
    stage.follow()
    assert stage.choice == Choice()


def test_what_changed_between_scenes_covers_every_cell_that_did() -> None:
    stage = ForwardStage.on(made())
    rng = np.random.default_rng(0)
    for _ in range(60):
        old = stage.scene()
        before = stage.run.Z.copy()
        stage.run.seek(int(rng.integers(0, stage.run.total + 1)))
        new = stage.scene()
        spans = difference(old, new, stage.swept(old, new))["output"]
        if spans is None:
            continue
        fixed = new.panel("output").face.fixed
        index = tuple(slice(None) if held is None else held for held in fixed)
        for cell in np.argwhere(before[index] != stage.run.Z[index]).tolist():
            assert any(tuple(cell) in span for span in spans)


def test_a_cell_of_z_stands_for_its_step() -> None:
    stage = at(made(), 3)
    output = stage.scene().panel("output")
    stop = stage.stop_at(output, Cell(1, 2))
    assert isinstance(stop, Breakpoint)
    place = output.face.index(1, 2)
    assert dict(stop.place) == dict(zip(("i_n", "i_h", "i_w", "i_c"), place, strict=True))
    (step,) = stage.steps_of(stop)
    assert stage.geometry.place_of(step) == place
    assert stage.step_of(output, Cell(1, 2)) == step
    assert stage.stop_at(stage.scene().panel("input"), Cell(0, 0)) is None
    stage.stops.add(stop)
    assert stage.scene().panel("output").stops == {(1, 2)}
    assert stage.scene().panel("input").stops == frozenset()


def test_why_lists_the_products_of_a_cell_and_its_bias() -> None:
    problem = made()
    stage = at(problem, 70)
    p = problem
    Z = conv2d_forward(p.A_prev, p.W, p.b, p.stride, p.padding, p.dilation, p.groups)["Z"]
    cell = 0, 1, 2, 4
    listing = stage.made_of("Z", cell)
    assert listing is not None
    assert len(listing) == 2 * 3 * 2 + 1
    assert listing.done == len(listing)
    assert {listing.step(row) for row in range(len(listing))} == {p.geometry.step_at(StepIndex(*cell))}
    assert listing.title == "Z[0, 1, 2, 4]: one step, 12 products"
    assert listing.summary.endswith(f"Z[0, 1, 2, 4] = {float(Z[cell]):.6g}")
    for width in (30, 60, 106):
        listing.fit(width)
        assert all(listing.row(row).cell_len <= width for row in range(len(listing)))
    first = listing.row(0).plain
    assert "A_prev_pad[0, 2, 2, 2]" in first
    assert "W[4, 0, 0, 0]" in first
    factors = [
        float(number) for number in re.findall(r"(-?\d*\.\d+) [×=]|= (-?\d*\.\d+)", first)[0] if number
    ]
    assert factors[0] == pytest.approx(problem.A_prev_pad[0, 2, 2, 2], rel=1e-4)
    assert listing.row(12).plain.strip().startswith("✓ + b[4] = ")
    later = stage.made_of("Z", (1, 0, 0, 0))
    assert later is not None
    assert later.done == 0
    assert stage.made_of("W", (0, 0, 0, 0)) is None


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (
            made(A_prev=np.where(np.arange(432).reshape(2, 6, 9, 4) == 60, np.nan, 1.0)),
            "NaN: .*; it was already in A_prev",
        ),
        (made(W=np.where(np.arange(72).reshape(6, 2, 3, 2) == 30, np.inf, 1.0)), "(inf|NaN): .* W$"),
        (made(b=[0, 0, -np.inf, 0, 0, 0]), "-inf: Z.0, 0, 0, 2.; it was already in b"),
        (Problem([[[np.inf], [0.0]]], [[[[0]]]], None, None), r"NaN: Z\[0, 0, 0\]; made here, of inf in"),
        (Problem([[[1e200]]], [[[[1e200]]]], None, None), "made here, a product overflows float64"),
        (Problem([[[1e308], [1e308]]], [[[[1], [1]]]], None, None), "made here, the sum overflows float64"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_the_first_nan_or_inf_is_found_and_explained(problem: Problem, said: str) -> None:
    stage = ForwardStage.on(problem)
    spot = stage.first_nonfinite(stage.scout(), lambda: False)
    assert spot is not None
    assert re.search(said, spot.words), spot.words
    stage.run.seek(spot.position - 1)
    assert np.isfinite(stage.run.Z).all()
    stage.run.next()
    assert not np.isfinite(stage.run.Z[spot.cell])
    assert stage.first_nonfinite(stage.scout(), lambda: True) is None


def test_all_finite_is_said_where_it_is_so() -> None:
    stage = ForwardStage.on(made())
    assert stage.first_nonfinite(stage.scout(), lambda: False) is None


@pytest.mark.parametrize("position", [0, 31, 216])
def test_z_is_checked_against_matrix_products_as_far_as_it_is_made(position: int) -> None:
    stage = at(made(), position)
    check = stage.checking()
    stage.run.seek(0)  # meanwhile the person goes elsewhere
    words = check()
    if not position:
        assert words == "no cell of Z is made yet: there is nothing to check"
    else:
        found = re.fullmatch(
            r"(\d+) cells of Z: at most (\S+) from a matrix product for each tap \(largest (\S+)\)", words
        )
        assert found is not None
        assert int(found[1]) == position
        assert float(found[2]) < 1e-14
        assert float(found[3]) > 1
    strange = at(made(A_prev=np.full((2, 6, 9, 4), np.nan)), 5).checking()()
    assert strange.startswith("0 cells of Z")
    assert strange.endswith("; 5 are NaN or inf")


def test_a_session_that_names_a_gradient_does_not_fit_a_forward_pass() -> None:
    from convstep.replay.session import SavedStop

    stage = ForwardStage.on(made())
    with pytest.raises(SessionError, match="only Z can"):
        stage.resumed(Session("made", stops=(SavedStop("watch dW[0, 0, 0, 0]"),), forward=True))
    assert len(stage.resumed(Session("made", stops=(SavedStop("Z > 1"),), forward=True)).stops) == 1


def test_both_directions_lead_to_each_other() -> None:
    backward = Stage.on(made())
    there = other_way(backward)
    assert isinstance(there, ForwardStage)
    back = other_way(there)
    assert isinstance(back, Stage)
    assert isinstance(back.run, Timeline)
    assert back.run.problem is there.run.problem is backward.run.problem
    assert there.run.total == back.run.total


def test_a_large_pass_is_measured_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convstep.conv.magnitude.AT_ONCE", 10)
    stage = ForwardStage.on(made())
    assert stage.unmeasured
    guess = stage.limits["Z"]
    assert guess > 0
    stage.take_magnitudes(stage.magnitudes())
    stage.run.seek(stage.run.total)
    assert np.abs(stage.run.Z).max() <= stage.limits["Z"]
