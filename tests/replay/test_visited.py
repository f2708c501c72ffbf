from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.replay.visited import MOST_VISITED, Bookmark, Bookmarks, Visited


def visited(*positions: int) -> Visited:
    history = Visited()
    for position in positions:
        history.visit(position)
    return history


def test_a_new_history_leads_nowhere() -> None:
    history = Visited(5)
    assert history.positions == (5,)
    assert history.back() is None
    assert history.forward() is None


def test_back_and_forward_go_between_jumps() -> None:
    history = visited(100, 7)
    assert [history.back(), history.back(), history.back()] == [100, 0, None]
    assert [history.forward(), history.forward(), history.forward()] == [100, 7, None]


def test_single_steps_are_no_jumps_and_back_comes_to_where_they_ended() -> None:
    history = visited(100, 101, 102, 101, 102, 103, 7)
    assert history.positions == (0, 103, 7)
    assert history.back() == 103


def test_a_jump_of_two_is_a_jump() -> None:
    assert visited(2).positions == (0, 2)
    assert visited(1).positions == (1,)


def test_a_jump_after_going_back_forgets_what_was_ahead() -> None:
    history = visited(100, 7)
    history.back()
    history.visit(50)
    assert history.positions == (0, 100, 50)
    assert history.forward() is None


def test_steps_after_going_back_keep_what_was_ahead() -> None:
    history = visited(100, 7)
    history.back()
    history.visit(101)
    assert history.forward() == 7
    assert history.back() == 101


def test_telling_of_the_place_it_sent_us_to_changes_nothing() -> None:
    history = visited(100, 7)
    position = history.back()
    assert position is not None
    history.visit(position)
    assert history.positions == (0, 100, 7)
    assert history.forward() == 7


def test_back_never_answers_where_one_is() -> None:
    history = visited(2, 1, 0)
    assert history.positions == (0, 0)
    assert history.back() is None
    assert history.forward() is None


def test_the_oldest_are_forgotten() -> None:
    history = visited(*range(10, 100_000, 10))
    assert len(history.positions) == MOST_VISITED
    assert history.positions[-1] == 99_990
    assert history.back() == 99_980
    with pytest.raises(ValueError, match="at least 2"):
        Visited(most=1)


@given(st.lists(st.integers(0, 30) | st.sampled_from(["back", "forward"])), st.integers(2, 5))
def test_any_walk_stays_within_its_bounds_and_back_undoes_forward(moves: list[int | str], most: int) -> None:
    history, here = Visited(0, most), 0
    for move in moves:
        if isinstance(move, int):
            history.visit(move)
            here = move
        else:
            found = getattr(history, move)()
            assert found != here
            here = here if found is None else found
        assert 1 <= len(history.positions) <= most
        assert history.positions[history.at] == here
    before = history.back()
    if before is not None:
        assert history.forward() == here


# --- bookmarks ----------------------------------------------------------------------------


def test_toggling_sets_and_takes_away() -> None:
    marks = Bookmarks()
    assert marks.toggle(5) == Bookmark(5, "1")
    assert marks.at(5) == Bookmark(5, "1")
    assert marks.toggle(5) is None
    assert marks.at(5) is None
    assert len(marks) == 0


def test_bookmarks_without_a_name_take_the_lowest_free_number() -> None:
    marks = Bookmarks()
    assert [marks.toggle(position) for position in (30, 10, 20)] == [
        Bookmark(30, "1"),
        Bookmark(10, "2"),
        Bookmark(20, "3"),
    ]
    marks.toggle(10)
    assert marks.toggle(40) == Bookmark(40, "2")


def test_they_are_listed_in_the_order_of_the_loop() -> None:
    marks = Bookmarks([Bookmark(30, "late"), Bookmark(2, "early"), Bookmark(7, "1")])
    assert [mark.position for mark in marks.list()] == [2, 7, 30]


def test_the_next_one_is_not_the_one_that_is_here() -> None:
    marks = Bookmarks([Bookmark(10, "a"), Bookmark(20, "b")])
    assert marks.next(9) == Bookmark(10, "a")
    assert marks.next(10) == Bookmark(20, "b")
    assert marks.next(20) is None


def test_of_one_name_or_one_position_the_last_counts() -> None:
    marks = Bookmarks([Bookmark(5, "here"), Bookmark(9, " here "), Bookmark(9, "edge")])
    assert marks.list() == (Bookmark(9, "edge"),)
    marks = Bookmarks([Bookmark(5, "here"), Bookmark(9, " here ")])
    assert marks.list() == (Bookmark(9, "here"),)


def test_one_with_a_name_is_taken_away_like_any_other() -> None:
    marks = Bookmarks([Bookmark(5, "edge")])
    assert marks.toggle(5) is None
    assert len(marks) == 0
