"""Open a candidate in a process that can record it as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from convstep.candidate.call.opening import open_worker
from convstep.candidate.call.processes import RecordingSpawned

if TYPE_CHECKING:
    from convstep.candidate.record.recorder import Recorder


def open_recorder(
    candidate: Callable[..., Any] | str,
    options: dict[str, Any] | None = None,
    timeout: float | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> Recorder:
    """The candidate in a process of its own; see `open_worker`.

    Raises:
        CandidateError: it cannot be loaded.
    """
    return open_worker(  # type: ignore[return-value]
        candidate, options, timeout, meanwhile, spawned=RecordingSpawned, kind=_recorder
    )


def _recorder() -> type[Recorder]:
    from convstep.candidate.record.recorder import Recorder

    return Recorder
