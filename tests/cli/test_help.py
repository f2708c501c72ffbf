"""`convstep help`, whatever the guide holds."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

from convstep import cli
from convstep.cli.commands import help as guide
from tests.cli.conftest import Refused, Run

LAYERS = """\
# Layers of a `real` model

## Capture one

A **bold** word, and more words than go into a line of eighty columns, so that the paragraph is wrapped.

- one
- two, see [the other](check.md) or [the web](https://example.org/a)

| option | means |
| --- | --- |
| `--json` | one object |

```sh
convstep open run.npz
```
"""


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guide of two topics, in place of the real one."""
    folder = tmp_path / "guide"
    folder.mkdir()
    (folder / "layers.md").write_text(LAYERS)
    (folder / "check.md").write_text("# Check yours\n\nText.\n")
    (folder / "notes.txt").write_text("no topic")
    monkeypatch.setattr(guide, "GUIDE", folder)


@pytest.mark.usefixtures("topics")
def test_topics_are_listed_with_a_line_each(run: Run) -> None:
    ended = run("help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:3] == ["check   Check yours", "layers  Layers of a real model", ""]


@pytest.mark.usefixtures("topics")
def test_without_a_terminal_a_topic_is_plain_text_of_80_columns(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("FORCE_COLOR", "1")
    ended = run("help", "layers")
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[:4] == ["Layers of a real model", "═" * 22, "", "Capture one"]
    for line in (
        "• one",
        "• two, see the other or the web (https://example.org/a)",
        "option  means",
        "--json  one object",
        "    convstep open run.npz",
    ):
        assert line in lines, line


@pytest.mark.parametrize(("columns", "most"), [("60", 60), ("300", 100)])
@pytest.mark.usefixtures("topics")
def test_in_a_terminal_a_topic_has_its_width_and_colours(
    monkeypatch: pytest.MonkeyPatch, columns: str, most: int
) -> None:
    def shown(**environment: str) -> str:
        terminal = io.StringIO()
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        with monkeypatch.context() as patched:
            for name, value in {"COLUMNS": columns, "TERM": "xterm-256color", **environment}.items():
                patched.setenv(name, value)
            patched.setattr(sys, "stdout", terminal)
            assert cli.main(["help", "layers"]) == 0
        return terminal.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = shown()
    assert "\x1b[1mCapture one" in coloured
    assert re.search(r"\x1b\[[\d;]*3\dm", coloured), "code in colour"
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert max(map(len, plain.splitlines())) in range(most - 15, most + 1)
    assert not re.search(r"\x1b\[[\d;]*3\dm", shown(NO_COLOR="1"))
    assert shown(TERM="dumb") == plain


@pytest.mark.usefixtures("topics")
def test_an_unknown_topic_is_one_sentence_with_the_nearest(refused: Refused) -> None:
    assert refused("help", "Layer") == "there is no topic 'Layer'; did you mean `convstep help layers`?"
    assert refused("help", "zzz") == "there is no topic 'zzz'; the topics are check, layers"
    assert refused("help", "open") == "there is no topic 'open'; did you mean `convstep open --help`?"
    assert "unrecognized arguments: check" in refused("help", "layers", "check")


def test_the_guide_s_files_can_be_read_as_topics(run: Run) -> None:
    """The real guide: every topic has a title and text, and goes to a pipe in 80 columns."""
    listed = run("help").out.split("\n\n")[0].splitlines()
    assert listed
    assert len(listed) == len([name for name in os.listdir(str(guide.GUIDE)) if name.endswith(".md")])
    for line in listed:
        topic, title = line.split(maxsplit=1)
        ended = run("help", topic)
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines()[0] == title
        assert max(map(len, ended.out.splitlines())) <= 80
