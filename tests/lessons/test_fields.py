"""`key: value` lines."""

from __future__ import annotations

import pytest

from convstep.lessons.errors import LessonError
from convstep.lessons.fields import Field, parse_fields, whole_number


def test_a_value_goes_on_over_indented_lines_and_keeps_the_line_of_its_key() -> None:
    fields, items = parse_fields("hint: one\n  two\n\n\tthree\nAt:  4 \nwhy:\n  x: y\n# nothing\n", 10, "it")
    assert fields.values == {
        "hint": [Field("one two three", 10)],
        "at": [Field("4", 14)],
        "why": [Field("x: y", 15)],
    }
    assert (fields.line, items) == (9, [])


def test_list_lines_go_on_as_well() -> None:
    _, items = parse_fields("prompt: p\n- [ ] one\n  | because\n- [x] two", 5, "it")
    assert items == [("[ ] one | because", 6), ("[x] two", 8)]


def test_a_first_line_may_be_indented() -> None:
    fields, _ = parse_fields("  at: 4\n", 1, "it")
    assert fields.text("at") == "4"


@pytest.mark.parametrize("line", ["at 4", "at:4", ": 4", "hint：全角", "-no", "1: 2", "a/b: c"])
def test_anything_else_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(LessonError) as caught:
        parse_fields(f"mark: dW\n{line}\n", 20, "it")
    assert caught.value.line == 21
    assert caught.value.sentence == f"{line!r} is not a `key: value` line"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("at: 1\nmrak: 2", 8, "it has no key 'mrak'; did you mean 'mark'?"),
        ("quux: 1", 7, "it has no key 'quux'; its keys are at, mark"),
        ("at: 1\n\nat: 2", 9, "'at' is given twice in it; remove one"),
        ("AT: 1\nat: 2", 8, "'at' is given twice in it; remove one"),
    ],
)
def test_keys_are_checked(text: str, line: int, sentence: str) -> None:
    fields, _ = parse_fields(text, 7, "it")
    with pytest.raises(LessonError) as caught:
        fields.check_keys(("at", "mark"), several=("mark",))
    assert (caught.value.line, caught.value.sentence) == (line, sentence)


def test_a_key_may_stand_several_times_where_that_means_something() -> None:
    fields, _ = parse_fields("mark: 1\nmark: 2", 7, "it")
    fields.check_keys(("mark",), several=("mark",))
    assert fields.all("mark") == (Field("1", 7), Field("2", 8))
    assert fields.all("at") == ()


def test_what_is_needed_is_asked_for_where_it_belongs() -> None:
    fields, _ = parse_fields("at: 1\nmark:", 7, "it")
    with pytest.raises(LessonError, match="it has no 'cell'; add a line `cell: …`") as missing:
        fields.need("cell")
    with pytest.raises(LessonError, match="'mark' is empty") as empty:
        fields.need("mark")
    assert (missing.value.line, empty.value.line) == (6, 8)
    assert (fields.line_of("cell"), fields.line_of("mark")) == (6, 8)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("999999", 999999), ("1" * 5000, None), ("-1", None), ("²", None)],
)
def test_whole_numbers_are_short_and_plain(text: str, number: int | None) -> None:
    assert whole_number(text) == number
