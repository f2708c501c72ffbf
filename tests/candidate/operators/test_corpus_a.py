"""The corpus is what its tables say: right files agree with torch, wrong ones do not.

Nothing of the program takes part: the corpus judges the program, this judges the corpus.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tomllib
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.candidate.operators.corpus_a import CALLS, PROBLEMS
from tests.candidate.operators.corpus_a.common import Gradients
from tests.strategies import some

CORPUS = Path(__file__).parent / "corpus"
EXPECTED: dict[str, Any] = tomllib.loads((CORPUS / "expected_a.toml").read_text(encoding="utf-8"))
MUTANTS: list[dict[str, Any]] = tomllib.loads((CORPUS / "mutants_a.toml").read_text(encoding="utf-8"))[
    "mutant"
]
TIES = {"ties-share", "ties-last"}


@cache
def _problems(operator: str) -> list[SimpleNamespace]:
    return list(PROBLEMS[operator]())


def _fresh(problem: SimpleNamespace) -> SimpleNamespace:
    """The problem with copies of its arrays: a candidate may write into them."""
    return SimpleNamespace(
        **{**vars(problem), **{name: np.array(getattr(problem, name)) for name in problem.arrays}}
    )


def _module(path: Path, source: str) -> ModuleType:
    """The text run as the file, beside its neighbours; those are forgotten again, names repeat."""
    module, known = ModuleType(path.stem), set(sys.modules)
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    finally:
        sys.path.remove(str(path.parent))
        for name in {each.stem for each in path.parent.glob("*.py")} & (sys.modules.keys() - known):
            del sys.modules[name]
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


def _agrees(found: Gradients, problem: SimpleNamespace, notes: set[str]) -> bool:
    tolerance = 1e-5 if "float32" in notes else 1e-10
    return all(
        value.shape == problem.gradients[name].shape
        and np.allclose(value, problem.gradients[name], rtol=tolerance, atol=tolerance)
        for name, value in found.items()
        if name != "loss"
    )


def _wrong_loss(found: Gradients, problem: SimpleNamespace, notes: set[str]) -> str:
    loss = found.get("loss", problem.gradients.get("loss"))
    if loss is None or ({"loss-clipped", "loss-guarded"} & notes and problem.large):
        return ""
    if not np.isfinite(loss):
        return "" if "loss-overflows" in notes and problem.large else "loss overflows"
    return "" if np.allclose(loss, problem.gradients["loss"], rtol=1e-5, atol=1e-5) else "loss"


def _judge(module: ModuleType, target: str, operator: str, notes: set[str]) -> tuple[set[str], int]:
    """What is wrong anywhere, in a word each, and on how many problems the gradients are right."""
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
        if loss := _wrong_loss(found, problem, notes):
            wrong.add(loss)
        if _agrees(found, problem, notes):
            right += 1
        else:
            wrong.add("values")
    return wrong, right


RIGHT = [target for target, entry in EXPECTED.items() if entry["verdict"] != "wrong"]
WRONG = [target for target, entry in EXPECTED.items() if entry["verdict"] == "wrong"]


def test_every_target_has_a_call_and_every_call_a_verdict() -> None:
    assert CALLS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("target", some(RIGHT, 5))
def test_a_right_form_agrees_with_torch(target: str) -> None:
    entry = EXPECTED[target]
    file = target.split(":")[0]
    notes = set(entry.get("notes", ()))
    wrong, right = _judge(_module(CORPUS / file, _source(file)), target, entry["operator"], notes)
    assert wrong == set()
    assert right >= 2


def _proven_wrong(module: ModuleType, target: str, mistakes: list[str], crashes: bool = False) -> str:
    """What speaks against its being wrong in the way its table says, or nothing."""
    entry = EXPECTED[target]
    notes = set() if mistakes[0] == "ties-all" else set(entry.get("notes", ()))
    wrong, right = _judge(module, target, entry["operator"], notes)
    if mistakes[0].startswith(("writes-into", "mutates-input")):
        return "" if wrong == {"changes"} else f"{wrong} where only the caller's array is to change"
    if mistakes[0] == "loss-overflows":
        return "" if wrong == {"loss overflows"} else f"{wrong} where only the loss is to overflow"
    if crashes:  # on a problem that torch takes, and right on others
        proven = bool(right) and "values" not in wrong and any(each.startswith("crash") for each in wrong)
    else:
        proven = "values" in wrong
    return "" if proven else f"not proven: {wrong}"


@pytest.mark.parametrize("target", some(WRONG, 5))
def test_a_wrong_form_differs_from_torch(target: str) -> None:
    file = target.split(":")[0]
    assert not _proven_wrong(_module(CORPUS / file, _source(file)), target, EXPECTED[target]["mistake"])


@pytest.mark.parametrize("file", some(sorted({mutant["file"] for mutant in MUTANTS}), 5))
def test_every_mutant_is_a_mistake(file: str) -> None:
    source, problems = _source(file), []
    for mutant in (each for each in MUTANTS if each["file"] == file):
        target = f"{file}:{mutant['function']}"
        label = f"{mutant['function']} {mutant['mistake'][0]} {mutant['replace']!r}"
        if source.count(mutant["find"]) != 1:
            problems.append(f"{label}: found {source.count(mutant['find'])} times")
            continue
        module = _module(CORPUS / file, source.replace(mutant["find"], mutant["replace"]))
        if said := _proven_wrong(module, target, mutant["mistake"], mutant.get("crashes", False)):
            problems.append(f"{label}: {said}")
    assert "\n".join(problems) == ""
