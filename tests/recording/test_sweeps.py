"""Sweeps: a loop whose turns run without hooks is noted to the last bit as if they had them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convstep.recording import recorder, rewrite
from convstep.recording.kept import Kept
from convstep.recording.limits import Limits
from convstep.recording.log import Column
from convstep.recording.record import record
from convstep.recording.recorder import Run


def linear(dy: Any, x: Any, W: Any) -> Any:
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros(len(W[0]), x.dtype)
    for n in range(len(x)):
        for o in range(len(W[0])):
            for i in range(len(W)):
                dx[n, i] += dy[n, o] * W[i, o]
                dW[i, o] += dy[n, o] * x[n, i]
            db[o] += dy[n, o]
    return dx, dW, db


def sums(x: Any) -> Any:
    """Numbers carried from turn to turn, in Python's and in NumPy's."""
    total, least, found = 0.0, 1, []
    for n in range(len(x)):
        last = 0
        for i in range(len(x[0]) - 1, -1, -1):
            square = x[n, i] ** 2
            total += square / (n + 1) - last
            least -= 1
            last = x[n, i]
        found.append(total)
    return found, least


def shifted(a: Any, b: Any) -> Any:
    for k in range(2):
        for i in range(1, len(a) - 1, 2):
            a[i - 1] = b[i + 1] - a[2 * k - i] % 3
            b[-i] -= a[i]
            a[i] = 7
    return a, b


def outside(a: Any, b: Any) -> Any:
    """Leaves an array in the middle of a turn."""
    for n in range(2):
        for i in range(len(b) + 1):
            a[i] += 1
            b[i] += a[i] * a[n]
    return a, b


def caught(a: Any, b: Any) -> Any:
    """Goes on after that, by the same loop."""
    total = 0.0
    for n in range(3):
        try:
            for i in range(len(b) + 2):
                total += a[i]
                a[i] += total
                total += b[i]
                b[i + n] += a[i] * total
        except IndexError:
            a[0] -= 100
    return a, b, total


def divided(a: Any, k: int) -> Any:
    for i in range(len(a)):
        a[i] = a[i] * 2
        a[i // (k - i)] += 1
    return a


def raised_by_numpy(a: Any, b: Any) -> Any:
    with np.errstate(all="raise"):
        for i in range(len(a)):
            a[i] += 1
            b[i] = a[i] / b[i] + a[0]
    return a, b


def locked(a: Any, b: Any) -> Any:
    b.flags.writeable = False
    for i in range(len(a)):
        a[i] += 1
        b[i] += a[i]
    return a, b


def unbound(a: Any) -> Any:
    for i in range(len(a)):
        a[i] += 1
        a[i] += missing  # type: ignore[name-defined]  # noqa: F821  # on purpose
    return a


def never(a: Any) -> Any:
    for i in range(0):
        a[i] += missing  # type: ignore[name-defined]  # noqa: F821  # on purpose
    else:
        a[0] = 5
    return a


def by_turns(a: Any, b: Any) -> Any:
    """The same loop over arrays of one kind and of another one, and over lists."""
    for one in (a, b, a.astype(np.float32), list(a), b):
        for i in range(len(one)):
            one[i] *= 0.5
    return a, b


def views(a: Any) -> Any:
    for row in a:
        for i in range(1, len(row)):
            row[i] += row[i - 1]
            a[0, i] -= row[i]
    return a


def reshaped(a: Any) -> Any:
    for shape in ((12,), (3, 4), (12,)):
        a.shape = shape
        for i in range(2):
            a[i] += 1
    return a


def nested(a: Any, depth: int = 3) -> Any:
    for i in range(len(a)):
        a[i] += depth
    return nested(a, depth - 1) if depth else a


def handed_out(a: Any) -> Any:
    for k in range(3):
        for i in range(len(a)):
            a[i] += k
        yield a[0]


def added_at(a: Any, b: Any) -> Any:
    """What changes an array unseen is found beside what a helper's loop has noted."""
    for n in range(3):
        np.add.at(a, [n, n], helped(b, n))
    return a, b


def helped(b: Any, n: int) -> Any:
    for i in range(len(b)):
        b[i] += n
    return b[0]


def named(arrays: Any) -> Any:
    """Names that a careless rewriting would take for its own."""
    for turns in range(2):
        for numbers in range(len(arrays)):
            arrays[numbers - turns] += turns
    return arrays


tool: Any = np


def used(a: Any) -> Any:
    tool.negative(a)
    return a


def long(a: Any) -> Any:
    for i in range(700):
        a[i % 4] += i
    return a


def far(a: Any) -> Any:
    """Computes indices, on the way to some of them in numbers of more than eight bytes."""
    for n in range(1000, 1003):
        for i in range(4):
            a[n * 100 // 7 % 5] += a[i]
            a[(n * 4611686018427387904 + i) % 3] -= 1
    return a


class Ours(np.ndarray):
    """An array of somebody's own."""


DRAW = np.random.RandomState(3).randn
A, B = DRAW(6), DRAW(6)
CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "linear": (linear, (DRAW(3, 2), DRAW(3, 4), DRAW(4, 2))),
    "linear of short floats": (linear, tuple(DRAW(2, 2).astype(np.float32) for _ in range(3))),
    "linear of whole numbers": (linear, tuple(np.arange(4).reshape(2, 2) for _ in range(3))),
    "linear of lists": (linear, (DRAW(2, 2), DRAW(2, 2), DRAW(2, 2).tolist())),
    "linear of somebody's own": (linear, (DRAW(2, 2), DRAW(2, 2).view(Ours), DRAW(2, 2))),
    "linear of one array": (linear, (A.reshape(2, 3)[:, :2], A.reshape(2, 3)[:, ::-2], A.reshape(3, 2)[1:])),
    "sums": (sums, (DRAW(3, 4),)),
    "sums of bytes": (sums, (np.arange(12, dtype=np.int8).reshape(3, 4),)),
    "shifted": (shifted, (A, B)),
    "shifted in one array": (shifted, (A, A[::-1])),
    "shifted, numbers cut off": (shifted, (A, np.arange(6))),
    "not a number": (shifted, (np.full(6, np.nan, np.float32), B)),
    "outside": (outside, (A, B[:4])),
    "caught": (caught, (A, B[:3])),
    "divided": (divided, (A, 3)),
    "divided by a truth": (divided, (A, True)),
    "raised by NumPy": (raised_by_numpy, (A, np.array([1.0, 2, 0, 1, 1, 1]))),
    "locked": (locked, (A, B)),
    "unbound": (unbound, (A,)),
    "never": (never, (A,)),
    "by turns": (by_turns, (A, B)),
    "views": (views, (DRAW(3, 4),)),
    "reshaped": (reshaped, (DRAW(12),)),
    "nested": (nested, (A,)),
    "handed out": (handed_out, (A,)),
    "added at": (added_at, (A, B)),
    "named": (named, (A,)),
    "long": (long, (A,)),
    "far": (far, (A,)),
}


def recorded(name: str, limits: Limits = Limits()) -> Run:  # noqa: B008  # it cannot be changed
    function, arguments = CASES[name]
    return recorder.run(function, copy.deepcopy(arguments), limits=limits)


def hooked(name: str, monkeypatch: pytest.MonkeyPatch, limits: Limits = Limits()) -> Run:  # noqa: B008
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "_KEPT", {})
        patch.setattr(rewrite, "sweep_of", lambda node: None)
        # a cell is looked up before what is added to it, as Python does
        patch.setattr(rewrite.Rewriter, "_runs_nothing", lambda self, node: False)
        return recorded(name, limits)


def noted(run: Run) -> list[tuple[Any, ...]]:
    """All entries: where they come from, and what they say."""
    log, left = run.log, [iter(payloads) for payloads in run.log.payloads]
    found = list[tuple[Any, ...]]()
    for number in log.order:
        site, payload = log.sites.sites[number], next(left[number])
        found.append((site.kind.name, log.sites.statements[site.statement].text, repr(payload)))
    assert not any(list(one) for one in left)
    return found


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_a_sweep_notes_what_hooks_note(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = recorded(name), hooked(name, monkeypatch)
    assert noted(ours) == noted(theirs)
    assert repr(ours.result) == repr(theirs.result)
    assert ours.log.ended == theirs.log.ended
    for one in (ours, theirs):
        kept = Kept.of(one.log).payloads
        assert [repr(list(own)) for own in kept] == [repr(list(own)) for own in one.log.payloads]
    assert (ours.log.views, ours.log.unseen) == (theirs.log.views, theirs.log.unseen)
    assert [one.content for one in ours.log.storages] == [one.content for one in theirs.log.storages]


@pytest.mark.parametrize("name", ["linear", "sums", "shifted", "nested", "long", "views", "far"])
def test_a_sweep_runs_without_hooks(name: str) -> None:
    assert any(isinstance(payloads, Column) for payloads in recorded(name).log.payloads)


@pytest.mark.parametrize("turns", [1, 7, 20, 300, 513])
@pytest.mark.parametrize("name", ["linear", "long", "caught"])
def test_a_sweep_ends_with_its_budget(name: str, turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(turns=turns)
    ours, theirs = recorded(name, limits), hooked(name, monkeypatch, limits)
    assert noted(ours) == noted(theirs)
    assert ours.log.ended == theirs.log.ended


def interrupted(a: Any, b: Any) -> Any:
    for i in range(len(a)):
        a[i] += 1
        b[i] += a[i] / b[i]
    return a, b


def test_an_interrupted_sweep_leaves_whole_turns() -> None:
    def interrupt(kind: str, flag: int) -> None:
        raise KeyboardInterrupt

    a, b = np.ones(3), np.array([1.0, 0, 1])
    with np.errstate(call=interrupt, all="call"), pytest.raises(KeyboardInterrupt):
        recorder.run(interrupted, [a, b])
    assert (a.tolist(), b.tolist()) == ([2, 1, 1], [3, 0, 1])


def test_a_function_recorded_again_is_judged_by_what_its_names_mean_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert record(used, A).result.tolist() == A.tolist()
    monkeypatch.setitem(globals(), "tool", SimpleNamespace(negative=lambda a: a.__imul__(-1)))
    recording = record(used, A)
    recording.seek(recording.total)
    assert recording.arrays["a"].tolist() == (-A).tolist()
