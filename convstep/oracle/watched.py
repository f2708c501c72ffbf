"""A process that runs what is not ours, and ends with this one whatever it is doing.

Between them a supervisor runs nothing but this file: it waits until the process ends, we are gone, or we say
so, and then kills all that was started below it. A thread in the process could not: other code may hold the
interpreter's lock. Run as a module, this file becomes the supervisor of another module's `main`.
"""

from __future__ import annotations

import _thread
import contextlib
import ctypes
import gc
import os
import signal
import sys

TYPE_CHECKING = False  # the supervisor starts before everything else
if TYPE_CHECKING:
    from collections.abc import Set
    from typing import NoReturn, Protocol

    from convstep.oracle.messages import RawPipe

    class Child(Protocol):
        """A supervisor, as `subprocess.Popen` would offer it."""

        @property
        def returncode(self) -> int | None: ...  # noqa: D102
        def wait(self, timeout: float) -> int: ...  # noqa: D102
        def terminate(self) -> None: ...  # noqa: D102
        def kill(self) -> None: ...  # noqa: D102


_PARENT_DIED, _DUMPABLE, _ADOPTS = 1, 4, 36
"""Linux's words for "what signal when my parent dies", "leave a core file", "orphans below become mine"."""
_TICK = 0.25
"""Seconds between two looks at whether the parent is there, on a system that does not tell."""
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
ENDING = 2.0
"""Seconds for a process to end that was told to, or whose pipe has ended."""
_HIGH = 200
"""The least number of a pipe's end; people who close what they do not know begin below."""


def lock() -> _thread.LockType:
    """A lock that is open in every copy of this process: whoever holds it here is not there to let go."""
    made = _thread.allocate_lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=made._at_fork_reinit)  # type: ignore[attr-defined]
    return made


def supervised(parent: int, mask: Set[int] | None = None) -> None:
    """Go on as a child of this process, its supervisor, which ends with the parent; `mask` is blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()  # Ctrl+C is for the parent
    signal.set_wakeup_fd(-1)  # a copy of an event loop's would wake the loop of the original
    signal.signal(signal.SIGCHLD, lambda *_: None)  # what is ignored cannot be waited for
    told = _linux(_ADOPTS, 1) and _linux(_PARENT_DIED, signal.SIGHUP)
    here = os.getpid()
    if child := os.fork():
        _supervise(child, parent, told)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _linux(_PARENT_DIED, signal.SIGKILL)
    if os.getppid() != here:  # it died before it could be told
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_SETMASK, before if mask is None else mask)


def _supervise(child: int, parent: int, told: bool) -> NoReturn:
    """Wait until the child or the parent ends, or SIGTERM; then end as the child did, and all below."""
    try:
        gc.disable()  # in a copy of a process it would run somebody's `__del__`
        _close_all()
        if not told:
            signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
        status = None
        while status is None and os.getppid() == parent:
            # the death of the thread that started this process says SIGHUP as well
            if signal.sigwait(_HEARD) == signal.SIGTERM:
                break
            status = _buried(child)
        if status is None:
            os.kill(child, signal.SIGKILL)
        _end_all(child)
        _end_like(status)
    finally:  # whatever failed here: the child ends with this process
        os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _close_all() -> None:
    """Hold nobody's pipe or file open; without a list of them it is not to be helped."""
    with contextlib.suppress(OSError):
        for number in os.listdir("/dev/fd"):
            with contextlib.suppress(OSError):
                os.close(int(number))


_HEARD = {
    getattr(signal, name) for name in ("SIGCHLD", "SIGTERM", "SIGHUP", "SIGALRM") if hasattr(signal, name)
}


def _buried(child: int) -> int | None:
    """Bury whoever died; the child's status, if it is among them."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                found = ended[1]
    return found


def _end_all(child: int) -> None:
    """Kill all below; as a process dies, its children become ours, so again until there is none."""
    with contextlib.suppress(ChildProcessError):
        while True:
            try:
                with open("/proc/thread-self/children") as listed:
                    for pid in listed.read().split():
                        _kill(os.kill, int(pid))
            except OSError:  # elsewhere what changed its group gets away
                _kill(os.killpg, child)
            os.waitpid(-1, 0)


def _kill(how: object, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(number, signal.SIGKILL)  # type: ignore[operator]


def _end_like(status: int | None) -> None:
    """End as the child did, so that who waits for this process learns it."""
    code = 0 if status is None else os.waitstatus_to_exitcode(status)
    if code >= 0:
        os._exit(code)
    with contextlib.suppress(OSError, ValueError):  # nobody can catch SIGKILL
        signal.signal(-code, signal.SIG_DFL)
    _linux(_DUMPABLE, 0)  # the child has left its own
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
    os.kill(os.getpid(), -code)


def _linux(what: int, value: int) -> bool:
    """Ask Linux for something about this process; False elsewhere, or if it refuses."""
    return _LIBC is not None and _LIBC.prctl(what, value, 0, 0, 0) == 0


def out_of_reach(end: int) -> int:
    """The same pipe under a number that nobody comes across, and that no program started here inherits."""
    try:
        import fcntl

        moved = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    except (ImportError, OSError):
        moved = os.dup(end)
    os.close(end)
    return moved


def private_pipes(*, silent: bool = True) -> tuple[RawPipe, RawPipe]:
    """The two pipes to the parent, out of reach of who reads stdin or prints; `silent`: of stderr, too."""
    questions, answers = (out_of_reach(os.dup(stream)) for stream in (0, 1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2) if silent else (0, 1):
        os.dup2(nowhere, stream)
    return os.fdopen(questions, "rb", buffering=0), os.fdopen(answers, "wb", buffering=0)


def command(module: str, *arguments: str) -> list[str]:
    """What starts `main(arguments)` of a module under supervision, on this interpreter."""
    # -P: a file torch.py or random.py in the working directory is not meant
    return [sys.executable, "-P", "-m", "convstep.oracle.watched", str(os.getpid()), module, *arguments]


def end(child: Child, *, by_itself: bool = False) -> int | None:
    """End a supervised process and all it started, or one ending `by_itself`; its exit code, or None."""
    from subprocess import TimeoutExpired

    if child.returncode is not None:
        return None
    if by_itself:
        with contextlib.suppress(TimeoutExpired):
            return child.wait(ENDING)
    child.terminate()
    try:
        child.wait(ENDING)
    except TimeoutExpired:
        child.kill()
        with contextlib.suppress(TimeoutExpired):
            child.wait(ENDING)
    return None


def main(parent: str, module: str, *arguments: str) -> None:
    """Run a module's `main`, supervised."""
    if hasattr(os, "fork"):
        supervised(int(parent))
    import importlib

    importlib.import_module(module).main(arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
