"""What is said of a test that was tried."""

from __future__ import annotations

import json

from convstep.language import speak
from tests.candidate.power.rows import power


def test_a_test_that_sees_all_is_ok() -> None:
    found = power()
    assert found.ok
    assert found
    assert found.missed == ()
    assert found.headline == "test_layers.py sees the known mistakes of a linear layer, 9 of them"
    assert "problem to ask" not in str(found)


def test_what_is_not_asked_is_told_with_its_lines_and_the_smallest_problem_that_shows_it() -> None:
    found = power(missed=("dx-not-reshaped",))
    assert not found.ok
    assert found.missed == ("dx-not-reshaped",)
    said = str(found)
    assert said.startswith("test_layers.py would pass with 1 of 9 known mistakes of a linear layer.\n")
    assert "it asks: x 4x3, w 3x5" in said
    assert "wrong  dx = drows\n" in said
    assert "shows at x 2x3x2, w 6x4 (x has more than two axes)" in said
    assert "one more problem to ask:\n  x 2x3x2, w 6x4" in said
    assert "it sees: db-wrong-axis, " in said


def test_what_is_asked_but_not_looked_at_needs_no_other_problem() -> None:
    found = power(spoiled=("averaged-twice",))
    assert found.missed == ("averaged-twice",)
    assert "dw comes out wrong in this very test, and it passes" in " ".join(str(found).split())
    assert "to ask" not in str(found)


def test_what_is_not_known_counts_neither_way() -> None:
    found = power(untried=("overwrite",))
    assert found.ok
    assert "overwrite" not in found.seen
    assert found.headline.endswith("8 of them")
    assert "not known, because the run did not end: overwrite" in str(found)
    assert "because 3 calls could not be read: overwrite" in str(power(untried=("overwrite",), unread=3))
    ids = tuple(dict.fromkeys(row.suspect.id for row in found.rows))
    nothing = power(untried=ids)
    assert not nothing.ok
    assert nothing.headline == "with no known mistake of a linear layer is it known what test_layers.py does"


def test_what_else_is_to_know_is_said() -> None:
    said = " ".join(str(power(script=True, asks_check=True, unplaced=("db",))).split())
    assert "was run as a script" in said
    assert "does not count here" in said
    assert "nothing is said of it: db" in said


def test_json_takes_it() -> None:
    found = json.loads(json.dumps(power(missed=("dx-not-reshaped",), untried=("overwrite",)).as_dict()))
    assert (found["ok"], found["operator"], found["would_see"]) == (False, "linear", ["x 2x3x2, w 6x4"])
    rows = {row["id"]: row for row in found["mistakes"]}
    assert rows["dx-not-reshaped"]["outcome"] == "missed"
    assert rows["dx-not-reshaped"]["smallest"]["about"] == "x has more than two axes"
    assert (rows["overwrite"]["outcome"], rows["overwrite"]["smallest"]) == ("untried", None)
    assert rows["db-wrong-axis"]["by"] == "test_it"


def test_it_is_told_in_chinese_too() -> None:
    speak("zh")
    said = str(power(missed=("dx-not-reshaped",), spoiled=("averaged-twice",), untried=("overwrite",)))
    assert "已知错误里" in said.partition("\n")[0]
    assert "shows" not in said
    assert "known" not in said


def test_a_repr_is_short() -> None:
    assert repr(power()).splitlines() == [
        "Power(test_layers.py sees the known mistakes of a linear layer, 9 of them)",
        "  print(power) says it all; .rows has every mistake",
    ]
