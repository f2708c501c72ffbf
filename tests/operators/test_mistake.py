"""Mistakes are read from a literal, and run as patches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest

from convstep import language
from convstep.language import speak, tr
from convstep.operators.mistake import Mistakes


@pytest.fixture(autouse=True)
def their_chinese_is_forgotten() -> Iterator[None]:
    """What these mistakes are called is no part of the program's catalogue."""
    with patch.dict(language._in_code["zh"]):
        yield


def scaled(a: float, b: float) -> float:
    total = 0.0
    for k in range(3):
        total += a * b
        total += k
    return total


def summed(a: float, b: float) -> float:
    parts = [a * b + k for k in range(3)]
    return sum(parts)


TEXT = """
overwrite: it is assigned  [somebody/where#1; elsewhere]
    What stood there is lost; it shows
    from the second turn on.
  这里是赋值:
    原来的数丢了；从第二轮起
    就看得出来。
  - total += a * b
  + total = a * b

  - return sum(parts)
  + return parts[-1]
  # the last part alone | 只有最后一份
  - for k in range(3):
  + for k in range(1):
  - return total
  + return -total
left-out: two lines are left out
    Nothing is added.
  漏了两行:
    什么也没有加。
  - total += a * b
  - total += k
  + pass
unseen: numbers do not show it
    It writes where it should not.
  从数字上看不出来:
    写到了不该写的地方。
"""


def test_a_literal_holds_ids_titles_sources_and_explanations() -> None:
    overwrite, left_out, unseen = Mistakes(TEXT, scaled, summed)
    assert (overwrite.id, overwrite.title) == ("overwrite", "it is assigned")
    assert overwrite.sources == ("somebody/where#1", "elsewhere")
    assert overwrite.explanation == "What stood there is lost; it shows from the second turn on."
    assert left_out.sources == ()
    assert unseen.variants == ()


def test_its_chinese_is_said_where_chinese_is_spoken_and_lines_are_joined_without_a_space() -> None:
    overwrite, *_ = Mistakes(TEXT, scaled, summed)
    speak("zh")
    assert tr(overwrite.title) == "这里是赋值"
    assert tr(overwrite.explanation) == "原来的数丢了；从第二轮起就看得出来。"
    assert tr(overwrite.variants[1].label) == "只有最后一份"


def test_a_variant_ends_at_a_blank_line_or_a_label_and_finds_the_form_with_its_lines() -> None:
    first, second, third = Mistakes(TEXT, scaled, summed)[0].variants
    assert (first.form, second.form, third.form) == (scaled, summed, scaled)
    assert (first.label, second.label, third.label) == ("", "the last part alone", "")
    assert first.hunks == (("total += a * b", "total = a * b"),)
    assert third.right == "for k in range(3):\nreturn total"
    assert third.wrong == "for k in range(1):\nreturn -total"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("+ a_i = 1", "a_i = 3 * a"),
        ("+ a_i *= 1", "a_i *= 2"),
        ("+ out[0] = a_i", "out[k] += a_i"),
        ("+ for k in range(1):\n  +     out[k] += 1", "for k in range(len(out)):\nout[k] += a_i"),
        ("+ for k in range(1):\n  + a_i = 1", "for k in range(len(out)):\na_i = 3 * a"),
    ],
)
def test_a_wrong_line_alone_stands_for_the_only_one_that_does_the_same(wrong: str, right: str) -> None:
    (odd,) = Mistakes(f"odd: odd\n    Odd.\n  {wrong}\n", assigned)
    assert odd.variants[0].right == right


@pytest.mark.parametrize("wrong", ["+ b = 1", "+ pass", "+ b += 1", "+ out = 0", "+ for i in range(2):"])
def test_a_wrong_line_that_does_what_none_or_several_do_needs_its_right_line(wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"no readable backward has the lines '{wrong[2:]}'")):
        len(Mistakes(f"odd: odd\n    Odd.\n  {wrong}\n", assigned))


def assigned(a: float) -> list[float]:
    out = np.zeros(2)
    a_i = 3 * a
    a_i *= 2
    b = a
    b = b + 1
    for k in range(len(out)):
        out[k] += a_i
    return [b, *out]


def test_the_patched_backward_runs_and_its_text_is_what_runs() -> None:
    overwrite, left_out, _ = Mistakes(TEXT, scaled, summed)
    first, second, third = overwrite.variants
    assert scaled(2, 3) == summed(2, 3) == 21
    assert first.backward(2, 3) == 8  # the last turn's product and index
    assert second.backward(2, 3) == 8
    assert third.backward(2, 3) == -6
    assert left_out.variants[0].backward(2, 3) == 0
    assert "        total = a * b\n        total += k\n" in first.text
    assert "        pass\n    return total" in left_out.variants[0].text


@pytest.mark.parametrize("lines", ["total = 1", "total += a * b\n  - return total"])
def test_right_lines_that_no_form_has_are_refused(lines: str) -> None:
    text = f"odd: odd\n    Odd.\n  - {lines}\n  + pass\n"
    with pytest.raises(ValueError, match=re.escape("odd: no readable backward has the lines")):
        len(Mistakes(text, scaled))


def gated(a: float) -> list[float]:
    a_i, a_f = a, 2 * a
    b_i = 10 * a_i
    b_f = a_f
    return [b_i, b_f]


GATED = """
one: it is not multiplied
    It should be.
  - b_i = 10 * a_i
  + b_i = a_i
two: they have changed places
    They should not.
  - return [b_i, b_f]
  + return [b_f, b_i]
"""


def test_a_mistake_is_made_with_blocks_in_another_order_unless_it_is_one_of_order() -> None:
    one, two = Mistakes(GATED, gated)
    ordered = one.variants[0].in_order("if", (1, 0))
    assert ordered is not None
    assert one.variants[0].backward(1) == [1, 2]
    assert ordered(1) == [1, 2]  # their f comes first: a_f = 1, a_i = 2, and [b_f, b_i]
    assert two.variants[0].in_order("if", (1, 0)) is None
