"""`assert_correct`, for people's tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from convstep.candidate import referee
from convstep.candidate.call.conventions import AUTO
from convstep.candidate.power.asking import INSIDE, power_of_checked
from convstep.language import tr
from convstep.operators.operator import Operator
from convstep.printable import printable


def assert_correct(
    candidate: Callable[..., Any] | str,
    convention: str = AUTO,
    *,
    adapter: Callable[..., Any] | str | None = None,
    save: str | os.PathLike[str] | None = None,
    timeout: float | None = None,
    operator: str | Operator | None = None,
    test: str | os.PathLike[str] | None = None,
) -> None:
    """Fail a test, with the diagnosis, if a backward is wrong.

    Args:
        candidate: as for `check`.
        convention: as for `check`.
        adapter: as for `check`.
        save: where to write the smallest failing problem; by default a new temporary folder.
        timeout: as for `check`.
        operator: as for `check`.
        test: your own test, `__file__` if it is in this one; what it would let pass is printed, if the
            backward is right. See `power`.

    Raises:
        AssertionError: it is wrong; the message is the verdict, with the command that opens the
            failing problem, which was saved, or why it could not be.
        CannotCall: no way of calling it works, so that there is no verdict.
        CandidateError: it cannot be loaded.
    """
    __tracebackhide__ = True  # pytest shows the caller's line, not this one
    verdict = referee.check(candidate, convention, adapter=adapter, timeout=timeout, operator=operator)
    if verdict.ok:
        if test is not None and INSIDE not in os.environ:
            print(power_of_checked(os.fspath(test), verdict.target, verdict, verdict.name))  # noqa: T201
        return
    saved = ""
    if verdict.failing is not None:
        try:
            verdict = verdict.saved(os.fspath(save) if save is not None else _new_file())
            saved = f"\nthe failing problem: {printable(verdict.path, None)}"
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            path = tr("a new temporary folder") if save is None else os.fspath(save)
            reason = getattr(error, "strerror", None) or error
            saved = f"\n{tr('{path} cannot be written: {reason}', path=path, reason=reason)}"
    raise AssertionError(f"{verdict}{saved}")


def _new_file() -> str:
    """A place for a failing problem that nothing else uses."""
    import tempfile

    return os.path.join(tempfile.mkdtemp(prefix="convstep-"), "failing.npz")
