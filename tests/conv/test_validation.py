"""The error table: every contradiction is answered in one sentence with both numbers and a way out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from convstep.conv.backward import conv2d_backward, conv2d_backward_steps
from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.timeline import Timeline
from convstep.oracle.comparison import compare
from convstep.printable import SENTENCE
from tests.test_printable import obeyed

GOOD: dict[str, Any] = {
    "A_prev": np.ones((5, 6, 4)),
    "W": np.ones((6, 3, 2, 4)),
    "b": np.ones(6),
    "dZ": np.ones((3, 5, 6)),
    "stride": 1,
    "padding": 0,
    "dilation": 1,
    "groups": 1,
}

NUMBERS: list[tuple[dict[str, Any], list[str]]] = [
    ({name: value}, [name, says, must])
    for name in ("stride", "dilation", "groups")
    for value, says, must in (
        (0, "0", "at least 1"),
        (-2, "-2", "at least 1"),
        (1.0, "1.0", "whole number"),
        (True, "True", "whole number"),
        (None, "None", "whole number"),
        (np.nan, "nan", "whole number"),
        ("2", "'2'", "whole number"),
        (2**31, "2147483648", "at most 2147483647"),
        (2**59, "576460752303423488", "at most"),
        (2**70, "1180591620717411303424", "at most"),
        (10**5000, "<int>", "at most"),
        (np.uint64(2**64 - 1), "18446744073709551615", "at most"),
        (np.True_, "True", "whole number"),
    )
]

PAIRS: list[tuple[dict[str, Any], list[str]]] = [
    ({"stride": (1, 1, 1)}, ["stride has 3 entries", "pair"]),
    ({"stride": ()}, ["stride has 0 entries", "pair"]),
    ({"stride": (1, 0)}, ["stride[1] is 0", "at least 1"]),
    ({"stride": (1.5, 1)}, ["stride[0] is 1.5", "whole number"]),
    ({"dilation": (1, -1)}, ["dilation[1] is -1", "at least 1"]),
    ({"dilation": np.array([1, 2, 3])}, ["dilation has 3 entries", "[1, 2, 3]"]),
    ({"stride": {1: 2}}, ["stride is {1: 2}", "whole number"]),
    ({"groups": (1, 1)}, ["groups is (1, 1)", "whole number"]),
    ({"stride": (1, 2**62)}, ["stride[1] is 4611686018427387904", "at most"]),
    ({"dilation": np.array([2**62, 1])}, ["dilation[0] is 4611686018427387904", "at most"]),
]

PADDINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({"padding": -1}, ["padding is -1", "at least 0"]),
    ({"padding": 0.5}, ["padding is 0.5", "whole number"]),
    ({"padding": False}, ["padding is False", "whole number"]),
    ({"padding": None}, ["padding is None", "whole number", "same"]),
    ({"padding": (1, -3)}, ["padding[1] is -3", "at least 0"]),
    ({"padding": ((0, 0), (-1, 0))}, ["padding[1][0] is -1", "at least 0"]),
    ({"padding": ((0, 0, 0), (0, 0))}, ["padding[0] has 3 entries", "(before, after)"]),
    ({"padding": ((1, (2, 3)), 0)}, ["padding[0][1] is (2, 3)", "whole number"]),
    ({"stride": (1, (2, 3))}, ["stride[1] is (2, 3)", "whole number"]),
    ({"padding": (1, 2, 3)}, ["padding has 3 entries", "whole number"]),
    ({"padding": ((0, 2**63), (0, 0))}, ["padding[0][1] is 9223372036854775808", "at most"]),
    ({"padding": [2**59] * 2}, ["padding[0] is 576460752303423488", "at most"]),
    ({"padding": "\x1b[2J" * 1000}, ["padding is '\\x1b[2J", "…", '"valid"']),
    ({"padding": "full"}, ["'full'", '"valid"', '"same"']),
    ({"padding": "same", "stride": 2, "dZ": None}, ["stride 1", "is 2", "in numbers"]),
    ({"padding": "same", "stride": (1, 2), "dZ": None}, ["stride 1", "(1, 2)", "in numbers"]),
]

SHAPES: list[tuple[dict[str, Any], list[str]]] = [
    ({"W": np.ones((6, 6, 2, 4))}, ["6x2", "5x6", "add padding or use a smaller kernel"]),
    ({"dilation": 3, "dZ": None}, ["3x2", "spanning 7x4", "5x6", "add padding"]),
    ({"A_prev": np.ones((5, 6))}, ["A_prev has 2 axes", "5x6", "needs 3 or 4", "(H, W, C_in)"]),
    ({"A_prev": np.ones((1, 1, 5, 6, 4))}, ["A_prev has 5 axes", "needs 3 or 4"]),
    ({"A_prev": 3.0}, ["A_prev has 0 axes", "needs 3 or 4"]),
    ({"W": np.ones((3, 2, 4))}, ["W has 3 axes", "needs 4", "(C_out, F_h, F_w"]),
    ({"b": np.ones((6, 1))}, ["b has 2 axes", "6x1", "needs 1"]),
    ({"b": np.ones(5)}, ["b has 5", "W has 6", "one bias per filter"]),
    ({"dZ": np.ones((3, 5))}, ["dZ has 2 axes", "needs 3 or 4"]),
    ({"dZ": np.ones((5, 3, 6))}, ["dZ is 5x3x6", "3x5x6", "stride 1", "padding 0"]),
    ({"dZ": np.ones((3, 5, 5))}, ["3x5x5", "3x5x6"]),
    (
        {"dZ": np.ones((1, 3, 5, 6))},
        ["dZ has a batch axis", "A_prev has none", "both a batch axis or"],
    ),
    ({"A_prev": np.ones((2, 5, 6, 4))}, ["A_prev has a batch axis", "dZ has none", "both"]),
    (
        {"A_prev": np.ones((2, 5, 6, 4)), "dZ": np.ones((3, 3, 5, 6))},
        ["dZ has 3 samples", "A_prev has 2", "must agree"],
    ),
    ({"A_prev": np.ones((5, 6, 3))}, ["4 channels", "has 3", "C_in // groups"]),
    ({"groups": 3, "dZ": None}, ["4 channels", "3 groups"]),
    ({"A_prev": np.ones((5, 6, 8)), "W": np.ones((6, 3, 2, 2)), "groups": 4}, ["6 filters", "4 groups"]),
    ({"groups": 2, "dZ": None}, ["4 channels", "has 2", "4 / 2 groups"]),
    ({"A_prev": np.ones((0, 6, 4))}, ["A_prev is empty", "0x6x4", "length 0"]),
    ({"W": np.ones((6, 3, 2, 0))}, ["W is empty", "6x3x2x0", "length 0"]),
    ({"W": np.ones((0, 3, 2, 4))}, ["W is empty", "length 0"]),
    ({"b": np.ones(0)}, ["b is empty", "length 0"]),
]

SIZES: list[tuple[dict[str, Any], list[str]]] = [
    ({"padding": 10**9, "dZ": None}, ["padded input", "16000000088000000120", "2147483648", "less padding"]),
    ({"padding": 10**5, "dZ": None}, ["padded input", "padding 100000", "less padding"]),
    (
        {"A_prev": np.ones((40000, 1, 1)), "W": np.ones((60000, 1, 1, 1)), "b": None, "dZ": None},
        ["output", "2400000000 cells", "smaller arrays"],
    ),
]

DTYPES: list[tuple[dict[str, Any], list[str]]] = [
    ({"A_prev": np.ones((5, 6, 4), complex)}, ["A_prev", "complex128", "float32 or float64"]),
    ({"W": np.ones((6, 3, 2, 4), object)}, ["W", "object", "float32 or float64"]),
    ({"A_prev": None}, ["A_prev is None", "must be an array"]),
    ({"W": None}, ["W is None", "must be an array"]),
    ({"A_prev": "x"}, ["A_prev", "<U1", "float32 or float64"]),
    ({"A_prev": np.full((5, 6, 4), "a")}, ["A_prev", "<U1", "float32 or float64"]),
    ({"dZ": np.ones((3, 5, 6), bool)}, ["dZ", "bool", "float32 or float64"]),
    ({"b": np.ones(6, "M8[s]")}, ["b", "datetime64", "float32 or float64"]),
    ({"A_prev": [[1.0], [1.0, 2.0]]}, ["A_prev", "cannot be read as an array"]),
]

TABLE = NUMBERS + PAIRS + PADDINGS + SHAPES + SIZES + DTYPES


def sentence(**changes: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        Problem(**(GOOD | changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"), TABLE, ids=lambda value: "-".join(value) if isinstance(value, dict) else ""
)
def test_every_contradiction_names_its_numbers_and_the_way_out(
    changes: dict[str, Any], words: list[str]
) -> None:
    said = sentence(**changes)
    for word in words:
        assert word in said
    assert "\n" not in said
    assert re.search(r"must|need|;|:|do not divide|cannot", said)
    assert len(said) < 240 or "…" in said


def test_the_table_starts_from_a_problem_that_is_fine() -> None:
    assert Problem(**GOOD).total_steps == 90


@pytest.mark.parametrize(
    "numbers",
    [{"stride": 2**31 - 1}, {"stride": (1, 2**31 - 1)}, {"dilation": 2**31 - 1, "W": np.ones((6, 1, 1, 4))}],
    ids=str,
)
def test_the_largest_number_that_is_taken_works(numbers: dict[str, Any]) -> None:
    problem = Problem(**GOOD | {"dZ": None} | numbers)
    timeline = Timeline(problem)
    timeline.seek(timeline.total)
    timeline.seek(timeline.total - 1)
    assert compare(problem, oracle="numeric").ok


class Stranger:
    """Nothing works."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyError("no")

    def __index__(self) -> int:
        raise ZeroDivisionError("no")


ANYTHING: list[Any] = [
    *(
        None,
        True,
        np.False_,
        -1,
        2**70,
        10**5000,
        1.5,
        np.nan,
        np.inf,
        1j,
        "",
        "x",
        "\x1b[2J",
        "\ud800",
        b"x",
    ),
    *((), [], {}, set(), {1: 2}, [1, 2, 3], [[1], [1, 2]], [None, {}], ((1, 2), 3, 4), range(9), iter([1])),
    *(np.array(1.5), np.array([1.5, 2]), np.array([1, "a"], object), np.array(["a"]), np.zeros(0)),
    *(np.zeros((2, 2, 2, 2, 2)), np.array(["2020"], "M8[D]"), np.zeros(2, [("a", "i4")]), np.zeros(10**5)),
    *(object(), Stranger(), [Stranger()], len, int, Problem, Ellipsis, NotImplemented, slice(1), "x" * 10**6),
]
"""Nothing that any argument of a problem can be."""


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("padding", "b", "dZ")])
@pytest.mark.parametrize("value", ANYTHING, ids=lambda value: type(value).__name__)
def test_anything_else_is_one_sentence(name: str, value: Any) -> None:
    said = sentence(**{name: value, "dZ": None})
    assert said.startswith(name)
    assert len(said) <= SENTENCE
    assert obeyed(said) == []
    for wrapped in ((value, 1), [1, value]) if name == "stride" else ():
        with pytest.raises(ProblemError):
            Problem(**(GOOD | {"stride": wrapped}))


def test_wider_floats_than_float64_are_refused() -> None:
    wide = np.ones((6, 3, 2, 4), np.longdouble)
    if wide.dtype == np.float64:  # as some platforms have it: nothing is wider
        assert Problem(**GOOD | {"W": wide}).dtype == np.float64
    else:
        assert "float32 or float64" in sentence(W=wide)


@pytest.mark.parametrize("function", [conv2d_backward, conv2d_backward_steps])
def test_a_mistake_is_raised_at_the_call_and_not_at_the_first_step(function: Any) -> None:
    cache = {"A_prev": GOOD["A_prev"], "W": GOOD["W"], "b": GOOD["b"]}
    with pytest.raises(ProblemError, match="dZ is 2x2x2 but this geometry gives an output of 3x5x6"):
        function(np.ones((2, 2, 2)), cache, 1, 0)
    with pytest.raises(ProblemError, match="the cache has no 'W'"):
        function(GOOD["dZ"], {"A_prev": GOOD["A_prev"]}, 1, 0)
    with pytest.raises(ProblemError, match="dZ is None"):
        function(None, cache, 1, 0)


def test_forward_says_the_same_sentences() -> None:
    with pytest.raises(ProblemError, match=re.escape("stride is 0; it must be at least 1")):
        conv2d_forward(GOOD["A_prev"], GOOD["W"], GOOD["b"], 0, 0)


def test_a_problem_error_is_a_value_error() -> None:
    assert issubclass(ProblemError, ValueError)
