"""`convstep open` and `convstep compare` on everything that was captured, call by call."""

from __future__ import annotations

import json
import math
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from convstep.cli import DIFFERENT, FINE, UsageError, lacking
from convstep.cli_problems import TENSOR_FILES, is_path, layer_in
from convstep.conv.number_text import short
from convstep.printable import printable
from convstep.replay.session import ENDING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from convstep.oracle.captured import Captured, CapturedLayer
    from convstep.oracle.comparison import Comparison, Row

HEADING = "layer:call"
"""As it stands after the file's name and a colon."""
WIDTH = 27
"""Columns of a comparison in the table: `✓ dA_prev 1.19e-7 ≤ 1.4e-6`."""


def run_in(name: str) -> Captured | None:
    """What a name on the command line means if it is a file of several captured calls, and no layer of it.

    Raises:
        ProblemError: it is damaged, or does not fit into the memory.
    """
    if layer_in(name)[1] or name.lower().endswith((ENDING, *TENSOR_FILES)) or not is_path(name):
        return None
    from convstep.oracle.captured import Captured
    from convstep.oracle.run_file import holds_several

    return Captured.load(name) if holds_several(name) else None


def open_run(captured: Captured, given: argparse.Namespace) -> None:
    """Open the picker.

    Raises:
        UsageError: there is no terminal, or an option is about one layer.
    """
    if given.goto is not None or given.breaks:
        raise UsageError("--goto and --break are about one layer; add --layer NAME")
    if lack := lacking():
        raise UsageError(f"convstep open needs {lack}; `convstep compare {given.problem}` works without one")
    from convstep.ui.layers_app import LayersApp
    from convstep.ui.running import run

    run(LayersApp(captured.layers, skipped=captured.skipped, file=given.problem))


def compare_run(captured: Captured, given: argparse.Namespace, say: Callable[..., None]) -> int:
    """Compare every call, and say a line of each as soon as it is known.

    Args:
        captured: the run.
        given: the command line.
        say: prints lines; its `code` is what they come to so far.

    Returns:
        FINE, or DIFFERENT if one gradient of one call differs.
    """
    compared: list[_Compared] = []
    code = FINE
    names = max(len(HEADING), *(len(_name(layer)) for layer in captured.layers))
    if not given.json:
        say(f"{HEADING:<{names}}  {'independent':<{WIDTH}}  recorded")
    for layer in captured.layers:
        compared.append(_compared(layer))
        code = code if compared[-1].ok else DIFFERENT
        if not given.json:
            say(f"{_name(layer):<{names}}  {compared[-1].line}", code=code)
    if given.json:
        from convstep.view.panels.trace import json_value

        found: dict[str, Any] = {"problem": given.problem, "ok": code == FINE}
        found["calls"] = [each.as_dict() for each in compared]
        found["skipped"] = [skipped._asdict() for skipped in captured.skipped]
        say(json.dumps(json_value(found), allow_nan=False), code=code)
    else:
        say(*_summary(captured, compared, given.problem), code=code)
    return code


class _Compared(NamedTuple):
    """One call, held against what is right and against what the training computed."""

    layer: CapturedLayer
    independent: Comparison
    recorded: Comparison | None

    @property
    def ok(self) -> bool:
        return self.independent.ok and (self.recorded is None or self.recorded.ok)

    @property
    def line(self) -> str:
        recorded = "-" if self.recorded is None else _cell(self.recorded)
        return f"{_cell(self.independent):<{WIDTH}}  {recorded}"

    def as_dict(self) -> dict[str, Any]:
        named = {"layer": self.layer.name, "call": self.layer.call, "pass": self.layer.step}
        more = {} if self.recorded is None else {"recorded": self.recorded.as_dict()}
        return named | {"note": self.layer.note} | self.independent.as_dict() | more


def _compared(layer: CapturedLayer) -> _Compared:
    from convstep.oracle.comparison import best_comparison, compare

    problem = layer.problem()
    recorded = None if problem.recorded is None else compare(problem, oracle="recorded")
    return _Compared(layer, best_comparison(problem), recorded)


def _name(layer: CapturedLayer) -> str:
    """As `convstep open FILE:` takes it; the number of a call that is not the only one."""
    return f"{printable(layer.name)}:{layer.call}"


def _cell(comparison: Comparison) -> str:
    """The gradients that differ; if none does, the one that comes nearest to it."""
    wrong = [row for row in comparison.rows if not row.ok]
    if wrong:
        return "✗ " + ", ".join(map(_beside_tolerance, wrong))
    nearest = max(comparison.rows, key=lambda row: _error(row) / row.tolerance if row.tolerance else 0.0)
    checked, cells = comparison.checked
    some = "" if checked == cells else f" ({checked} of {cells} cells)"
    return f"✓ {_beside_tolerance(nearest)}{some}"


def _error(row: Row) -> float:
    """In the cell that its tolerance is of; NaN beside NaN is no error."""
    error = abs(float(row.difference[row.worst_index]))
    return 0.0 if row.ok and not math.isfinite(error) else error


def _beside_tolerance(row: Row) -> str:
    error = _error(row)
    if not math.isfinite(error):
        return f"{row.name} NaN or inf"
    return f"{row.name} {short(error, 3)} {'≤' if row.ok else '>'} {short(row.tolerance, 2)}"


def _left_out(calls: int) -> str:
    return f"{calls} {'call' if calls == 1 else 'calls'} not opened"


def _summary(captured: Captured, compared: Sequence[_Compared], name: str) -> list[str]:
    calls = f"{len(compared)} calls of {len(captured.names)} layers"
    wrong = [each for each in compared if not each.ok]
    lines = ["", f"{calls}: every gradient that was compared matches"]
    if wrong:
        first = shlex.quote(f"{name}:{_name(wrong[0].layer)}")
        lines = ["", f"{len(wrong)} of {calls} differ; `convstep open {first}` opens the first of them"]
    for which, comparisons in (
        ("independent", [each.independent for each in compared]),
        ("recorded", [each.recorded for each in compared if each.recorded is not None]),
    ):
        said = dict.fromkeys(
            text for each in comparisons for text in (each.note, each.oracle, each.tolerance_text) if text
        )
        lines += [f"{which}: {text}" for text in said]
    lines += [f"{_name(each.layer)}: {each.layer.note}" for each in compared if each.layer.note]
    lines += [
        f"{_left_out(calls) if name in captured.names else 'not opened'}: {printable(name)}, "
        f"{printable(kind)}: {printable(why)}"
        for name, kind, why, calls in captured.skipped
    ]
    return lines
