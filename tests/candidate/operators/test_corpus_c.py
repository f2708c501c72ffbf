"""Corpus C judges a checker: here it is judged itself, by torch. Nothing of the checker takes part."""

from __future__ import annotations

import functools
import itertools
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from convstep.operators.operator import Operator, OperatorProblem
from convstep.operators.registry import operator_named
from convstep.oracle.child import torch_run
from tests.strategies import some

FOLDER = Path(__file__).parent / "corpus"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "expected_c.toml").read_text("utf-8"))
MUTANTS: list[dict[str, Any]] = tomllib.loads((FOLDER / "mutants_c.toml").read_text("utf-8"))["mutant"]
ASKED = {target: wanted for target, wanted in EXPECTED.items() if "ask" in wanted}
PROBLEMS = 30

pytestmark = pytest.mark.filterwarnings("ignore")
"""What a wrong file divides by zero is no news."""


def _through(function: Any, dout: Any, *arrays: Any) -> list[Any]:
    """The gradients that PyTorch's engine takes from an autograd Function, which may write into dout."""
    leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    found = torch.autograd.grad(function.apply(*leaves), leaves, torch.from_numpy(dout))
    return [each.numpy() for each in found]


@functools.cache
def _judged(name: str) -> list[tuple[OperatorProblem, dict[str, Any]]]:
    """Problems of an operator beside PyTorch's gradients."""
    operator = operator_named(name)
    drawn = itertools.islice(operator.problems(np.random.default_rng(7)), PROBLEMS)
    return [(one, _in_torch(operator, one)) for one in drawn]


def _in_torch(operator: Operator, problem: OperatorProblem) -> dict[str, Any]:
    above = [problem.upstream[name] for name in operator.upstream]
    return torch_run(operator.torch, problem.arrays, problem.options, above, operator.gradients)[1]


def _copied(problem: OperatorProblem) -> OperatorProblem:
    arrays = {name: array.copy() for name, array in problem.arrays.items()}
    upstream = {name: array.copy() for name, array in problem.upstream.items()}
    return replace(problem, arrays=arrays, upstream=upstream)


def _verdicts(target: str, text: str) -> Iterator[str]:
    """Of each problem that a target is meant for: right, wrong, or written into a caller's array."""
    wanted = EXPECTED[target]
    operator = operator_named(wanted["operator"])
    space: dict[str, Any] = {"np": np, "torch": torch, "through": _through}
    exec(compile(text, target, "exec"), space)
    parameters = [*operator.small().arrays, *operator.upstream, *operator.small().options]
    asked = textwrap.indent(wanted["ask"].strip(), "    ")
    exec(f"def ask({', '.join(parameters)}):\n{asked}\n", space)
    for problem, right in _judged(wanted["operator"]):
        given = _copied(problem)
        said = {**given.arrays, **given.upstream, **given.options}
        if not eval(wanted.get("where", "True"), {}, said):
            continue
        try:
            found = space["ask"](**said)
        except Exception:  # a wrong one may raise anything
            yield "wrong"
            continue
        listed = found if isinstance(found, (tuple, list)) else [found]
        fits = len(listed) == len(right) and all(
            np.shape(one) == other.shape and np.allclose(one, other, rtol=1e-8, atol=1e-10)
            for one, other in zip(listed, right.values(), strict=True)
        )
        changed = any(
            not np.array_equal(before[name], after[name])
            for before, after in ((problem.arrays, given.arrays), (problem.upstream, given.upstream))
            for name in before
        )
        yield "written" if changed else "right" if fits else "wrong"


def _text(target: str) -> str:
    return (FOLDER / target.partition(":")[0]).read_text(encoding="utf-8")


def test_only_what_the_problems_cannot_say_is_not_asked() -> None:
    """A layer along one axis has no problem of its operator's, which has two."""
    assert {target.partition(":")[0] for target in EXPECTED.keys() - ASKED} == {
        "conv_transpose2d/one_axis.py"
    }


@pytest.mark.parametrize("target", some(ASKED, 5))
def test_every_target_is_what_its_table_says(target: str) -> None:
    said = [*_verdicts(target, _text(target))]
    assert len(said) >= 4
    assert {*said} == {"right"} or ("wrong" in said and EXPECTED[target]["verdict"] == "wrong")


@pytest.mark.parametrize(
    "mutant",
    some([one for one in MUTANTS if f"{one['file']}:{one['function']}" in ASKED], 5),
    ids=lambda one: f"{one['function']} {one['mistake'][0]}",
)
def test_every_mutant_is_one_place_and_wrong_somewhere(mutant: dict[str, Any]) -> None:
    target = f"{mutant['file']}:{mutant['function']}"
    text = _text(target)
    assert text.count(mutant["find"]) == 1
    said = [*_verdicts(target, text.replace(mutant["find"], mutant["replace"]))]
    assert ("written" if mutant["mistake"][0].startswith("writes-into") else "wrong") in said
