"""The process in which a function is recorded: it answers calls as a candidate's does, and sends logs.

What records takes as long to import as Python and NumPy together, so a process in which most candidates
are called, are right and are never recorded has the answers of this file, and another `main`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy.typing as npt

from convstep.candidate.call import child
from convstep.candidate.call.ways import Ways
from convstep.oracle import messages

QUESTION, JUDGE = "record", "judge"
"""What a question holds that asks for a recording, or for what is to be said of one."""


def recorded(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """See `answering.recorded`."""
    from convstep.candidate.record.answering import recorded

    return recorded(ways, question)


def judged(ways: Ways, question: messages.Message) -> dict[str, npt.ArrayLike]:
    """See `answering.judged`."""
    from convstep.candidate.record.answering import judged

    return judged(ways, question)


def main(arguments: Sequence[str]) -> None:
    """Serve a target that is to be recorded; see `convstep.candidate.call.child.main`."""
    from convstep.candidate.record import answering  # noqa: F401  somebody waits for it

    child.main(arguments, {QUESTION: recorded, JUDGE: judged})
