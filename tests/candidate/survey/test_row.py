"""Rows, and how they travel."""

from __future__ import annotations

import json

import pytest

from convstep.candidate.survey.row import RIGHT, Row, counted
from tests.candidate.survey.rows import course


@pytest.mark.parametrize("row", course().rows, ids=lambda row: row.submission)
def test_a_row_comes_back_from_json_as_it_was(row: Row) -> None:
    assert Row.unpacked(json.loads(json.dumps(row.packed()))) == row


def test_the_command_opens_what_the_row_is_about() -> None:
    alice, *_, fin = course().rows
    assert alice.opens == "convstep debug hw/alice/layers.py:conv_backward"
    assert fin.opens == "convstep debug 'hw/fin`/l.py:conv_backward' --timeout 2"
    assert Row("a.py", "f", RIGHT).opens == ""
    assert (alice.place, Row("a.py", "f", RIGHT).place) == ("line 14", "")


def test_rows_are_counted_the_wrong_ones_first() -> None:
    assert list(counted(course().rows).items()) == [
        ("wrong", 4),
        ("right", 1),
        ("cannot be called", 1),
        ("no backward", 1),
    ]
