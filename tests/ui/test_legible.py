"""All of a screen can be read, on every theme and with as few colours as a terminal has."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual._ansi_theme import ALABASTER
from textual.app import App
from textual.color import Color
from textual.containers import VerticalScroll
from textual.filter import ANSIToTruecolor, DimFilter, LineFilter, Monochrome, NoColor
from textual.theme import BUILTIN_THEMES

from convstep.examples import catalog
from convstep.export.formats import cast, document
from convstep.export.frame import take
from convstep.export.svg import svg
from convstep.ui.app import DebuggerApp
from convstep.ui.legible import JOINER, Legible
from convstep.ui.widgets.text_pane import TextPane
from convstep.view.grid.colours import (
    _TABLES,
    HUES,
    READABLE,
    VISIBLE,
    Colours,
    Rgb,
    contrast_of,
    nearest,
    nearest_pair,
    rgb,
)
from convstep.view.numbers.scale import Scale
from tests.strategies import SELDOM, some
from tests.test_printable import obeyed
from tests.ui.driving import Session, WatchedApp, opened
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import Terminal

HUED = ("reads", "writes")
WHITE = Color(255, 255, 255)


def shown(text: str, style: Style, colours: Colours = Colours.ALL) -> Style:
    """What becomes of a text on white."""
    [segment] = Legible(colours).apply([Segment(text, style)], WHITE)
    assert segment.text == text
    assert segment.style is not None
    return segment.style


def parts(colour: RichColor | None) -> Rgb:
    assert colour is not None
    red, green, blue = colour.get_truecolor()
    return red, green, blue


def test_text_gets_the_contrast_that_reading_takes_and_lines_what_seeing_takes() -> None:
    pale = Style(color="#ffeecc")
    on = [contrast_of(parts(shown(text, pale).color), WHITE.rgb) for text in ("a", "┃ │", "▀▄", " ")]
    assert on[0] >= READABLE > on[1] >= VISIBLE
    assert on[2] == on[3] < 1.2, "a picture's colours are what it says"


@pytest.mark.parametrize("colours", list(Colours))
def test_colours_of_the_terminal_s_own_are_left_to_it(colours: Colours) -> None:
    own = Style(color="yellow", bgcolor="default", bold=True)
    assert shown("a", own, colours) == own


def pairs(session: Session) -> Iterator[tuple[str, str, str]]:
    """Every painted character with its ink and its ground, as the terminal was told."""
    for painted in session.app.terminal.cells.values():
        inked, grounded = (re.search(rf"\b{kind}8;(5;\d+|2;\d+;\d+;\d+)", painted.style) for kind in "34")
        if inked and grounded and painted.text.strip():
            yield painted.text, inked[1], grounded[1]


def meant(named: str, colours: Colours) -> Rgb:
    """Which colour it is."""
    numbers = [int(one) for one in named.split(";")]
    if numbers[0] == 5:
        return _TABLES[colours][0][numbers[1]]
    return numbers[1], numbers[2], numbers[3]


@SELDOM
async def test_every_theme_is_readable_in_all_colours_and_in_the_table() -> None:
    async with opened("rectangle", (100, 30), position=20) as session:
        for colours in (Colours.ALL, Colours.TABLE):
            session.app.show_in(colours)
            for theme in some(BUILTIN_THEMES.values(), every=3 if colours is Colours.ALL else 8):
                session.app.theme = theme.name
                await session.settle()
                found = set(pairs(session))
                assert theme.ansi or len(found) > 100
                for text, inked, grounded in found:
                    contrast = contrast_of(meant(inked, colours), meant(grounded, colours))
                    least = VISIBLE if "\u2500" <= text <= "\u257f" else READABLE
                    readable = contrast >= least or "\u2580" <= text <= "\u259f"
                    assert readable, (theme.name, text, inked, grounded)
                    assert colours is Colours.ALL or inked[:2] == grounded[:2] == "5;"


@SELDOM
async def test_how_far_one_has_scrolled_is_seen_on_every_theme() -> None:
    async with opened(size=(80, 24)) as session:
        await session.press("?")
        bar = session.app.screen.query_one(VerticalScroll)
        for theme in some(BUILTIN_THEMES.values(), every=5):
            session.app.theme = theme.name
            await session.settle()
            ground = bar.styles.scrollbar_background
            seen = contrast_of((ground + bar.styles.scrollbar_color).rgb, ground.rgb)
            assert theme.ansi or seen >= VISIBLE, theme.name


def test_reading_and_writing_look_unlike_each_other_and_unlike_any_value_with_few_colours_too() -> None:
    for dark, (colours, tables) in itertools.product((True, False), _TABLES.items()):
        ground = (18, 18, 18) if dark else (224, 224, 224)
        lines = {name: nearest_pair(rgb(HUES[dark][name]), ground, colours, VISIBLE)[0] for name in HUED}
        assert len(set(lines.values())) == 2
        if dark or colours is Colours.TABLE:  # on a light screen of 16 nothing but black and blue is readable
            words = {nearest_pair(rgb(HUES[dark][name]), ground, colours)[0] for name in HUED}
            assert len(words) == 2
        if colours is Colours.TABLE:
            grounds = [nearest(rgb(HUES[dark][f"{name}-ground"]), colours, ground=True) for name in HUED]
            ramp = {Scale(1.0, dark, colours).background(value) for value in np.linspace(-1, 1, 99)}
            for number in grounds:
                red, green, blue = tables[0][number]
                assert f"#{red:02x}{green:02x}{blue:02x}" not in ramp
                assert len({red, green, blue}) > 1, "a tint, and no grey"
            assert len(set(grounds)) == 2


async def test_a_text_names_what_it_says_of_reading_and_writing_and_has_its_hue_on_every_theme() -> None:
    def draw(width: int, height: int) -> Text:
        return Text.assemble(("r", "reads"), ("w", "bold writes"), ("n", "now"))

    async with opened("one-window") as session:
        pane = session.debugger.query(TextPane).first()
        for theme in ("textual-light", "nord", "textual-dark"):
            session.app.theme = theme
            pane.show(draw)
            await session.settle()
            x, y = pane.content_region.offset
            reads, writes, now = (session.cell(x + n, y).style for n in range(3))
            for name, style in zip(HUED, (reads, writes), strict=True):
                ink = re.search(r"38;(2;\d+;\d+;\d+)", style)
                assert ink is not None
                # as it was chosen, or nearer to black or white by what reading takes
                red, green, blue = meant(ink[1], Colours.ALL)
                wanted = rgb(HUES[session.app.current_theme.dark][name])
                order = sorted(range(3), key=wanted.__getitem__)
                assert sorted((red, green, blue)) == [(red, green, blue)[at] for at in order], (theme, style)
            assert writes.startswith("1;")
            assert now.startswith("1;7;")


async def test_heat_in_the_table_is_the_ramp_made_for_it() -> None:
    async with opened(position=137) as session:
        session.app.show_in(Colours.TABLE)
        session.app.theme = "textual-light"
        await session.settle()
        grid = session.grid("input")
        assert grid.panel is not None
        scale = Scale(grid.panel.limit, dark=False, colours=Colours.TABLE)
        x, y = session.place("input", 2, 3)
        ground = re.search(r"48;(5;\d+)", session.cell(x, y).style)
        assert ground is not None
        value = float(grid.panel.face.values[2, 3])
        assert meant(ground[1], Colours.TABLE) == rgb(scale.background(value)) != rgb(scale.background(0.0))


@pytest.mark.parametrize(
    ("term", "colorterm", "expected"),
    [
        ("tmux-256color", None, Colours.TABLE),
        ("tmux-256color", "truecolor", Colours.ALL),
        ("xterm", None, Colours.SIXTEEN),
        ("linux", None, Colours.SIXTEEN),
    ],
)
async def test_an_app_that_runs_in_a_terminal_takes_its_colours(
    term: str, colorterm: str | None, expected: Colours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM", raising=False)
    if colorterm:
        monkeypatch.setenv("COLORTERM", colorterm)
    app = DebuggerApp(catalog.load("one-window"), "one-window", torch=FakeTorch())
    taken = []

    async def run(app: DebuggerApp, **options: bool) -> None:
        taken.append(app.colours)

    monkeypatch.setattr(App, "run_async", run)
    await app.run_async(headless=True)
    await app.run_async()
    assert taken == [Colours.ALL, expected], "without a terminal there are all, on every machine"


async def test_a_strange_name_is_seen_on_the_screen_and_in_its_picture() -> None:
    name = "\x1b]0;x\x07\u202e\udce9\n.npz"
    problem = catalog.load("one-window")
    app = WatchedApp(problem, name, torch=FakeTorch())
    app.terminal = Terminal()
    async with app.run_test(size=(120, 40), notifications=False) as pilot:
        session = Session(app, pilot)
        await session.settle()
        assert "\\x1b]0;x\\x07\\u202e\\udce9\\n.npz" in session.lines[0]
        session.debugger.say("\x1b[2J\u202e said raw")
        await session.settle()
        assert obeyed("".join(session.lines)) == []
        frame = take(app, title=f"convstep {name}", caption="\x07", position=0)
    for written in (svg(frame), cast([frame]), document([frame], [Path(name)])):
        assert obeyed(written.replace("\n", "")) == []
        assert "u202e" in written


@given(st.text(max_size=12))
@example("👩\u200d👩\u200d👧\u200d👦")
@example("a\u200d\x1b[2J")
@example("\u202e输入\x07")
def test_no_line_gets_longer_or_shorter_by_what_is_not_painted(text: str) -> None:
    strips = Legible(Colours.ALL).apply([Segment(text)], Color(0, 0, 0))
    assert cell_len(strips[0].text) == cell_len(text)
    assert obeyed(strips[0].text.replace(JOINER, "")) == []


FILTERS = [ANSIToTruecolor(ALABASTER), DimFilter(), Monochrome(), NoColor()]
STYLES = [
    "",
    "red",
    "dim white on black",
    "dim yellow on #102030",
    "reverse #888888",
    "bold color(9) on blue",
]


@given(
    st.lists(st.sampled_from(FILTERS), max_size=2, unique=True),
    st.lists(st.tuples(st.text(max_size=3), st.sampled_from(STYLES)), max_size=6),
    st.lists(st.sampled_from([WHITE, Color(0, 0, 0), Color(90, 40, 10)]), min_size=2, max_size=3),
)
def test_filters_within_it_do_what_they_do_before_it(
    before: list[LineFilter], line: list[tuple[str, str]], behind: list[Color]
) -> None:
    segments = [Segment(text, Style.parse(style)) for text, style in line]
    legible = Legible(Colours.ALL, before)
    for background in behind:  # the second time from what is kept
        filtered = segments
        try:
            for filter in (*before, Legible(Colours.ALL)):
                filtered = filter.apply(filtered, background)
        except (TypeError, AttributeError):  # Textual's own, where what is dim has lost its colours
            reject()
        assert legible.apply(segments, background) == filtered
