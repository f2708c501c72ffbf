"""NO_COLOR: no colour is sent, and nothing that colour says is lost."""

from __future__ import annotations

import re

import pytest

from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened

COLOUR = re.compile(r"[34]8;2;(\d+);(\d+);(\d+)")


@pytest.fixture(autouse=True)
def no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def colours(session: Session) -> set[tuple[str, ...]]:
    """Every colour on the terminal that is not a grey."""
    styles = {painted.style for painted in session.app.terminal.cells.values()}
    found = {match for style in styles for match in COLOUR.findall(style)}
    named = {f"{n}" for style in styles for n in style.split(";") if COLOUR.search(style) is None}
    assert not named & {str(n) for n in (*range(31, 38), *range(41, 48), *range(91, 97), *range(101, 107))}
    return {(r, g, b) for r, g, b in found if not r == g == b}


@SELDOM
@pytest.mark.parametrize("size", some([(60, 16), (200, 50)]))
async def test_nothing_is_coloured(size: tuple[int, int]) -> None:
    async with opened("rectangle", size, position=30) as session:
        assert session.app.no_color
        for key in ("s", "v", "tab", "down", "v", "?", "escape", "g", "escape", "o"):
            await session.press(key)
            assert colours(session) == set(), key
        await session.answered()
        assert colours(session) == set()
        assert session.stale_cells() == []


async def test_state_is_visible_without_colour() -> None:
    async with opened(position=137) as session:
        window, upstream = "\n".join(session.part("input_gradient")), "\n".join(session.part("upstream"))
        assert all(corner in window for corner in "┌┐└┘│")
        for key, word in (("input", "reads x"), ("input_gradient", "writes"), ("kernel", "reads w"),
                          ("upstream", "reads dz"), ("kernel_gradient", "writes")):  # fmt: skip
            assert word in session.part(key)[0]
        for key in ("input", "input_gradient"):
            framed = [line for line in session.part(key) if "[" in line][1:]
            assert [line.split("[")[1].split("]")[0].strip() != "" for line in framed] == [True] * 3
            for row in (4, 5, 6):
                (left, y), (right, _) = (session.place(key, row, column) for column in (2, 5))
                assert session.cell(left - 1, y).text + session.cell(right - 1, y).text == "[]"
        assert any(shade in window for shade in "░▒▓█")
        assert "▸" in upstream
        assert "◂" in upstream
        assert "◂" in "\n".join(session.part("bias_gradient"))
        assert "▶" in session.text
        assert "✓" in session.text
        for row in (4, 5, 6):
            for column in (2, 3, 4):
                x, y = session.place("input_gradient", row, column)
                underlined = "4" in session.cell(x + 1, y).style.split(";")
                assert underlined, f"changed cells are underlined: {row}, {column}"
        x, y = session.place("input_gradient", 1, 1)
        assert "4" not in session.cell(x + 1, y).style.split(";")
        x, y = session.place("upstream", 4, 2)
        assert "7" in session.cell(x + 1, y).style.split(";"), "the current cell is reversed"
        await session.press("down", "down")
        x, y = session.place("input_gradient", 5, 2)
        assert "7" in session.cell(x + 1, y).style.split(";"), "the cursor is reversed"
        await session.press("v", "v")
        text = "\n".join(session.part("upstream"))
        assert re.search(r"-[░▒▓█]{2}", text), "heat alone is drawn in shades with signs"
        assert re.search(r"\+[░▒▓█]{2}", text)


async def test_what_is_chosen_in_the_palette_stands_out_without_colour() -> None:
    async with opened(position=137) as session:
        await session.press("ctrl+p")
        await session.until("Make only one of the step's additions")
        rows = [next(y for y, line in enumerate(session.lines) if line.strip().startswith(start))
                for start in ("add  s", "back  N")]  # fmt: skip
        chosen, other = (int(COLOUR.findall(session.cell(4, y).style)[-1][0]) for y in rows)
        assert abs(chosen - other) > 40


async def test_a_theme_of_the_terminal_s_own_colours_stays_the_terminal_s() -> None:
    async with opened(position=137) as session:
        session.app.theme = "ansi-light"
        await session.settle()
        assert any(shade in "\n".join(session.part("input_gradient")) for shade in "░▒▓█")
        assert not [one for one in session.app.terminal.cells.values() if COLOUR.search(one.style)]
