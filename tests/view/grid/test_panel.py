from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.view.grid.faces import Fixed, face
from convstep.view.grid.panel import READS, WRITES, Cell, Panel, Span, beside_key, title_of


@given(st.integers(0, 9), st.integers(1, 4), st.integers(1, 3), st.integers(0, 9), st.integers(1, 4))
def test_span_holds_exactly_the_cells_that_its_slices_select(
    top: int, rows: int, step: int, left: int, columns: int
) -> None:
    part = (slice(top, top + step * (rows - 1) + 1, step), slice(left, left + columns))
    span = Span.of(*part)
    selected = {(r, c) for r in range(*part[0].indices(40)) for c in range(*part[1].indices(40))}
    assert {(r, c) for r in range(40) for c in range(40) if Cell(r, c) in span} == selected
    assert (span.top, span.left) == min(selected)
    assert (span.bottom, span.right) == max(selected)


@given(st.integers(0, 3), st.integers(1, 3), st.data())
def test_span_of_scattered_cells_holds_these_alone(top: int, step: int, data: st.DataObject) -> None:
    rows, columns = range(top, top + 3 * step, step), range(2, 6)
    meant = data.draw(st.lists(st.booleans(), min_size=12, max_size=12))
    span = Span(rows, columns, bytes(meant))
    cells = [(row, column) for row in rows for column in columns]
    assert [cell in span for cell in cells] == meant
    assert (top + 1, 2) not in span or step == 1


def test_span_holds_nothing_but_cells() -> None:
    assert 3 not in Span(range(4), range(4))
    assert "ab" not in Span(range(4), range(4))


def test_keys_of_further_faces_differ_from_each_other_and_from_the_first() -> None:
    keys = ["kernel", "kernel_gradient", *(beside_key("kernel", n) for n in range(1, 4))]
    assert len(set(keys)) == 5


@given(
    st.booleans(),
    st.sampled_from([(), ("t of all  reference", "t ref")]),
    st.sampled_from(["", "drawn at random"]),
    st.sampled_from([("", "", ""), (READS, "", "reads"), (READS, "x", "reads x"), (WRITES, "", "writes")]),
    st.floats(1e-30, 1e30),
    st.integers(-4, 60),
    st.booleans(),
)
def test_a_title_never_loses_the_factor_of_the_numbers(
    deep: bool,
    titles: tuple[str, ...],
    caption: str,
    used: tuple[str, str, str],
    limit: float,
    room: int,
    brief: bool,
) -> None:
    fixed: Fixed = (None, None, 1) if deep else (None, None)
    shown = face("dA_prev", np.zeros((2, 2, 2) if deep else (2, 2)), fixed)
    use, word, said = used
    panel = Panel("t", shown, limit, caption=caption, titles=titles, use=use, word=word)
    title = title_of(panel, room, brief=brief)
    if panel.factor and title:
        assert title.endswith(panel.factor)
        assert len(title) <= room
        name = title.removesuffix(panel.factor).rstrip()
        assert name.startswith((shown.name, *titles)) or (
            not titles and shown.name.startswith(name.rstrip("…"))
        )
    if not panel.factor:
        assert title
    if room == 60:
        assert (caption in title) == (not caption or (not brief and not titles))
        assert said in title
    assert "×" not in title_of(replace(panel, note="…"), room)


def test_a_panel_takes_out_what_its_limit_asks_for_or_what_it_is_told() -> None:
    panel = Panel("t", face("t", np.zeros((2, 2)), (None, None)), 2.0**-22)
    assert (panel.power, panel.factor, panel.power_at(3)) == (-7, "×1e-7", -8)
    assert replace(panel, measure=2.0**-18).power_at(3) == -7, "another panel's limit"
    assert replace(panel, measure=2.0**-26).power_at(3) == -8, "while its numbers fit"
    assert replace(panel, unit=-9, measure=1e-20).power_at(7) == -9
    assert (replace(panel, unit=0).power, replace(panel, unit=-9).factor) == (0, "×1e-9")
    assert replace(panel, limit=8.0).factor == ""


@pytest.mark.parametrize(("use", "mark"), [(WRITES, "←"), (READS, "→")])
def test_where_no_word_has_room_a_mark_says_what_the_step_does(use: str, mark: str) -> None:
    shown = face("dW", np.zeros((2, 2, 2)), (0, None, None))
    panel = Panel("t", shown, 0.02, use=use, unit=-2)
    assert title_of(panel, 30) == f"dW[0]  {use}  ×0.01"
    assert title_of(panel, 14) == f"dW[0] {mark}  ×0.01"
    assert title_of(panel, 13) == f"dW[0] {mark} ×0.01"
    assert title_of(panel, 12) == f"dW[0]{mark} ×0.01"
    assert title_of(panel, 10) == f"dW {mark} ×0.01", "what it does comes before which face it is"
    assert title_of(panel, 9) == f"dW{mark} ×0.01"
    assert title_of(panel, 8) == "dW ×0.01"
    plain = replace(panel, face=face("db", np.zeros((1, 2)), (None, None)), unit=0)
    assert title_of(plain, 8) == f"db {mark}" if use == WRITES else "db reads"
