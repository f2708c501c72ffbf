"""Travel: keys that move, without an app."""

from __future__ import annotations

import pytest

from convstep.ui.debugger.travel import AT_START
from tests.ui.hosts import FakeHost


def press(host: FakeHost, *ids: str) -> None:
    for id in ids:
        host.travel.handlers()[id].run()


@pytest.mark.parametrize("key", ["back", "back-addition", "channels-start", "row-start", "start"])
def test_at_the_start_every_key_that_leads_back_says_that_this_is_it(key: str) -> None:
    host = FakeHost()
    press(host, key)
    assert (host.state.position, host.answer) == (0, AT_START)


@pytest.mark.parametrize("key", ["next", "next-addition", "channels-end", "row-end", "end"])
def test_at_the_end_every_key_that_leads_forward_says_that_it_has_been_seen(key: str) -> None:
    host = FakeHost(position=256)
    press(host, key)
    assert (host.state.position, host.ends) == (256, 1)


@pytest.mark.parametrize(
    "key", ["next", "back", "next-addition", "back-addition", "channels-end", "row-start", "end", "start"]
)
def test_whoever_moves_by_hand_interrupts_what_moves_by_itself(key: str) -> None:
    host = FakeHost(position=100)
    press(host, key)
    assert host.interrupted
    assert host.state.scene.position == host.state.position


def test_what_comes_after_an_arrival_comes_once_it_is_there() -> None:
    host, seen = FakeHost(position=100), list[int]()
    host.travel.to(7, lambda: seen.append(host.state.position))
    assert seen == [7]


def test_a_place_that_is_built_first_is_arrived_at_all_the_same() -> None:
    host = FakeHost("digit")
    asked: list[int] = []

    class Unprepared:
        def __getattr__(self, name: str) -> object:
            return getattr(stage, name)

        def prepared(self, position: int) -> bool:
            return False

        def prepare(self, position: int):  # type: ignore[no-untyped-def]
            asked.append(position)
            yield 0.5

    stage, host.state.stage = host.state.stage, Unprepared()  # type: ignore[assignment]
    host.travel.to(200)
    assert (asked, host.state.position) == ([200], 200)
    assert "seeking … 50%" in host.answer


def test_bookmarks_are_gone_through_in_a_circle() -> None:
    host = FakeHost(position=30)
    press(host, "next-bookmark")
    assert "no bookmarks" in host.answer
    press(host, "bookmark", "row-end", "bookmark", "next-bookmark")
    assert (host.state.position, host.answer) == (30, "bookmark 1")
    press(host, "next-bookmark")
    assert (host.state.position, host.answer) == (32, "bookmark 2")
    press(host, "bookmark")
    assert host.answer == "bookmark removed"


def test_a_jump_is_undone_and_done_again() -> None:
    host = FakeHost(position=0)
    press(host, "end", "visited-back")
    assert host.state.position == 0
    press(host, "visited-forward")
    assert host.state.position == 256
    press(host, "visited-forward")
    assert "no later place" in host.answer


def test_without_a_batch_there_is_no_other_sample_and_no_share() -> None:
    host = FakeHost(position=9)
    for key in ("next-sample", "previous-sample", "share"):
        press(host, key)
        assert "no batch axis" in host.answer
        assert host.state.position == 9
