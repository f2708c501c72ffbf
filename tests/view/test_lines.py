"""The lines around the panels keep to their width, in Latin and Chinese."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from convstep.view.lines import status_line, title_line


@pytest.mark.parametrize("left", ["dW[0] = 1", "你已经走开了；按 r 回到课程的位置", "填充" * 60, ""])
@pytest.mark.parametrize("width", [20, 60, 119])
def test_a_status_line_is_never_wider_than_its_room(left: str, width: int) -> None:
    line = status_line(left, ["mean 0.5 · executed", "executed"], width)
    assert cell_len(line.plain) <= width
    if cell_len(left) + 10 <= width:
        assert line.plain.endswith("executed")
        assert cell_len(line.plain) == width


@pytest.mark.parametrize("name", ["digit", "填充、裁剪和 [0:-0] 的坑"])
@pytest.mark.parametrize("width", [40, 60, 118])
def test_a_title_keeps_the_position_in_sight(name: str, width: int) -> None:
    line = title_line([f"convstep  {name}", "3/8"], name, "step 1/2", width, ended=False)
    assert cell_len(line.plain) == width
    assert line.plain.endswith("  step 1/2")
