"""Whatever a candidate does in its process becomes an outcome in words, and harms nobody."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import CandidateError, Problem, conv2d_backward
from convstep.candidate.call import child, worker
from convstep.candidate.call.calling import PRINTED, Call
from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.candidate.call.processes import Forked
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.cases import Case, right_of
from convstep.candidate.load.target import Target
from convstep.oracle import nursery, sums
from convstep.oracle.conversation import Conversation, Silent
from tests.candidate.conftest import Files
from tests.strategies import SELDOM
from tests.waiting import GENEROUS, buried, runs, waited

CALL = Call("problem")
BRIEF = 0.3
"""Seconds for what never happens."""
RIGHT = right_of(Case((4, 5), (2, 3), channels=2))

HANGING = """
    import os
    from pathlib import Path
    import numpy as np

    def backward(dZ, cache):
        Path(__file__).with_suffix('.pid').write_text(f'{os.getpid()}\\n')
        while True:
            pass
"""


def reference(problem: Problem) -> Any:
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    return conv2d_backward(problem.dZ, problem.cache, *geometry)


def called(function: Callable[..., Any], seconds: float = GENEROUS) -> Outcome:
    """One call of a function in a copy of this process."""
    with Worker.of_function(function, seconds) as running:
        return running.call(CALL, RIGHT.problem)


def is_right(outcome: Outcome) -> bool:
    return outcome.kind == RETURNED and all(
        np.allclose(outcome.gradients[name], right) for name, right in RIGHT.gradients.items()
    )


def pid_of(running: Worker) -> int:
    process: Any = running._process
    return int(process._pid if hasattr(process, "_pid") else process._child.pid)


def pid_in(path: Path) -> int:
    assert waited(lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text().split()[-1])


@contextmanager
def interrupted_when(happened: Callable[[], bool]) -> Iterator[None]:
    """Ctrl+C for this thread, once that is so."""
    here = threading.get_ident()
    # what runs in the background of a shell ignores it
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt() -> None:
        if waited(happened):
            signal.pthread_kill(here, signal.SIGINT)

    watching = threading.Thread(target=interrupt)
    watching.start()
    try:
        yield
    finally:
        watching.join()
        signal.signal(signal.SIGINT, before)


def test_what_hangs_is_ended_within_its_limit_and_its_children_too(tmp_path: Path) -> None:
    written = tmp_path / "child.pid"

    def backward(problem: Problem) -> Any:
        while written.exists():
            pass
        apart = subprocess.Popen(["sleep", "600"], start_new_session=True)
        written.write_text(f"{apart.pid}\n")
        return reference(problem)

    with Worker.of_function(backward, GENEROUS) as running:
        assert is_right(running.call(CALL, RIGHT.problem))
        child = pid_in(written)
        assert runs(child)
        running.seconds = BRIEF
        outcome = running.call(CALL, RIGHT.problem)
        assert (outcome.kind, outcome.message) == (HUNG, "it did not return within 0.3 s")
        assert waited(lambda: not runs(child))


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (lambda: ctypes.string_at(0), "it crashed: segmentation fault"),
        (lambda: os._exit(7), "it ended its process with exit code 7"),
        (lambda: os._exit(0), "it ended its process with exit code 0"),
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            "its process was killed, perhaps because memory ran out",
        ),
        (lambda: os.kill(os.getpid(), signal.SIGTERM), "it was ended by SIGTERM"),
        (os.abort, "it crashed: aborted"),
        (
            lambda: (os.write(2, b"x" * 100_000 + b"\nno device\x1b[31m\n\n"), os.abort()),
            "it crashed: aborted; its last words: no device\\x1b[31m",
        ),
    ],
    ids=["segfault", "exit", "exit 0", "kill", "term", "abort", "last words"],
)
def test_a_death_is_a_sentence_and_the_next_call_works(end: Callable[[], Any], message: str) -> None:
    def backward(problem: Problem) -> Any:
        if problem.A_prev.shape == RIGHT.problem.A_prev.shape:
            end()
        return reference(problem)

    other = right_of(Case((3, 3), (2, 2))).problem
    with Worker.of_function(backward, GENEROUS) as running:
        died = running.call(CALL, RIGHT.problem)
        assert (died.kind, died.message) == (DIED, message)
        # Python tells where, if it is given the time
        assert (died.file == __file__) is message.startswith("it crashed")
        assert running.call(CALL, other).kind == RETURNED


def test_of_several_problems_one_that_kills_it_is_followed_by_the_others_and_one_that_hangs_by_none() -> None:
    def backward(problem: Problem) -> Any:
        if problem.geometry.samples == 2:
            os._exit(3)
        while problem.geometry.samples == 3:
            pass
        return reference(problem)

    cases = [Case((3, 3), (2, 2), batch=batch) for batch in (1, 2, 1, 3, 1)]
    problems = [right_of(case).problem for case in cases]
    with Worker.of_function(backward, GENEROUS) as running:
        found = running.calls(CALL, problems[:3])
        assert [each.kind for each in found] == [RETURNED, DIED, RETURNED]
        assert running.calls(CALL, []) == []
        running.seconds = BRIEF
        assert [each.kind for each in running.calls(CALL, problems[3:])] == [HUNG]
        running.seconds = GENEROUS
        assert running.call(CALL, problems[0]).kind == RETURNED


def test_of_several_problems_none_comes_after_one_on_which_it_did_not_even_begin() -> None:
    def backward(one: Any, other: Any) -> Any:
        return None

    with Worker.of_function(backward, GENEROUS) as running:
        (found,) = running.calls(CALL, [RIGHT.problem] * 3)
        assert found.not_begun
        assert "argument" in found.message
        assert running.call(CALL, RIGHT.problem).message == found.message


def endless(problem: Problem) -> Any:
    return endless(problem)


@pytest.mark.parametrize(
    ("candidate", "message"),
    [
        (lambda problem: sys.exit(), "it called sys.exit()"),
        (lambda problem: sys.exit("done"), "it called sys.exit('done')"),
        (lambda problem: input(), "it waits for keyboard input"),
        (endless, "RecursionError: it calls itself without end"),
        (lambda problem: None, "it returned None; a backward must return its gradients"),
        (lambda problem: (None, None, None), "every gradient that it returned is None"),
        (lambda problem: {"loss": 1.0}, "it returned no gradient: {'loss': 1.0}"),
        (lambda problem: "dW", "it returned a str of str64; a gradient is an array of numbers"),
        (lambda problem: problem.A_prev * 1j, "it returned complex numbers; a gradient is real"),
    ],
    ids=["exit", "exit with words", "input", "recursion", "none", "nones", "dict", "text", "complex"],
)
def test_what_is_no_result_is_a_sentence(candidate: Callable[..., Any], message: str) -> None:
    outcome = called(candidate)
    assert (outcome.kind, outcome.message) == (RAISED, message)


def test_an_exception_comes_with_its_line() -> None:
    def backward(problem: Problem) -> Any:
        return problem.A_prev[99]

    outcome = called(backward)
    assert outcome.message.startswith("IndexError: index 99 is out of bounds")
    assert outcome.line == backward.__code__.co_firstlineno + 1
    assert outcome.line_text == "return problem.A_prev[99]"


def test_an_exceptions_notes_do_not_hide_its_message() -> None:
    def backward(problem: Problem) -> Any:
        error = KeyError("pad")
        error.add_note("from the course's own helper")
        raise error

    assert called(backward).message == "KeyError: 'pad'"


def test_an_exception_that_cannot_be_shown_is_a_sentence_too() -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def backward(problem: Problem) -> Any:
        raise Unprintable

    outcome = called(backward)
    assert outcome.kind == REFUSED  # a raise of its own
    assert "Unprintable" in outcome.message


def test_printing_does_not_disturb_and_its_end_is_kept() -> None:
    def backward(problem: Problem) -> Any:
        for number in range(20_000):
            sys.stdout.write(f"line {number}\n")
        os.write(1, b"x" * 1_000_000)
        os.write(2, b"y" * 1_000_000)
        sys.stderr.write("the end\n")
        assert sys.__stdout__ is not None
        sys.__stdout__.write("none of it is seen")
        sys.__stdout__.flush()
        return reference(problem)

    outcome = called(backward)
    assert is_right(outcome)
    assert outcome.printed.endswith("line 19998\nline 19999\nthe end\n")
    assert len(outcome.printed) == PRINTED


def test_nothing_it_prints_comes_out_here(capfd: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("unflushed")

    def backward(problem: Problem) -> Any:
        sys.stdout.write("its own")
        os.write(1, b"its own")
        return reference(problem)

    assert is_right(called(backward))
    assert capfd.readouterr() == ("unflushed", "")


def test_warnings_are_listed_once_and_not_too_many() -> None:
    def backward(problem: Problem) -> Any:
        for _ in range(3):
            np.log(np.array(-1.0))
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        for number in range(20):
            warnings.warn(f"number {number}", stacklevel=1)
        return reference(problem)

    outcome = called(backward)
    assert outcome.warnings[:2] == (
        "RuntimeWarning: invalid value encountered in log",
        "DeprecationWarning: old",
    )
    assert len(outcome.warnings) == 5


def test_a_huge_allocation_fails_there() -> None:
    outcome = called(lambda problem: np.ones(10**12))
    assert outcome.kind == RAISED
    assert outcome.message.startswith("it ran out of memory: Unable to allocate 7.28 TiB")
    assert called(lambda problem: np.broadcast_to(0.0, (10**9, 10**3))).kind == RAISED


def test_memory_eaten_in_small_pieces_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MEMORY", 200 << 20)
    held = []

    def backward(problem: Problem) -> Any:
        while True:
            held.append(np.ones(1 << 17))

    outcome = called(backward)
    assert outcome.kind in (RAISED, DIED)
    assert outcome.message.startswith("it ran out of memory")
    assert held == []


@SELDOM
def test_who_holds_all_memory_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MEMORY", 100 << 20)
    held: list[Any] = []

    def backward(problem: Problem) -> Any:
        try:
            while not held or len(held) < 10**6:
                held.append(bytearray(1 << (20 if len(held) < 60 else 10)))
        except MemoryError:
            pass
        return reference(problem)

    with Worker.of_function(backward, GENEROUS) as running:
        outcomes = [running.call(CALL, RIGHT.problem) for _ in range(3)]
    assert {outcome.kind for outcome in outcomes} <= {RETURNED, RAISED, DIED}
    # NumPy without memory may say anything; what counts is that somebody answers
    assert all(is_right(found) or found.message for found in outcomes)


def test_after_close_nothing_runs_and_nothing_waits_to_be_buried() -> None:
    running = Worker.of_function(reference, GENEROUS)
    pid = pid_of(running)
    assert runs(pid)
    running.close()
    running.close()
    assert waited(lambda: buried(pid))
    outcomes = [running.call(CALL, RIGHT.problem) for _ in range(2)]
    assert [outcome.kind for outcome in outcomes] == [DIED, DIED]
    assert outcomes[1].message == "the candidate's process was closed"


def test_close_ends_a_call_of_another_thread(tmp_path: Path) -> None:
    began = tmp_path / "began"

    def spin(problem: Problem) -> Any:
        began.touch()
        while True:
            pass

    running = Worker.of_function(spin, GENEROUS)
    outcomes: list[Outcome] = []
    calling = threading.Thread(target=lambda: outcomes.append(running.call(CALL, RIGHT.problem)))
    calling.start()
    assert waited(began.exists)
    running.close()
    calling.join(GENEROUS)
    assert [outcome.kind for outcome in outcomes] == [DIED]


def test_ctrl_c_ends_the_call_and_no_late_answer_becomes_the_next_ones(tmp_path: Path) -> None:
    began, interrupted = tmp_path / "began", tmp_path / "interrupted"

    def backward(problem: Problem) -> Any:
        if problem.A_prev.shape == RIGHT.problem.A_prev.shape:
            began.touch()
            while not interrupted.exists():
                pass
        return reference(problem)

    other = right_of(Case((3, 3), (2, 2)))
    with Worker.of_function(backward, GENEROUS) as running:
        pid = pid_of(running)
        with pytest.raises(KeyboardInterrupt), interrupted_when(began.exists):
            running.call(CALL, RIGHT.problem)
        interrupted.touch()
        assert not runs(pid)
        outcome = running.call(CALL, other.problem)
    np.testing.assert_allclose(outcome.gradients["dW"], other.gradients["dW"])


class Traced:
    """A pipe that notes which thread did what with it."""

    def __init__(self, pipe: Any, log: list[tuple[str, int]]) -> None:
        self.pipe, self.log = pipe, log

    def __getattr__(self, name: str) -> Any:
        self.log.append((name, threading.get_ident()))
        return getattr(self.pipe, name)


def test_a_pipe_is_closed_by_who_reads_it_and_by_nobody_else() -> None:
    """Else who is on the way to read would read from the next process: its pipe gets the same number."""
    logs: list[list[tuple[str, int]]] = []

    def start() -> Any:
        process = Forked(reference)
        for name in ("questions", "answers"):
            logs.append([])
            setattr(process, name, Traced(getattr(process, name), logs[-1]))
        return process

    running = Worker(start, "reference", GENEROUS)
    for _ in range(2):
        assert is_right(running.call(CALL, RIGHT.problem, fresh=True))
    running.close()
    assert len(logs) == 4
    for log in logs:
        assert waited(lambda log=log: log[-1][0] == "close")  # type: ignore[misc]
        assert len({thread for _, thread in log}) == 1


def test_calls_of_several_threads_take_turns() -> None:
    rights = [right_of(Case((3, 3 + number), (2, 2))) for number in range(6)]
    agreed = []
    with Worker.of_function(reference, GENEROUS) as running:

        def ask(right: Any) -> None:
            found = running.call(CALL, right.problem).gradients["dW"]
            agreed.append(np.allclose(found, right.gradients["dW"]))

        threads = [threading.Thread(target=ask, args=(right,)) for right in rights]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert agreed == [True] * 6


@SELDOM
def test_live_threads_do_not_stop_a_copy() -> None:
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            np.ones((50, 50)) @ np.ones((50, 50))
            sys.stdout.write("")

    threads = [threading.Thread(target=busy, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert all(is_right(called(reference)) for _ in range(10))
    finally:
        done.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("lock", [nursery._one_at_a_time, sums._one_at_a_time], ids=["processes", "sums"])
def test_a_function_that_checks_another_waits_for_no_thread_that_has_stayed_behind(lock: Any) -> None:
    def backward(problem: Problem) -> Any:
        assert lock.acquire(blocking=False)
        return reference(problem)

    with lock:
        assert is_right(called(backward))


class Layer:
    def __init__(self, lock: Any = None) -> None:
        self.lock = lock or threading.Lock()  # nothing with a lock in it can be pickled

    def backward(self, problem: Problem) -> Any:
        return reference(problem)

    def __call__(self, problem: Problem) -> Any:
        return self.backward(problem)

    @staticmethod
    def static(problem: Problem) -> Any:
        return reference(problem)


def loud(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any) -> Any:
        sys.stdout.write("called")
        return function(*arguments)

    return wrapper


@loud
def decorated(problem: Problem) -> Any:
    return reference(problem)


def with_option(problem: Problem, scale: float) -> Any:
    return tuple(scale * gradient for gradient in reference(problem))


def closure() -> Callable[..., Any]:
    lock = threading.Lock()

    def backward(problem: Problem) -> Any:
        with lock:
            return reference(problem)

    return backward


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        (reference, "reference"),
        (closure(), "closure.<locals>.backward"),
        (lambda problem: reference(problem), "<lambda>"),
        (Layer().backward, "Layer.backward"),
        (Layer.static, "Layer.static"),
        (Layer(), "Layer"),
        (decorated, "decorated"),
        (functools.partial(with_option, scale=1.0), "with_option"),
        (functools.lru_cache(reference), "reference"),
    ],
    ids=["function", "closure", "lambda", "method", "static", "object", "decorated", "partial", "cache"],
)
def test_anything_that_can_be_called_is_called_without_pickling(
    candidate: Callable[..., Any], name: str
) -> None:
    with Worker.of_function(candidate, GENEROUS) as running:
        assert running.candidate.name == name
        assert running.candidate.parameters == ("problem",)
        assert running.candidate.file == __file__
        assert running.candidate.source.strip()
        assert is_right(running.call(CALL, RIGHT.problem))


def test_a_cell_of_a_notebook_has_no_file_and_works() -> None:
    text = "def backward(problem):\n    return reference(problem)\n"
    namespace: dict[str, Any] = {"reference": reference, "__name__": "__main__"}
    exec(compile(text, "<cell 3>", "exec"), namespace)
    with Worker.of_function(namespace["backward"], GENEROUS) as running:
        assert (running.candidate.file, running.candidate.source) in [("", ""), ("<cell 3>", "")]
        assert running.address == "backward"
        assert is_right(running.call(CALL, RIGHT.problem))


def test_what_is_no_function_is_a_sentence() -> None:
    with pytest.raises(CandidateError, match=r"^3 cannot be called; give a function or 'path\.py:function'$"):
        Worker.of_function(3)  # type: ignore[arg-type]


def test_what_it_changes_in_its_process_stays_there(tmp_path: Path) -> None:
    before = os.getcwd(), list(sys.path), np.geterr(), dict(os.environ)
    np.random.seed(3)
    expected = np.random.RandomState(3).rand()

    def backward(problem: Problem) -> Any:
        os.chdir(tmp_path)
        sys.path.insert(0, str(tmp_path))
        os.environ["CANDIDATE"] = "1"
        np.seterr(all="raise")
        np.random.seed(0)
        problem.A_prev[...] = 0  # its own copy
        return reference(problem)

    kept = RIGHT.problem.A_prev.copy()
    assert called(backward).changed == ("A_prev",)
    assert (os.getcwd(), list(sys.path), np.geterr(), dict(os.environ)) == before
    assert np.random.rand() == expected
    np.testing.assert_array_equal(RIGHT.problem.A_prev, kept)


def test_a_fresh_call_forgets_what_earlier_calls_left() -> None:
    calls: list[int] = []

    def backward(problem: Problem) -> Any:
        calls.append(1)
        return len(calls) * np.ones(1)

    with Worker.of_function(backward, GENEROUS) as running:
        numbers = [
            running.call(CALL, RIGHT.problem, fresh=fresh).returned[0][0]
            for fresh in (True, False, True, False)
        ]
    assert numbers == [1, 2, 1, 2]


SPAWNED = """
    import os, sys, ctypes
    import numpy as np
    calls = []

    def backward(problem):
        calls.append(1)
        print("deep" * 1000)
        os.write(1, b"x" * 100_000)
        sys.__stdout__.write("y" * 100_000)
        sys.__stdout__.flush()
        what = int(problem.b[0])
        if what == 1:
            while True: pass
        if what == 2:
            ctypes.string_at(0)
        if what == 3:
            os.write(2, b"no licence\\n")
            os._exit(4)
        if what == 4:
            input()
        if what == 5:
            np.ones(10**12)
        if what == 6:
            for number in range(3, 512):
                try:
                    os.write(number, b"\\0" * 4000)
                except OSError:
                    pass
        if what == 7:
            os.closerange(3, 4096)
        return len(calls) * np.ones(1)
"""


def asked(what: int) -> Problem:
    problem = RIGHT.problem
    return Problem(problem.A_prev, problem.W, np.full(2, what, float), problem.dZ)


@SELDOM
def test_a_file_is_served_by_a_process_that_outlives_every_mistake(files: Files) -> None:
    target = Target(str(files.write("mine.py", SPAWNED)), None, "backward")
    with Worker.of_target(target, None, GENEROUS) as running:
        assert running.address == str(target)
        first, second = (running.call(CALL, asked(0)) for _ in range(2))
        assert (first.returned[0][0], second.returned[0][0]) == (1, 2)
        assert running.call(CALL, asked(0), fresh=True).returned[0][0] == 1
        assert first.printed == ("deep" * 1000 + "\n")[-PRINTED:]
        assert running.call(CALL, asked(4)).message == "it waits for keyboard input"
        assert "out of memory" in running.call(CALL, asked(5)).message
        pid = pid_of(running)
        running.seconds = BRIEF
        assert running.call(CALL, asked(1)).kind == HUNG
        running.seconds = GENEROUS
        assert waited(lambda: buried(pid))
        crashed = running.call(CALL, asked(2))
        assert crashed.message == "it crashed: segmentation fault"
        assert crashed.line_text == "ctypes.string_at(0)"
        left = "it ended its process with exit code 4; its last words: no licence"
        assert running.call(CALL, asked(3)).message == left
        assert running.call(CALL, asked(6)).message.startswith("its process answered nonsense: ")
        assert running.call(CALL, asked(7)).message == "it closed the pipe that its answers go through"
        assert running.call(CALL, asked(0)).returned[0][0] == 1
        pid = pid_of(running)
    assert waited(lambda: buried(pid))


def test_the_time_to_load_again_is_not_the_calls(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    granted: list[float] = []
    patiently = Conversation.hear

    def hear(talk: Conversation, seconds: float | None = None) -> Any:
        """Notes how long it may take, and waits longer."""
        assert seconds is not None
        granted.append(seconds)
        return patiently(talk, GENEROUS)

    monkeypatch.setattr(Conversation, "hear", hear)
    text = """
        import numpy as np
        calls = []

        def backward(problem):
            calls.append(1)
            return np.array([len(calls)])
    """
    target = Target(str(files.write("slow.py", text)), None, "backward")
    with Worker.of_target(target, {"run_all": True}, BRIEF) as running:
        assert running.flags == ("--run-all",)
        assert granted[0] == worker.LOADING  # Python starts
        outcomes = [running.call(CALL, RIGHT.problem, fresh=fresh) for fresh in (False, True)]
    assert [(outcome.kind, outcome.returned[0][0]) for outcome in outcomes] == [(RETURNED, 1)] * 2
    assert granted[1] == granted[-1] == BRIEF
    assert granted.count(BRIEF) >= 3


def test_the_first_call_of_its_kind_may_wait_for_a_compiler() -> None:
    given = RIGHT.problem
    arrays = {name: getattr(given, name).astype("f4") for name in ("A_prev", "W", "b", "dZ")}
    float32 = given.with_arrays(**arrays)
    for compiles, limit in [(True, None), (True, 3.0), (False, None)]:
        running = Worker.__new__(Worker)
        running.seconds, running._limited = limit or worker.SECONDS, limit is not None
        running._compiled, running._has_torch = frozenset(), False
        running.candidate = Candidate("f", "function", ("x",), 1, compiles=compiles)
        granted = [
            running._seconds_of(call, problem)
            for call in (CALL, Call("cs231n"))
            for problem in (RIGHT.problem, RIGHT.problem, float32)
        ]
        first = worker.COMPILING if compiles and limit is None else running.seconds
        assert granted == [first, running.seconds, first] * 2


@pytest.mark.parametrize("limit", [None, 3.0])
def test_pytorch_is_not_imported_in_the_candidates_time(limit: float | None) -> None:
    """On a busy machine that takes longer than a call may: a right candidate would seem to hang."""
    running = Worker.__new__(Worker)
    running.seconds, running._limited = limit or worker.SECONDS, limit is not None
    running._compiled, running._has_torch = frozenset(), False
    running.candidate = Candidate("f", "function", ("x",), 1)
    tensors = Call("torch", tensors=True)
    granted = [
        running._seconds_of(call, RIGHT.problem) - running.seconds for call in (CALL, tensors, tensors)
    ]
    assert granted == [0, worker.LOADING, 0]
    running.candidate = Candidate("f", "function", ("x",), 1, tensors=True, compiles=True)
    running._has_torch = False
    assert running._seconds_of_torch(True) == 0  # its file has imported it


class Saying:
    """A conversation in which each thing is said after some seconds, by a clock of its own."""

    def __init__(self, *said: tuple[float, dict[str, Any]]) -> None:
        self.said, self.now = list(said), 0.0

    def hear(self, seconds: float) -> Any:
        after, message = self.said.pop(0)
        self.now += min(after, seconds)
        if after > seconds:
            raise Silent(seconds)
        return {name: np.asarray(value) for name, value in message.items()}


IMPORTING, OWN, LOADED = {"importing": True}, {"importing": False}, {"loaded": True}


@pytest.mark.parametrize(
    ("said", "limit"),
    [
        ([(50, OWN), (1, IMPORTING), (9, OWN), (0.9, LOADED)], None),
        ([(50, OWN), (1, IMPORTING), (9, OWN), (1.1, LOADED)], 2),
        ([(50, OWN), (1, IMPORTING), (11, OWN)], 60),
        ([(61, OWN)], 60),
        ([(0, OWN), (2.1, LOADED)], 2),
    ],
    ids=["in time", "its own code", "what it imports", "Python", "at once"],
)
def test_what_counts_as_loading_is_the_candidates_own_code(
    said: Any, limit: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk: Any = Saying(*said)
    running = Worker.__new__(Worker)
    running.loading = 2.0
    monkeypatch.setattr(time, "monotonic", lambda: talk.now)
    if limit is None:
        assert running._heard_loading(talk, starting=True).keys() == {"loaded"}
    else:
        with pytest.raises(Silent) as caught:
            running._heard_loading(talk, starting=True)
        assert caught.value.seconds == limit


def test_a_budget_is_of_cpu_time_whoever_else_has_the_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, here, talk = [100.0], [1.0], Conversation.__new__(Conversation)
    monkeypatch.setattr(time, "monotonic", lambda: wall[0])
    monkeypatch.setattr(time, "thread_time", lambda: here[0])
    running, talk.spent = Worker.__new__(Worker), 2.0
    running._conversation, running._spent = talk, 0.0
    began = running.clock()
    wall[0], here[0], talk.spent = 105.0, 2.0, 6.0
    assert running.clock() - began == pytest.approx(5)
    wall[0] += 40
    assert running.clock() - began == pytest.approx(10)  # who sleeps does not do so for ever
    running._conversation, running._spent = None, 6.0
    assert running.clock() - began == pytest.approx(10)


LIMITLESS = """
import resource
import numpy as np

class backward:
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except ValueError:
        pass
    held = [np.zeros(1 << 30, np.uint8) for _ in range(5)]
"""


@pytest.mark.parametrize(
    ("text", "run_all", "sentence"),
    [
        ("def other(): pass", False, r"mine\.py has no backward; it defines other"),
        ("def backward(:", False, r"mine\.py does not compile: line 1: "),
        ("while True: pass", True, r"loading .*mine\.py:backward did not finish within 0\.3 s"),
        ("import os\nos._exit(5)", True, r"loading .*backward: it ended its process with exit code 5$"),
        (LIMITLESS, False, r"backward in mine\.py cannot be defined: .*Unable to allocate 1"),
    ],
    ids=["missing", "syntax", "endless", "leaves", "memory"],
)
def test_what_does_not_load_is_one_sentence(files: Files, text: str, run_all: bool, sentence: str) -> None:
    target = Target(str(files.write("mine.py", text)), None, "backward")
    endless = text.startswith("while")
    with pytest.raises(CandidateError, match=f"^{sentence}") as caught:
        Worker.of_target(target, {"run_all": run_all}, BRIEF if endless else None)
    assert "\n" not in str(caught.value)


@SELDOM
@pytest.mark.parametrize("kind", ["copy", "file"])
def test_the_thread_that_starts_it_may_end(files: Files, kind: str) -> None:
    path = files.write("mine.py", "from tests.candidate.call.test_worker import reference as backward")
    started: list[Worker] = []

    def start() -> None:
        target = Target(str(path), None, "backward")
        started.append(Worker.of_function(reference) if kind == "copy" else Worker.of_target(target))

    starting = threading.Thread(target=start)
    starting.start()
    starting.join()
    with started[0] as running:
        assert is_right(running.call(CALL, RIGHT.problem))


HOLDING = """
    import ctypes, os, subprocess, sys
    from pathlib import Path

    def hold():
        child = subprocess.Popen(['sleep', '60'], start_new_session=True)
        Path(__file__).with_suffix('.child').write_text(f'{child.pid}\\n')
        Path(__file__).with_suffix('.pid').write_text(f'{os.getpid()}\\n')
        ctypes.PyDLL(None).sleep(60)  # with the interpreter's lock: no thread of Python's comes to its turn

    def backward(dZ, cache):
        hold()

    if __name__ == "__main__":
        from convstep import check
        check(SUBJECT, timeout=60, run_all=True)
    elif LOADING:
        hold()
"""


@pytest.mark.parametrize(
    ("subject", "loading"),
    [("backward", False), ("f'{__file__}:backward'", False), ("f'{__file__}:backward'", True)],
    ids=["copy", "file", "file that loads"],
)
def test_the_death_of_the_parent_ends_the_child_and_its_children(
    files: Files, subject: str, loading: bool
) -> None:
    text = HOLDING.replace("SUBJECT", subject).replace("LOADING", str(loading))
    path = files.write("parent.py", text)
    with subprocess.Popen([sys.executable, str(path)]) as parent:
        pids = [pid_in(path.with_suffix(suffix)) for suffix in (".pid", ".child")]
        assert all(map(runs, pids))
        parent.kill()
        assert waited(lambda: not any(map(runs, pids)))


@SELDOM
def test_a_script_without_a_main_guard_works(files: Files) -> None:
    text = """
        from convstep import check, conv2d_backward

        def conv2d_mine(dZ, cache, stride, padding):
            return conv2d_backward(dZ, cache, stride, padding)

        print(check(conv2d_mine).ok, check(__file__ + ':conv2d_mine').ok, flush=True)
    """
    path = files.write("script.py", text)
    ended = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=GENEROUS)
    assert (ended.stdout, ended.stderr) == ("True True\n", "")


def test_no_process_is_a_sentence(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> int:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(CandidateError, match=r"^no process for the candidate can be started: Resource temp"):
        Worker.of_function(reference)


@SELDOM
def test_the_command_line_ends_with_130_and_leaves_no_process(files: Files) -> None:
    path = files.write("mine.py", HANGING)
    command = [sys.executable, "-m", "convstep", "check", f"{path}:backward", "--timeout", "60"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as checking:
        pid = pid_in(path.with_suffix(".pid"))
        checking.send_signal(signal.SIGINT)
        assert checking.wait(timeout=GENEROUS) == 130
        assert checking.communicate() == (b"", b"")
    assert waited(lambda: not runs(pid))
