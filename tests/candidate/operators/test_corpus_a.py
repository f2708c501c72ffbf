"""The corpus is what its tables say: right files agree with torch, wrong ones do not.

Nothing of the program takes part: the corpus judges the program, this judges the corpus.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.candidate.operators.corpus_a_calls import CALLS, Gradients

CORPUS = Path(__file__).parent / "corpus"
EXPECTED: dict[str, Any] = tomllib.loads((CORPUS / "expected_a.toml").read_text(encoding="utf-8"))
MUTANTS: list[dict[str, Any]] = tomllib.loads((CORPUS / "mutants_a.toml").read_text(encoding="utf-8"))[
    "mutant"
]
TIES = {"ties-share", "ties-last"}


def _torch_gradients(output: Any, dout: Any, **leaves: Any) -> dict[str, Any]:
    output.backward(dout)
    return {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def _leaf(array: Any) -> Any:
    return torch.tensor(array, requires_grad=True)


def _pools(operator: str) -> Iterator[SimpleNamespace]:
    """Tiled, overlapping, remainders, non-square windows and strides, padding, ties, one sample."""
    rng = np.random.default_rng(5)
    for shape, (kh, kw), (sh, sw), pad, kind in (
        ((2, 3, 4, 6), (2, 2), (2, 2), 0, ""),
        ((1, 2, 3, 6), (3, 3), (3, 3), 0, ""),
        ((2, 2, 6, 4), (2, 2), (2, 2), 0, "ties"),
        ((2, 2, 7, 6), (3, 3), (2, 2), 0, ""),
        ((1, 2, 4, 5), (3, 3), (1, 1), 0, ""),
        ((2, 1, 5, 4), (2, 2), (1, 1), 0, "ties"),
        ((1, 2, 5, 7), (2, 2), (3, 3), 0, ""),
        ((2, 2, 6, 7), (2, 3), (2, 2), 0, ""),
        ((1, 2, 7, 5), (3, 2), (1, 1), 0, ""),
        ((2, 1, 6, 8), (2, 3), (1, 2), 0, ""),
        ((1, 2, 5, 6), (3, 3), (2, 2), 1, ""),
        ((2, 2, 4, 5), (2, 2), (2, 2), 1, "positive"),
    ):
        x = rng.permutation(int(np.prod(shape))).reshape(shape) - np.prod(shape) / 2.0
        if kind == "ties":
            x = rng.integers(-1, 2, shape).astype(float)
        elif kind == "positive":
            x += np.prod(shape)
        leaf = _leaf(x)
        pool: Any = F.max_pool2d if operator == "max-pool" else F.avg_pool2d
        output = pool(leaf, (kh, kw), (sh, sw), pad)
        dout = rng.normal(size=output.shape)
        yield SimpleNamespace(
            x=x,
            dout=dout,
            kh=kh,
            kw=kw,
            sh=sh,
            sw=sw,
            pad=pad,
            ties=kind == "ties" and operator == "max-pool",
            arrays=("x", "dout"),
            gradients=_torch_gradients(output, torch.tensor(dout), dx=leaf),
        )


def _linears(_: str) -> Iterator[SimpleNamespace]:
    """Square, not square, one sample; axes that are a sample's own, axes that stand before it."""
    rng = np.random.default_rng(6)
    for shape, size, outputs, kind in (
        ((3, 4), 4, 2, ""),
        ((1, 3), 3, 4, ""),
        ((3, 3), 3, 3, ""),
        ((2, 3, 2), 6, 5, "flat"),
        ((3, 2, 1, 2), 4, 4, "flat"),
        ((2, 3, 4), 4, 2, "leading"),
        ((3, 2, 3), 3, 3, "leading"),
    ):
        x, w, b = rng.normal(size=shape), rng.normal(size=(size, outputs)), rng.normal(size=outputs)
        leaves = {"dx": _leaf(x), "dw": _leaf(w), "db": _leaf(b)}
        inputs: Any = leaves["dx"].flatten(1) if kind == "flat" else leaves["dx"]
        output = F.linear(inputs, leaves["dw"].T, leaves["db"])
        dout = rng.normal(size=output.shape)
        yield SimpleNamespace(
            x=x,
            w=w,
            b=b,
            dout=dout,
            kind=kind,
            arrays=("x", "w", "b", "dout"),
            gradients=_torch_gradients(output, torch.tensor(dout), **leaves),
        )


PROBLEMS: dict[str, Callable[[str], Iterator[SimpleNamespace]]] = {"max-pool": _pools, "linear": _linears}


@cache
def _problems(operator: str) -> list[SimpleNamespace]:
    return list(PROBLEMS[operator](operator))


def _fresh(problem: SimpleNamespace) -> SimpleNamespace:
    """The problem with copies of its arrays: a candidate may write into them."""
    return SimpleNamespace(
        **{**vars(problem), **{name: np.array(getattr(problem, name)) for name in problem.arrays}}
    )


def _module(path: Path, source: str) -> ModuleType:
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    finally:
        sys.path.remove(str(path.parent))
    return module


@cache
def _source(file: str) -> str:
    return (CORPUS / file).read_text(encoding="utf-8")


def _run(module: ModuleType, target: str, problem: SimpleNamespace) -> tuple[Gradients, bool] | None:
    """The gradients, and whether a caller's array was changed; None where it cannot be called so."""
    given = _fresh(problem)
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        found = CALLS[target](module, given)
    if found is None:
        return None
    changed = any(not np.array_equal(getattr(given, name), getattr(problem, name)) for name in problem.arrays)
    return {name: np.asarray(value) for name, value in found.items()}, changed


def _agrees(found: Gradients, problem: SimpleNamespace) -> bool:
    return all(
        value.shape == problem.gradients[name].shape
        and np.allclose(value, problem.gradients[name], rtol=1e-9, atol=1e-10)
        for name, value in found.items()
    )


def _judge(module: ModuleType, target: str, operator: str, notes: set[str]) -> tuple[set[str], int]:
    """What is wrong anywhere ("values", "crash ...", "changes"), and on how many problems it is right."""
    wrong, right = set(), 0
    for problem in _problems(operator):
        if notes & TIES and getattr(problem, "ties", False):
            continue
        try:
            answer = _run(module, target, problem)
        except Exception as error:
            wrong.add(f"crash {type(error).__name__}: {error}")
            continue
        if answer is None:
            continue
        found, changed = answer
        if changed:
            wrong.add("changes")
        if _agrees(found, problem):
            right += 1
        else:
            wrong.add("values")
    return wrong, right


RIGHT = [target for target, entry in EXPECTED.items() if entry["verdict"] != "wrong"]
WRONG = [target for target, entry in EXPECTED.items() if entry["verdict"] == "wrong"]


def test_every_target_has_a_call_and_every_call_a_verdict() -> None:
    assert CALLS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("target", RIGHT)
def test_a_right_form_agrees_with_torch(target: str) -> None:
    entry = EXPECTED[target]
    file = target.split(":")[0]
    notes = set(entry.get("notes", ()))
    wrong, right = _judge(_module(CORPUS / file, _source(file)), target, entry["operator"], notes)
    assert wrong == set()
    assert right >= 2


def _proven_wrong(module: ModuleType, target: str, mistakes: list[str]) -> str:
    entry = EXPECTED[target]
    notes = set() if mistakes[0] == "ties-all" else set(entry.get("notes", ()))
    wrong, right = _judge(module, target, entry["operator"], notes)
    if mistakes[0].startswith(("writes-into", "mutates-input")):
        return "" if wrong == {"changes"} else f"{wrong} where only the caller's array is to change"
    # a crash on a problem that torch takes is a mistake of a form that is right on others
    proven = "values" in wrong or (wrong - {"changes"} and right)
    return "" if proven else f"no wrong number: {wrong}"


@pytest.mark.parametrize("target", WRONG)
def test_a_wrong_form_differs_from_torch(target: str) -> None:
    file = target.split(":")[0]
    assert not _proven_wrong(_module(CORPUS / file, _source(file)), target, EXPECTED[target]["mistake"])


@pytest.mark.parametrize("file", sorted({mutant["file"] for mutant in MUTANTS}))
def test_every_mutant_is_a_mistake(file: str) -> None:
    source, problems = _source(file), []
    for mutant in (each for each in MUTANTS if each["file"] == file):
        target = f"{file}:{mutant['function']}"
        label = f"{mutant['function']} {mutant['mistake'][0]} {mutant['replace']!r}"
        if source.count(mutant["find"]) != 1:
            problems.append(f"{label}: found {source.count(mutant['find'])} times")
            continue
        module = _module(CORPUS / file, source.replace(mutant["find"], mutant["replace"]))
        if said := _proven_wrong(module, target, mutant["mistake"]):
            problems.append(f"{label}: {said}")
    assert "\n".join(problems) == ""
