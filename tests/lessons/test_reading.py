"""A lesson's file read whole: what is kept, and one sentence with the line for whatever is wrong."""

from __future__ import annotations

import os
import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from convstep.examples import load
from convstep.language import LANGUAGES
from convstep.lessons.errors import LessonError
from convstep.lessons.lesson import Lesson
from convstep.lessons.reading import LARGEST_FILE, parse_lesson, read_lesson
from tests.lessons.mistakes import mistake
from tests.lessons.structure import structure
from tests.lessons.texts import FRONT, fault, lesson, page, page_fault
from tests.strategies import THOROUGH, tried

BACKWARD = "def backward(dZ, cache, stride, padding):\n    return dZ\n"


def write(folder: Path, text: str | bytes, name: str = "own.md") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_lesson_is_kept_under_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FRONT + "## P\n")
    monkeypatch.chdir(tmp_path)
    found = read_lesson("own.md")
    assert (found.path, found.key) == ("own.md", str(tmp_path / "own.md"))
    assert (found.title, found.summary, found.language, found.order, found.hunt) == (
        "A title", "What it is about.", "en", 0, False,
    )  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_file_may_come_from_any_editor(tmp_path: Path, end: bytes, mark: bytes) -> None:
    text = (
        FRONT
        + "## P\n\n```stop\nat: 1,2,1\n```\n\n```ask cells\non: dA_prev_pad\nhint: h\n\tmore\n```\nafter\n"
    )
    found = read_lesson(write(tmp_path, mark + text.encode().replace(b"\n", end)))
    assert structure(found)[1:] == structure(lesson(text.removeprefix(FRONT)))[1:]


def test_a_problem_is_looked_for_beside_the_lesson(tmp_path: Path) -> None:
    load("one-window").save(tmp_path / "own.npz")
    path = write(tmp_path, "---\nproblem: own.npz\n---\n# T\n## P\n")
    assert read_lesson(path).pages[0].problem.total_steps == 1
    (tmp_path / "own.npz").unlink()
    with pytest.raises(LessonError) as caught:
        read_lesson(path)
    assert (caught.value.line, caught.value.path) == (2, path)


@pytest.mark.parametrize(
    ("held", "sentence"),
    [
        (b"", "the front matter is missing"),
        (FRONT.encode() + b"## caf\xe9\n", "the file is not UTF-8 text; save it as UTF-8"),
        ((FRONT + "## P\n").encode("utf-16"), "the file is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n", "the file is not UTF-8 text"),
        (b"x" * (LARGEST_FILE + 1), "the file is too large for a lesson: at most 800,000 bytes"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, held: bytes, sentence: str) -> None:
    path = write(tmp_path, held)
    with pytest.raises(LessonError) as caught:
        read_lesson(path)
    assert caught.value.sentence.startswith(sentence)
    assert str(caught.value).startswith(f"{path}:")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(LessonError, match="it is a pipe, and only regular files are read"):
        read_lesson(str(tmp_path / "pipe.md"))
    os.mkfifo(tmp_path / "pipe.npz")
    path = write(tmp_path, "---\nproblem: pipe.npz\n---\n# T\n## P\n")
    with pytest.raises(LessonError, match="it is a pipe, and only regular files are read"):
        read_lesson(path)


@pytest.mark.parametrize("code", ["-" * 10_000 + "1", "1+" * 9_000 + "1", "1" * 9_000], ids=range(3))
def test_a_candidate_without_end_is_not_python(code: str) -> None:
    with pytest.raises(LessonError, match=r"this is not Python: \w"):
        parse_lesson(f"{FRONT}## P\n```python candidate\nx = {code}\n```\n")


@pytest.mark.parametrize("name", ["none.md", "folder.md", "own.md/x.md", "x" * 300 + ".md"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, FRONT)
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(LessonError) as caught:
        read_lesson(str(tmp_path / name))
    assert (caught.value.line, caught.value.path) == (0, str(tmp_path / name))
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize(
    ("front", "line", "sentence"),
    [
        ("language: de", 2, "language is 'de'; it must be en or zh"),
        ("order: 1\nlanguage:", 3, "language is ''; it must be en or zh"),
        ("order: first\nproblem: digit", 2, "order is 'first'; it must be a whole number"),
        ("order: -1\nproblem: digit", 2, "order is '-1'"),
        ("problem: digit\nkind: quiz", 3, "kind is 'quiz'; it must be lesson or hunt"),
        ("lang: en", 2, "the front matter has no key 'lang'; did you mean 'language'?"),
        ("problem: digit\nstrides: 2", 3, "the front matter has no key 'strides'; did you mean 'stride'?"),
        ("problem: digit\nproblem: same", 3, "'problem' is given twice in the front matter"),
        ("title: T", 2, "the front matter has no key 'title'"),
        ("", 1, "the problem has no 'input'"),
    ],
)
def test_front_matter_is_checked(front: str, line: int, sentence: str) -> None:
    error = fault(f"---\n{front}\n---\n# T\n## P\n")
    assert error.sentence.startswith(sentence)
    assert error.line == line


@pytest.mark.parametrize(
    ("body", "line", "sentence"),
    [
        ("{=dq}", 1, "'dq' cannot be computed here: column 1, 'dq': no such name"),
        ("a\n\n- b\n  {=W[9, 0, 0, 0]}", 4, "'W[9, 0, 0, 0]' cannot be computed here"),
        ("a {=dz", 1, "a `{=` is not closed"),
        ("```stop\nat: 1\n```\n\n```stop\nat: 2\n```", 5, "this page already has a stop here"),
        ("```ask shape\nof: W\n```\n```ask shape\nof: W\n```", 4, "this page already has a question"),
        ("```ask shape\nof: W\n```\n```stop\n```\n```stop\n```", 6, "this page already has a stop here"),
        (
            "```ask shape\nof: W\n```\n\n```problem\nstride: 2\n```",
            5,
            "put the problem before the page's stop",
        ),
        ("```stop\n```\n```problem\nstride: 2\n```", 3, "put the problem before the page's stop"),
        (f"```python candidate\n{BACKWARD}```\n```problem\nstride: 2\n```", 5, "put the problem before"),
        ("```problem\nstride: 2\nstep: 1\n```", 3, "problem has no key 'step'; did you mean"),
        ("```problem\n- a\n```", 2, "there can be no list here"),
        ("```problem\nkernel: 9\n```", 1, "kernel"),
        (
            "a\n```python candidat\n```",
            2,
            "there is no 'python candidat' block; write `python` or `python candidate`",
        ),
        ("a\n```python candidate\nx = (\n```", 3, "this is not Python: '(' was never closed"),
        ("a\n```python candidate\nx = 1\ny = = 2\n```", 4, "this is not Python: invalid syntax"),
        ("a\n```python candidate\nx = 1\n```", 2, "this defines no function; a candidate must define one"),
        (
            "```ask shape\nof: W\n```\n```python candidate\nx\n```",
            4,
            "put the candidate before the page's question",
        ),
        ("a\n```stops\nat: 1\n```", 2, "there is no 'stops' block; did you mean 'stop'?"),
        ("```asks value\n```", 1, "there is no 'asks' block; did you mean 'ask'?"),
        ("```value\ncell: W\n```", 1, "there is no 'value' block; did you mean 'ask value'?"),
        ("```Problem\nstride: 2\n```", 1, "there is no 'Problem' block; did you mean 'problem'?"),
        ("```problem digit\n```", 1, "nothing may follow 'problem' here; write `key: value` lines below it"),
        ("```stop 1,2,0\n```", 1, "nothing may follow 'stop' here"),
    ],
)
def test_pages_are_checked(body: str, line: int, sentence: str) -> None:
    at, said = page_fault(body)
    assert sentence in said
    assert at == line


def test_narration_speaks_of_the_place_where_it_is_read() -> None:
    found = page(
        "{=position}\n```stop\nat: 3\n```\n```ask value\ncell: db[0]\n```\n{=position}\n\n```text\n{=x}\n```"
    )
    assert [block.text for block in found.before] == ["3"]
    assert [block.text for block in found.after] == ["4", "{=x}\n"]


def test_a_candidate_stays_until_the_problem_changes() -> None:
    one, two, three = lesson(
        f"## A\n```python candidate\n{BACKWARD}```\n", "## B\n", "## C\n```problem\nstride: 2\n```\n"
    ).pages
    assert (one.candidate, two.candidate, three.candidate) == (BACKWARD, BACKWARD, "")
    assert [block.info for block in one.before] == [("python", "candidate")]


def test_a_question_is_about_the_code_above_it() -> None:
    found = page(
        "```python\nfirst\n```\n```python\none\ntwo\n```\n```ask line\nanswer: 2\n```\n```python\nlater\n```"
    )
    assert found.question is not None
    assert getattr(found.question, "code", "") == "one\ntwo"


def test_other_blocks_are_narration() -> None:
    found = page("```\nplain\n```\n```text\nx\n```\n```bash\ny\n```\n```py\nz\n```")
    assert [block.info for block in found.before] == [(), ("text",), ("bash",), ("py",)]


def texts() -> list[str]:
    folder = resources.files("convstep.lessons")
    files = [
        file for language in LANGUAGES for file in sorted((folder / language).iterdir(), key=lambda f: f.name)
    ]
    return [file.read_text(encoding="utf-8") for file in files if file.name.endswith(".md")]


LINE_END = re.compile(r"\r\n|\r|\n")
"""What ends a line for Python's readers and for editors: a lone carriage return, too."""


def parsed(text: str) -> Lesson | None:
    """The lesson, or None if it is refused as it should be."""
    try:
        return parse_lesson(text)
    except LessonError as error:
        place = f"lesson.md:{error.line}: " if error.line else "lesson.md: "
        if (
            str(error) == place + error.sentence
            and "\n" not in error.sentence
            and error.line <= len(LINE_END.findall(text)) + 1
        ):
            return None
        raise


@st.composite
def broken(draw: st.DrawFn) -> str:
    """A bundled lesson after an accident or two."""
    lines = draw(st.sampled_from(texts())).split("\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        other = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["delete", "swap", "cut", "insert", "double", "end", "letter"])):
            case "delete":
                del lines[at]
            case "swap":
                lines[at], lines[other] = lines[other], lines[at]
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case "insert":
                lines.insert(
                    at, draw(st.text(max_size=20) | st.sampled_from(["```", "---", "## ", "{=", "  x: y"]))
                )
            case "double":
                lines.insert(at, lines[other])
            case "end":
                lines = [*lines[: at + 1], ""]
            case "letter":
                place = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:place] + draw(st.characters()) + lines[at][place + 1 :]
        if not lines:
            lines = [""]
    return "\n".join(lines)


@given(broken())
@example(FRONT.partition("\n# ")[0])  # front matter alone, no line below it
@settings(max_examples=800 if THOROUGH else 25)
def test_a_broken_lesson_is_read_or_refused_in_one_sentence(text: str) -> None:
    found = parsed(text)
    if found is not None:
        for asked in found.questions:
            assert asked.judge(asked.solution).right
            assert not asked.judge(mistake(asked)).right


def test_a_line_may_end_with_a_lone_carriage_return() -> None:
    with pytest.raises(LessonError, match=r"^lesson\.md:2: this is not text: it contains .*x1f"):
        parse_lesson("\r0\x1f")
    whole = parse_lesson(texts()[0].replace("\n", "\r"))
    assert whole.title == parse_lesson(texts()[0]).title


@given(st.text(max_size=200), st.sampled_from(["", FRONT, f"{FRONT}## P\n"]))
@settings(max_examples=tried(100))
def test_any_text_is_read_or_refused_in_one_sentence(text: str, front: str) -> None:
    parsed(front + text)


@given(
    st.lists(
        st.sampled_from(
            ["```", "```stop", "~~~", "## P", "# T", "---", "at: 1", "- [x] a", "", "a | b", "> q"]
        )
    )
)
@settings(max_examples=tried(100))
def test_any_order_of_lines_is_read_or_refused_in_one_sentence(lines: list[str]) -> None:
    parsed(FRONT + "\n".join(lines))
