"""Other people's backwards: the wrong ones are named, the right ones raise no alarm.

All of it is tried with CONVSTEP_THOROUGH=1; else a few of each kind.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import convstep
from convstep.candidate.call.outcome import CannotCall
from tests.strategies import some

CORPUS = Path(__file__).parent / "corpus"


def _tables(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in ("a", "b"):
        read = tomllib.loads((CORPUS / f"{name}_{each}.toml").read_text(encoding="utf-8"))
        found |= {
            key: found.get(key, []) + value if isinstance(value, list) else value
            for key, value in read.items()
        }
    return found


EXPECTED: dict[str, dict[str, Any]] = _tables("expected")
MUTANTS: list[dict[str, Any]] = _tables("mutants")["mutant"]
KNOWN: dict[str, list[str]] = tomllib.loads((CORPUS / "known.toml").read_text(encoding="utf-8"))
"""What is not named, or not called, by what comes of it; each `file:function` or `file:function#number`."""
NOTES = {
    "averaged": "divided by the number of samples",
    "averaged-later": "that of the sum over the samples",
    "float32": "single precision",
    "ignores-dout": "the gradient from above to be 1",
    "loss-clipped": "forward-differs",
    "loss-overflows": "loss-overflows",
    "pads-with-zeros": "forward-differs",
    "ties-last": "ties-last",
    "ties-share": "ties-share",
}
"""What a note that the corpus expects says."""
