"""The six apps, each on everything worth opening, with a stand-in for PyTorch's process."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from textual.app import App

from convstep import conv2d_backward
from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.language import speak
from convstep.lessons.course import entries, open_lesson
from convstep.lessons.progress import Progress
from convstep.oracle.capture_log import Convolution, Seen
from convstep.oracle.captured import CapturedLayer, Skipped
from convstep.oracle.service import TorchService
from convstep.ui.app import DebuggerApp
from convstep.ui.candidate_app import CandidateApp
from convstep.ui.layers_app import LayersApp
from convstep.ui.lesson_app import LessonApp
from convstep.ui.recording_app import RecordingApp
from tests import candidates
from tests.monkey.inputs import Script
from tests.ui.fakes import FakeTorch, MissingTorch
from tests.view.recorded import FUNCTIONS, recorded

Opened = contextlib.AbstractContextManager[App[Any]]

MADE: dict[str, Callable[[np.random.Generator], Problem]] = {
    "batch": lambda r: Problem(*_drawn(r, (3, 5, 4, 2), (3, 2, 3, 2)), None, 1, 1),
    "groups": lambda r: Problem(*_drawn(r, (6, 5, 4), (4, 3, 2, 2)), None, (2, 1), (0, 1), 1, 2),
    "float32": lambda r: Problem(*_drawn(r, (7, 6, 2), (3, 3, 3, 2), np.float32), None, 2, 1),
    "tiny": lambda r: Problem(*_drawn(r, (1, 1, 1), (1, 1, 1, 1)), None),
    "no-bias": lambda r: Problem(
        r.normal(size=(4, 4, 1)), r.normal(size=(1, 2, 2, 1)), None, None, 1, "same"
    ),
    "nan": lambda r: Problem(*_poisoned(_drawn(r, (5, 5, 2), (2, 3, 3, 2))), None, 1, 1),
    "large": lambda r: Problem(*_drawn(r, (112, 112, 3), (32, 7, 7, 3)), None, 2, 3),
    "flat": lambda r: Problem(*_drawn(r, (1, 300, 1), (1, 1, 5, 1)), None),
}
"""Problems that are in no catalogue, by name."""
BESIDE = ("wrong", "right", "overwrites", "misshapen", "raises", "slow", "dies", "hangs")
"""Candidates."""


def _drawn(
    rng: np.random.Generator, A_prev: tuple[int, ...], W: tuple[int, ...], dtype: Any = np.float64
) -> tuple[Any, Any, Any]:
    return rng.normal(size=A_prev).astype(dtype), rng.normal(size=W).astype(dtype), np.ones(W[0], dtype)


def _poisoned(arrays: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    arrays[0][2, 3, 1], arrays[1][1, 0, 0, 0], arrays[0][4, 4, 0] = np.nan, np.inf, 1e300
    return arrays


@functools.cache
def problem(name: str) -> Problem:
    """A problem by name, bundled or made."""
    return MADE[name](np.random.default_rng(0)) if name in MADE else catalog.load(name)


def _torch(held: Problem) -> TorchService:
    """Answers at once; for large problems it would take too long, so there it is missing."""
    return MissingTorch() if held.total_steps > 5000 else FakeTorch()


@contextlib.contextmanager
def debugger(script: Script) -> Iterator[App[Any]]:
    """The debugger on a problem; one that is not bundled is in a file, so that its session can be opened."""
    held = problem(script.about)
    name = script.about
    if name in MADE:
        name += ".npz"
        if not Path(name).exists():
            held.save(name)
    yield DebuggerApp(held, script.about, command_name=name, torch=_torch(held), live=script.live)


@contextlib.contextmanager
def candidate(script: Script) -> Iterator[App[Any]]:
    """A candidate beside the reference; some do in stepping what they did not do when they were checked."""
    checked: Any = {
        "right": candidates.right,
        "overwrites": candidates.overwriting,
        "misshapen": candidates.misshapen,
    }.get(script.about, candidates.stride_ignored)
    held = catalog.load("stride-2") if script.about == "right" else candidates.failing_problem(checked)
    verdict = candidates.verdict(checked)
    worker = Worker.of_function(_misbehaving(script.about, checked), 0.3)
    beside = CandidateTimeline(worker, verdict, held)
    try:
        yield CandidateApp(beside, "some/mine.py:conv_backward", torch=_torch(held), live=script.live)
    finally:
        beside.close()


def _misbehaving(how: str, checked: Any) -> Callable[..., Any]:
    parent = os.getpid()

    def conv_backward(dZ: Any, cache: dict[str, Any], stride: int, padding: int) -> Any:
        if np.count_nonzero(dZ) < dZ.size:  # stepping, not checking
            if how == "raises":
                raise ValueError("bad \x1b]0;x\x07 \u202e 名 " + "long " * 500)
            if how == "dies":
                os._exit(3)
            if how == "slow":
                time.sleep(0.02)
            while how == "hangs" and os.getppid() == parent:
                time.sleep(0.01)
        return checked(dZ, cache, stride, padding)

    return conv_backward


@contextlib.contextmanager
def learn(script: Script) -> Iterator[App[Any]]:
    """The list of lessons, or a page of one; hunts too."""
    lesson = None if script.about == "list" else open_lesson(script.about, script.language)
    progress = Progress(kept=script.live)
    yield LessonApp(lesson, script.language, progress, torch=FakeTorch(), live=script.live)


@contextlib.contextmanager
def picker(script: Script) -> Iterator[App[Any]]:
    """The layers of a model, as `capture` would have seen them."""
    names = ["batch", "nan", "flat"] if script.about == "nan" else ["batch", "float32", "tiny", "groups"]
    skipped = [Skipped("up \u202e\x1b[2J 名", "ConvTranspose2d", "is transposed " * 40, 3)]
    layers = [_layer(n, script.about) for n in names]
    yield LayersApp(layers, skipped=skipped, torch=FakeTorch(), live=script.live)


def _layer(name: str, about: str) -> CapturedLayer:
    held = problem(name)
    dW, db, dA_prev = conv2d_backward(
        held.dZ,
        {"A_prev": held.A_prev, "W": held.W, "b": held.b},
        held.stride,
        held.padding,
        held.dilation,
        held.groups,
    )
    (top, _), (left, _) = held.padding
    eps = float(np.finfo(held.W.dtype).eps)
    called = f"features.{name}" if about != "hostile" else f"bad\x1b]0;{name}\x07\u202e名" + "x" * 300
    convolution = Convolution(
        called, 0, held.A_prev, held.W, held.b, held.stride, (top, left), held.dilation, held.groups, eps, {},
        Seen(0, 0, None),
    )  # fmt: skip
    gradients = {"dW": dW, "dA_prev": dA_prev} | ({} if db is None else {"db": db})
    kept = frozenset(gradients)
    return CapturedLayer(called, 0, 0, convolution, held.dZ, gradients, kept, 1, "PyTorch 0.0")


@contextlib.contextmanager
def recording(script: Script) -> Iterator[App[Any]]:
    """The debugger on somebody's own function."""
    run = recorded(script.about).scout()
    yield RecordingApp(run, f"layers.py:{script.about}", torch=FakeTorch(), live=script.live)


@contextlib.contextmanager
def opened(script: Script) -> Iterator[App[Any]]:
    """The app of a script, not yet running; what it holds is given back."""
    speak(script.language)
    try:
        with APPS[script.app][0](script) as app:
            yield app
    finally:
        speak("en")


def _lessons(*, hunts: bool) -> tuple[str, ...]:
    return tuple(entry.key for entry in entries("en") if entry.hunt == hunts)


APPS: dict[str, tuple[Callable[[Script], Opened], tuple[str, ...]]] = {
    "debugger": (debugger, ("digit", "rectangle", "one-window", "same", *MADE)),
    "candidate": (candidate, BESIDE),
    "learn": (learn, ("list", "list", *_lessons(hunts=False))),
    "hunt": (learn, _lessons(hunts=True)),
    "picker": (picker, ("small", "nan", "hostile")),
    "recording": (recording, tuple(one.__name__ for one in FUNCTIONS)),
}
"""How each is opened, and on what."""
