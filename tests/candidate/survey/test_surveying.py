"""Surveys, with judges that answer at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import convstep
from convstep.candidate.call import opening
from convstep.candidate.survey import judge
from convstep.candidate.survey.judges import Judge, Judges, UnansweredError
from convstep.candidate.survey.row import RIGHT, UNLOADED, Row
from convstep.candidate.survey.surveying import Survey, survey
from convstep.printable import SentenceError
from tests.candidate.conftest import Files

F = "def f_backward(dout): return dout\n"
FG = f"{F}def g_backward(dout): return dout\n"


class Said:
    """What judges say of a backward, by file and name; everything else is right."""

    def __init__(self) -> None:
        self.rows: dict[str, Row | Exception] = {}
        self.asked: list[str] = []
        self.ended = 0

    def ask(self, question: Any) -> dict[str, Any]:
        if "found" not in question:
            return judge.answer(question)
        file, name = question["file"], question["found"]["name"]
        target = f"{Path(file).name}:{name}"
        self.asked.append(target)
        said = self.rows.get(target, Row(file, name, RIGHT, line=question["found"]["line"]))
        if isinstance(said, Exception):
            raise said
        return said.packed()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    made = Said()

    def close(_: Judge) -> None:
        made.ended += 1

    monkeypatch.setattr(Judge, "ask", lambda _, question: made.ask(question))
    monkeypatch.setattr(Judge, "close", close)
    return made


def told(found: Survey) -> list[tuple[str, str, str]]:
    return [(row.submission, row.name, row.verdict) for row in found.rows]


def test_every_backward_of_every_submission_is_a_row_in_order(files: Files, said: Said) -> None:
    for name, text in (
        ("b/x.py", FG),
        ("b/y.py", "x = 1"),
        ("a.py", F),
        ("c/z.py", "x = 2"),
        ("d.ipynb", "{"),
    ):
        files.write(name, text)
    heard: list[tuple[int, int, str]] = []
    found = survey(files.folder, jobs=3, progress=lambda *one: heard.append(one))
    assert told(found) == [
        ("a.py", "f_backward", "right"),
        ("b", "f_backward", "right"),
        ("b", "g_backward", "right"),
        ("c", "", "no backward"),
        ("d.ipynb", "", "cannot be loaded"),
    ]
    assert (found.submissions, found.left, found.interrupted) == (4, 0, False)
    assert [one[:2] for one in heard] == [*((done, 5) for done in range(1, 6)), (1, 3), (2, 3), (3, 3)]
    assert said.ended == 3


def test_the_same_code_is_checked_once_and_said_to_be_the_same(files: Files, said: Said) -> None:
    for name in ("anna", "bo", "cy"):
        files.write(f"{name}/layers.py", FG)
    files.write("dan/layers.py", f"import helpers\n{FG}")
    files.write("eve/layers.py", f"import helpers\n{FG}")
    found = survey(files.folder)
    assert len(said.asked) == 6
    assert [(row.submission, row.same_as) for row in found.rows if row.name == "f_backward"] == [
        ("anna", ""),
        ("bo", "anna"),
        ("cy", "anna"),
        ("dan", ""),
        ("eve", ""),
    ]
    assert [row.file for row in found.rows][2] == str(files.folder / "bo" / "layers.py")
    said.asked.clear()
    survey(files.folder, run_all=True)  # then it may read what is beside it
    assert len(said.asked) == 10


def test_a_file_that_hangs_is_one_row(files: Files, said: Said) -> None:
    files.write("a.py", FG)
    files.write("b.py", F)
    said.rows["a.py:f_backward"] = Row(f"{files.folder}/a.py", "", UNLOADED, says="it hangs")
    assert told(survey(files.folder, jobs=1)) == [
        ("a.py", "", "cannot be loaded"),
        ("b.py", "f_backward", "right"),
    ]
    assert said.asked == ["a.py:f_backward", "b.py:f_backward"]


def test_a_judge_that_dies_costs_one_row(files: Files, said: Said) -> None:
    files.write("a.py", FG)
    said.rows["a.py:f_backward"] = UnansweredError("the process that checked it was ended")
    first, second = survey(files.folder, jobs=1).rows
    assert (first.verdict, first.line, first.says) == (
        "not checked",
        1,
        "the process that checked it was ended",
    )
    assert second.verdict == "right"


def test_ctrl_c_leaves_the_rows_that_are_done(files: Files, said: Said) -> None:
    files.write("a.py", "".join(f"def f{number}_backward(dout): return dout\n" for number in range(9)))

    def interrupt(done: int, total: int, last: str) -> None:
        if (done, total) == (3, 9):
            raise KeyboardInterrupt

    found = survey(files.folder, jobs=1, progress=interrupt)
    assert found.interrupted
    assert (len(found.rows), found.left) == (2, 6)
    assert said.ended == 1


def test_a_row_is_all_that_is_kept_of_a_backward(files: Files, said: Said) -> None:
    files.write("a.py", F)
    (row,) = survey(files.folder).rows
    assert len(repr(row.packed())) < 2000
    assert set(row.as_dict()) >= {"submission", "function", "line", "verdict", "mistakes"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"convention": "keras"}, "there is no convention 'keras'"),
        ({"operator": "pool"}, "pool is not an operator"),
        ({"timeout": -1}, "timeout is -1"),
        ({"jobs": 0}, "jobs is 0; it must be from 1 to 64"),
        ({"adapter": "nowhere.py:f"}, "there is no file nowhere.py"),
    ],
)
def test_what_no_row_could_be_made_with_is_refused_at_once(
    files: Files, said: Said, given: dict[str, Any], says: str
) -> None:
    files.write("a.py", F)
    with pytest.raises(SentenceError, match=says):
        convstep.survey(files.folder, **given)
    assert said.asked == []


def test_as_many_judges_work_as_there_are_cores() -> None:
    assert 1 <= opening.cores() <= opening.MOST
    with Judges(3) as three:
        assert list(three.answers([])) == []


def test_what_fails_between_questions_is_raised_and_nobody_waits_for_ever() -> None:
    def questions() -> Iterator[dict[str, Any]]:
        raise MemoryError("no room for a question")
        yield {}

    with Judges(2) as two, pytest.raises(MemoryError, match="no room for a question"):
        list(two.answers(questions()))


def test_judges_work_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=60)

    def ask(_: Judge, question: Any) -> dict[str, Any]:
        both.wait()
        return {"answer": question["number"]}

    monkeypatch.setattr(Judge, "ask", ask)
    with Judges(2) as two:
        answers = [answer for _, answer in two.answers({"number": number} for number in range(4))]
    assert sorted(answer["answer"] for answer in answers if not isinstance(answer, Exception)) == [0, 1, 2, 3]
