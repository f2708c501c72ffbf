"""The process in which somebody's operator is called on many problems: an answer each, in their order."""

from __future__ import annotations

import array as _array  # noqa: F401  # before a folder of somebody's that has one of this name
import importlib
import json
import zipfile  # noqa: F401
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call import child, protocol
from convstep.candidate.call.calling import _listening
from convstep.candidate.call.failure import Unusable, failure
from convstep.candidate.call.outcome import REFUSED, RETURNED
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.served import Ways
from convstep.candidate.operators.answer import UNSAID
from convstep.candidate.operators.calling import Lacking, call
from convstep.candidate.operators.came import Came, same
from convstep.candidate.operators.telling import Arrays, Told, Unsaid
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.language import tr
from convstep.oracle import messages

QUESTION = "operator"
"""What a question holds that asks for calls of an operator."""


def answered(ways: Ways, question: messages.Message) -> Iterator[dict[str, npt.ArrayLike]]:
    """Call somebody's operator on each problem of a question."""
    asked = json.loads(str(question[QUESTION]))
    words = Vocabulary.read(asked["words"])
    for number, each in enumerate(asked["problems"]):
        mark = f"{number}."
        arrays = {name.removeprefix(mark): array for name, array in question.items() if name.startswith(mark)}
        yield _one(ways, words, asked, each, arrays)


def _one(
    ways: Ways, words: Vocabulary, asked: dict[str, Any], each: dict[str, Any], arrays: dict[str, Any]
) -> dict[str, npt.ArrayLike]:
    served, came = ways.first, Came()
    handed, kept = arrays, {name: array.copy() for name, array in arrays.items()}
    if asked["tensors"]:
        from convstep.oracle.pytorch import tensor

        handed = {name: tensor(array) for name, array in arrays.items()}
    told = as_asked(words, asked, each, handed)
    facts: dict[str, Any] = {"kind": RETURNED, "message": ""}
    np.random.seed(asked.get("seed", 0))
    with _listening():
        try:
            call(served, told, came, asked["tensors"])
        except Unsaid as unsaid:
            facts["kind"] = UNSAID
            facts["message"] = tr("its call has one number for {option}, and they have two", option=unsaid)
        except BaseException as error:
            facts |= failure(error, served.candidate)
            facts["kind"] = REFUSED if facts.pop("ours", False) else facts["kind"]
            facts["usable"] = not isinstance(error, Unusable)
            facts["lacks"] = isinstance(error, Lacking)
            if hinted := served.hint(error):
                facts["message"] = hinted
    changed = [name for name, before in kept.items() if not same(before, plain_array(handed[name]))]
    changed += came.changed
    facts |= {"said": sorted(told.said), "changed": changed, "stage": came.stage, "call": came.call}
    facts |= {"names": came.names, "planted": came.planted, "guessed": came.guessed}
    sent = {name: array for name, array in came.arrays.items() if array.dtype.kind in "biuf"}
    return {"facts": json.dumps(facts), **{f"a.{name}": array for name, array in sent.items()}}


def as_asked(words: Vocabulary, asked: dict[str, Any], each: dict[str, Any], arrays: dict[str, Any]) -> Told:
    """A problem as it was asked."""
    options = {
        name: tuple(value) if isinstance(value, list) else value for name, value in each["options"].items()
    }
    pairs, keys = frozenset(asked["pairs"]), tuple(asked["keys"])
    return Told(
        words,
        Arrays(arrays),
        options,
        each["sizes"],
        pairs,
        asked["mode"],
        keys,
        above=asked.get("above", ""),
    )


def main(arguments: Sequence[str]) -> None:
    """Serve a target; see `convstep.candidate.call.child.main`."""
    recording = "convstep.candidate.operators.recorded"
    child.main(
        arguments,
        {
            protocol.RECORD: _later(recording, "recorded"),
            protocol.JUDGE: _later(recording, "judged"),
            protocol.HOLD: _later("convstep.candidate.record.child", "held"),
            QUESTION: answered,
        },
    )


def _later(module: str, name: str) -> child.Answering:
    """What answers, imported with the first question: it takes a third of the start, and few are asked it."""
    return lambda ways, question: getattr(importlib.import_module(module), name)(ways, question)
