"""The candidate's process: load it, say what it is, answer calls until the parent is gone.

`main` is that process, under `oracle/watched.py`. A function that lives in the parent alone (a closure, a
cell of a notebook) is served by a fork instead, see `worker.py`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import inspect
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call import protocol, views
from convstep.candidate.call.containers import asked_for, own_options
from convstep.candidate.call.likely import matching_forward
from convstep.candidate.call.outcome import CLOSED, OUT_OF_MEMORY, Candidate
from convstep.candidate.call.parameters import parameters_of, written, written_as
from convstep.candidate.call.served import Served, Ways, found
from convstep.candidate.call.tape import tape_of
from convstep.candidate.load.imports import waiting_for_imports
from convstep.candidate.load.lookup import has_operators
from convstep.candidate.load.placeholders import Placeholder
from convstep.candidate.load.target import CandidateError, Target
from convstep.language import speak, tr
from convstep.oracle import messages
from convstep.oracle.conversation import answering
from convstep.oracle.watched import private_pipes

if TYPE_CHECKING:
    from convstep.candidate.load.loading import Loaded

MEMORY = 4 << 30
"""Bytes that a candidate may ask for beyond what its process holds when it is loaded."""


def describe(function: Callable[..., Any], kind: str, name: str, namespace: dict[str, Any]) -> Candidate:
    """What can be told of a candidate without calling it."""
    subject: Any = getattr(function, "_init_fn", function)  # what torch.library.custom_op was made of
    told_later = False
    if kind == "autograd" and isinstance(function, type):
        subject = function.forward  # type: ignore[attr-defined]
        told_later = any(
            "setup_context" in vars(base) for base in function.__mro__ if base.__module__[:5] != "torch"
        )
    try:
        listed = list(inspect.signature(subject).parameters.values())
    except (TypeError, ValueError):
        listed = []
        variadic = True
    else:
        variadic = any(p.kind is p.VAR_POSITIONAL for p in listed)
    places = [p for p in listed if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if kind == "autograd" and isinstance(function, type) and not told_later:
        places = places[1:]
    names = tuple(p.name for p in places)
    used = {*getattr(getattr(subject, "__code__", None), "co_names", ())}
    others = [
        each for each in _functions(namespace) if each not in used or re.search("forward|fwd", each, re.I)
    ]
    forward = _sibling(name, namespace) or matching_forward(
        name,
        others,
        lambda each: [p.name for p in (listed if each == name else parameters_of(namespace[each]))],
    )
    by_name = {p.name: p.default is p.empty for p in listed if p.kind is p.KEYWORD_ONLY}
    for rest in listed if kind != "class" else ():
        if rest.kind is rest.VAR_KEYWORD:
            by_name |= asked_for(written_as(function), rest.name)
    own = found(forward, namespace)
    theirs = [] if own is None else parameters_of(own)
    return Candidate(
        name,
        kind,
        names,
        sum(p.default is p.empty for p in places),
        variadic,
        forward,
        kind == "autograd" or _uses_torch(namespace),
        methods=written(function) if isinstance(function, type) and kind == "class" else (),
        keywords=tuple(by_name),
        keywords_required=tuple(each for each, needed in by_name.items() if needed),
        forward_parameters=tuple(p.name for p in theirs),
        forward_required=tuple(p.name for p in theirs if p.default is p.empty),
        forward_source=written_as(own),
        engine=kind == "class" and has_operators(function),
        tape=getattr(tape_of(function), "__name__", ""),
        options=own_options(written_as(function), namespace) if kind == "function" else (),
    )


def _sibling(name: str, namespace: dict[str, Any]) -> str | None:
    """The static forward of the class that a static backward is in."""
    owner, _, method = name.rpartition(".")
    wanted = f"{owner}.{method.replace('backward', 'forward')}"
    kind = found(owner, namespace) if owner else None
    if not isinstance(kind, type) or "backward" not in method:
        return None
    static = inspect.getattr_static(kind, wanted.rpartition(".")[2], None)
    return wanted if isinstance(static, (staticmethod, classmethod)) else None


def _functions(namespace: dict[str, Any]) -> list[str]:
    """The names of all callables except placeholders for missing imports."""
    return [
        name for name, value in namespace.items() if callable(value) and not isinstance(value, Placeholder)
    ]


def _uses_torch(namespace: dict[str, Any]) -> bool:
    return any(
        isinstance(value, ModuleType) and value.__name__.partition(".")[0] == "torch"
        for value in list(namespace.values())
    )


def load(target: Target, options: dict[str, Any]) -> Served:
    """Load a target's code in this process; a class needs an adapter.

    The options are those of loading, and "adapter": the target of a function `adapter(Class, problem)`. A
    `CandidateError` says in one sentence why it cannot be loaded.
    """
    from convstep.candidate.load import loading

    how = loading.Options(**{name: value for name, value in options.items() if name != "adapter"})
    written = options.get("adapter")
    beside = Target.parse(written) if written else None
    if beside is not None and beside.path is not None:  # the candidate may change the working directory
        beside = replace(beside, path=os.path.abspath(beside.path))
    loaded = loading.load(target, how)
    return _served(loaded, target.name, None if beside is None else loading.load(beside, how))


def _served(loaded: Loaded, name: str, adapter: Loaded | None = None) -> Served:
    """The loaded candidate; with an adapter, a function that hands it and a problem to the adapter."""

    def otherwise(said: str) -> Served | None:
        other = loaded.otherwise(said)
        if other is None:
            return None
        return _served(other, name, adapter and (adapter.otherwise(said) or adapter.fresh()))

    if adapter is None:
        called, candidate = _described(loaded, name)
    else:
        called = functools.partial(adapter.function, loaded.function)
        candidate = Candidate(name, "function", ("problem",), 1)
    candidate = replace(
        candidate,
        file=loaded.file or "",
        first_line=loaded.first_line or 0,
        source=loaded.source or "",
        notes=(*loaded.notes, *(adapter.notes if adapter else ())),
    )
    return Served(
        called,
        {} if adapter else loaded.namespace,
        candidate,
        lambda: _served(loaded.fresh(), name, adapter and adapter.fresh()),
        lambda error: loaded.hint(error) or (adapter.hint(error) if adapter else None),
        otherwise,
        loaded.part,
    )


def _described(loaded: Loaded, name: str) -> tuple[Callable[..., Any], Candidate]:
    """Pick what to call from what was loaded, and describe it."""
    called, kind = loaded.function, loaded.kind
    operators = (op for op in list(loaded.namespace.values()) if hasattr(op, "register_autograd"))
    registered = next((op for op in operators if getattr(op, "_backward_fn", None) is called), None)
    if registered is not None:  # the backward of a torch.library.custom_op: torch calls it
        called, kind = registered, "autograd"
    if kind == "class" and _sibling(f"{name}.backward", loaded.namespace):
        called, kind, name = called.backward, "method", f"{name}.backward"  # type: ignore[attr-defined]
    return called, describe(called, kind, name, loaded.namespace)


Reply = Mapping[str, npt.ArrayLike]
Answering = Callable[[Ways, messages.Message], Reply | Iterator[Reply]]
"""Answers a question other than a call, by one message or by several, each sent when it is there."""


def serve(
    served: Served,
    questions: messages.RawPipe,
    answers: messages.RawPipe,
    others: Mapping[str, Answering] | None = None,
) -> None:
    """Answer calls until the parent closes its end or is gone.

    `others` answer what is no call, by a name that only such a question holds.
    """
    received: SimpleQueue[bytearray] = SimpleQueue()
    threading.Thread(target=_read, args=(questions, received), daemon=True).start()
    limit_memory(MEMORY)
    introduced = replace(served.candidate, compiles=_compiles(served))
    ways = Ways(served)
    try:
        messages.send(answers, answering(None, protocol.introduction(introduced)))
        while True:
            question = messages.opened(received.get())
            other = next((each for name, each in (others or {}).items() if name in question), None)
            if other is not None:
                reply = other(ways, question)
                for each in (reply,) if isinstance(reply, Mapping) else reply:
                    messages.send(answers, answering(question, each))
                continue
            call, problems, fresh = protocol.read_question(question)
            if fresh:
                with contextlib.suppress(CandidateError), announced(answers, question):
                    ways.reload(call)  # it was loaded once
                messages.send(answers, answering(question, {"loaded": True}))
            for problem in problems:
                outcome = ways.called(call, problem)
                messages.send(answers, answering(question, protocol.answer(outcome)))
                if outcome.not_begun:
                    break
    except OSError:  # nobody listens, or the candidate closed what it does not know
        os._exit(CLOSED)
    except MemoryError:  # a candidate that returned has left no room for its result
        os._exit(OUT_OF_MEMORY)


@contextlib.contextmanager
def announced(answers: messages.RawPipe, question: messages.Message | None = None) -> Iterator[None]:
    """During loading, report when installed packages are being imported: that time is not the candidate's."""
    here = threading.get_ident()

    def importing(now: bool) -> None:
        if threading.get_ident() != here:  # two threads would write into each other's message
            return
        with contextlib.suppress(OSError):
            messages.send(answers, answering(question, {"importing": now}))

    importing(False)
    with waiting_for_imports(importing):
        yield


COMPILERS = ("numba", "jax", "torch", "triton", "taichi", "tensorflow", "pyximport", "cupy", "pythran")
"""Packages that compile functions when they are called first."""


def _compiles(served: Served) -> bool:
    """Whether the first call may take as long as a compiler needs."""
    if served.reload is not None:  # all that is imported here was imported for it
        return any(name in sys.modules for name in COMPILERS)
    owners = {getattr(value, "__module__", None) or "" for value in list(served.namespace.values())}
    owners |= {value.__name__ for value in list(served.namespace.values()) if isinstance(value, ModuleType)}
    return any(str(owner).partition(".")[0] in COMPILERS for owner in owners)


def _read(questions: messages.RawPipe, received: SimpleQueue[bytearray]) -> None:
    """Pass questions on; when the parent is gone, exit at once, whatever is being computed."""
    try:
        while (question := messages.receive(questions)) is not None:
            received.put(question)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():  # what it started ends with it
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def limit_memory(room: int, *, loading: bool = False) -> None:
    """Let a huge allocation fail with a MemoryError here, before it takes the machine down.

    There is room for so many bytes beyond what this process holds now. `loading` limits only what is written
    to: a framework maps gigabytes of libraries.
    """
    try:
        import resource

        with open("/proc/self/statm") as statm:
            pages = [int(count) for count in statm.read().split()]
        limits = [(resource.RLIMIT_DATA, pages[5])] + [(resource.RLIMIT_AS, pages[0])] * (not loading)
        for limit, held in limits:
            _, most = resource.getrlimit(limit)
            wanted = held * resource.getpagesize() + room
            if most == resource.RLIM_INFINITY or wanted < most:
                resource.setrlimit(limit, (wanted, wanted))
    except (ImportError, OSError, ValueError):  # a system without such limits
        return


def main(arguments: Sequence[str], others: Mapping[str, Answering] | None = None) -> None:
    """Serve the target named on the command line; after it options as JSON, and the language in use."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = private_pipes(silent=False)
    faulthandler.enable(2, all_threads=False)
    sys.stdin = open(os.devnull)  # noqa: SIM115  open as long as the process lives
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    os.environ["MPLBACKEND"] = "Agg"
    speak(arguments[2])  # what is said here is shown as it is
    from convstep.candidate.load import loading  # noqa: F401  ours, and so not the candidate's time

    limit_memory(MEMORY, loading=True)
    views.watch()
    try:
        with announced(answers):
            served = load(Target.parse(arguments[0]), json.loads(arguments[1]))
    except CandidateError as error:
        _fail(answers, str(error))
    except BaseException as error:
        said = " ".join(str(error).split())
        _fail(
            answers,
            tr(
                "loading {target} ended with {error}: {said}"
                if said
                else "loading {target} ended with {error}",
                target=arguments[0],
                error=type(error).__name__,
                said=said,
            ),
        )
    else:
        serve(served, questions, answers, others)


def _fail(answers: messages.RawPipe, sentence: str) -> None:
    """Report why the candidate did not load, then exit without waiting for threads it may have started."""
    code = CLOSED
    with contextlib.suppress(OSError):
        messages.send(answers, answering(None, {"error": np.asarray(sentence)}))
        code = 0
    os._exit(code)
