"""Why something that ran was not captured, in words."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convstep.conv.validation import cell_text
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.steps.number_text import short


@dataclass(eq=False)
class Tally:
    """What became of the calls of one layer that are not captured, by counts."""

    kind: str
    """The class of the module, or the function."""
    refused: str = ""
    """Why it cannot be captured, if that is known: what follows its name in a sentence."""
    calls: int = 0
    """How often it ran, however it ended."""
    unreadable: int = 0
    """On what cannot be kept."""
    silent: int = 0
    """Without a function that convolves."""
    switched_off: int = 0
    """Under `torch.no_grad()` or inference mode."""
    frozen: int = 0
    """With gradients, but neither the weight nor the input wanted any."""
    recomputed: int = 0
    """With gradients inside of a backward pass that went through them, as for a checkpoint: what ran before
    under `torch.no_grad()` is made up for."""
    waiting: int = 0
    """With gradients, and no backward pass has come by."""
    unwanted: int = 0
    """For a backward pass that was not asked for."""
    early: int = 0
    """For a pass that was asked for, but when one that was not was still to come."""
    short: int = 0
    """With a batch that has no such sample."""
    over: int = 0
    """When there was no room below the limit any more."""


def missing(tally: Tally, beyond: str) -> list[tuple[str, int]]:
    """Of a captured layer: why some calls are not, and how many; `beyond` is said where there was no room."""
    return [
        (beyond, tally.over),
        (tally.refused, tally.unreadable),
        (_silent(), tally.silent),
        (
            tr(
                "is captured, and ran without gradients as well, under torch.no_grad() or the like, as "
                "for an evaluation: these calls have no backward"
            ),
            max(tally.switched_off - tally.recomputed, 0),
        ),
        (
            tr(
                "is captured, and ran as well where neither its weight nor its input required "
                "gradients: these calls have no backward"
            ),
            tally.frozen,
        ),
        (tr("ran on batches that have no such sample; choose another sample="), tally.short),
        (_early(), tally.early),
        (
            tr(
                "is captured, and ran as well where no backward pass inside the block has come through "
                "it: these calls have no gradients"
            ),
            tally.waiting,
        ),
    ]


def reason_of(tally: Tally, beyond: str, *, compiled: bool) -> str:
    """Why not all of a layer was captured, what follows its name; `beyond` is said where room lacked."""
    if tally.refused:
        return tally.refused
    if tally.over:
        return beyond
    if not tally.calls and compiled:
        return tr("was not called: hooks do not fire in a compiled model; capture it without torch.compile")
    if not tally.calls:
        return tr(
            "was not called inside the block; run the model and loss.backward() inside the with block "
            "(and without torch.compile)"
        )
    if tally.calls == tally.silent:
        return _silent()
    if tally.calls == tally.switched_off + tally.frozen + tally.silent:
        return tr(
            "ran without gradients: nothing in it requires gradients; unfreeze its weight or its input"
            if not tally.switched_off
            else "ran without gradients: under torch.no_grad() or inference mode, or in the forward of "
            "a torch.autograd.Function, as torch.compile makes them; run the model and "
            "loss.backward() inside the with block, with gradients"
        )
    if tally.short:
        return tr("ran on batches that have no such sample; choose another sample=")
    if tally.early:
        return _early()
    if tally.unwanted:
        return tr("ran only for backward passes that when= does not choose")
    return tr(
        "ran but no backward pass reached it inside the block; call loss.backward() there, on a loss "
        "that depends on it"
    )


def _silent() -> str:
    return tr(
        "was called, but was not seen to convolve itself by F.conv2d or the like: a layer inside it does, or "
        "it works in another way, such as F.unfold and a product of matrices, or its forward failed"
    )


def _early() -> str:
    return tr(
        "was reached by a backward pass that when= chooses, but had run while one that it does not choose "
        "was still to come, so that nothing was copied; run it after that one, or let when= choose both"
    )


def first_bad(name: str, given: Mapping[str, Array], Z: tuple[int, ...]) -> str:
    """Of a call whose output is not finite first in cell `Z`: where that was seen first, in a sentence."""
    for array, values in given.items():
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            cell = tuple(int(i) for i in bad[0])
            return tr(
                "the first output seen in a forward that is not finite is that of {layer!r}, which was given "
                "{cell} = {value}",
                layer=printable(name),
                cell=cell_text(array, cell),
                value=word(float(values[cell])),
            )
    return tr(
        "the first output seen in a forward that is not finite is that of {layer!r}, at {cell}; what it was "
        "given is finite",
        layer=printable(name),
        cell=cell_text("Z", Z),
    )


def word(value: float) -> str:
    """NaN, inf or -inf."""
    return "NaN" if np.isnan(value) else short(value)


def closest(name: str, names: list[str]) -> str:
    """Which of the names may have been meant, or what there are; for a sentence."""
    if close := difflib.get_close_matches(name, names, n=3, cutoff=0.5):
        return f"did you mean {' or '.join(map(repr, close))}?"
    shown = ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"the conv layers are {shown}" if names else "the model has no conv layer"
