"""The process in which somebody's operator file runs: it says what the operator is, and computes with it.

`main` is that process, under `oracle/watched.py`; `file.py` is the other side.
"""

from __future__ import annotations

import contextlib
import inspect
import itertools
import json
import os
import runpy
import signal
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.child import MEMORY, limit_memory
from convstep.candidate.operators.shown import shown_of
from convstep.candidate.record.child import Wish
from convstep.language import speak, tr
from convstep.operators.operator import Operator, OperatorProblem
from convstep.operators.registry import OperatorError
from convstep.oracle import messages
from convstep.oracle.conversation import answering, heard
from convstep.oracle.messages import prefixed, tuples, without
from convstep.oracle.watched import private_pipes
from convstep.printable import SENTENCE, SentenceError, printable
from convstep.recording import transfer

Reply = dict[str, npt.ArrayLike]


def main(arguments: Sequence[str]) -> None:
    """Run a file, say what its operator is, then answer until the parent closes the pipe or is gone.

    The arguments are the file, the operator's name in it, and the language in use.
    """
    path, name, language = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    speak(language)
    questions, answers = private_pipes()
    received = heard(questions)
    limit_memory(MEMORY, loading=True)
    with contextlib.suppress(OSError):
        try:
            operator = loaded(path, name)
        except OperatorError as error:
            messages.send(answers, answering(None, {"error": str(error)}))
            return
        messages.send(answers, answering(None, {"facts": json.dumps(facts(operator))}))
        while True:
            question = messages.opened(received.get())
            messages.send(answers, answering(question, _answered(operator, question)))


def loaded(path: str, name: str) -> Operator:
    """The operator of a file, all of which is run; an `OperatorError` if that fails, or there is none."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        namespace = runpy.run_path(path, run_name="operator_file")
    except SentenceError as error:
        raise OperatorError(f"{printable(path)}: {error}") from error
    except BaseException as error:
        said = printable(f"{type(error).__name__}: {error}".split("\n", 1)[0], SENTENCE)
        raise OperatorError(tr("{path} does not run: {said}", path=printable(path), said=said)) from error
    found = namespace.get(name)
    if isinstance(found, Operator):
        return found
    others = ", ".join(key for key, value in namespace.items() if isinstance(value, Operator))
    raise OperatorError(
        tr(
            "{path} has no operator {name}; it has {others}"
            if others
            else "{path} has no operator {name}; write {name} = convstep.operator(…)",
            path=printable(path),
            name=name,
            others=others,
        )
    )


def facts(one: Operator) -> dict[str, Any]:
    """All of an operator that is no function."""
    return {
        "name": one.name,
        "title": one.title,
        "gradients": list(one.gradients),
        "outputs": list(one.outputs),
        "axes": dict(one.axes),
        "torch": one.torch,
        "called": one.called,
        "words": dict(one.words),
        "conventions": [[each.name, dict(each.axes), dict(each.divided)] for each in one.conventions],
        "forward": _signature(one.forward),
        "backward": _signature(one.backward),
        "mistakes": [
            [
                each.id,
                each.title,
                each.explanation,
                list(each.sources),
                [[[list(hunk) for hunk in way.hunks], way.label, way.text] for way in each.variants],
            ]
            for each in one.mistakes
        ],
    }


def _signature(function: Callable[..., Any]) -> list[Any]:
    """A function's name, its parameters, each with whether it can be left out, and its lines."""
    found = inspect.signature(function).parameters.values()
    try:
        lines = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        lines = ""
    return [function.__name__, [[one.name, one.default is not one.empty] for one in found], lines]


def _answered(operator: Operator, question: messages.Message) -> Reply:
    try:
        asked = json.loads(messages.text(question, "asked"))
        kind = asked.pop("kind")
        answers = {"call": _call, "small": _small, "problems": _problems, "shown": _shown}
        return answers[kind](operator, asked, question)
    except SentenceError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": tr("there is not enough memory for its arguments; use smaller ones")}
    except BaseException as error:  # whatever somebody's own code raises
        return {"error": printable(f"{type(error).__name__}: {error}".split("\n", 1)[0], SENTENCE)}


def _call(operator: Operator, asked: Mapping[str, Any], question: messages.Message) -> Reply:
    """Call the forward, the backward, or one with a mistake."""
    which = asked["which"]
    function = {"forward": operator.forward, "backward": operator.backward}.get(which)
    if function is None:
        id, number = which.rsplit(":", 1)
        function = operator.mistake(id).variants[int(number)].backward
    options = {name: tuples(value) for name, value in asked["options"].items()}
    with np.errstate(all="ignore"):
        made = function(**without("array", question), **options)
    values = made if isinstance(made, (tuple, list)) else (made,)
    arrays = {str(number): np.asarray(value) for number, value in enumerate(values)}
    return {"several": isinstance(made, (tuple, list)), **prefixed("made", arrays)}


def _small(operator: Operator, asked: Mapping[str, Any], question: messages.Message) -> Reply:
    """The problem to be stepped through."""
    return _problem("", operator.small())


def _problems(operator: Operator, asked: Mapping[str, Any], question: messages.Message) -> Reply:
    """Some of its problems, from a seed."""
    first, count = asked["first"], asked["count"]
    made = operator.problems(np.random.default_rng(asked["seed"]))
    found = list(itertools.islice(made, first, first + count))
    reply: Reply = {}
    for number, problem in enumerate(found):
        reply |= _problem(f"{number}.", problem)
    return {"count": len(found), **reply}


def _problem(word: str, problem: OperatorProblem) -> Reply:
    plain = {"options": dict(problem.options), "about": problem.about}
    return {
        f"{word}plain": json.dumps(plain, default=lambda value: np.asarray(value).tolist()),
        **prefixed(f"{word}array", problem.arrays),
        **prefixed(f"{word}upstream", problem.upstream),
    }


def _shown(operator: Operator, asked: Mapping[str, Any], question: messages.Message) -> Reply:
    """Record a pass; with what its forward says of it, if that is asked."""
    wish = Wish.read(asked["wish"])
    found = shown_of(
        operator, asked["case"], asked["mistake"], forward=asked["forward"], numbers=wish.numbers
    )
    if asked["judged"]:
        return {"verdicts": json.dumps(found.judge(found.recorded.recording).as_plain())}
    log = transfer.arrays_of(found.recorded.recording)
    told = {"words": list(found.recorded.words), "how": found.recorded.how}
    return {**prefixed("log", log), "told": json.dumps(told), **_problem("", found.problem)}
