"""`convstep.operator`: what it makes of a forward and a backward, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.operators.operator import Array, OperatorProblem
from convstep.operators.own import operator
from convstep.operators.registry import OperatorError, operator_named


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convstep.operators.registry._added", {})


def forward(x: Array, w: Array, power: int = 1) -> Array:
    return np.asarray((x * w) ** power)


def backward(dout: Array, x: Array, w: Array, power: int) -> tuple[Array, Array]:
    inner = power * (x * w) ** (power - 1) * dout
    dx = inner * w
    dw = (inner * x).sum(axis=0)
    return dx, dw


SMALL: dict[str, Any] = {"x": np.array([[1.0, 2.0], [3.0, -1.0]]), "w": np.array([2.0, 1.0]), "power": 2}


def test_names_say_what_is_what() -> None:
    made = operator("scale", forward, backward, small=SMALL)
    assert (made.gradients, made.upstream, made.outputs) == (("dx", "dw"), ("dout",), ("out",))
    assert made.title == "scale"
    assert dict(made.small().options) == {"power": 2}
    assert made.small().upstream["dout"].shape == (2, 2)
    assert {name: len(axes) for name, axes in made.axes.items()} == {"x": 2, "w": 1, "out": 2}
    assert operator_named("scale") is made
    assert made in convstep.operators()
    assert set(made.right(made.small())) == {"dx", "dw"}


def test_problems_have_the_shapes_of_small_and_other_numbers() -> None:
    made = operator("scale", forward, backward, small={**SMALL, "w": np.array([2.0, 1.0])})
    one, other = islice(made.problems(np.random.default_rng(0)), 2)
    for problem in (one, other):
        assert problem.arrays["x"].shape == (2, 2)
        assert (problem.arrays["w"] > 0).all()  # as in small
        assert problem.options == {"power": 2}
    assert not np.array_equal(one.arrays["x"], other.arrays["x"])
    again = next(iter(made.problems(np.random.default_rng(0))))
    assert np.array_equal(one.arrays["x"], again.arrays["x"])


def test_problems_come_from_a_function_or_a_list_and_the_first_is_small() -> None:
    def several(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
        yield {"x": np.ones((1, 2)), "w": np.ones(2), "about": "one row"}
        yield {"x": rng.standard_normal((3, 2)), "w": np.ones(2), "power": 3}

    for given in (several, list(several(np.random.default_rng(0)))):
        made = operator("scale", forward, backward, problems=given)
        assert made.small().about == "one row"
        first, second = islice(made.problems(np.random.default_rng(0)), 2)
        assert (first.about, second.options) == ("one row", {"power": 3})
        assert made.small().options == {"power": 1}  # the forward's default


def test_arrays_are_copies() -> None:
    given = np.zeros((4, 2))[1:3] + SMALL["x"]
    made = operator("scale", forward, backward, small={**SMALL, "x": given})
    given[:] = 0
    assert made.small().arrays["x"].any()
    assert made.small().arrays["x"].base is None


def test_a_mistake_is_a_patch_of_the_backward() -> None:
    made = operator(
        "scale",
        forward,
        backward,
        small=SMALL,
        mistakes="""
summed-twice: dw is summed over both axes
    A sentence.
  - dw = (inner * x).sum(axis=0)
  + dw = (inner * x).sum()
""",
    )
    (mistake,) = made.mistakes
    assert mistake.variants[0].backward(np.ones((2, 2)), SMALL["x"], SMALL["w"], 1)[1].shape == ()


def nameless(dout: Array, x: Array, w: Array) -> Any:
    return dout * w, (dout * x).sum(axis=0)


def alien(dout: Array, x: Array, w: Array) -> Any:
    dv = dout * w
    return dv  # noqa: RET504  the name is read


def narrow(dout: Array, x: Array, w: Array) -> Any:
    dx, dw = dout * w, dout * x
    return dx, dw


def lost(dout: Array, x: Array, w: Array) -> Any:
    dx, dw = dout * w, None
    return dx, dw


def raising(dout: Array, x: Array, w: Array) -> Any:
    dx = dout @ np.ones((7, 7))
    return dx  # noqa: RET504  the name is read


def starred(dout: Array, *cache: Array) -> Any:
    dx = dout * cache[1]
    return dx  # noqa: RET504  the name is read


def unfed(x: Array, w: Array) -> Any:
    dx = x * w
    return dx  # noqa: RET504  the name is read


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "My Scale"}, "My Scale cannot be the name of an operator; write small letters, digits and"),
        ({"name": "max-pool"}, "max-pool is one of convstep's own operators; give yours another name"),
        ({"name": "conv2d"}, "conv2d is one of convstep's own operators; give yours another name"),
        ({"small": None}, "scale has no numbers to work on; say small="),
        ({"small": None, "problems": []}, "scale: problems is empty"),
        ({"small": [1]}, "scale: small is list; write a dict: "),
        ({"small": {"x": np.ones(2)}}, "scale: small has no w"),
        (
            {"small": {**SMALL, "k": 3}},
            "scale: small has k, which neither forward nor backward takes; they take x,",
        ),
        (
            {"small": {**SMALL, "dout": np.ones(3)}},
            r"scale: dout in small has the shape \(3,\), and the output \(2, 2\)",
        ),
        ({"small": {**SMALL, "w": np.ones(5)}}, "scale: its forward does not run: ValueError: operands"),
        (
            {"backward": nameless},
            "scale: the names of its gradients are not known; end backward with `return dx",
        ),
        ({"backward": alien}, r"scale: dv belongs to no array of the forward \(x, w\); a gradient is called"),
        ({"backward": narrow}, r"scale: dw has the shape \(2, 2\), and w has \(2,\)"),
        ({"backward": lost}, "scale: dw is not an array"),
        ({"backward": nameless, "gradients": ("dx",)}, "scale: dx is not an array"),
        (
            {"backward": nameless, "gradients": ("dx", "dw", "dx")},
            "scale: its backward returns 2 values, and dx",
        ),
        ({"backward": raising}, "scale: its backward does not run: ValueError: "),
        (
            {"backward": starred},
            r"scale: the parameter \*cache of its backward has no name and place of its own",
        ),
        ({"backward": unfed}, "scale: all that backward takes, the forward takes as well"),
        ({"backward": 7}, "scale: its backward is not a function whose parameters are known"),
        (
            {"forward": lambda x, w: x * w},
            "scale: backward takes power, which the forward does not; if it is a",
        ),
        ({"forward": lambda x, w, power: None}, "scale: its forward has to return out, numbers all"),
        (
            {"mistakes": "a: b\n    c\n  - nothing like it\n  + d"},
            "scale: its mistakes cannot be read: a: no ",
        ),
        ({"mistakes": "nonsense"}, "scale: its mistakes cannot be read: "),
    ],
)
def test_what_cannot_be_one_is_refused_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"name": "scale", "forward": forward, "backward": backward, "small": SMALL}
    given |= changes
    with pytest.raises(OperatorError, match=f"^{said}"):
        operator(given.pop("name"), given.pop("forward"), given.pop("backward"), **given)
    assert all(one.name != "scale" for one in convstep.operators())


def test_the_room_is_a_function_too() -> None:
    import convstep.operators.registry  # makes the room an attribute of the package

    made: Callable[[], Any] = convstep.operators
    assert [one.name for one in made()] == [one.name for one in convstep.operators.registry.operators()]  # type: ignore[attr-defined]
    assert isinstance(made()[0].small(), OperatorProblem)
