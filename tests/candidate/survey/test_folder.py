"""Which files of a folder were handed in, and by whom."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convstep import CandidateError
from convstep.candidate.survey.surveying import handed_in
from tests.candidate.conftest import Files


def handed(folder: Path) -> list[tuple[str, str]]:
    return [(each.submission, os.path.relpath(each.file, folder)) for each in handed_in(str(folder))]


def test_each_file_or_folder_is_a_submission(files: Files) -> None:
    for name in (
        "bob.py",
        "alice/hw2/layers.py",
        "alice/a.ipynb",
        "zoe.IPYNB",
        "readme.md",
        "carol/notes.txt",
    ):
        files.write(f"course/{name}", "")
    for name in (
        ".git/a.py",
        "alice/.ipynb_checkpoints/a.ipynb",
        "alice/__pycache__/b.py",
        "alice/._layers.py",
    ):
        files.write(f"course/{name}", "")
    files.write("course/alice/env/pyvenv.cfg", "")
    files.write("course/alice/env/lib/conv.py", "")
    assert handed(files.folder / "course") == [
        ("alice", "alice/a.ipynb"),
        ("alice", "alice/hw2/layers.py"),
        ("bob.py", "bob.py"),
        ("zoe.IPYNB", "zoe.IPYNB"),
    ]


def test_a_folder_that_holds_nothing_but_another_is_that_one(files: Files) -> None:
    files.write("hw2/__MACOSX/a.py", "")
    for name in ("alice", "bob"):
        files.write(f"hw2/hw2/{name}/layers.py", "")
    assert [name for name, _ in handed(files.folder / "hw2")] == ["alice", "bob"]


def test_what_is_no_course_is_one_sentence(files: Files) -> None:
    path = files.write("a.py", "")
    for folder, said in (
        (path, "is a file; name a folder, or `convstep check` it"),
        (files.folder / "nowhere", "there is no folder"),
    ):
        with pytest.raises(CandidateError, match=said):
            handed_in(str(folder))
    path.unlink()
    with pytest.raises(CandidateError, match=r"there is no \.py file and no notebook in "):
        handed_in(str(files.folder))
