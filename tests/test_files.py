"""Files that a person names: what is opened, what is replaced, and what killed saves leave behind."""

from __future__ import annotations

import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convstep import files
from convstep.files import FileRefused, FileTooLarge, contents, opened, written_whole


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("target"))
    path.symlink_to(path.with_name("target"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in: the path of a socket has at most a hundred bytes."""
    monkeypatch.chdir(tmp_path)
    return Path()


@pytest.mark.parametrize(
    ("make", "words"),
    [(pipe, "a pipe"), (a_socket, "a socket"), (device, "a device"), (link_to_a_pipe, "a pipe")],
)
def test_what_is_no_regular_file_is_refused_and_never_waited_for(
    here: Path, make: Callable[[Path], None], words: str
) -> None:
    make(here / "it")
    for read in (opened, lambda path: contents(path, 10)):
        with pytest.raises(FileRefused) as caught:
            read(here / "it")
        assert caught.value.strerror == f"it is {words}, and only regular files are read"
        assert caught.value.filename == "it"


def test_a_pipe_that_takes_the_place_of_a_file_meanwhile_is_refused_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo("it")
    Path("file").touch()
    monkeypatch.setattr(files, "_status", lambda path: os.stat("file"))
    with pytest.raises(FileRefused, match="it is a pipe"):
        opened("it")


def test_a_link_to_a_file_is_read_and_a_folder_or_nothing_says_so(here: Path) -> None:
    Path("file").write_bytes(b"held")
    Path("link").symlink_to("file")
    assert contents("link", 4) == b"held"
    with opened("link") as file:
        assert file.read() == b"held"
    with pytest.raises(IsADirectoryError):
        contents(".", 4)
    with pytest.raises(FileNotFoundError):
        contents("missing", 4)
    for name in ("a\0b", "\ud800"):
        with pytest.raises(FileRefused, match="no file can have this name"):
            contents(name, 4)


def test_a_file_that_claims_no_bytes_is_taken_at_its_word() -> None:
    assert contents("/proc/self/status", 4) == b""


def test_a_file_has_so_many_bytes_and_no_more(here: Path) -> None:
    Path("sparse").touch()
    os.truncate("sparse", 10 << 30)
    with pytest.raises(FileTooLarge) as caught:
        contents("sparse", 1_000_000)
    assert caught.value.strerror == "it has 10,737,418,240 bytes, and at most 1,000,000 are read"
    assert caught.value.errno == errno.EFBIG


def save(path: str | Path, content: bytes = b"new") -> None:
    with written_whole(path) as file:
        file.write(content)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pipe, "it is a pipe, and only regular files are replaced"),
        (a_socket, "it is a socket, and only regular files are replaced"),
        (device, "it is a symbolic link; give the path of the file itself"),
        (lambda path: path.symlink_to("nowhere"), "it is a symbolic link; give the path of the file itself"),
    ],
)
def test_only_a_regular_file_is_replaced(here: Path, make: Callable[[Path], None], words: str) -> None:
    make(here / "it")
    before = os.lstat("it")
    with pytest.raises(FileRefused) as caught:
        save("it")
    assert caught.value.strerror == words
    assert os.lstat("it") == before
    assert os.listdir() == ["it"]


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(FileRefused, match="it is a device, and only regular files are replaced"):
        save("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_file_of_our_own_is_written_where_its_link_leads(here: Path) -> None:
    Path("dotfiles").mkdir()
    for name in ("there", "new"):
        Path(name).symlink_to(f"dotfiles/{name}")
    Path("dotfiles/there").write_bytes(b"old")
    for name in ("there", "new"):
        with written_whole(name, through_links=True) as file:
            file.write(b"new")
        assert Path(name).is_symlink()
        assert Path("dotfiles", name).read_bytes() == b"new"
    os.mkfifo("dotfiles/pipe")
    Path("pipe").symlink_to("dotfiles/pipe")
    with pytest.raises(FileRefused, match="a pipe"), written_whole("pipe", through_links=True):
        pass


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o755, 0o444])
def test_a_file_keeps_its_permissions(here: Path, permissions: int) -> None:
    Path("old").touch()
    os.chmod("old", permissions)
    with written_whole("old") as file:
        file.write(b"new")
        file.flush()
        (temporary,) = set(os.listdir()) - {"old"}
        # nobody can read it earlier than when it is there
        assert not stat.S_IMODE(os.stat(temporary).st_mode) & ~permissions
    assert stat.S_IMODE(os.stat("old").st_mode) == permissions
    assert Path("old").read_bytes() == b"new"


def test_a_new_file_has_the_permissions_that_the_person_gives_new_files(here: Path) -> None:
    before = os.umask(0o027)
    try:
        save("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat("new").st_mode) == 0o640


def test_a_name_may_be_as_long_as_names_can_be(here: Path) -> None:
    for name in ("a" * 255, "é" * 127):
        save(name)
        assert Path(name).read_bytes() == b"new"


SAVING = """
import sys
from convstep.files import written_whole
with written_whole("file") as file:
    file.write(b"half of")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
    file.write(b" it")
"""


def saving() -> subprocess.Popen[bytes]:
    """Another process, in the middle of a save."""
    child = subprocess.Popen([sys.executable, "-c", SAVING], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    return child


def test_what_a_killed_save_leaves_behind_is_removed_by_the_next_one_and_one_under_way_goes_on(
    here: Path,
) -> None:
    with saving() as killed, saving() as going:
        save("file")
        assert len(os.listdir()) == 3
        killed.kill()
        killed.wait()
        assert len(os.listdir()) == 3
        save("file")
        assert len(os.listdir()) == 2
        assert Path("file").read_bytes() == b"new"
        going.communicate()
        assert going.returncode == 0
    assert os.listdir() == ["file"]
    assert Path("file").read_bytes() == b"half of it"


def test_a_file_that_only_looks_like_one_left_behind_stays(here: Path) -> None:
    looks = [".file-0123abcd", ".convstep-0123abcd", ".convstep-0123456789abcdef.tmp.bak", "file~"]
    for name in looks:
        Path(name).write_bytes(b"mine")
    Path(".convstep-0123456789abcdef.tmp").mkdir()
    os.mkfifo(".convstep-0123456789abcdee.tmp")
    Path("elsewhere").write_bytes(b"mine")
    Path(".convstep-0123456789abcded.tmp").symlink_to("elsewhere")
    before = {*os.listdir()}
    save("file")
    assert {*os.listdir()} == {*before, "file"}


def test_a_file_of_another_person_stays(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".convstep-0123456789abcdef.tmp").touch()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    save("file")
    assert len(os.listdir()) == 2


def test_a_save_that_is_taken_for_left_behind_before_it_has_its_lock_begins_anew(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, taken = files._lock, list[str]()

    def slow(descriptor: int) -> bool:
        if not taken:
            (temporary,) = os.listdir()
            taken.append(temporary)
            files._remove_abandoned(temporary)  # what another save does at this moment
        return lock(descriptor)

    monkeypatch.setattr(files, "_lock", slow)
    save("file")
    assert os.listdir() == ["file"]
    assert Path("file").read_bytes() == b"new"


def test_a_file_system_without_locks_is_written_to(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(descriptor: int) -> bool:
        raise OSError(errno.ENOLCK, "no locks available")

    Path(".convstep-0123456789abcdef.tmp").touch()
    monkeypatch.setattr(files, "_lock", unsupported)
    save("file")
    assert {*os.listdir()} == {"file", ".convstep-0123456789abcdef.tmp"}


def test_a_failing_save_leaves_nothing(here: Path) -> None:
    Path("file").write_bytes(b"old")

    def interrupted() -> None:
        with written_whole("file") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir() == ["file"]
    assert Path("file").read_bytes() == b"old"
