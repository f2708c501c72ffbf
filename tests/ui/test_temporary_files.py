"""Where somebody says a file shall be written: what the system would refuse is a sentence beforehand."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.ui.temporary_files import file_to_write
from tests.test_printable import obeyed

LONG = 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a file needs a name"),
        (" \t ", "a file needs a name"),
        ("~nobody-has-this-name/x.json", "there is no home folder ~nobody-has-this-name"),
        ("a" * LONG, "name too long"),
        ("卷" * (LONG // 3), "name too long"),
        ("x/" * 3000 + "x", "name too long"),
        (".", "is a folder; give a file in it"),
        ("..", "is a folder; give a file in it"),
        ("/", "is a folder; give a file in it"),
        ("missing/x.json", "there is no folder missing"),
        ("here.txt/x.json", "there is no folder here.txt"),
        ("/dev/full", "/dev/full cannot be written: it is a device, and only regular files are replaced"),
        ("pipe", "pipe cannot be written: it is a pipe, and only regular files are replaced"),
        ("link.json", "link.json cannot be written: it is a symbolic link; give the path of the file itself"),
        ("a\0b", r"a\x00b holds a character that no file's name can have"),
        ("a\udce9b", r"a\udce9b holds a character that no file's name can have"),
        ("\x1b]0;mine\x07/x", r"there is no folder \x1b]0;mine\x07"),
    ],
    ids=lambda text: text[:12].encode("unicode_escape").decode(),
)
def test_what_is_refused_is_said(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("here.txt").write_text("mine")
    Path("link.json").symlink_to("here.txt")
    with pytest.raises(ValueError, match=f"(?i){re.escape(said)}") as refused:
        file_to_write(text)
    words = str(refused.value)
    assert words.isprintable()
    assert len(words) < 400
    assert Path("here.txt").read_text() == "mine"


def test_what_the_system_allows_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("old.json").write_text("old")
    for text in ("new.json", " new.json ", "old.json", "a\nb", "卷.json", "~/x.json"):
        assert file_to_write(text) == Path(text.strip()).expanduser()


@given(st.text(st.characters(codec=None) | st.sampled_from("/~.\0\n"), max_size=40))
@example("~\uf000")  # a symbol that a font adds is shown as it is
def test_whatever_is_typed_is_a_path_or_one_sentence(text: str) -> None:
    said = ""
    try:
        assert file_to_write(text).parent.is_dir()
    except ValueError as error:
        said = str(error)
    assert obeyed(said) == []
