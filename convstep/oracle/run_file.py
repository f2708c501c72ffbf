"""Everything that was captured, in one `.npz`: the arrays of every call, and a text that says what they are.

`3.dW` is the dW of the fourth call; what several calls share is there once. The text is JSON, as bytes of
UTF-8. The file of a single call bears the names of a problem's arrays, so that it is a problem as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.conv import storage
from convstep.conv.held import LONGEST_TABLE, DamagedError, Held, free_memory
from convstep.conv.recorded import NAMES, check_origin
from convstep.conv.storage import RUN
from convstep.conv.validation import ProblemError
from convstep.files import written_whole
from convstep.frozen import frozen
from convstep.language import tr
from convstep.oracle.capture_log import Convolution, Seen
from convstep.oracle.captured_layer import CapturedLayer, CaptureError, Skipped
from convstep.printable import printable
from convstep.steps.cells import Array

VERSION = 1
LONGEST_TEXT = 2**23
"""Bytes of the text; each call takes some five hundred."""
ENTRY = 60
"""Bytes that an array's name takes in the file's table of names, and more than that."""
INPUTS = ("A_prev", "W", "b", "dZ")
DTYPES = ("float32", "float64")
"""What `capture` keeps arrays in."""
NUMBERS = ("stride", "padding", "dilation", "groups")
LARGEST = 2**63 - 1
"""What a count can be."""


@frozen(eq=False)
class Run:
    """What such a file holds."""

    layers: Sequence[CapturedLayer]
    """The calls, in the order of the forward passes."""
    by: str
    skipped: Sequence[Skipped]

    __repr__ = brief

    @property
    def size(self) -> int:
        """Bytes of all the arrays, those that calls share counted once."""
        once = {id(values): values.nbytes for layer in self.layers for values in arrays_of(layer).values()}
        return sum(once.values())


def arrays_of(layer: CapturedLayer) -> dict[str, Array]:
    """The arrays of one call by name, those that there are."""
    convolution = layer.convolution
    inputs = {"A_prev": convolution.A_prev, "W": convolution.W, "b": convolution.b, "dZ": layer.dZ}
    return {name: values for name, values in inputs.items() if values is not None} | dict(layer.gradients)


def save(run: Run, path: str | os.PathLike[str]) -> None:
    """Write a run whole or not at all; CaptureError: more calls than a file holds; OSError: it cannot be.

    Nothing is compressed: gradients hardly shrink, and that would take ten times as long. A single call
    is written as any other problem.
    """
    names, arrays = _named(run.layers)
    told = {
        "version": VERSION,
        "by": run.by,
        "calls": [_call_as_dict(layer, held) for layer, held in zip(run.layers, names, strict=True)],
        "skipped": [each._asdict() for each in run.skipped],
    }
    text = json.dumps(told, allow_nan=False, separators=(",", ":")).encode()
    if len(text) > LONGEST_TEXT or ENTRY * len(arrays) > LONGEST_TABLE:
        said = (
            "{count} captured calls are more than one file holds; capture fewer layers or steps, or save "
            "one call at a time: `captured.save(path, layer=…, call=…)`"
        )
        raise CaptureError(tr(said, count=len(run.layers)))
    more = {RUN: np.frombuffer(text, np.uint8)}
    with written_whole(path) as file:
        if len(run.layers) == 1:
            problem = run.layers[0].problem()
            kept = {name for name in arrays if "." in name}  # what a problem has no name for
            storage.write(problem, file, {name: arrays[name] for name in kept} | more)
        else:
            np.savez(file, **(more | arrays))  # type: ignore[arg-type]


def load(path: str | os.PathLike[str]) -> Run:
    """Read a run; raises ProblemError if the file is missing, damaged, none, or larger than the memory."""
    return storage.made_of(path, _run)


def holds_several(path: str | os.PathLike[str]) -> bool:
    """Whether a file holds a run that is more than one problem; False if it cannot be read."""
    try:
        return storage.made_of(path, lambda given, _: RUN in given and "A_prev" not in given)
    except ProblemError:
        return False


def _named(layers: Sequence[CapturedLayer]) -> tuple[list[dict[str, str]], dict[str, Array]]:
    """For each call what its arrays are called in the file, and the arrays by these names."""
    called: dict[int, str] = {}
    arrays: dict[str, Array] = {}
    names = []
    for at, layer in enumerate(layers):
        own = arrays_of(layer)
        for name, values in own.items():
            if id(values) not in called:
                called[id(values)] = _name(at, name, layer, single=len(layers) == 1)
                arrays[called[id(values)]] = values
        names.append({name: called[id(values)] for name, values in own.items()})
    return names, arrays


def _name(at: int, name: str, layer: CapturedLayer, *, single: bool) -> str:
    if single and name in INPUTS:
        return name
    if single and name in layer.compared:
        return f"recorded_{name}"
    return f"{at}.{name}"


def _call_as_dict(layer: CapturedLayer, names: Mapping[str, str]) -> dict[str, Any]:
    convolution = layer.convolution
    return {
        "name": layer.name,
        "kind": convolution.kind,
        "call": layer.call,
        "step": layer.step,
        "order": convolution.order,
        "arrays": dict(names),
        **{name: getattr(convolution, name) for name in NUMBERS},
        "eps": convolution.eps,
        "Z": list(convolution.Z),
        "sample": convolution.sample,
        "batch": convolution.batch,
        "compared": sorted(layer.compared),
        "shared_by": layer.shared_by,
        "reached": layer.reached,
    }


def _run(given: Mapping[str, Held], name: str) -> Run:
    """What the arrays of a file and its text come to; nothing is unpacked before all of it is looked at.

    Raises ProblemError: two arrays contradict each other, or memory lacks; Exception: the text is none of
    ours.
    """
    if RUN not in given:
        sentence = (
            "{name} holds no captured layers, only captured.save writes them; if it is one problem, "
            "open it without a layer, in Python with Problem.load"
        )
        raise ProblemError(tr(sentence, name=name))
    found = json.loads(_text(given[RUN]))
    if found["version"] != VERSION:
        words = "{name} was saved by another version of convstep, which this one cannot read; save it again"
        raise ProblemError(tr(words, name=name))
    by, calls = _line(found["by"]), [_Call(call) for call in _list(found["calls"])]
    if not calls:
        raise DamagedError("a run of nothing")
    held = {array: given[array] for call in calls for array in call.arrays.values()}
    for at, call in enumerate(calls):
        try:
            check_origin(by, call.eps)
            call.check({each: held[array] for each, array in call.arrays.items()})
        except ProblemError as error:
            said = tr("call {at} ({layer}): {error}", at=at, layer=printable(call.name), error=error)
            raise ProblemError(f"{name}: {said}") from error
    _check_memory(held, name)
    read = {array: _read(claimed) for array, claimed in held.items()}
    return Run(
        [call.layer({each: read[array] for each, array in call.arrays.items()}, by) for call in calls],
        by,
        [_skipped(entry) for entry in _list(found["skipped"])],
    )


def _text(held: Held) -> bytes:
    if held.shape is None or len(held.shape) != 1 or held.dtype != "uint8" or held.nbytes > LONGEST_TEXT:
        raise DamagedError("no text, or one longer than any of ours")
    return held.read().tobytes()


def _check_memory(held: Mapping[str, Held], name: str) -> None:
    claimed, free = sum(each.nbytes for each in held.values()), free_memory()
    if claimed > free:
        said = (
            "{name} holds arrays of {claimed:,.1f} GiB, and {free:,.1f} GiB of memory are free; "
            "capture fewer layers or steps, or one sample"
        )
        raise ProblemError(tr(said, name=name, claimed=claimed / 2**30, free=free / 2**30))


def _read(held: Held) -> Array:
    values = np.ascontiguousarray(held.read(), dtype=held.dtype)
    values.setflags(write=False)
    return values


class _Call:
    """One call as the text describes it; whoever wrote the text may have written anything."""

    def __init__(self, found: dict[str, Any]) -> None:
        """Take what it says. Raises Exception: it is not what ours say."""
        self.name, self.kind = _line(found["name"]), _line(found["kind"])
        self.number, self.step, self.order = (_whole(found[name]) for name in ("call", "step", "order"))
        self.shared_by = _whole(found["shared_by"], 1)
        self.reached = _whole_or_none(found.get("reached"))  # older files do not say
        self.sample, self.batch = (_whole_or_none(found[name]) for name in ("sample", "batch"))
        self.numbers = {name: _number(found[name]) for name in NUMBERS}
        self.eps = found["eps"]
        nan, inf, first = found["Z"]
        self.Z = Seen(_whole(nan), _whole(inf), None if first is None else tuple(map(_whole, first)))
        self.arrays = {name: _line(array) for name, array in found["arrays"].items()}
        self.compared = frozenset(map(_line, _list(found["compared"])))
        if set(self.arrays) - {*INPUTS, *NAMES} or not {"A_prev", "W", "dZ"} <= set(self.arrays):
            raise DamagedError("arrays that no call has, or without those that all have")
        if not self.compared <= set(self.arrays) & set(NAMES):
            raise DamagedError("gradients that are compared and not there")

    def check(self, held: Mapping[str, Held]) -> None:
        """Hold the arrays that the file claims against each other; ProblemError or DamagedError."""
        if any(each.dtype not in DTYPES for each in held.values()):
            raise DamagedError("a number that no layer is captured in")
        wanted = {name if name in INPUTS else f"recorded_{name}": each for name, each in held.items()}
        storage.check_claims(wanted, {name: np.array(value) for name, value in self.numbers.items()})
        shape, first = held["dZ"].shape, self.Z.first
        if first is not None and (shape is None or not _inside(first, shape)):
            raise DamagedError("a cell outside of its array")

    def layer(self, arrays: Mapping[str, Array], by: str) -> CapturedLayer:
        """The call with its arrays, which fit."""
        convolution = Convolution(
            name=self.name,
            order=self.order,
            A_prev=arrays["A_prev"],
            W=arrays["W"],
            b=arrays.get("b"),
            **self.numbers,
            eps=self.eps,
            parameters={},  # which tensors they were is nobody's business any more
            Z=self.Z,
            kind=self.kind,
            sample=self.sample,
            batch=self.batch,
        )
        gradients = {name: arrays[name] for name in NAMES if name in arrays}
        return CapturedLayer(
            self.name,
            self.number,
            self.step,
            convolution,
            arrays["dZ"],
            gradients,
            self.compared,
            self.shared_by,
            by,
            self.reached,
        )


def _inside(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(index) == len(shape) and all(i < length for i, length in zip(index, shape, strict=True))


def _number(value: Any) -> Any:
    """Stride, padding or dilation of both axes, groups, or a padding's name."""
    if isinstance(value, list):
        return tuple(map(_whole, value))
    return value if isinstance(value, str) else _whole(value)


def _skipped(found: dict[str, Any]) -> Skipped:
    name, kind, reason = (_line(found[field]) for field in ("name", "kind", "reason"))
    return Skipped(name, kind, reason, _whole(found["calls"]))


def _whole(value: Any, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= LARGEST:
        raise DamagedError("no count")
    return value


def _whole_or_none(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _line(value: Any) -> str:
    if not isinstance(value, str):
        raise DamagedError("no text")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise DamagedError("no list")
    return value
