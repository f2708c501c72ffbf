"""The bundled problems by name; `make.py` says where their numbers come from."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

from convstep.frozen import NamedTuple

if TYPE_CHECKING:
    from convstep.conv.problem import Problem

DEFAULT = "digit"
"""What `convstep` opens when nothing is named."""


class Example(NamedTuple):
    """One bundled problem."""

    name: str
    """What the command line calls it; its file is `problems/<name>.npz`."""
    description: str
    """What a person sees or learns there, up to 72 characters."""


EXAMPLES: tuple[Example, ...] = (
    Example("digit", "a trained layer and a handwritten 9 that the network takes for a 5"),
    Example("one-window", "one window, one filter, one step: all that a single dZ value does"),
    Example("one-hot", "one nonzero value in dZ: one window and one filter get a gradient"),
    Example("no-padding", "the digit without padding: cells at the edge are in fewer windows"),
    Example("stride-2", "windows two cells apart: the last row and column get no gradient"),
    Example("rectangle", "7 rows, 10 columns, 3 channels: height and width cannot be mixed up"),
    Example("dilated", "a kernel with gaps: each window spreads its 3x3 cells over 5x5"),
    Example("depthwise", "a filter for each channel: gradients stay inside their own channel"),
    Example("same", '"same" padding, even kernel: one row above, two below, none on the left'),
)
"""In the order in which a beginner would open them."""


def names() -> tuple[str, ...]:
    """Every name that `load` takes, in the catalog's order."""
    return tuple(example.name for example in EXAMPLES)


def load(name: str) -> Problem:
    """Read a bundled problem, one of `names()`; ProblemError offers the closest.

    >>> load("digit").total_steps
    256
    """
    if name not in names():
        from convstep.conv.validation import ProblemError

        raise ProblemError(_unknown(name))
    from convstep.conv import storage

    file = f"{name}.npz"
    # bytes and not a path: in a zipped package there is none; as pkgutil.get_data, which takes longer to load
    loader: Any = globals()["__loader__"]
    held = loader.get_data(os.path.join(os.path.dirname(__file__), "problems", file))
    return storage.read(io.BytesIO(held), file)


def _unknown(name: str) -> str:
    import difflib

    from convstep.language import tr

    spelled = name.lower().replace("_", "-").replace(" ", "-")
    close = difflib.get_close_matches(spelled, names(), n=1)
    said = (
        "no example is called {name!r}; did you mean {close!r}?"
        if close
        else "no example is called {name!r}; the examples are {known}"
    )
    return tr(said, name=name, close="".join(close), known=", ".join(names()))
