"""A survey in a terminal and in a spreadsheet."""

from __future__ import annotations

import csv
import io

from convstep.candidate.survey.row import MISSING, RIGHT, Row
from convstep.candidate.survey.surveying import Survey
from convstep.candidate.survey.table import as_csv, summary, table
from convstep.waiting import columns_of
from tests.candidate.survey.rows import course, wrong


def test_a_table_names_files_where_somebody_has_handed_in_several() -> None:
    assert table(course()) == [
        "submission  function       line  verdict             first mistake",
        "alice       conv_backward  10    ✗ wrong             crop-zero-slice, line 14: "
        "is wrong on 12 of 48 problems: wrong only when padding is 0",
        "bob         conv_backward  10    ✗ wrong             unknown: "
        "is wrong on 12 of 48 problems: wrong only when padding is 0",
        "carol/a.py  f_backward     3     ✓ right             is right: all gradients agree on 48 problems",
        "carol/b.py  g_backward     2:4   - cannot be called  fits no convention",
        "dora        conv_backward  10    ✗ wrong             crop-zero-slice, line 14: "
        "is wrong on 12 of 48 problems: wrong only when padding is 0 (the same code as alice)",
        "=eve.py                          - no backward       it defines no backward",
        "fin | *x*   conv_backward  10    ✗ wrong             crop-zero-slice, line 14: "
        "is wrong on 12 of 48 problems: wrong only when padding is 0",
    ]


def test_operators_have_a_column_where_there_are_several() -> None:
    rows = [Row("a.py", name, RIGHT, operator=name) for name in ("linear", "relu")]
    assert table(Survey("a.py", rows))[:2] == [
        "function  line  operator  verdict  first mistake",
        "linear          linear    ✓ right",
    ]


def test_a_terminal_is_filled_and_no_more() -> None:
    said = Row("a.py", "f_backward", RIGHT, "作业", says="全部梯度一致" * 20)
    for width in (60, 80, 81):
        lines = table(Survey("hw", [said, wrong("alice")]), width)
        assert max(map(columns_of, lines)) in (width, width - 1)
        assert all(line.endswith("…") for line in lines[1:])


def test_mistakes_that_say_themselves_are_not_said_twice() -> None:
    row = wrong("alice", mistakes=("raises",), says="raises on every problem: KeyError")
    assert table(Survey("hw", [row]))[1].endswith("  line 14: raises on every problem: KeyError")
    row = wrong("bob", mistakes=("state-kept",), mistake_line=0, says="something else is wrong: state-kept")
    assert table(Survey("hw", [row]))[1].endswith("  state-kept: something else is wrong")


def test_counts_are_one_line() -> None:
    found = course()
    assert summary(found) == "4 wrong, 1 right, 1 cannot be called, 1 without a backward"
    found.left = 3
    assert summary(found).endswith(", 3 not reached")
    assert summary(Survey("hw")) == "nothing was checked"


def test_a_spreadsheet_computes_nothing_and_reads_every_letter() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(course()).decode("ascii"))))
    assert [row["submission"] for row in rows][4:6] == ["dora", "'=eve.py"]
    assert (rows[0]["mistakes"], rows[0]["mistake_line"], rows[0]["cell"]) == ("crop-zero-slice", "14", "")
    assert (rows[4]["same_as"], rows[6]["mistakes"]) == ("alice", "crop-zero-slice db-mean")
    for begin in ("=", "+", "-", "@", "'", "\t=", "\r="):
        hostile = Row(f"{begin}1.py", "", MISSING, f"{begin}1", says=f"{begin}cmd|calc\n\x1b[2J")
        (row,) = csv.DictReader(io.StringIO(as_csv(Survey("hw", [hostile])).decode()))
        assert all(value[:1] not in ("=", "+", "-", "@", "\t", "\r") for value in row.values() if value)
        assert all(value.isprintable() for value in row.values())
    assert as_csv(Survey("hw", [Row("ä.py", "", MISSING)])).startswith(b"\xef\xbb\xbf")
