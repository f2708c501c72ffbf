from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from convstep.view.grid.changes import repainted
from convstep.view.grid.drawing import draw_line
from convstep.view.grid.panel import Cell, Panel
from convstep.view.grid.places import lay_out
from tests.view.grid.test_drawing import PLAIN
from tests.view.random_panels import panels, spans


@given(panels(), st.data())
def test_cells_that_are_drawn_differently_lie_in_the_changed_spans(panel: Panel, data: st.DataObject) -> None:
    rows, columns = panel.face.shape
    cells = st.builds(Cell, st.integers(0, rows - 1), st.integers(0, columns - 1))
    other = replace(
        panel,
        changed=data.draw(st.none() | spans(rows, columns)),
        used=data.draw(st.none() | spans(rows, columns)),
        use=data.draw(st.sampled_from(["", "reads", "writes"])),
        now=data.draw(st.none() | cells),
        done=None if panel.done is None else data.draw(st.integers(0, rows * columns)),
        marks=data.draw(st.dictionaries(cells, st.sampled_from("›●✗"))),
    )
    assert repainted(panel, replace(other, limit=2 * panel.limit)) is None
    layout = lay_out(panel, 100, 40)
    told = repainted(panel, other)
    assert told is not None
    for row in range(rows):
        y = layout.y_of(row)
        lines = [
            [(character, style) for text, style, _ in draw_line(each, layout, y, 0, layout.width, PLAIN)
             for character in text]
            for each in (panel, other)
        ]  # fmt: skip
        for column in range(columns):
            number = slice(layout.gutter(column) + 1, layout.gutter(column + 1))
            if lines[0][number] != lines[1][number]:
                assert any(Cell(row, column) in span for span in told), (row, column)
