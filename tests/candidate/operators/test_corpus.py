"""Other people's backwards: the right ones raise no alarm, the wrong ones are named.

A few of each operator are tried, more with CONVSTEP_THOROUGH=1, and all of them with CONVSTEP_EVERYTHING=1,
which takes a processor a quarter of an hour. A mutant that is not named has the reason in its table, as
`why`, and one that has a reason is not named: the table says what is open. A reason begins with what is said
of it instead: "right" where its numbers are, "refused", or "wrong" without a known mistake's name.
`python -m tests.candidate.operators.matrix` shows it all.
"""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import convstep
from convstep.candidate.load.target import CandidateError
from tests.strategies import SELDOM, few

CORPUS = Path(__file__).parent / "corpus"
NOTES = {
    "averaged": "divided by the number of samples",
    "averaged-later": "that of the sum over the samples",
    "float32": "single precision",
    "ignores-dout": "the gradient from above to be 1",
    "loss-clipped": "forward-differs",
    "padding-index": "padding-index",
    "pads-with-zeros": "forward-differs",
    "ties-last": "ties-last",
    "ties-share": "ties-share",
}
"""What a note of the corpus is here; other notes are about what the program does not look at."""


@dataclass(frozen=True)
class Said:
    """What is said of one function."""

    target: str
    wanted: dict[str, Any]
    verdict: Any
    refused: str = ""

    @property
    def named(self) -> bool:
        """Whether a mistake is named as the corpus has it; one that numbers do not show may be a note.

        What is a convention as well, or a factor, is named where what the table has as `says` is said.
        """
        if self.verdict is None:
            return False
        if "says" in self.wanted:
            found = (one.message for one in self.verdict.diagnosis)
            return any(self.wanted["says"] in each for each in (*self.verdict.notes, *found))
        ids = {*self.verdict.mistakes, *(note.partition(":")[0] for note in self.verdict.notes)}
        return bool(ids & set(self.wanted["mistake"]))

    @property
    def verdict_word(self) -> str:
        """What is said of it in one word, as reasons begin."""
        return "refused" if self.verdict is None else "right" if self.verdict.ok else "wrong"

    def __str__(self) -> str:
        said = self.refused or (self.verdict.mistakes, [one.message for one in self.verdict.diagnosis][:2])
        return (
            f"{self.target} {self.wanted.get('mistake', '')} {self.wanted.get('replace', '')!r:.60}: {said}"
        )


def _read(name: str) -> Iterator[dict[str, Any]]:
    for each in ("a", "b", "c"):
        yield tomllib.loads((CORPUS / f"{name}_{each}.toml").read_text(encoding="utf-8"))


EXPECTED = {target: wanted for table in _read("expected") for target, wanted in table.items()}
MUTANTS = [mutant for table in _read("mutants") for mutant in table["mutant"]]


def _check(target: str, wanted: dict[str, Any], folder: Path) -> Said:
    file, _, function = target.partition(":")
    try:
        return Said(target, wanted, convstep.check(f"{folder / Path(file).name}:{function}"))
    except CandidateError as error:
        return Said(target, wanted, None, str(error))


def _as_it_stands(target: str) -> Said:
    return _check(target, EXPECTED[target], CORPUS / Path(target).parent)


def mutated(mutant: dict[str, Any], folder: Path) -> Said:
    original = CORPUS / mutant["file"]
    shutil.copytree(original.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = original.read_text(encoding="utf-8").replace(mutant["find"], mutant["replace"])
    (folder / original.name).write_text(text, encoding="utf-8")
    return _check(f"{mutant['file']}:{mutant['function']}", mutant, folder)


def why(one: Said) -> str:
    """Why a mutant is not named: the reason of its own, or of its file, which the program cannot call."""
    file = EXPECTED[f"{one.wanted['file']}:{one.wanted['function']}"]
    alone = "refused: it has a way of calling of its own" if file["verdict"] == "uncallable-ok" else ""
    return str(one.wanted.get("why", file.get("why", alone)))


def _listed(said: list[Said]) -> str:
    return "\n".join(map(str, said))


def test_of_each_operator_there_are_eight_right_ones_or_more() -> None:
    right = Counter(wanted["operator"] for wanted in EXPECTED.values() if wanted["verdict"] == "right")
    here = {one.name for one in convstep.operators()} - {"conv2d"}  # which has a corpus of its own
    assert {name: right[name] for name in here if right[name] < 8} == {}


@SELDOM
def test_no_right_one_is_called_wrong_and_its_notes_are_said() -> None:
    right = [target for target, wanted in EXPECTED.items() if wanted["verdict"] == "right"]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(_as_it_stands, few(right, 80, 7)))
    alarms = [
        one
        for one in said
        if one.verdict is not None and not set(one.verdict.mistakes) <= set(one.wanted.get("notes", ()))
    ]
    assert not alarms, _listed(alarms)
    for one in said:
        for note in one.wanted.get("notes", ()) if one.verdict is not None else ():
            words = NOTES.get(note)
            assert words is None or any(words in each for each in one.verdict.notes), (one.target, note)
    refused = [one for one in said if one.verdict is None]
    assert len(refused) <= len(said) / 5, _listed(refused)


@SELDOM
def test_every_wrong_one_is_named_or_its_table_says_why_not(tmp_path: Path) -> None:
    mutants = few(MUTANTS, 300, 29)
    with ThreadPoolExecutor(2) as pool:
        folders = (tmp_path / str(number) for number in range(len(mutants)))
        said = list(pool.map(mutated, mutants, folders))
    called = [one for one in said if one.verdict is not None]
    unnamed = [one for one in called if not one.named]
    misnamed = [
        one
        for one in unnamed
        if any(each.proven and each.mistake is not None for each in one.verdict.diagnosis)
    ]
    assert len(misnamed) <= 0.05 * len(called), _listed(misnamed)
    explained = [one for one in called if one.named and "why" in one.wanted]
    assert not explained, _listed(explained)
    otherwise = [
        one for one in said if not one.named and why(one) and not why(one).startswith(f"{one.verdict_word}: ")
    ]
    assert not otherwise, _listed(otherwise)
    open_ones = [one for one in said if not one.named and not why(one)]
    assert len(open_ones) <= max(1, 0.05 * len(said)), _listed(open_ones)
