from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from convstep.export.formats import ExportError, check, write
from convstep.export.frame import Frame
from convstep.files import FileRefused


@pytest.mark.parametrize("suffix", [".svg", ".png", ".gif", ".cast", ".md"])
def test_two_runs_write_the_same_bytes(walk: list[Frame], tmp_path: Path, suffix: str) -> None:
    names, contents = [], []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        written = write(walk[:2], tmp_path / folder / f"it{suffix}")
        names.append([path.name for path in written])
        contents.append([path.read_bytes() for path in written])
    assert names[0] == names[1]
    assert contents[0] == contents[1]


def test_one_picture_keeps_its_name_and_several_are_numbered(walk: list[Frame], tmp_path: Path) -> None:
    assert write(walk[:1], tmp_path / "it.svg") == [tmp_path / "it.svg"]
    seen: list[int] = []
    written = write(walk[1:3], tmp_path / "it.svg", seen.append)
    assert [path.name for path in written] == ["it-0001.svg", "it-0002.svg"]
    assert seen == [1, 2]
    large = [replace(frame, total=802_816) for frame in walk[1:3]]
    assert [path.name for path in write(large, tmp_path / "it.svg")] == ["it-000001.svg", "it-000002.svg"]


def test_frames_of_one_position_do_not_overwrite_each_other(walk: list[Frame], tmp_path: Path) -> None:
    written = write([walk[3], walk[3]], tmp_path / "it.svg")
    assert [path.name for path in written] == ["it-0001.svg", "it-0002.svg"]


@pytest.mark.parametrize(
    ("name", "frames", "said"),
    [
        ("it.jpg", 1, "it.jpg does not end in .svg, .png, .gif, .cast, .md or .html"),
        ("it", 1, "it does not end in"),
        ("it.gif", 3_001, "3,001 pictures are too many"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(name: str, frames: int, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        check(Path(name), frames)


def test_an_animation_needs_frames_of_one_size(walk: list[Frame], chinese: Frame, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="one size"):
        write([walk[0], chinese], tmp_path / "it.gif")
    with pytest.raises(ExportError, match="nothing"):
        write([], tmp_path / "it.gif")
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_if_one_of_the_files_cannot_be(walk: list[Frame], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "it-0002.svg")
    with pytest.raises(FileRefused, match="it is a pipe") as caught:
        write(walk[1:3], tmp_path / "it.svg")
    assert caught.value.filename == str(tmp_path / "it-0002.svg")
    assert os.listdir(tmp_path) == ["it-0002.svg"]
