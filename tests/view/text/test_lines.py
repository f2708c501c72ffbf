"""The lines around the panels keep to their width, in Latin and Chinese."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from convstep.conv.problem import Problem
from convstep.conv.validation import padding_text, pair_text
from convstep.view.panels.problem_words import problem_facts, shape_facts, window_facts
from convstep.view.text.lines import KEPT, key_places, status_line, tab_line, title_line


@pytest.mark.parametrize("left", ["dW[0] = 1", "你已经走开了；按 r 回到课程的位置", "填充" * 60, ""])
@pytest.mark.parametrize("width", [20, 60, 119])
def test_a_status_line_is_never_wider_than_its_room(left: str, width: int) -> None:
    line = status_line(left, ["mean 0.5 · executed", "executed"], width)
    assert cell_len(line.plain) <= width
    assert line.plain.startswith(left) or line.plain.endswith("…"), "what is cut says so"
    if cell_len(left) + 10 <= width:
        assert line.plain.endswith("executed")
        assert cell_len(line.plain) == width


@pytest.mark.parametrize("name", ["digit", "填充、裁剪和 [0:-0] 的坑"])
@pytest.mark.parametrize("width", [40, 60, 118])
def test_a_title_keeps_the_position_in_sight(name: str, width: int) -> None:
    line = title_line([f"convstep  {name}", name], ["3/8"], ["step 1/2"], width)
    assert cell_len(line.plain) == width
    assert line.plain.endswith("  step 1/2")


PADDING = st.one_of(
    st.integers(0, 20).map(lambda pad: ((pad, pad), (pad, pad))),
    st.tuples(st.tuples(*[st.integers(0, 20)] * 2), st.tuples(*[st.integers(0, 20)] * 2)),
)


@given(
    st.tuples(*[st.integers(1, 20)] * 2),
    PADDING,
    st.integers(1, 10**6),
    st.sampled_from(["digit", "a very long file name.py:Layer.conv_backward", "填充、裁剪和坑"]),
    st.lists(st.sampled_from(["wrong only when stride > 1", "A_prev 8x8x1", "float64"]), unique=True),
    st.integers(58, 200),
)
def test_a_title_never_cuts_off_stride_and_padding_nor_the_step(
    stride: tuple[int, int],
    padding: tuple[tuple[int, int], tuple[int, int]],
    total: int,
    name: str,
    others: list[str],
    width: int,
) -> None:
    kept = [f"stride {pair_text(stride)}", f"padding {padding_text(padding)}"]
    step = f"step {total}/{total}"
    rights = [f"{step}   (i_n 1, i_h 111, i_w 111, i_c 63)", f"{step} (1, 111, 111, 63)", step]
    names = [f"convstep  {name}", name]
    line = title_line(names, [*others, *kept], rights, width, kept=kept).plain
    assert cell_len(line) == width
    assert step in line
    bare = line.replace(" ", "")
    for word, value in zip(("stride", "padding"), (pair_text(stride), padding_text(padding)), strict=True):
        value = value.replace(" ", "")
        assert f"{word}{value}" in bare or f"{word[0]}{value}" in bare, line
    if any(fact not in line for fact in kept):
        assert name[:4] not in line, "the name goes before words of stride and padding"


def test_a_title_sheds_facts_before_the_name_and_the_name_before_the_place() -> None:
    names = ["mine.py:conv2d_backward", "conv2d_backward"]
    kept = ["stride 2", "padding 1"]
    facts = ["wrong only when stride > 1", "A_prev 2x4x1", *kept, "float64"]
    rights = ["step 3/12   (i_h 0, i_w 1, i_c 0)", "step 3/12 (0, 1, 0)", "step 3/12"]
    shown = {width: title_line(names, facts, rights, width, kept=kept).plain for width in (118, 78, 58)}
    assert shown[118].startswith(
        "mine.py:conv2d_backward · wrong only when stride > 1 · stride 2 · padding 1 "
    )
    assert shown[78].startswith("conv2d_backward · stride 2 · padding 1 ")
    assert shown[78].endswith(rights[0])
    assert shown[58].startswith("conv2d_backwa… · stride 2 · padding 1 ")
    assert shown[58].endswith(rights[1])


def test_a_title_keeps_dilation_and_groups_and_sheds_shapes_before_the_dtype() -> None:
    problem = Problem(np.ones((9, 7, 4)), np.ones((2, 2, 2, 2)), None, None, dilation=2, groups=2)
    right = "step 13/42   (i_h 3, i_w 0, i_c 0)"
    wide, narrow = (
        title_line(
            ["dil"], problem_facts(problem), [right], width,
            kept=window_facts(problem), spared=shape_facts(problem),
        ).plain
        for width in (125, 110)
    )  # fmt: skip
    kept = "stride 1 · padding 0 · dilation 2 · groups 2 · no bias · float64 "
    assert wide.startswith(f"dil · A_prev 9x7x4 · {kept}"), "W goes first"
    assert "W 2@" not in wide
    assert narrow.startswith(f"dil · {kept}"), "the shapes are on the panels as well"


def test_a_title_has_no_empty_facts() -> None:
    assert title_line(["name"], ["", "stride 2"], ["step 1/2"], 58).plain.startswith("name · stride 2 ")


@given(
    st.lists(st.text("abc", min_size=1, max_size=6), min_size=2, max_size=6), st.data(), st.integers(12, 60)
)
def test_tabs_begin_with_the_shown_one_where_they_do_not_all_fit(
    names: list[str], data: st.DataObject, width: int
) -> None:
    shown = data.draw(st.integers(0, len(names) - 1))
    marked = [f"‹{name}›" if at == shown else name for at, name in enumerate(names)]
    whole = f"Tab: {' '.join(marked)}"
    line = tab_line(names, shown, width)
    if len(whole) <= width:
        assert line == whole
        return
    turned = [*marked[shown:], *marked[:shown]]
    lines = [f"Tab: {' '.join(turned[:count])} +{len(names) - count}" for count in range(1, len(names))]
    assert line in lines
    assert line == lines[0] or len(line) <= width
    longer = lines[lines.index(line) + 1 :]
    assert all(len(further) > width for further in longer), "as many as there is room for"


@given(
    st.lists(
        st.tuples(st.sampled_from(["n", "F10", "⏎"]), st.sampled_from(["next", "答", ""])),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 90),
)
def test_keys_that_find_no_room_are_dropped_whole_help_and_quit_never(
    keys: list[tuple[str, str]], width: int
) -> None:
    places = key_places(keys, width)
    shown = [place.at for place in places]
    assert shown == sorted(set(shown))
    assert [*range(len(keys))][-KEPT:] == shown[-KEPT:]
    gaps = {after.start - place.stop for place, after in pairwise(places)}
    assert gaps <= {1} or gaps == {2}, "all alike, and apart where that costs no key"
    lengths = [cell_len(f"{key} {label}") for key, label in keys]
    assert [place.stop - place.start for place in places] == [lengths[at] for at in shown]
    assert gaps != {1} or sum(lengths[at] + 2 for at in shown) - 2 > width
    if len(shown) > KEPT:
        assert places[-1].stop <= width
    if len(shown) < len(keys):
        more = sorted([*shown, next(at for at in range(len(keys)) if at not in shown)])
        assert sum(cell_len("".join(keys[at])) + 2 for at in more) - 1 > width, "one more would not fit"
