"""Progress on disk: kept, shared, and never lost to a mishap."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convstep.lessons import course
from convstep.lessons import progress as progress_module
from convstep.lessons.lesson import Lesson
from convstep.lessons.progress import LARGEST_FILE, Progress, ProgressError, default_path
from convstep.lessons.reading import parse_lesson
from convstep.lessons.walk import Walk
from tests.lessons.texts import FRONT, PLAIN, asks, lesson
from tests.strategies import tried
from tests.waiting import GENEROUS

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


# --- several windows on one file ------------------------------------------------------------


def right(walk: Walk) -> None:
    assert walk.question is not None
    walk.answer(walk.question.solution)


def answer_page(progress: Progress, walk: Walk, page: int) -> None:
    while walk.at < page:
        walk.on()
    while walk.at > page:
        walk.back()
    right(walk)
    progress.keep(walk)


def test_two_windows_on_one_lesson_keep_what_both_earned(path: Path) -> None:
    found = lesson(asks("W"), asks("dZ"), asks("A_prev"), PLAIN)
    first, second = Progress(path), Progress(path)
    mine, theirs = first.walk(found), second.walk(found)
    answer_page(first, mine, 0)
    answer_page(second, theirs, 2)  # it passed over the two before
    answer_page(first, mine, 1)
    kept = Progress(path).walk(found)
    assert (kept.points, kept.right, kept.at) == (30, 3, 1), "right before skipped, and the page turned last"
    assert Progress(path).of("own")["points"] == 30
    theirs.on()
    second.keep(theirs)
    first.keep(mine)  # where nothing has happened since
    assert (Progress(path).of("own")["finished"], Progress(path).of("own")["page"]) == (True, 3)


def test_the_better_of_two_outcomes_counts_whoever_is_later(path: Path) -> None:
    for better_last in (False, True):
        path.unlink(missing_ok=True)
        first, second = Progress(path), Progress(path)
        quick, slow = first.walk(OWN), second.walk(OWN)
        slow.hint()
        slow.hint()
        right(slow)
        right(quick)
        both = [(first, quick), (second, slow)]
        for progress, walk in reversed(both) if better_last else both:
            progress.keep(walk)
        assert Progress(path).walk(OWN).points == quick.points > slow.points


def test_beginning_again_takes_back_what_was_there_and_not_what_others_do_meanwhile(path: Path) -> None:
    answer_page(start := Progress(path), start.walk(OWN), 0)
    first, second = Progress(path), Progress(path)
    mine, theirs = first.walk(OWN), second.walk(OWN)
    mine.restart()
    answer_page(second, theirs, 1)
    first.keep(mine)
    second.keep(theirs)
    kept = Progress(path).walk(OWN)
    assert [kept.is_revealed(page) for page in (0, 1)] == [False, True]
    assert Progress(path).of("own")["points"] == 10


def test_a_lesson_opens_where_another_window_left_it(path: Path) -> None:
    first, second = Progress(path), Progress(path)
    advance(second)
    assert (first.walk(OWN).at, first.of("own")["points"]) == (1, 10)


DO: dict[str, Callable[[Walk], object]] = {
    "right": right,
    "wrong": lambda walk: walk.question is None or walk.answer("9, 9, 9"),
    "hint": Walk.hint,
    "give up": Walk.give_up,
    "on": Walk.on,
    "back": Walk.back,
}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([*DO, "keep"])), max_size=40))
@settings(max_examples=tried(200))
def test_no_order_of_two_windows_loses_what_one_of_them_earned(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[bool, str]]
) -> None:
    path = tmp_path_factory.mktemp("windows") / "progress.json"
    found = lesson(asks("W"), asks("dZ"), asks("A_prev"))
    windows = [Progress(path), Progress(path)]
    walks = [progress.walk(found) for progress in windows]
    for who, what in [*done, (False, "keep"), (True, "keep")]:
        progress, walk = windows[who], walks[who]
        if what != "keep":
            DO[what](walk)
            continue
        progress.keep(walk)
        kept = Progress(path).walk(found)
        assert kept.finished >= walk.finished
        for page in range(3):
            assert kept.points_of(page) >= walk.points_of(page)
            assert kept.is_revealed(page) >= walk.is_revealed(page)
        assert Progress(path).of("own")["points"] == kept.points
    again = json.loads(path.read_bytes())
    for progress, walk in zip(windows, walks, strict=True):
        progress.keep(walk)  # nothing has happened
    assert json.loads(path.read_bytes()) == again


SAVING = """
import sys
from pathlib import Path
from convstep.lessons.progress import Progress
from convstep.lessons.reading import parse_lesson
from convstep.lessons.walk import Walk
path, own, text, shared, saves = sys.argv[1:]
progress = Progress(Path(path))
same = progress.walk(parse_lesson(shared, key="shared"))
print("ready", flush=True)
sys.stdin.readline()
for save in range(int(saves)):
    if save % 2:
        walk = progress.walk(parse_lesson(text, key=f"{own}-{save}"))
    else:
        walk = same
        if same.at % 2 == int(own):
            walk.answer(walk.question.solution)
        walk.on()
    progress.keep(walk)
"""


def test_two_processes_that_save_at_once_lose_nothing(path: Path) -> None:
    names, questions = ("A_prev", "W", "dZ", "dW", "dA_prev", "Z"), tried(100)
    asked = [asks(names[n % len(names)], title=f"Page {n}") for n in range(questions)]
    shared = FRONT + "\n".join([*asked, PLAIN])
    command = [sys.executable, "-c", SAVING, str(path)]
    processes = [
        subprocess.Popen(
            [*command, own, FRONT + PLAIN, shared, str(2 * questions)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for own in "01"
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        process.communicate(b"go\n", timeout=GENEROUS)
        assert process.returncode == 0
    kept = Progress(path)
    assert all(kept.of(f"{own}-{save}") for own in "01" for save in range(1, 2 * questions, 2))
    walk = kept.walk(parse_lesson(shared, key="shared"))
    assert (walk.right, walk.points, walk.finished) == (questions, 10 * questions, True)
    assert kept.of("shared")["points"] == 10 * questions
    assert [*path.parent.iterdir()] == [path]


def test_a_lock_that_nobody_gives_back_holds_nobody_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    advance(Progress(path))
    monkeypatch.setattr(progress_module, "WAIT", 0.01)
    held = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        advance(Progress(path), keyed("held"))
    finally:
        os.close(held)
    assert Progress(path).of("held")["page"] == 1


@pytest.mark.parametrize("without", ["module", "locks", "folders that open"])
def test_where_there_are_no_locks_progress_is_kept_as_well(
    path: Path, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    if without == "module":
        monkeypatch.setitem(sys.modules, "fcntl", None)
    elif without == "locks":
        monkeypatch.setattr("fcntl.flock", refuse)
    else:
        opened = os.open

        def files_only(name: os.PathLike[str] | str, *more: int, **others: int) -> int:
            if os.path.isdir(name):
                refuse()
            return opened(name, *more, **others)

        monkeypatch.setattr(os, "open", files_only)
    advance(Progress(path), keyed("a"))
    advance(Progress(path), keyed("b"))
    assert Progress(path).of("a")["page"] == Progress(path).of("b")["page"] == 1


def test_what_a_newer_version_wrote_beside_ours_stays(path: Path) -> None:
    advance(Progress(path))
    kept = json.loads(path.read_bytes())
    kept["badges"] = [1, {"a": None}]
    kept["lessons"]["own"] |= {"seconds": 7.5, "page": 0}
    kept["lessons"]["own"]["answers"] |= {"new-kind": {"any": "thing"}, "old-1": [1, 2, "half"]}
    kept["lessons"]["other"] = "in another form"
    path.write_text(json.dumps(kept))
    progress = Progress(path)
    answer_page(progress, progress.walk(OWN), 1)
    found = json.loads(path.read_bytes())
    own, before = found["lessons"]["own"], kept["lessons"]["own"]
    assert (found["badges"], found["lessons"]["other"]) == (kept["badges"], "in another form")
    assert own["seconds"] == 7.5
    assert before["answers"].items() <= own["answers"].items()
    assert (own["page"], own["points"]) == (1, 20)


@pytest.mark.parametrize("depth", [400, 970, 985, 3000, 30_000])
def test_what_nests_too_deeply_to_be_written_again_is_left_alone(path: Path, depth: int) -> None:
    path.parent.mkdir()
    path.write_text('{"version": 1, "lessons": {}, "more": ' + "[" * depth + "]" * depth + "}")
    held, said = path.read_bytes(), ""
    try:
        advance(Progress(path))
    except ProgressError as error:
        said = str(error)
    assert said.count("\n") == 0
    assert path.read_bytes() == held if said else Progress(path).of("own")["page"] == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_what_would_be_waited_for_is_never_read(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(ProgressError, match="it is a pipe, and only regular files are read"):
        advance(Progress(path))
    assert path.is_fifo()


def test_what_could_not_be_written_is_written_the_next_time(path: Path) -> None:
    progress = Progress(path)
    walk = progress.walk(OWN)
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(ProgressError):
        answer_page(progress, walk, 0)
    path.unlink()
    answer_page(progress, walk, 1)
    assert (Progress(path).walk(OWN).points, progress.complaint) == (20, "")
    path.unlink()  # somebody who wants to begin from nothing, with this window still open
    progress.keep(walk)
    assert Progress(path).of("own")["points"] == 20


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

    monkeypatch.setattr(progress_module, "contents", forbidden)
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
