"""A process that has imported what many others need, and becomes each of them by a copy of itself.

Starting Python and importing NumPy and our own modules takes several times as long as a copy. The one that
is copied never runs what is not ours: it has one thread and nobody's state.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from convstep.oracle import watched

_HEADER = 8
_STARTING = ("PYTHON", "OMP_", "OPENBLAS_", "MKL_", "LD_", "MALLOC_")
"""How variables begin that are read when Python or a library starts: a copy is too late for them."""
IDLE = 60.0
"""Seconds after which one ends that has no copies and is asked for none: it holds some 30 MB."""
_one_at_a_time = watched.lock()
_nurseries: dict[tuple[object, ...], tuple[socket.socket, subprocess.Popen[bytes]]] = {}
"""By what their copies have in common: how each is spoken to, and its supervisor."""
_seen: set[object] = set()


def born(
    module: str, arguments: Sequence[str], environment: dict[str, str], pipes: Sequence[int]
) -> Born | None:
    """A new process that runs a module's `main`, as `watched.command` would start it.

    The pipes are its stdin, stdout and stderr; in the environment PYTHONPATH has all that it imports from.
    None where it has to be started otherwise: on another system than Linux, which may not bear that a process
    is copied after it has loaded libraries, and if it is the first, for it may be the only one.
    """
    fixed = {name: said for name, said in environment.items() if name.startswith(_STARTING)}
    key = os.getpid(), module, sys.executable, *sorted((fixed | {"PYTHONPATH": ""}).items())
    with _one_at_a_time:
        if sys.platform != "linux" or key not in _seen:
            _seen.add(key)
            return None
        for _ in range(2):
            status, told = os.pipe()
            try:
                line, _ = _nurseries.get(key) or _nurseries.setdefault(key, _started(module, environment))
                _send(line, [module, list(arguments), os.getcwd(), environment], [*pipes, told])
                return Born(line, status)
            except OSError:  # somebody has ended it; it lives on while a copy of it is asked about
                _nurseries.pop(key, None)
                os.close(status)
            finally:
                os.close(told)
    return None


def close() -> None:
    """End those of this process, with all their copies, and wait for that."""
    with _one_at_a_time:
        for key in [key for key in _nurseries if key[0] == os.getpid()]:
            _, supervisor = _nurseries.pop(key)
            supervisor.terminate()
            supervisor.wait()


def _started(module: str, environment: dict[str, str]) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, its = socket.socketpair()
    with its:
        supervisor = subprocess.Popen(
            watched.command(__name__, module, str(IDLE)),
            stdin=its.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",  # it holds nobody's folder
            start_new_session=True,  # Ctrl+C is for the parent
        )
    return ours, supervisor


def _send(line: socket.socket, asked: list[Any], pipes: Sequence[int] = ()) -> None:
    body = json.dumps(asked).encode()
    socket.send_fds(line, [len(body).to_bytes(_HEADER, "big")], pipes)
    line.sendall(body)


class Born:
    """A process that was born so, as `watched.end` takes one."""

    def __init__(self, line: socket.socket, status: int) -> None:
        """Know how its nursery is spoken to, and where its process id and its exit code will be read."""
        self.returncode: int | None = None
        self._line, self._status = line, status
        self._said = b""
        self._one_wait = threading.Lock()

    @property
    def pid(self) -> int:
        """Its process id; 0 if it was never born."""
        with self._one_wait:
            while b"\n" not in self._said and self.returncode is None:
                self._hear(None)
            return int(self._said.partition(b"\n")[0] or 0)

    def wait(self, timeout: float) -> int:
        """Its exit code, if it ends in time."""
        with self._one_wait:
            while self.returncode is None:
                self._hear(1000 * timeout)
        return self.returncode

    def _hear(self, milliseconds: float | None) -> None:
        poll = select.poll()
        poll.register(self._status, select.POLLIN)
        if not poll.poll(milliseconds):
            raise subprocess.TimeoutExpired("a copy", (milliseconds or 0) / 1000)
        said = os.read(self._status, 64)
        self._said += said
        if not said or self._said.count(b"\n") == 2:  # if its nursery was ended, so was it
            self.returncode = int(self._said.split()[1]) if said else -signal.SIGKILL
            os.close(self._status)

    def terminate(self) -> None:
        """Ask its supervisor to end it."""
        self._ask(signal.SIGTERM)

    def kill(self) -> None:
        """End its supervisor."""
        self._ask(signal.SIGKILL)

    def _ask(self, number: int) -> None:
        pid = self.pid
        try:
            with _one_at_a_time:
                _send(self._line, [pid, number])
        except OSError:  # its nursery hears nobody any more
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.wait(0)
            if pid and self.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)


def main(arguments: Sequence[str]) -> None:
    """Import a module, then wait to be copied; returns as each of the copies, when its `main` has.

    The arguments are the module, and after how many idle seconds it ends.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = socket.socket(fileno=watched.out_of_reach(os.dup(0)))
    paths = {*os.environ["PYTHONPATH"].split(os.pathsep)}
    run = importlib.import_module(arguments[0])
    told: dict[int, int] = {}

    def bury(*_: object) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                with contextlib.suppress(OSError):  # nobody wants to know
                    os.write(told[ended[0]], b"%d\n" % os.waitstatus_to_exitcode(ended[1]))
                os.close(told.pop(ended[0]))

    signal.signal(signal.SIGCHLD, bury)
    while True:
        while not select.select([line], [], [], float(arguments[1]))[0]:
            if not told:
                line.shutdown(socket.SHUT_RD)  # what comes later is refused, and asked of another
        header, pipes, *_ = socket.recv_fds(line, _HEADER, 4, socket.MSG_WAITALL)
        body = line.recv(size, socket.MSG_WAITALL) if (size := int.from_bytes(header, "big")) else b""
        if not body or len(body) < size:
            while told:
                time.sleep(0.1)
            os._exit(0)
        asked = json.loads(body)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        if not pipes and asked[0] in told:
            os.kill(*asked)
        elif pipes and (pid := os.fork()):
            told[pid] = pipes.pop()
            os.write(told[pid], b"%d\n" % pid)
        elif pipes:
            line.close()
            for end in (pipes.pop(), *told.values()):
                os.close(end)
            _become(asked, pipes, paths)
            run.main(asked[1])
            return
        for pipe in pipes:
            os.close(pipe)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _become(asked: list[Any], pipes: list[int], paths: set[str]) -> None:
    """Be what `watched.command` would have started, up to its `main`."""
    module, arguments, folder, environment = asked
    for stream, pipe in enumerate(pipes):
        os.dup2(pipe, stream)
        os.close(pipe)
    with contextlib.suppress(OSError):
        os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    wanted = environment["PYTHONPATH"].split(os.pathsep)
    sys.path[:] = dict.fromkeys([*wanted, *(each for each in sys.path if each not in paths)])
    importlib.invalidate_caches()
    sys.argv[1:] = [str(os.getppid()), module, *arguments]
    if "numpy.random" in sys.modules:  # or all copies would draw the same
        sys.modules["numpy.random"].seed()
    watched.supervised(os.getppid(), set())
