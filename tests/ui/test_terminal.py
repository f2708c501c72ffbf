"""What a terminal may send: anything, in any pieces."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from convstep.ui.terminal import Keys, SteadyDriver, _Outlet
from tests.waiting import waited


def characters(*reads: bytes) -> str:
    keys = Keys()
    found = [message for data in reads for message in keys.typed(data)]
    return "".join(message.character or "" for message in found if isinstance(message, events.Key))


@pytest.mark.parametrize(
    ("reads", "typed"),
    [
        ([b"\xe9", b"q"], "\ufffdq"),
        ([b"a\xe9\xe8\xffb"], "a\ufffd\ufffd\ufffdb"),
        (["é輸🙂".encode()[:1], "é輸🙂".encode()[1:4], "é輸🙂".encode()[4:7], "é輸🙂".encode()[7:]], "é輸🙂"),
        ([b"\xf0\x9f", b"", b"x"], "\ufffdx"),
        ([b"a\xf0\x9f\x99"], "a"),
        ([b"\x1b[:~a"], "a"),
        ([b"\x1b[999999999ua"], "a"),
        ([b"\x1b[48;0;0;0;0t\x1b[<0;1;1Ma"], "a"),
    ],
)
def test_bytes_that_are_no_keys_cost_nothing_but_themselves(reads: list[bytes], typed: str) -> None:
    assert characters(*reads) == typed


SIGNS = st.sampled_from([*(bytes([sign]) for sign in b"\x1b[<;:?utMR~\xe9"), b"200~", b"48;"])


@given(st.lists(st.lists(SIGNS | st.binary(max_size=3), max_size=9).map(b"".join), max_size=4))
def test_whatever_came_before_a_key_is_heard(reads: list[bytes]) -> None:
    keys = Keys()
    for data in reads:
        list(keys.typed(data))
    # what may be open: a character, a sequence, something pasted
    found = list(keys.typed(b"    \x1b[201~\x1b[201~" + b" " * 40 + b"q"))
    assert [one.key for one in found if isinstance(one, events.Key)][-1] == "q"


class Loop:
    def call_soon_threadsafe(self, what: Any, *arguments: Any) -> None:
        what(*arguments)


class App:
    left_for, terminal_gone = 0, False

    def leave_for(self, number: int) -> None:
        self.left_for = number


def driver(fileno: int) -> Any:
    """A driver without a terminal that reads from there."""
    made: Any = object.__new__(SteadyDriver)
    made.fileno, made.exit_event, made._debug = fileno, threading.Event(), False
    made._loop, made._app, made.heard = Loop(), App(), []
    made.process_message = made.heard.append
    return made


def test_a_terminal_that_is_gone_says_so_once_and_the_thread_ends() -> None:
    master, slave = os.openpty()
    reading = driver(slave)
    os.write(master, "né".encode()[:2])
    os.close(master)
    reading.run_input_thread()
    os.close(slave)
    assert reading._app.left_for == 1
    assert reading._app.terminal_gone


def test_nothing_is_raised_when_nobody_can_see_what_is_shown() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    gone: list[bool] = []
    with open(write, "w") as file:
        outlet = _Outlet(file, lambda: gone.append(True))
        os.close(read)
        for _ in range(3):
            outlet.write("a frame")
            outlet.flush()
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), write)  # closing the file would write
    assert gone == [True]


def test_a_terminal_that_does_not_want_to_wait_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    gone: list[bool] = []
    seen: list[bytes] = []

    def look() -> None:
        assert waited(lambda: os.get_blocking(write))
        with open(read, "rb") as there:
            seen.extend(iter(lambda: there.read1(1 << 16), b""))

    with open(write, "w") as file:
        with contextlib.suppress(BlockingIOError):
            while os.write(write, b"x" * 4096):
                pass
        looking = threading.Thread(target=look)
        looking.start()
        outlet = _Outlet(file, lambda: gone.append(True))
        outlet.write("a frame")
        outlet.flush()
        outlet.write("the last one")
        outlet.flush()
    looking.join()
    assert not gone
    assert b"".join(seen).endswith(b"a framethe last one")
