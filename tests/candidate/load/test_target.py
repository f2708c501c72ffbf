from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from convstep.candidate.load.target import CandidateError, Target
from tests.candidate.conftest import Files
from tests.waiting import GENEROUS


def sentence(text: str) -> str:
    with pytest.raises(CandidateError) as caught:
        Target.parse(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def here(files: Files, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.chdir(files.folder)
    return files


@pytest.mark.parametrize("name", ["conv_backward", "Conv.backward", "Outer.Inner.backward", "größe"])
@pytest.mark.parametrize("file", ["mine.py", "My Homework.ipynb", "sub/mine.py", "a:b.py"])
def test_a_file_and_a_name(here: Files, file: str, name: str) -> None:
    here.write(file, "")
    target = Target.parse(f"{file}:{name}")
    assert target == Target(file, None, name)
    assert str(target) == f"{file}:{name}"


def test_a_module(here: Files) -> None:
    assert Target.parse("package.module:function") == Target(None, "package.module", "function")
    assert str(Target.parse("package.module:function")) == "package.module:function"
    here.write("package/__init__.py", "")
    assert Target.parse("package:function").module == "package"


def test_a_drive_is_no_function(here: Files) -> None:
    assert sentence(r"C:\work\mine.py") == (
        r"C:\work\mine.py does not name a function; write it after a colon: C:\work\mine.py:conv_backward"
    )
    here.write(r"C:\mine.py", "")
    assert Target.parse(r"C:\mine.py:f") == Target(r"C:\mine.py", None, "f")


def test_without_a_colon_the_backward_functions_are_named(here: Files) -> None:
    here.write("mine.py", "def helper(): pass\ndef conv_backward(dZ, cache): pass\n")
    assert sentence("mine.py") == "name the function: mine.py:conv_backward"
    assert sentence("mine.py:") == "name the function: mine.py:conv_backward"
    here.write("two.py", "def pool_backward(): pass\nclass Conv:\n    def backward(self): pass\nprint 'no")
    assert sentence("two.py") == "name the function: two.py:Conv.backward; the file also has pool_backward"
    here.write("none.py", "def conv(): pass\n")
    assert sentence("none.py") == "name the function: none.py:conv_backward"
    here.notebook("hw.ipynb", "def f(): pass")
    assert sentence("hw.ipynb") == "name the function: hw.ipynb:conv_backward"


def test_a_missing_file_suggests_the_nearest(here: Files) -> None:
    here.write("mine.py", "def f(): pass\n")
    assert sentence("mnie.py:f") == "there is no file mnie.py; did you mean mine.py:f?"
    assert sentence("mnie.py:g") == "there is no file mnie.py; did you mean mine.py?"
    assert sentence("quite_other.py:f") == "there is no file quite_other.py; check the name and the folder"
    missing = Path("nowhere/mine.py")
    assert sentence(f"{missing}:f") == f"there is no file {missing}: there is no folder nowhere either"


def test_a_link_to_nowhere_is_named_and_suggested_to_nobody(here: Files) -> None:
    Path("link.py").symlink_to("nowhere")
    assert sentence("link.py:f") == (
        "link.py is a link to nowhere, which does not exist; name the file itself"
    )
    assert sentence("lnik.py:f") == "there is no file lnik.py; check the name and the folder"


def test_a_folder_suggests_a_file_in_it(here: Files) -> None:
    here.write("hw/conv.py", "")
    here.write("hw/a.py", "")
    assert sentence("hw:f") == f"hw is a folder; name a file in it: {Path('hw/conv.py')}:f"
    assert sentence("hw") == (
        f"hw is a folder; name a file in it and the function: {Path('hw/conv.py')}:conv_backward"
    )


def test_a_pipe_or_a_device_is_not_waited_for(here: Files) -> None:
    os.mkfifo("pipe.py")
    Path("zero.ipynb").symlink_to("/dev/zero")
    assert sentence("pipe.py:f") == "pipe.py cannot be read: it is a pipe, and only regular files are read"
    assert sentence("zero.ipynb:f").startswith("zero.ipynb cannot be read: it is a device, and only")
    assert sentence("pipe.py").startswith("pipe.py does not name a function; ")
    Path("huge.py").touch()
    os.truncate("huge.py", 10 << 30)
    assert sentence("huge.py") == "name the function: huge.py:conv_backward"


def test_another_kind_of_file(here: Files) -> None:
    here.write("mine.txt", "")
    assert sentence("mine.txt:f") == (
        "mine.txt is not a Python file; a candidate is a function in a .py or .ipynb file"
    )
    assert sentence("mine.txt") == (
        "mine.txt is not a Python file; name a .py or .ipynb file and the function: mine.py:conv_backward"
    )


def test_what_is_no_name(here: Files) -> None:
    here.write("mine.py", "")
    for name in ("conv backward", "3d", "def", "f()", "Class.", ".f"):
        assert sentence(f"mine.py:{name}").startswith(f"{name!r} is not a Python name; ")
    assert sentence(":f") == ":f does not name a file; write mine.py:conv_backward"
    assert sentence("") == "an empty target does not name a file; write mine.py:conv_backward"
    assert sentence("mine") == "mine does not name a function; write it after a colon: mine.py:conv_backward"


def test_parsing_loads_nothing_heavy() -> None:
    script = (
        "import sys, convstep.candidate.load.target; print({'numpy', 'torch', 'fissix'} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=GENEROUS)
    assert ended.stdout.strip() == "set()", ended.stderr
