"""Modules that Python imports by itself, and where a dotted name leads."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import sysconfig
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from convstep.candidate.target import CandidateError


def own_file(module: str) -> tuple[Path, Path] | None:
    """The file of a module that is somebody's own, and the folder its name starts in.

    None for one that is installed, or part of Python: that is imported as usual.

    Raises:
        CandidateError: there is no such module.
    """
    search = [str(Path.cwd()), *sys.path]
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        # Python's own search would run the packages above it
        spec = PathFinder.find_spec(".".join(parts[:count]), search)
        if spec is None and count == 1 and parts[0] in sys.builtin_module_names:
            return None
        if spec is None:
            raise CandidateError(
                f"there is no module {'.'.join(parts[:count])} here; "
                f"give the file instead: {parts[-1]}.py:function"
            )
        search = list(spec.submodule_search_locations or ())
    assert spec is not None
    if spec.origin is None or not spec.origin.endswith(".py"):
        return None
    file = Path(spec.origin)
    if any(file.is_relative_to(folder) for folder in _python_folders()):
        return None
    levels = len(parts) if file.name == "__init__.py" else len(parts) - 1
    return file, file.parents[levels]


def module(name: str, again: bool = False) -> ModuleType:
    """An installed module.

    Args:
        name: its dotted name.
        again: execute it once more, in a namespace of its own, when it is written in Python.

    Raises:
        CandidateError: importing it fails.
    """
    try:
        imported = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".split("\n", 1)[0]
        raise CandidateError(f"{name} cannot be imported ({said}); see whether Python can") from error
    spec = imported.__spec__
    if not again or spec is None or spec.loader is None or not (spec.origin or "").endswith(".py"):
        return imported
    copy = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(copy)
    except (Exception, SystemExit):
        return imported  # it can only be imported once
    return copy


def source_of(function: Any) -> tuple[str | None, int | None, str | None]:
    """File, first line and text of something installed, where they are known."""
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(function))
        return inspect.getsourcefile(inspect.unwrap(function)), max(first, 1), "".join(lines).rstrip("\n")
    except (OSError, TypeError):
        return None, None, None


def _python_folders() -> list[Path]:
    """Where Python and its packages are."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return [Path(sysconfig.get_path(kind)).resolve() for kind in kinds]
