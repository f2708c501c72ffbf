from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.records import LARGEST_NUMBER
from convstep.replay.session import (
    LARGEST_FILE,
    SavedStop,
    Session,
    SessionError,
    View,
    load,
    permalink,
    save,
)
from convstep.replay.visited import Bookmark

FULL = Session(
    problem="digit",
    position=137,
    stops=(SavedStop("i_c == 1", enabled=True, hits=3), SavedStop("dW[0, 1, 1, 0] > 2", enabled=False)),
    bookmarks=(Bookmark(5, "1"), Bookmark(90, "边缘")),
    view=View({"input_channel": 2}, "heat", -1),
)
WRITTEN: dict[str, Any] = {
    "version": 1,
    "problem": "digit",
    "position": 137,
    "stops": [{"text": "i_c == 1", "enabled": True, "hits": 3}],
    "bookmarks": [{"position": 5, "label": "1"}],
    "view": {"faces": {"input_channel": 2}, "mode": "heat", "precision": -1},
}

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30)
SESSIONS = st.builds(
    Session,
    problem=TEXTS,
    position=st.integers(0, LARGEST_NUMBER),
    stops=st.lists(st.builds(SavedStop, TEXTS, st.booleans(), st.integers(0, 10**6))).map(tuple),
    bookmarks=st.lists(st.builds(Bookmark, st.integers(0, 10**9), TEXTS)).map(tuple),
    view=st.builds(
        View, st.dictionaries(TEXTS, st.integers(0, 512)), TEXTS | st.just(""), st.integers(-9, 9)
    ),
)


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "there.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(folder: Path, content: str | bytes) -> str:
    """The one sentence with which a file is refused, without the path in front."""
    path = write(folder, content)
    with pytest.raises(SessionError) as refused:
        load(path)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}")
    assert "\n" not in sentence
    assert len(sentence) < len(str(path)) + 250
    return sentence.removeprefix(f"{path}").removeprefix(": ").strip()


# --- there and back -----------------------------------------------------------------------


def test_a_saved_session_is_loaded_as_it_was(tmp_path: Path) -> None:
    save(FULL, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == FULL


@given(SESSIONS)
def test_any_session_comes_back(tmp_path_factory: pytest.TempPathFactory, session: Session) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    save(session, path)
    assert load(path) == session


def test_a_short_file_by_hand_is_a_session(tmp_path: Path) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf{"version": 1, "problem": "digit", "position": 4}')
    assert load(path) == Session("digit", 4)


def test_the_file_is_plain_json_that_a_person_can_read(tmp_path: Path) -> None:
    save(FULL, tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text()
    assert text.isascii()
    assert json.loads(text)["version"] == 1
    assert len(text.splitlines()) > 20


def test_an_older_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("x" * 10_000)
    save(FULL, path)
    assert load(path) == FULL
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_failure_leaves_the_older_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    save(FULL, path)

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SessionError, match=r"a\.json cannot be written: No space left on device$"):
        save(Session("digit"), path)
    assert load(path) == FULL
    assert os.listdir(tmp_path) == ["a.json"]


def test_where_no_file_can_be_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match=r"cannot be written: No such file or directory$"):
        save(FULL, tmp_path / "none" / "a.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(SessionError, match="cannot be written"):
        save(FULL, tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]
    with pytest.raises(SessionError, match="cannot be written"):
        save(FULL, "a\0b")


# --- what is no session -------------------------------------------------------------------


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match=r"none\.json does not exist; check the path$"):
        load(tmp_path / "none.json")
    with pytest.raises(SessionError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(SessionError, match="cannot be read"):
        load("a\0b")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "it is not JSON: Expecting value on line 1, column 1"),
        ('{"version": 1,\n"problem": }', "it is not JSON: Expecting value on line 2, column 12"),
        ('{"version": "\n"}', "it is not JSON: Invalid control character on line 1, column 14"),
        ('{"version": "', "it is not JSON: Unterminated string starting on line 1, column 13"),
        (b"\xff\xfe\x00", "it is not UTF-8 text, so it is not a session"),
        ("[1]", "it holds a list; a session is one JSON object"),
        ("null", "it holds null; a session is one JSON object"),
        ("{}", "it has no version, so it is not a session"),
        (
            '{"version": 2}',
            "its version is 2 and this convstep reads version 1; use the convstep that saved it",
        ),
        ('{"version": true}', "its version is true and this convstep reads version 1"),
        ('{"version": 1, "version": 1}', '"version" appears twice in it; each name may appear only once'),
        ('{"version": NaN}', "it holds NaN, which is not a JSON number"),
        ('{"version": -Infinity}', "it holds -Infinity, which is not a JSON number"),
        ('{"version": 1' + "0" * 5000 + "}", 'the number "1000'),
        ("[" * 100_000, "its lists are nested too deeply for a session"),
        ('{"version": 1, "problem": "digit"}', "the session has no position"),
        ('"' + "x" * LARGEST_FILE + '"', f"has more than {LARGEST_FILE} bytes; no session is that long"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_session_is_refused_in_one_sentence(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    assert refusal(tmp_path, content).startswith(sentence)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"position": "4"}, 'the session\'s position is "4"; it must be a whole number'),
    ({"position": 4.0}, "the session's position is 4.0; it must be a whole number"),
    ({"position": True}, "the session's position is true; it must be a whole number"),
    ({"position": None}, "the session's position is null; it must be a whole number"),
    ({"position": -1}, f"the session's position is -1; it must be from 0 to {LARGEST_NUMBER}"),
    (
        {"position": LARGEST_NUMBER + 1},
        f"the session's position is {LARGEST_NUMBER + 1}; it must be from 0 to",
    ),
    ({"problem": 3}, "the session's problem is 3; it must be text"),
    ({"problem": ""}, "the session's problem is empty"),
    ({"problem": "x" * 5000}, "the session's problem has 5000 characters, and at most 4096 are read"),
    (
        {"problem": "a\u001b[2J"},
        "the session's problem holds the character U+001B, which a line of text cannot have",
    ),
    ({"problem": "a\ud800"}, "the session's problem holds the character U+D800"),
    ({"problem": "a\nb"}, "the session's problem holds the character U+000A"),
    ({"stops": {}}, "the session's stops are an object; they must be a list"),
    ({"stops": ["i_c == 1"]}, "a stop is text; it must be an object"),
    ({"stops": [{}]}, "a stop has no text"),
    ({"stops": [{"text": []}]}, "a stop's text is a list; it must be text"),
    ({"stops": [{"text": "x", "enabled": 1}]}, "a stop's enabled is 1; it must be true or false"),
    ({"stops": [{"text": "x", "hits": -3}]}, "a stop's hits is -3; it must be from 0"),
    (
        {"stops": [{"text": "x", "run": "y"}]},
        'a stop has an unknown "run"; its entries are text, enabled, hits',
    ),
    ({"stops": [{"text": "x"}] * 1001}, "it has 1001 stops, and at most 1000 are read"),
    ({"bookmarks": [{"position": 1}]}, "a bookmark has no label"),
    ({"bookmarks": [{"position": 1.5, "label": "a"}]}, "a bookmark's position is 1.5"),
    ({"bookmarks": [{"position": 1, "label": "a\u2028"}]}, "a bookmark's label holds the character U+2028"),
    ({"bookmarks": [7]}, "a bookmark is a number; it must be an object"),
    ({"view": None}, "the view is null; it must be an object"),
    ({"view": {"faces": [1]}}, "the view's faces are a list; they must be names and numbers"),
    ({"view": {"faces": {"a": "b"}}}, "'a' in the view's faces is \"b\"; it must be a whole number"),
    (
        {"view": {"faces": {str(n): n for n in range(2000)}}},
        "it has 2000 faces, and at most 1000 are read",
    ),
    ({"view": {"mode": 4}}, "the view's mode is 4; it must be text"),
    ({"view": {"precision": 1000}}, "the view's precision is 1000; it must be from -100 to 100"),
    (
        {"run": "rm"},
        'the session has an unknown "run"; its entries are problem, position, stops, bookmarks, view',
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG, ids=[sentence[:40] for _, sentence in WRONG])
def test_what_a_session_cannot_hold_is_refused_in_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    assert refusal(tmp_path, json.dumps(WRITTEN | changes)).startswith(sentence)


def test_a_number_beyond_every_float_is_refused(tmp_path: Path) -> None:
    content = json.dumps(WRITTEN).replace("137", "1e999")
    assert refusal(tmp_path, content) == "the session's position is Infinity; it must be a whole number"


def test_what_could_not_be_loaded_cannot_be_made() -> None:
    with pytest.raises(SessionError, match="whole number"):
        Session("digit", position=1.5)  # type: ignore[arg-type]
    with pytest.raises(SessionError, match=r"U\+0000"):
        SavedStop("a\0b")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*WRITTEN, "text"]), inner)
        ),
        max_leaves=8,
    ).map(lambda value: json.dumps({**WRITTEN, **value} if isinstance(value, dict) else value).encode())
)
def test_no_content_leads_to_anything_but_a_session_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.json"
    path.write_bytes(content)
    try:
        load(path)
    except SessionError as error:
        sentence = str(error)
    else:
        sentence = ""
    assert "\n" not in sentence


def test_opening_a_session_imports_and_runs_nothing(tmp_path: Path) -> None:
    stops = [{"text": "__import__('os').system('touch ran')"}, {"text": "i_c =="}]
    path = write(tmp_path, json.dumps(WRITTEN | {"stops": stops, "problem": "none.npz"}))
    before = set(sys.modules)
    assert [stop.text for stop in load(path).stops] == [stop["text"] for stop in stops]
    assert set(sys.modules) == before
    assert os.listdir(tmp_path) == ["there.json"]


def test_a_session_of_another_problem_is_noticed() -> None:
    FULL.check_fits(137)
    sentence = "the session holds position 137 but digit has 100 steps; it was saved from another problem"
    with pytest.raises(SessionError, match=re.escape(sentence)):
        FULL.check_fits(100)
    with pytest.raises(SessionError, match="position 9"):
        Session("digit", bookmarks=(Bookmark(9, "1"),)).check_fits(8)


# --- the command that comes back ----------------------------------------------------------


def geometry_of(*shape: int) -> Any:
    return Problem(np.ones(shape), np.ones((4, 1, 1, 1)), None, None).geometry


def test_the_permalink_names_problem_place_and_enabled_stops() -> None:
    geometry = geometry_of(8, 8, 1)
    assert permalink(FULL, geometry) == "convstep open digit --goto 4,2,0 --break 'i_c == 1'"
    assert permalink(Session("digit"), geometry) == "convstep open digit --goto 0"
    assert permalink(Session("digit", forward=True), geometry) == "convstep open digit --forward --goto 0"
    assert permalink(Session("p.npz", 1), geometry_of(2, 8, 8, 1)) == "convstep open p.npz --goto 0,0,0,0"


@given(TEXTS, TEXTS)
def test_a_shell_reads_back_what_the_permalink_says(problem: str, stop: str) -> None:
    words = shlex.split(permalink(Session(problem, 1, (SavedStop(stop),)), geometry_of(8, 8, 1)))
    assert words[2] == (f"./{problem}" if problem.startswith("-") else problem)
    assert words[3:5] == ["--goto", "0,0,0"]
    assert words[5:] == ([f"--break={stop}"] if stop.startswith("-") else ["--break", stop])


def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(SessionError, match="cannot be read: it is a pipe"):
        load(tmp_path / "pipe.json")
    with pytest.raises(SessionError, match="cannot be written: it is a pipe"):
        save(Session("digit"), tmp_path / "pipe.json")
