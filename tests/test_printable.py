"""Whatever somebody else wrote, no terminal obeys it: at each place where such text comes in or goes out."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from convstep.language import LANGUAGES, speak, tr
from convstep.printable import LONGEST, SENTENCE, SentenceError, printable, printable_lines
from convstep.ui.legible import Legible
from convstep.view.grid.colours import Colours

STRANGE = "".join(map(chr, (*range(32), *range(0x7F, 0xA0)))) + (
    "\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ud800\udce9"
)
"""What a terminal obeys, what turns a line round, what ends one, and what no terminal can be sent."""
TEXTS = st.text(
    st.one_of(st.sampled_from(STRANGE), st.characters(categories=["L", "N", "P", "S", "Zs", "C"])),
    max_size=60,
)


def obeyed(text: str) -> list[str]:
    """The characters that a terminal would not just show."""
    found = [each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    return [f"U+{ord(each):04X}" for each in found]


@given(TEXTS, st.integers(1, 80))
@example(STRANGE, 500)
def test_a_text_is_one_line_that_says_itself(text: str, longest: int) -> None:
    shown = printable(text, longest)
    assert obeyed(shown) == []
    assert len(shown) <= longest
    assert printable(shown, longest) == shown, "it may be shown twice"


@given(TEXTS)
@example("\tif x:\r\n\t\treturn '\x1b[2J'\x0c\n輸\ty")
def test_lines_stay_lines_and_columns_columns(text: str) -> None:
    shown = printable_lines(text)
    lines = text.replace("\r\n", "\n").split("\n")
    assert shown.count("\n") == len(lines) - 1
    assert obeyed(shown.replace("\n", "")) == []
    assert not any(
        line.startswith("\t") and not new.startswith("    ")
        for line, new in zip(lines, shown.split("\n"), strict=True)
    )


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_a_sentence_shows_whatever_it_quotes(text: str, language: str) -> None:
    speak(language)
    try:
        for value in (
            text,
            [text],
            ValueError(text),
            text.encode("utf-8", "surrogateescape" if text.isascii() else "replace"),
        ):
            assert (
                obeyed(tr("no example is called {name!r}; did you mean {close!r}?", name=value, close=text))
                == []
            )
            assert obeyed(tr("loading {name} …", name=value)) == []
    finally:
        speak("en")


class Unwritable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value", [10**5000, [10**5000], Unwritable(), {1: Unwritable()}], ids=["long", "list", "object", "dict"]
)
def test_what_cannot_be_written_is_named_by_its_type(value: object) -> None:
    assert tr("{name} is {value!r}; it must be a whole number", name="stride", value=value) == (
        f"stride is <{type(value).__name__}>; it must be a whole number"
    )


def test_numbers_keep_their_format_beside_a_strange_text() -> None:
    words = tr("loading {target} did not finish within {seconds:g} s", target="\x07", seconds=2.50)
    assert words == "loading \\x07 did not finish within 2.5 s"


@given(TEXTS)
@example("x" * 10**6)
def test_what_is_wrong_is_one_sentence_of_some_length(text: str) -> None:
    said = str(SentenceError(f"{text} is not it"))
    assert obeyed(said) == []
    assert len(said) <= SENTENCE
    assert said.endswith(" is not it"), "the middle is left out, not what to do"
    assert len(printable(text)) <= LONGEST


@given(TEXTS)
def test_a_screen_paints_no_control_character_and_keeps_its_columns(text: str) -> None:
    [segment] = Legible(Colours.ALL).apply([Segment(text)], Color(0, 0, 0))
    assert obeyed(segment.text) == []
    assert cell_len(segment.text) == cell_len(text)
