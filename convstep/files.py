"""Files that a person names: read only if they are regular files, written whole or not at all.

A pipe would be waited for, a device may never end, and one that is written to is not a file any more;
so everything that is neither a file nor a folder is refused, in words, with the `OSError` that says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from convstep.language import tr
from convstep.printable import SENTENCE, printable

try:
    import fcntl
except ImportError:  # Windows, which removes no file that is open
    fcntl = None  # type: ignore[assignment]

StrPath = str | os.PathLike[str]

_TEMPORARY = re.compile(r"\.convstep-[0-9a-f]{16}\.tmp")
"""How a file is called while it is written: short, as the name it will have may be the longest there is."""


def path_of(path: str | os.PathLike[str]) -> str:
    """A path as text; raises TypeError or FileRefused.

    A number, which Python takes for an open file and closes in the end, is none.
    """
    name = os.fsdecode(path)
    try:
        possible = bool(name) and b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise FileRefused(tr("no file can have this name"), name)
    return name


class FileRefused(OSError):  # noqa: N818  it is what happened, and its subclass is one
    """A file that is not opened; `strerror` is the reason, the end of a sentence."""

    def __init__(self, reason: str, path: StrPath, number: int = errno.EINVAL) -> None:
        super().__init__(number, reason, os.fspath(path))

    def __str__(self) -> str:
        """One line, whatever the file is called."""
        return printable(f"{printable(self.filename) or repr(self.filename)}: {self.strerror}", SENTENCE)


class FileTooLarge(FileRefused):
    """A file that is longer than whatever it should be ever is."""


def opened(path: StrPath) -> BinaryIO:
    """A regular file, or a link to one, open for reading bytes; nothing else is ever waited for.

    Raises FileRefused: it is a pipe, a device or a socket; OSError: as for any file.
    """
    _check_readable(_status(path), path)  # before it is opened: some devices act on being opened
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115  whoever asked for it closes it
    try:
        found = os.fstat(file.fileno())
        _check_readable(found, path)
    except BaseException:
        file.close()
        raise
    if found.st_size:
        return file
    file.close()  # a file of /proc that claims no bytes may wait for them
    return BytesIO()


def contents(path: StrPath, most: int) -> bytes:
    """All bytes of a regular file; FileTooLarge if it has more than `most`, OSError as `opened`."""
    with opened(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        held = file.read(most + 1) if size <= most else b""
        if max(size, len(held)) > most:  # it may have grown
            reason = tr("it has {size:,} bytes, and at most {most:,} are read", size=size, most=most)
            raise FileTooLarge(reason, path, errno.EFBIG)
    return held


def check_target(path: StrPath) -> int | None:
    """The permissions of the file at a path, None for none; OSError where no file may take its place."""
    try:
        found = _status(path, follow=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(found.st_mode):
        raise FileRefused(tr("it is a symbolic link; give the path of the file itself"), path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(found.st_mode):
        reason = tr("it is {what}, and only regular files are replaced", what=_what(found.st_mode))
        raise FileRefused(reason, path)
    return stat.S_IMODE(found.st_mode)


@contextlib.contextmanager
def written_whole(path: StrPath, *, through_links: bool = False) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when all of it is written.

    It is a new file in the same folder until then, so an older one at `path` stays as it is if
    anything goes wrong; its permissions stay in any case. What killed saves left behind in the folder
    is removed. With `through_links` the file that a link leads to is written: for files of our own, which
    people keep elsewhere. Raises FileRefused: `path` is a link, a pipe, a device or a socket; OSError.
    """
    name = path_of(path)
    target = Path(os.path.realpath(name) if through_links else name)
    if not target.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    permissions = check_target(target)
    _remove_left_behind(target.parent)
    temporary, lock = _locked_temporary(target, permissions)
    with contextlib.ExitStack() as held:
        held.callback(os.close, lock)
        try:
            with open(os.dup(lock), "wb") as file:
                yield file
            if permissions is not None:
                with contextlib.suppress(OSError):  # a file system without them
                    os.chmod(temporary, permissions)
            if fcntl is None:
                held.close()
            try:
                os.replace(temporary, target)
            except OSError as error:
                raise OSError(error.errno, error.strerror, name) from None
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _status(path: StrPath, *, follow: bool = True) -> os.stat_result:
    try:
        return os.stat(path, follow_symlinks=follow)
    except ValueError as error:  # a NUL, or half of a surrogate pair
        raise FileRefused(tr("no file can have this name"), path) from error


def _check_readable(found: os.stat_result, path: StrPath) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(found.st_mode):
        reason = tr("it is {what}, and only regular files are read", what=_what(found.st_mode))
        raise FileRefused(reason, path)


def _what(mode: int) -> str:
    """What is neither a file nor a folder, in words."""
    if stat.S_ISFIFO(mode):
        return tr("a pipe")
    return tr("a socket") if stat.S_ISSOCK(mode) else tr("a device")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def _locked_temporary(target: Path, permissions: int | None) -> tuple[Path, int]:
    """A new file, and its descriptor; as long as that is open, no other save removes the file."""
    # nobody may read it meanwhile who may not read the old one
    mode = 0o666 if permissions is None else permissions & 0o777
    while True:
        temporary = target.parent / f".convstep-{os.urandom(8).hex()}.tmp"
        try:
            lock = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        except OSError as error:  # who reads it knows the name of the file that was to be
            raise OSError(error.errno, error.strerror, os.fspath(target)) from None
        with contextlib.suppress(OSError):  # a file system without locks
            # another save may have taken it for left behind just before it was locked
            if _lock(lock) and temporary.exists():
                return temporary, lock
            os.close(lock)
            continue
        return temporary, lock


def _lock(descriptor: int) -> bool:
    """Lock a file for as long as the descriptor is open; False if another save has locked it."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_left_behind(folder: Path) -> None:
    """Remove the temporaries of saves that were killed; a save never fails because of them."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_abandoned(entry.path)


def _remove_abandoned(path: str) -> None:
    """Remove a temporary unless it is somebody else's, or still written; OSError if that cannot be told."""
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        if _lock(descriptor) and fcntl is not None:
            os.unlink(path)
    finally:
        os.close(descriptor)
