"""Code by people who had not seen the caller: no false alarm, and what is wrong is found.

223 files in 2 folders of `corpus/files/independent`, each with a manifest that says what is true of them:
functions, layers, autograd Functions, own contexts, in many layouts; `right` is right code alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convstep import CandidateError, check
from tests.strategies import SELDOM, some

FOLDER = Path(__file__).parent / "corpus/files/independent"
NOT_CALLED = ("mixed/h045",)
"""What is not called without an adapter although somebody might; it is right."""
BY_FORWARD = ("mixed/h112",)
"""What its own forward alone judges, so that its mistake has no name."""


def entries() -> list[Any]:
    found = []
    for folder in ("right", "mixed"):
        manifest = json.loads((FOLDER / folder / "manifest.json").read_text(encoding="utf-8"))
        found += [(f"{folder}/{entry['target']}", entry["exit"], entry.get("ids", [])) for entry in manifest]
    return found


ENTRIES = entries()


def test_there_are_sixty_right_ones_and_three_at_most_need_an_adapter() -> None:
    right = [target for target, code, _ in ENTRIES if code == 0]
    assert len(right) > 150
    assert len([target for target in right if target.startswith(NOT_CALLED)]) <= 3


@SELDOM
@pytest.mark.parametrize(
    ("target", "code", "ids"), some(ENTRIES, every=80), ids=lambda value: str(value)[:40]
)
def test_the_verdict_is_what_is_true(target: str, code: int, ids: list[str]) -> None:
    path = f"{FOLDER}/{target}"
    if code == 2 or target.startswith(NOT_CALLED):
        with pytest.raises(CandidateError):
            check(path)
        return
    verdict = check(path)
    assert verdict.ok == (code == 0), str(verdict)
    assert target.startswith(BY_FORWARD) or set(ids) <= {finding.id for finding in verdict.diagnosis}
