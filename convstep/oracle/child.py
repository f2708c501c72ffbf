"""The child's side of `TorchService`: read a question, ask PyTorch, write the answer."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Sequence
from queue import SimpleQueue

import numpy.typing as npt

from convstep.conv.problem import Problem
from convstep.language import speak, tr
from convstep.oracle import messages
from convstep.oracle.conversation import answering, heard
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.operators import torch_run
from convstep.oracle.pytorch import TorchOracle, version
from convstep.oracle.watched import private_pipes


def main(arguments: Sequence[str]) -> None:
    """Load torch, say so in a language, then answer questions until the parent closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speak(arguments[0])  # its errors are shown as they are
    questions, answers = private_pipes()
    received = heard(questions)
    with contextlib.suppress(OSError):
        try:
            messages.send(answers, answering(None, {"version": version()}))
        except OracleUnavailable as error:
            messages.send(answers, answering(None, {"error": str(error)}))
            return
        _answer(received, answers)


def _answer(received: SimpleQueue[bytearray], answers: messages.RawPipe) -> None:
    """Answer questions for ever; a question without a problem is about the previous one."""
    problem: Problem | None = None
    while True:
        question = messages.opened(received.get())
        speak(str(question["language"]))  # a person may have changed it
        reply: dict[str, npt.ArrayLike]
        try:
            if "expression" in question:
                reply = _operator(question)
            else:
                if "A_prev" in question:
                    problem = messages.read_problem(question)
                assert problem is not None
                expectation = TorchOracle().expected(problem, int(question["position"]))
                reply = messages.expectation_message(expectation)
        except Exception as error:  # e.g. no memory for this problem; the next may be smaller
            reason = str(error) or type(error).__name__
            reply = {"error": tr("PyTorch could not compute these gradients: {reason}", reason=reason)}
        messages.send(answers, answering(question, reply))


def _operator(question: messages.Message) -> dict[str, npt.ArrayLike]:
    """PyTorch's gradients of an operator, by name."""
    asked = messages.OperatorQuestion.read(question)
    _, gradients = torch_run(
        asked.expression, asked.arrays, asked.options, asked.upstream.values(), asked.gradients
    )
    return {"oracle": f"PyTorch {version()}", **messages.prefixed("gradient", gradients)}
