from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convstep.candidate.diagnose import diagnosis
from convstep.candidate.load.loading import Loaded, Options, load
from convstep.candidate.load.target import CandidateError, Target
from tests.strategies import THOROUGH

collect_ignore = ["corpus/files", "operators/corpus", "power/courses"]
"""As people write them: what they do at top level is done in a child process, never here."""


@pytest.fixture(autouse=True)
def single_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes at once, for which two seconds are spent, are looked for by their own tests alone.

    With CONVSTEP_THOROUGH=1 they are wherever nothing else explains the numbers.
    """
    if not THOROUGH:
        monkeypatch.setattr(diagnosis, "paired_matches", lambda *_: [])


class Files:
    """A folder that candidates are written into and loaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    def notebook(self, name: str, *cells: str, **more: Any) -> Path:
        written = [{"cell_type": "markdown", "source": ["# prose"]}]
        for cell in cells:
            lines = textwrap.dedent(cell).strip("\n").splitlines(keepends=True)
            written.append({"cell_type": "code", "source": lines, **more})
        return self.write(name, json.dumps({"nbformat": 4, "cells": written}))

    def load(self, text: str, *, run_all: bool = False, python2: bool = False) -> Loaded:
        return load(Target.parse(f"{self.folder}{os.sep}{text}"), Options(run_all, python2))

    def result(self, text: str, *arguments: Any, run_all: bool = False, python2: bool = False) -> Any:
        return self.load(text, run_all=run_all, python2=python2).function(*arguments)

    def error(self, text: str, *, run_all: bool = False, python2: bool = False) -> str:
        with pytest.raises(CandidateError) as caught:
            self.load(text, run_all=run_all, python2=python2)
        sentence = str(caught.value)
        assert "\n" not in sentence
        return sentence.replace(f"{self.folder}{os.sep}", "")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """A folder; what loading from it does to this process is undone."""
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    yield Files(tmp_path)
    assert sys.meta_path == finders
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        # a package without __init__.py has no file
        if str(tmp_path) in f"{[vars(sys.modules[name]).get(where) for where in ('__file__', '__path__')]}":
            del sys.modules[name]
    for name, module in modules.items():
        assert sys.modules[name] is module, f"{name} is not what it was"
