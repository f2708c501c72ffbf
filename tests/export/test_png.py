from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from convstep.export.fonts import BOLD, CHINESE, REGULAR
from convstep.export.frame import Frame, cells
from convstep.export.ink import Pen
from convstep.export.png import CELL, Pixels, pixels, png

GREEN, GROUND = (0, 255, 0), (16, 24, 32)
WIDTH, HEIGHT = CELL


@pytest.fixture(scope="module")
def picture(chinese: Frame) -> Pixels:
    return pixels(chinese)


def cell(picture: Pixels, line: int, column: int, columns: int = 1) -> Pixels:
    """The pixels of a cell."""
    return picture[line * HEIGHT : (line + 1) * HEIGHT, column * WIDTH : (column + columns) * WIDTH]


def runs(line: Pixels) -> list[tuple[int, int]]:
    """Where green pixels begin and end."""
    green = (line == GREEN).all(axis=-1).astype(int)
    edges = np.flatnonzero(np.diff(green, prepend=0, append=0))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def test_a_picture_is_the_screen_on_whole_pixels(picture: Pixels) -> None:
    assert picture.shape == (10 * HEIGHT, 32 * WIDTH, 3)


def test_a_border_is_one_unbroken_run_of_pixels(picture: Pixels) -> None:
    axis = WIDTH // 2
    # from the middle of the corner's cell to the middle of the other corner's
    across = runs(picture[HEIGHT // 2])
    assert len(across) == 1
    assert across[0] == (axis - 1, 29 * WIDTH + axis + 1)
    for column in (0, 29):
        down = runs(picture[:, column * WIDTH + axis])
        assert len(down) == 1
        assert down[0] == (HEIGHT // 2 - 1, 7 * HEIGHT + HEIGHT // 2 + 1)


def test_a_chinese_character_fills_two_cells_and_what_follows_stays_in_its_column(picture: Pixels) -> None:
    first, second = cell(picture, 1, 1), cell(picture, 1, 2)
    assert (first != GROUND).any()
    assert (second != GROUND).any()
    # │中│ab│文│: its bars stand where the text says, however wide the words are
    for column in (1, 4, 7, 10):
        bar = cell(picture, 4, column)[:, WIDTH // 2]
        assert (bar == (240, 240, 240)).all(), column


def test_reverse_fills_the_cell_and_lines_cross_all_of_it(picture: Pixels) -> None:
    turned = cell(picture, 3, 1, 9)  # "turned 反"
    assert (turned[0] == (240, 240, 240)).all()
    under = cell(picture, 2, 9, 7)  # "line 线"
    assert (under == (240, 240, 240)).all(axis=(1, 2)).sum() == 2
    gone = cell(picture, 2, 17, 4)
    assert (gone == (240, 240, 240)).all(axis=(1, 2)).sum() == 2
    plain = cell(picture, 1, 1, 7)
    assert not (plain == (240, 240, 240)).all(axis=(1, 2)).any()


@pytest.mark.parametrize("size", [(16, 32), (9, 18)])
def test_every_glyph_stays_inside_its_cells_and_is_whole(size: tuple[int, int]) -> None:
    pen = Pen(size)
    for characters, columns, fonts in (
        ("WMgjy@|√✓✗▶◀▼●◆▸◂…≠∞·Ωß%_", 1, (REGULAR, BOLD)),
        ("卷积梯度，。（：反", 2, (CHINESE,)),
    ):
        for character, font in itertools.product(characters, fonts):
            mask = pen.mask(character, columns, bold=font == BOLD)
            assert mask.shape == (size[1], columns * size[0])
            height = pen._chinese_size if font == CHINESE else pen._size
            whole = ImageFont.truetype(str(font), height, layout_engine=ImageFont.Layout.BASIC)
            # all of its ink is there; what is cut off is the faint edge of a glyph that fills the cell
            ink = sum(bytes(whole.getmask(character)))
            assert mask.sum() == pytest.approx(ink, rel=0.03), character


def test_bold_and_italic_are_seen_in_both_scripts() -> None:
    pen = Pen(CELL)
    for character, columns in (("a", 1), ("步", 2)):
        plain = pen.mask(character, columns)
        assert pen.mask(character, columns, bold=True).sum() > 1.1 * plain.sum()
        assert (pen.mask(character, columns, italic=True) != plain).any()


def test_what_no_font_has_is_a_hollow_box() -> None:
    pen = Pen(CELL)
    assert (pen.mask("\U0001f389", 2) == pen.mask("\U0001f4a9", 2)).all()
    box = pen.mask("\u0f00")
    assert (box > 0).any()
    assert not box[10:20, 5:11].any()
    assert pen.mask("⟲").any()
    assert (pen.mask("⟲") == pen.mask("↺")).all()


def test_the_chinese_font_has_all_of_gb_2312() -> None:
    from convstep.export.fonts.make import wanted
    from convstep.export.ink import _has

    assert len([code for code in wanted() if 0x4E00 <= code <= 0x9FFF]) == 6763
    for sample in "啊齄　、。〇「」！～（）：；①Ⅳ":
        assert _has(CHINESE, sample), sample
    assert not _has(CHINESE, "\U0001f389")


def test_fonts_come_with_their_licences() -> None:
    folder = REGULAR.parent
    assert BOLD.is_file()
    assert "SIL OPEN FONT LICENSE" in (folder / "LICENSE-NotoSansMonoCJKsc.txt").read_text(encoding="utf-8")
    assert "Bitstream Vera" in (folder / "LICENSE-DejaVu.txt").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in Path(folder).glob("*.[ot]tf")) < 3_000_000


def test_the_same_frame_gives_the_same_file(chinese: Frame, picture: Pixels) -> None:
    made = png(chinese)
    assert made == png(chinese)
    assert (np.asarray(Image.open(io.BytesIO(made))) == picture).all()


def test_every_character_the_screens_may_show_is_drawn() -> None:
    """Lessons and interface are searched as text: a character nobody can draw is a hollow box."""
    package = REGULAR.parents[2]
    pen, hollow = Pen(CELL), {1: Pen(CELL).mask("\u0f00"), 2: Pen(CELL).mask("\U0001f389", 2)}
    # what things are called in strangers' code is on no screen
    strangers = ("signatures.py", "likely.py", "names.py", "words.py")
    shown = {
        character
        for folder in ("view", "ui", "lessons", "replay", "oracle", "candidate", "examples")
        for path in (package / folder).rglob("*")
        if path.suffix in (".py", ".md", ".json", ".toml", ".tcss") and path.name not in strangers
        for character in path.read_text(encoding="utf-8")
        if not character.isascii()
    }
    for character, columns in cells("".join(sorted(shown))):
        if len(character) == 1:
            assert (pen.mask(character, columns) != hollow[columns]).any(), character
