"""Snippet: one case as code that runs by itself, as a script of NumPy or as a pytest function.

Numbers are written so that reading them gives the same bits. Where there are many, the arrays go to a file
beside, which the code loads.
"""

from __future__ import annotations

import keyword
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from convstep.files import written_whole
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import SentenceError, printable

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST_CELLS = 600
"""Numbers that are written out; of more, all are kept in a file."""
WIDTH = 100
"""Columns of a row of numbers."""


class SnippetError(SentenceError, ValueError):
    """The case cannot be written as code; one sentence."""


@frozen(eq=False)
class Check:
    """A result beside what it should be."""

    code: str
    """The result: `dW`, `layer.dW`."""
    name: str
    expected: Array
    atol: float
    """How far a number may be off."""


@frozen(eq=False)
class Snippet:
    """One case, before it is written."""

    name: str
    """What is called, for the test's name."""
    about: Sequence[str]
    """What it shows, a line each."""
    imports: Sequence[str]
    """Statements at the top, beside NumPy's."""
    given: Mapping[str, Any]
    """What is called with, by the name that `lines` use: arrays, numbers, texts, and containers of them."""
    lines: Sequence[str]
    """Statements that call it."""
    checks: Sequence[Check] = field(default=())
    """What should come of it."""

    @property
    def large(self) -> bool:
        """Whether its arrays need a file beside."""
        held = [*_arrays(self.given), *(check.expected for check in self.checks)]
        return sum(int(array.size) for array in held) > MOST_CELLS

    def text(self, *, as_test: bool = False, beside: str | None = None) -> str:
        """The code, as statements or as a pytest function; SnippetError if a value cannot be written.

        Where it is `large`, it loads the file `beside`, which `save` has written.
        """
        writer = _Writer(beside if self.large else None)
        body = [writer.assigned(name, value) for name, value in self.given.items()]
        body += [*self.lines, *([""] if self.checks else [])]
        body += [writer.assigned(f"expected_{check.name}", check.expected) for check in self.checks]
        body += [
            f"np.testing.assert_allclose({check.code}, expected_{check.name}, "
            f"rtol=0, atol={check.atol!r}, err_msg={check.name!r})"
            for check in self.checks
        ]
        body = [line for part in body for line in part.split("\n")]
        if writer.beside is not None:
            body.insert(0, f"held = np.load({os.path.abspath(writer.beside)!r})")
        plain = [one for one in self.imports if re.fullmatch(r"import \w+", one)]
        others = [one for one in self.imports if one not in plain and not one.startswith("import ")]
        needs = ["import numpy as np"] if any("np." in line for line in (*body, *others)) else []
        head = [*(f"# {printable(line)}" for line in self.about), *plain, *needs, *others]
        if not as_test:
            return "\n".join([*head, "", *body]) + "\n"
        inside = [f"    {line}" if line else "" for line in body]
        return "\n".join([*head, "", "", f"def test_{_word(self.name)}():", *inside]) + "\n"

    def save(self, path: str) -> None:
        """Write the arrays to a file, for the code to load; OSError, or SnippetError for what cannot be."""
        import numpy as np

        writer = _Writer(path)
        for name, value in self.given.items():
            writer.code(value, name)
        for check in self.checks:
            writer.code(check.expected, f"expected_{check.name}")
        with written_whole(path) as file:
            np.savez(file, **writer.held)


class _Writer:
    """Writes values as code, and collects the arrays that are kept in a file."""

    def __init__(self, beside: str | None) -> None:
        self.beside, self.held = beside, dict[str, Any]()
        self._indent = 0

    def assigned(self, name: str, value: Any) -> str:
        """A statement that gives a value a name."""
        self._indent = len(name) + 3
        return f"{name} = {self.code(value, name)}"

    def code(self, value: Any, name: str) -> str:
        """A value as code that makes it again; its arrays go by the name where they are kept in a file."""
        import numpy as np

        if isinstance(value, np.generic) and type(value) is not np.bool_:
            value = value.item()
        match value:
            case np.ndarray():
                return self._array(value, name)
            case np.bool_():
                return repr(bool(value))
            case float():
                return _number(value)
            case bool() | int() | str() | bytes() | None:
                return repr(value)
            case dict():
                pairs = (
                    f"{self.code(key, name)}: {self.code(one, f'{name}_{key}')}" for key, one in value.items()
                )
                return f"{{{', '.join(pairs)}}}"
            case tuple() | list():
                parts = [self.code(one, f"{name}_{at}") for at, one in enumerate(value)]
                inside = ", ".join(parts)
                return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' * (len(parts) == 1)})"
        said = "{name} is of type {kind}, which cannot be written as code"
        raise SnippetError(tr(said, name=name, kind=type(value).__name__))

    def _array(self, array: Array, name: str) -> str:
        import numpy as np

        if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and array.dtype.itemsize > 8):
            raise SnippetError(
                tr("{name} is of type {kind}, which cannot be written as code", name=name, kind=array.dtype)
            )
        if self.beside is not None:
            key = next(key for key in _keys(_word(name)) if key not in self.held)
            self.held[key] = array
            return f"held[{key!r}]"
        kind = "" if array.dtype in (np.float64, np.int64, np.bool_) else f", np.{array.dtype.name}"
        if not array.size:
            return f"np.zeros({array.shape}, np.{array.dtype.name})"
        return f"np.array({_rows(array.tolist(), self._indent + len('np.array('))}{kind})"


def _keys(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{count}" for count in range(2, 10**6))


def _rows(values: Any, indent: int) -> str:
    """Nested lists, the innermost in a line."""
    if not isinstance(values, list):
        return _number(values) if isinstance(values, float) else repr(values)
    parts = [_rows(one, indent + 1) for one in values]
    whole = f"[{', '.join(parts)}]"
    if len(whole) + indent <= WIDTH and "\n" not in whole:
        return whole
    if not isinstance(values[0], list):
        lines = [""]
        for part in parts:
            if lines[-1] and len(lines[-1]) + len(part) + 2 > WIDTH - indent:
                lines.append("")
            lines[-1] += f"{', ' if lines[-1] else ''}{part}"
        parts = lines
    return f"[{(',' + chr(10) + ' ' * (indent + 1)).join(parts)}]"


def _number(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "np.nan" if math.isnan(value) else "np.inf" if value > 0 else "-np.inf"


def _arrays(value: Any) -> Iterator[Any]:
    """All arrays in a value."""
    import numpy as np

    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        yield from (array for one in value.values() for array in _arrays(one))
    elif isinstance(value, (tuple, list)):
        yield from (array for one in value for array in _arrays(one))


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_") or "case"


def importing(path: str, name: str) -> list[str]:
    """Statements that import a name from a file: plainly, or as `convstep` loads what Python cannot import.

    Raises SnippetError: all names, "*", are wanted of what Python cannot import.
    """
    folder, file = os.path.split(os.path.abspath(path))
    stem, ending = os.path.splitext(file)
    parts = [stem]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    taken = parts[0] in sys.stdlib_module_names
    if (
        ending == ".py"
        and not taken
        and all(part.isidentifier() and not keyword.iskeyword(part) for part in parts)
    ):
        found = [f"from {'.'.join(parts)} import {name.partition('.')[0]}"]
        return found if parts[0] == "convstep" else ["import sys", f"sys.path.insert(0, {folder!r})", *found]
    if name == "*":
        raise SnippetError(tr("{file} is no file that Python imports", file=file))
    return loading(path, name)


def loading(path: str, name: str) -> list[str]:
    """Statements that load a function as `convstep check` does: a notebook's, or one that lacks something."""
    return [
        "from convstep.candidate.load.loading import load",
        "from convstep.candidate.load.target import Target",
        f"{name.rpartition('.')[2]} = load(Target.parse({f'{os.path.abspath(path)}:{name}'!r})).function",
    ]
