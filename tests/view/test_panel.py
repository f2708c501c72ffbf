from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from convstep.view.panel import Cell, Span, beside_key


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


def test_span_holds_nothing_but_cells() -> None:
    assert 3 not in Span(range(4), range(4))
    assert "ab" not in Span(range(4), range(4))


def test_keys_of_further_faces_differ_from_each_other_and_from_the_first() -> None:
    keys = ["kernel", "kernel_gradient", *(beside_key("kernel", n) for n in range(1, 4))]
    assert len(set(keys)) == 5
