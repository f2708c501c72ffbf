"""The process in which somebody's operator is called on many problems: one answer a problem, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call import child
from convstep.candidate.call.calling import _listening  # type: ignore[attr-defined]
from convstep.candidate.call.failure import failure
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.ways import Ways
from convstep.candidate.operators.answer import UNSAID
from convstep.candidate.operators.calling import Came, call
from convstep.candidate.operators.telling import Told, Unsaid
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.candidate.record import child as recording
from convstep.oracle import messages

QUESTION = "operator"
"""What a question holds that asks for calls of an operator."""


def answered(ways: Ways, question: messages.Message) -> Iterator[dict[str, npt.ArrayLike]]:
    """Call somebody's operator on each problem of a question.

    Args:
        ways: the function as it is loaded.
        question: the operator's words, how it is called, and problems.
    """
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
    options = {
        name: tuple(value) if isinstance(value, list) else value for name, value in each["options"].items()
    }
    told = Told(words, handed, options, each["sizes"], asked["pairs"], asked["mode"], tuple(asked["keys"]))
    facts: dict[str, Any] = {"kind": RETURNED, "message": ""}
    np.random.seed(0)
    with _listening():
        try:
            call(served, told, came, asked["tensors"])
        except Unsaid:
            facts["kind"] = UNSAID
        except BaseException as error:
            facts |= failure(error, served.candidate)
            facts["usable"] = type(error).__name__ != "Unusable"
            if hinted := served.hint(error):
                facts["message"] = hinted
    changed = [name for name, before in kept.items() if not _same(before, plain_array(handed[name]))]
    facts |= {"said": sorted(told.said), "changed": changed, "stage": came.stage, "call": came.call}
    facts |= {"names": came.names, "planted": came.planted}
    sent = {name: array for name, array in came.arrays.items() if array.dtype.kind in "biuf"}
    return {"facts": json.dumps(facts), **{f"a.{name}": array for name, array in sent.items()}}


def _same(before: Any, now: Any) -> bool:
    return before.shape == now.shape and bool(np.array_equal(before, now, equal_nan=True))


def main(arguments: Sequence[str]) -> None:
    """Serve a target; see `convstep.candidate.call.child.main`."""
    child.main(
        arguments,
        {recording.QUESTION: recording.recorded, recording.JUDGE: recording.judged, QUESTION: answered},
    )
