"""Names of somebody's own functions, as they are typed: `layers.py:f`; of a file with one, `layers.py`."""

from __future__ import annotations

import os
import re

from convstep.cli.console import UsageError
from convstep.printable import printable

PYTHON = (".py", ".ipynb")
"""How the files end in which functions are."""
OTHERS = (".npz", ".pt", ".pth", ".safetensors", ".json", ".md")
"""How files end in which something else is."""


def is_target(name: str) -> bool:
    """Whether a name is that of a function, `layers.py:f`, and not of a problem."""
    place, colon, function = name.rpartition(":")
    if not colon or (os.name == "nt" and len(place) == 1):
        return name.lower().endswith(PYTHON)
    if place.lower().endswith(PYTHON):
        return True
    dotted = all(part.isidentifier() for part in place.split(".")) and not place.lower().endswith(OTHERS)
    return dotted and not os.path.exists(place) and all(part.isidentifier() for part in function.split("."))


def is_operator(name: str) -> bool:
    """Whether a name is an operator's that is stepped as one: conv2d is stepped on problems of its own."""
    from convstep.examples import names

    if name == "conv2d" or name in names() or os.path.dirname(name) or os.path.splitext(name)[1]:
        return False
    if name not in _files():  # which takes no NumPy
        return False
    from convstep.operators.registry import operators

    return any(one.name == name for one in operators())


def like_operator(name: str) -> str:
    """The operator that is probably meant; "" where a bundled problem is as likely, or none is like it."""
    import difflib

    from convstep.examples import names

    near = difflib.get_close_matches(name.lower().replace("_", "-"), [*_files(), *names()], 1)
    return near[0] if near and is_operator(near[0]) else ""


def _files() -> list[str]:
    """The files of the operators' room, as their operators would be called."""
    import pkgutil

    import convstep.operators as room

    return [one.name.replace("_", "-") for one in pkgutil.iter_modules(room.__path__)]


def operator_in(name: str) -> tuple[str, str] | None:
    """File and name of an operator, `scale.py:SCALE`, that a call in a file makes, read, not run; or None."""
    path, colon, wanted = name.rpartition(":")
    if not colon or not path.lower().endswith(".py") or not wanted.isidentifier() or not os.path.isfile(path):
        return None
    import ast

    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None  # what loads it says why
    for one in tree.body:
        targets = one.targets if isinstance(one, ast.Assign) else []
        targets += [one.target] if isinstance(one, ast.AnnAssign) else []
        made = getattr(one, "value", None)
        if isinstance(made, ast.Call) and any(isinstance(t, ast.Name) and t.id == wanted for t in targets):
            called = made.func.attr if isinstance(made.func, ast.Attribute) else getattr(made.func, "id", "")
            if called in ("operator", "Operator"):
                return path, wanted
    return None


def target_of(name: str) -> str:
    """The target that a name means: of a file with one function, that one; raises UsageError or OSError."""
    if not name.lower().endswith(PYTHON):
        return name
    if not os.path.isfile(name):
        raise UsageError(f"there is no file {printable(name)}; check the name and the folder")
    from pathlib import Path

    from convstep.candidate.load.document import read
    from convstep.candidate.load.names import backward_first, defined, listed

    every = defined("\n".join(part.text for part in read(Path(os.path.abspath(name))).parts))
    classes = {each.partition(".")[0] for each in every if "." in each}
    functions = [each for each in every if each not in classes]
    public = [each for each in functions if not re.search(r"(^|\.)_", each)] or functions
    if len(public) == 1:
        return f"{name}:{public[0]}"
    if not public:
        raise UsageError(f"{printable(name)} defines no function; name a file that does")
    first = backward_first(public)
    raise UsageError(
        f"name the function: {printable(name)}:{first[0]}; the file also has {listed(first[1:])}"
    )
