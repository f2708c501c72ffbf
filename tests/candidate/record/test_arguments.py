"""What a person says of a function's arguments: read as meant, or refused in one sentence."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.load.target import CandidateError
from convstep.candidate.record.arguments import Arguments, called, drawn, loaded
from convstep.conv.validation import ProblemError


def refused(arguments: Arguments) -> str:
    with pytest.raises(CandidateError) as caught:
        arguments.check()
    said = str(caught.value)
    assert "\n" not in said
    return said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("stride=2", 2),
        ("eps=1e-5", 1e-5),
        ("p=-1", -1),
        ("mode=average", "average"),
        ("mode='same'", "same"),
        ("train=True", True),
        ("mask=None", None),
        ("kernel=(2, 3)", (2, 3)),
        ("param={'stride': 2, 'pad': [1]}", {"stride": 2, "pad": [1]}),
    ],
)
def test_numbers_words_and_literals_are_given_as_they_are(text: str, value: object) -> None:
    assert drawn((text,)) == {text.partition("=")[0]: value}


@pytest.mark.parametrize(
    ("text", "shape"), [("4x5", (4, 5)), ("5x", (5,)), ("1x1x5x5", (1, 1, 5, 5)), ("0x3", (0, 3))]
)
def test_a_shape_is_drawn_of_whole_numbers_the_same_each_time(text: str, shape: tuple[int, ...]) -> None:
    first, second = drawn((f"x={text}",))["x"], drawn((f"x={text}",))["x"]
    assert first.shape == shape
    assert first.dtype == np.float64
    assert np.array_equal(first, second)
    assert np.array_equal(first, np.round(first))
    assert not first.size or np.abs(first).max() <= 4


def test_two_arrays_of_one_shape_differ_and_several_are_a_tuple() -> None:
    values = drawn(("a=4x4", "b=4x4", "cache=4x5,5x3,2"))
    assert not np.array_equal(values["a"], values["b"])
    assert [np.shape(each) for each in values["cache"]] == [(4, 5), (5, 3), ()]


def test_dotted_names_are_the_contents_of_tuples_and_dicts(tmp_path: Path) -> None:
    x = np.ones((2, 3), np.float32)
    arrays: dict[str, Any] = {"cache.0": x, "cache.1.stride": 2, "cache.1.mode": "max", "dout": x, "k": 1.5}
    np.savez(tmp_path / "a.npz", **arrays)
    values = loaded(str(tmp_path / "a.npz"))
    assert values["cache"][0].dtype == np.float32
    assert values["cache"][1] == {"stride": 2, "mode": "max"}
    assert type(values["cache"][1]["stride"]) is int
    assert type(values["k"]) is float


def test_a_file_of_objects_is_never_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], object))
    with pytest.raises(ProblemError, match="Python objects, which are never loaded"):
        loaded(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("x", "--shape x cannot be read; write NAME=SHAPE or NAME=NUMBER, like x=1x1x5x5 or stride=2"),
        ("=3", "--shape =3 cannot be read"),
        ("3=x", "--shape 3=x cannot be read"),
        ("x=", "--shape x= cannot be read"),
        ("x=4y5", "--shape x=4y5 cannot be read; write a shape like 4x5 or 5x, a number, or a word"),
        ("x=__import__('os')", "--shape x=__import__('os') cannot be read"),
        ("x=99999x99999", "--shape x=99999x99999 has more than 4,194,304 cells; use fewer"),
    ],
)
def test_a_shape_that_makes_no_sense_is_one_sentence(shape: str, said: str) -> None:
    assert refused(Arguments(shapes=(shape,))).startswith(said)


def test_what_contradicts_itself_is_refused_before_anything_runs() -> None:
    assert refused(Arguments(shapes=("x=3x", "x=4x"))) == "--shape gives x twice; leave one out"
    assert refused(Arguments("f(x)", "a.npz")) == "--call writes the whole call; leave out --args"
    assert refused(Arguments("f(x)", shapes=("x=3x",))) == "--call writes the whole call; leave out --shape"
    assert refused(Arguments("f(x")).startswith("--call f(x is not Python: ")
    assert refused(Arguments("x + 1")).startswith("--call x + 1 is not a call; write it as the file would")
    assert isinstance(called(" f(x)(y) "), ast.Call)


@pytest.mark.parametrize(
    "arguments",
    [
        Arguments(),
        Arguments("f(x, 2)"),
        Arguments(file="a b.npz", shapes=("x=3x", "-y=2")),
        Arguments("-f(x)"),
    ],
)
def test_the_words_of_a_command_line_say_the_same_again(arguments: Arguments) -> None:
    from convstep.cli import parse

    options: Any = parse(["open", "m.py:f", *arguments.words])[1]
    assert Arguments(options.call, options.values.args, tuple(options.values.shape)) == arguments
    assert Arguments.read(Arguments("f(x)").as_plain()) == Arguments("f(x)")
