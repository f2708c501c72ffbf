"""Progress on disk: kept, shared, and never lost to a mishap."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convstep.lessons import course, progress
from convstep.lessons.lesson import Lesson
from convstep.lessons.progress import LARGEST_FILE, Progress, ProgressError, default_path
from convstep.lessons.reading import parse_lesson
from tests.lessons.texts import FRONT, PLAIN, asks, lesson
from tests.strategies import tried

OWN = lesson(asks("W"), asks("dZ"), PLAIN)


def keyed(key: str) -> Lesson:
    return parse_lesson(FRONT + asks("W") + PLAIN, key=key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.json"


def advance(progress: Progress, found: Lesson = OWN) -> None:
    walk = progress.walk(found)
    assert walk.question is not None
    walk.answer(walk.question.solution)
    walk.on()
    progress.keep(walk)


def test_who_comes_back_goes_on(path: Path) -> None:
    advance(Progress(path))
    walk = Progress(path).walk(OWN)
    assert (walk.at, walk.points) == (1, 10)
    assert Progress(path).of("own")["page"] == 1
    assert Progress(path).of("other") == {}


def test_a_finished_lesson_begins_again_with_its_answers_and_stays_finished(path: Path) -> None:
    progress = Progress(path)
    advance(progress)
    walk = progress.walk(OWN)
    while walk.on():
        pass
    progress.keep(walk)
    again = Progress(path).walk(OWN)
    assert (again.at, again.points, again.finished) == (0, 10, True)
    again.on()
    progress.keep(again)
    assert Progress(path).of("own")["finished"] is True
    again.restart()
    progress.keep(again)
    assert Progress(path).of("own") == {
        "page": 0, "pages": 3, "points": 0, "most": 20, "finished": False, "answers": {},
    }  # fmt: skip


def test_both_languages_share_progress(path: Path) -> None:
    entry = course.entries("en")[0]
    progress = Progress(path)
    walk = progress.walk(course.load(entry))
    while walk.question is None:
        walk.on()
    walk.answer(walk.question.solution)
    progress.keep(walk)
    chinese = Progress(path).walk(course.load(course.find(entry.key, "zh")))
    assert (chinese.at, chinese.points, chinese.lesson.language) == (walk.at, 10, "zh")


def test_two_windows_do_not_lose_each_others_lessons(path: Path) -> None:
    first, second = Progress(path), Progress(path)
    advance(first, keyed("a"))
    advance(second, keyed("b"))
    advance(first, keyed("c"))
    assert {key for key in "abc" if Progress(path).of(key)} == {*"abc"}


def test_a_name_that_is_no_text_can_be_kept(path: Path) -> None:
    key = os.fsdecode("/课/caf".encode() + b"\xe9.md")
    advance(Progress(path), keyed(key))
    assert Progress(path).of(key)["page"] == 1
    assert path.read_bytes().isascii()


DAMAGED = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"\x00" * 9, b'{"version": 2, "lessons": {}}', b'{"lessons": {}}',
    b'{"version": 1}', b'{"version": 1, "lessons": []}', b"[" * 100_000, b'{"version": true, "lessons": 1}',
    b" " * (LARGEST_FILE + 1),
]  # fmt: skip


@pytest.mark.parametrize("held", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_complained_about_and_never_written_over(path: Path, held: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(held)
    progress = Progress(path)
    assert (
        progress.complaint
        == f"progress cannot be saved: {path}: it is not a progress file; move the file away"
    )
    with pytest.raises(ProgressError, match="progress cannot be saved"):
        advance(progress)
    assert path.read_bytes() == held
    assert progress.walk(OWN).at == 0
    path.unlink()  # as it was told
    advance(progress)
    assert not progress.complaint
    assert path.exists()


def test_a_file_that_is_damaged_meanwhile_is_not_written_over_either(path: Path) -> None:
    progress = Progress(path)
    advance(progress)
    path.write_bytes(b"{")
    with pytest.raises(ProgressError, match="it is not a progress file; move the file away"):
        advance(progress)
    assert path.read_bytes() == b"{"
    assert progress.complaint


def test_where_nothing_can_be_written_one_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    progress = Progress(tmp_path / "data" / "progress.json")
    with pytest.raises(ProgressError) as caught:
        advance(progress)
    assert str(caught.value).startswith("progress cannot be saved: ")
    assert "\n" not in str(caught.value)


def test_a_folder_in_its_place_stays(path: Path) -> None:
    path.mkdir(parents=True)
    progress = Progress(path)
    assert progress.complaint.startswith(f"progress cannot be saved: {path}: ")
    with pytest.raises(ProgressError):
        advance(progress)
    assert path.is_dir()


def test_what_goes_wrong_half_way_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress(path)
    advance(progress)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ProgressError, match="No space left on device"):
        advance(progress)
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_a_file_that_may_not_be_read_is_complained_about(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advance(Progress(path))

    def forbidden(path: Path, most: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(progress, "contents", forbidden)
    assert (
        Progress(path).complaint == f"progress cannot be saved: {path}: Permission denied; move the file away"
    )


def test_nothing_is_read_or_written_where_nothing_is_to_be_kept(path: Path) -> None:
    advance(Progress(path, kept=False))
    assert not path.parent.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
KEPT = st.fixed_dictionaries(
    {},
    optional={
        "page": JSON,
        "finished": JSON,
        "points": JSON,
        "answers": JSON | st.dictionaries(st.sampled_from(["", "x"]), st.lists(JSON, min_size=3, max_size=3)),
    },
)


@given(JSON | KEPT)
@settings(max_examples=tried(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_the_file_a_lesson_can_be_opened(tmp_path: Path, kept: Any) -> None:
    path = tmp_path / "progress.json"
    path.write_text(json.dumps({"version": 1, "lessons": {"own": kept}}))
    progress = Progress(path)
    assert not progress.complaint
    walk = progress.walk(OWN)
    assert 0 <= walk.at < 3
    assert walk.points == 0
    progress.keep(walk)


def test_progress_is_kept_in_the_persons_data_folder() -> None:
    assert default_path().name == "progress.json"
    assert "convstep" in default_path().parts


def test_a_file_that_is_kept_elsewhere_is_written_there(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "dotfiles.json")
    advance(Progress(path))
    assert path.is_symlink()
    assert Progress(path).of("own")["page"] == 1
    path.unlink()
    os.mkfifo(path)
    assert "it is a pipe, and only regular files are read; move the file away" in Progress(path).complaint
