"""Corpus B judges a checker: here it is judged itself, by torch."""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.candidate.operators.corpus_b import OPERATOR_OF, OPERATORS, verdicts
from tests.strategies import some

FOLDER = Path(__file__).parent / "corpus"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "expected_b.toml").read_text())
MUTANTS: list[dict[str, Any]] = tomllib.loads((FOLDER / "mutants_b.toml").read_text())["mutant"]
NORM = (
    "variance-path-missing mean-path-missing gamma-missing dgamma-from-x not-divided-by-n "
    "divided-by-variance unbiased-variance eps-missing wrong-axis wrong-shape sign-of-variance-path "
    "dbeta-averaged"
)
MISTAKES = {
    "batch-norm": f"{NORM} axes-swapped",
    "layer-norm": f"{NORM} n-for-d rank-2-assumed",
    "conv1d": "stride-ignored overwrite-dx overwrite-dw db-wrong-axis kernel-flipped tail-lost "
    "padding-not-cropped padding-cropped-zero channels-swapped",
    "lstm-step": "dc-path-missing dnext-c-missing sigmoid-derivative-missing tanh-derivative-missing "
    "gates-order forget-gate-uses-next-c db-wrong-axis dprev-c-without-forget writes-into-dnext-c "
    "transposes-swapped",
    "conv-transpose2d": "kernel-flipped stride-ignored padding-ignored output-padding-ignored db-wrong-axis "
    "overwrite-dw overwrite-dx channels-swapped",
}
"""Each is made in three forms at least."""


def mutants(operator: str) -> list[dict[str, Any]]:
    return [row for row in MUTANTS if EXPECTED[f"{row['file']}:{row['function']}"]["operator"] == operator]


@pytest.fixture(autouse=True)
def _neighbours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file imports those beside it, as on its author's desk, and they are gone afterwards."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def run(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(path.parent))
    module = ModuleType(path.stem)
    exec(compile(text, str(path), "exec"), vars(module))
    return module


def mutated(mutant: dict[str, Any]) -> str:
    text = (FOLDER / str(mutant["file"])).read_text()
    assert text.count(mutant["find"]) == 1, f"{mutant['find']!r} is not once in {mutant['file']}"
    return text.replace(str(mutant["find"]), mutant["replace"])


pytestmark = pytest.mark.filterwarnings("ignore")
"""What a wrong file divides by zero is no news."""


@pytest.mark.parametrize("target", some(OPERATOR_OF, 5))
def test_every_target_is_what_its_table_says(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = FOLDER / target.partition(":")[0]
    counted = Counter(verdicts(target, run(path, path.read_text(), monkeypatch)))
    expected = EXPECTED[target]
    assert counted["right"] + counted["wrong"] >= 4
    said = [*expected.get("notes", []), *expected.get("mistake", [])]
    writes = any(word.startswith("writes-into") for word in said)
    assert bool(counted["written"]) == writes
    assert bool(counted["wrong"]) == (expected["verdict"] == "wrong" and not writes)


@pytest.mark.parametrize("operator", MISTAKES)
def test_every_mutant_is_one_place_and_wrong_somewhere(
    operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mutant in mutants(operator):
        target = f"{mutant['file']}:{mutant['function']}"
        assert EXPECTED[target]["verdict"] != "wrong", target
        found = verdicts(target, run(FOLDER / mutant["file"], mutated(mutant), monkeypatch))
        assert ("written" if mutant["mistake"][0].startswith("writes-into") else "wrong") in found, mutant


def test_every_target_of_the_table_is_called_or_cannot_be() -> None:
    assert OPERATOR_OF.keys() <= EXPECTED.keys()
    assert all(EXPECTED[name]["verdict"] == "uncallable-ok" for name in EXPECTED.keys() - OPERATOR_OF.keys())
    assert {f"{mutant['file']}:{mutant['function']}" for mutant in MUTANTS} <= OPERATOR_OF.keys()
    for operator in MISTAKES:
        assert {EXPECTED[target]["operator"] for target in OPERATORS[operator].CALLS} == {operator}


@pytest.mark.parametrize("operator", MISTAKES)
def test_every_mistake_is_made_in_three_forms_and_ten_are_right(operator: str) -> None:
    targets = [row for row in EXPECTED.values() if row["operator"] == operator]
    made = Counter(row["mistake"][0] for row in mutants(operator))
    made.update(row["mistake"][0] for row in targets if row["verdict"] == "wrong")
    assert {name: made[name] for name in MISTAKES[operator].split() if made[name] < 3} == {}
    assert made.keys() == set(MISTAKES[operator].split())
    assert sum(row["verdict"] == "right" for row in targets) >= 10
