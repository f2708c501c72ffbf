"""The child's side of `TorchService`: read a question, ask PyTorch, write the answer."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.conv.problem import Problem
from convstep.language import speak, tr
from convstep.oracle import messages
from convstep.oracle.conversation import answering, heard
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import TorchOracle, leaf, plain_autograd, torch_module, version
from convstep.oracle.watched import private_pipes
from convstep.steps.cells import Array


def torch_run(
    expression: str,
    arrays: Mapping[str, Array],
    options: Mapping[str, Any],
    upstream: Iterable[Array],
    gradients: Iterable[str],
) -> tuple[tuple[Array, ...], dict[str, Array]]:
    """Evaluate an expression, which is code, and let autograd go back through it, in float64.

    It is of the arrays and options by name, `torch` and `F`: a tensor, or several, whose gradients are
    `upstream`. "dx" is the gradient by the array "x", zeros for one that takes no part. Returns the outputs,
    and the gradients by name. Raises OracleUnavailable: torch is missing or broken.
    """
    torch = torch_module()
    wanted = {name: name.removeprefix("d") for name in gradients}
    with plain_autograd(torch):
        leaves = {name: leaf(_wide(array)) for name, array in arrays.items()}
        names = {**options, **leaves, "torch": torch, "F": torch.nn.functional}
        made = eval(expression, names)
        outputs = tuple(made) if isinstance(made, tuple | list) else (made,)
        found = torch.autograd.grad(
            outputs,
            [leaves[array] for array in wanted.values()],
            [torch.from_numpy(np.array(one, np.float64)) for one in upstream],
            allow_unused=True,
            materialize_grads=True,
        )
    return (
        tuple(np.array(output.detach().numpy()) for output in outputs),
        {name: np.array(one.numpy()) for name, one in zip(wanted, found, strict=True)},
    )


def _wide(array: Array) -> Array:
    array = np.asarray(array)
    return array.astype({"f": np.float64, "i": np.int64, "u": np.int64}.get(array.dtype.kind, array.dtype))


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
    asked = messages.OperatorQuestion.read(question)
    _, gradients = torch_run(
        asked.expression, asked.arrays, asked.options, asked.upstream.values(), asked.gradients
    )
    return {"oracle": f"PyTorch {version()}", **messages.prefixed("gradient", gradients)}
