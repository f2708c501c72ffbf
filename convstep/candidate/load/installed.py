"""Modules that Python imports by itself, and where a dotted name leads."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import sysconfig
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from convstep.candidate.load.target import CandidateError
from convstep.printable import error_text


def own_file(module: str) -> tuple[Path, Path] | None:
    """The file of a module that is somebody's own, and the folder its name starts in; or CandidateError.

    None for one that is installed, or part of Python: that is imported as usual.
    """
    top, *rest = module.split(".")
    # Python's own search, which would run the packages above the module, is good for the first part
    spec = (
        None if top in sys.builtin_module_names else PathFinder.find_spec(top, [str(Path.cwd()), *sys.path])
    )
    if spec is None and top not in sys.builtin_module_names:
        raise CandidateError(f"there is no module {top} here; {_give_file(module)}")
    places = _places(spec)
    if not places or any(place.is_relative_to(folder) for place in places for folder in _python_folders()):
        return None
    for part in rest:
        places = [found for place in places for found in _inside(place, part)]
    for place in places:
        if place.suffix == ".py":
            return place, place.parents[len(rest) + (place.name == "__init__.py")]
    raise CandidateError(f"there is no module {module} here; {_give_file(module)}")


def _places(spec: ModuleSpec | None) -> list[Path]:
    """A module's file, and the folders of a package."""
    if spec is None:
        return []
    file = [Path(spec.origin)] if spec.origin and spec.origin.endswith(".py") else []
    return [*file, *map(Path, spec.submodule_search_locations or ())]


def _inside(place: Path, part: str) -> list[Path]:
    """A module or a package in a folder."""
    found = [place / part / "__init__.py", place / f"{part}.py", place / part]
    return [each for each in found if each.exists() and not place.suffix]


def _give_file(module: str) -> str:
    return f"give the file instead: {module.rpartition('.')[2]}.py:function"


def module(name: str, again: bool = False) -> ModuleType:
    """An installed module, executed `again` where it is written in Python; CandidateError if that fails."""
    try:
        imported = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        said = f"{name} cannot be imported ({error_text(error)}); see whether Python can"
        raise CandidateError(said) from error
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


def is_installed(file: str) -> bool:
    """Whether a file is part of Python or of a package that is installed."""
    path = Path(file)
    within = {"site-packages", "dist-packages"} & set(path.parts)
    return bool(within) or any(path.is_relative_to(folder) for folder in _python_folders())


@functools.cache
def _python_folders() -> list[Path]:
    """Where Python and its packages are."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return [Path(sysconfig.get_path(kind)).resolve() for kind in kinds]
