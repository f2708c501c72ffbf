"""The process in which a function is called and recorded; NumPy is not needed to start it."""

from __future__ import annotations

from convstep.candidate.call.processes import Spawned


class RecordingSpawned(Spawned):
    """A new interpreter that loads a target, and records its calls where it is asked to."""

    main = "convstep.candidate.record.child"
