"""Step through the backward pass of a convolution, on real numbers, in a terminal.

The public API is loaded when a name is first asked for: importing the package loads neither
NumPy nor torch nor textual.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes as long as starting Python
if TYPE_CHECKING:
    from typing import Any

    from convstep.candidate.asserting import assert_correct as assert_correct
    from convstep.candidate.call.outcome import CannotCall as CannotCall
    from convstep.candidate.load.target import CandidateError as CandidateError
    from convstep.candidate.power.asking import power as power
    from convstep.candidate.referee import check as check
    from convstep.candidate.survey.surveying import survey as survey
    from convstep.candidate.verdict import Verdict as Verdict
    from convstep.conv.backward import conv2d_backward as conv2d_backward
    from convstep.conv.backward import conv2d_backward_steps as conv2d_backward_steps
    from convstep.conv.forward import conv2d_forward as conv2d_forward
    from convstep.conv.problem import Problem as Problem
    from convstep.conv.recorded import Recorded as Recorded
    from convstep.conv.step import Gradients as Gradients
    from convstep.conv.step import Step as Step
    from convstep.conv.timeline import Timeline as Timeline
    from convstep.conv.validation import ProblemError as ProblemError
    from convstep.operators.operator import Operator as Operator
    from convstep.operators.operator import OperatorProblem as OperatorProblem
    from convstep.operators.own import operator as operator
    from convstep.operators.registry import OperatorError as OperatorError
    from convstep.operators.registry import operators as operators
    from convstep.oracle.capture import capture as capture
    from convstep.oracle.captured import Captured as Captured
    from convstep.oracle.captured import CaptureError as CaptureError
    from convstep.oracle.comparison import Comparison as Comparison
    from convstep.oracle.comparison import compare as compare
    from convstep.oracle.tensor_files import load_tensors as load_tensors
    from convstep.recording.record import record as record
    from convstep.recording.recorder import RecordingError as RecordingError
    from convstep.recording.recording import Recording as Recording
    from convstep.ui.debug_call import debug as debug

_HOMES = {
    "CandidateError": "convstep.candidate.load.target",
    "CannotCall": "convstep.candidate.call.outcome",
    "CaptureError": "convstep.oracle.captured",
    "Captured": "convstep.oracle.captured",
    "Comparison": "convstep.oracle.comparison",
    "Gradients": "convstep.conv.step",
    "Operator": "convstep.operators.operator",
    "OperatorError": "convstep.operators.registry",
    "OperatorProblem": "convstep.operators.operator",
    "Problem": "convstep.conv.problem",
    "ProblemError": "convstep.conv.validation",
    "Recorded": "convstep.conv.recorded",
    "Recording": "convstep.recording.recording",
    "RecordingError": "convstep.recording.recorder",
    "Step": "convstep.conv.step",
    "Timeline": "convstep.conv.timeline",
    "Verdict": "convstep.candidate.verdict",
    "assert_correct": "convstep.candidate.asserting",
    "capture": "convstep.oracle.capture",
    "check": "convstep.candidate.referee",
    "compare": "convstep.oracle.comparison",
    "conv2d_backward": "convstep.conv.backward",
    "conv2d_backward_steps": "convstep.conv.backward",
    "conv2d_forward": "convstep.conv.forward",
    "debug": "convstep.ui.debug_call",
    "load_tensors": "convstep.oracle.tensor_files",
    "operator": "convstep.operators.own",
    "operators": "convstep.operators.registry",
    "power": "convstep.candidate.power.asking",
    "record": "convstep.recording.record",
    "survey": "convstep.candidate.survey.surveying",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name from its home; `__version__` comes from the package metadata."""
    if name == "__version__":
        from importlib.metadata import version

        return version("convstep")
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'convstep' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, for completion."""
    return [*__all__, "__version__"]
