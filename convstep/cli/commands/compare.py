"""`convstep compare`: every gradient held against an independent source; of many layers, a line each."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convstep.cli.arguments import OfProblem, flag
from convstep.cli.console import DIFFERENT, FINE, say, say_json
from convstep.frozen import NamedTuple, frozen
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.conv.problem import Problem
    from convstep.oracle.captured import Captured, CapturedLayer
    from convstep.oracle.comparison import Comparison
    from convstep.oracle.row import Row


HEADING = "layer:call"
"""As it stands after the file's name and a colon."""
WIDTH = 27
"""Columns of a comparison in the table: `✓ dA_prev 1.19e-7 ≤ 1.4e-6`."""


@frozen()
class Options(OfProblem):
    """What `convstep compare` is asked."""

    explain: bool = flag("say by what formula a cell may be off")
    json: bool = flag("one JSON object, which has the formulas too")


def run(options: Options) -> int:
    """Compare a problem, or every call of a file of many, each said as soon as it is known."""
    from convstep.cli.problems import DRAWN, load_problem, run_in

    if (captured := run_in(options.problem)) is not None:
        return _compare_run(captured, options)
    problem = load_problem(options.problem)
    found = _Compared.of(problem)
    code = FINE if found.ok else DIFFERENT
    if options.json:
        say_json({"problem": options.problem, "dZ_drawn": problem.dZ_drawn} | found.as_dict(), code)
        return code
    lines = _table(found.independent, options.explain)
    if found.recorded is not None:
        lines += ["\nrecorded:", *_table(found.recorded, options.explain)]
    if problem.dZ_drawn:
        lines.append(DRAWN)
    say(*lines, code=code)
    return code


class _Compared(NamedTuple):
    """A problem held against what is right and against what the training computed."""

    independent: Comparison
    recorded: Comparison | None

    @staticmethod
    def of(problem: Problem) -> _Compared:
        from convstep.oracle.comparison import best_comparison, compare

        recorded = None if problem.recorded is None else compare(problem, oracle="recorded")
        return _Compared(best_comparison(problem), recorded)

    @property
    def ok(self) -> bool:
        return self.independent.ok and (self.recorded is None or self.recorded.ok)

    @property
    def line(self) -> str:
        recorded = "-" if self.recorded is None else _cell(self.recorded)
        return f"{_cell(self.independent):<{WIDTH}}  {recorded}"

    def as_dict(self) -> dict[str, Any]:
        more = {} if self.recorded is None else {"recorded": self.recorded.as_dict()}
        return self.independent.as_dict() | more


def _table(comparison: Comparison, explain: bool) -> list[str]:
    from convstep.view.verdicts import comparison_rows

    lines = [sentence for sentence in (comparison.note, comparison.verdict) if sentence]
    table = comparison_rows(comparison)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        lines.append("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return [*lines, comparison.tolerance_text] if explain else lines


def _compare_run(captured: Captured, options: Options) -> int:
    """Compare every call, and say a line of each as soon as it is known."""
    compared: list[_Compared] = []
    code = FINE
    names = max(len(HEADING), *(len(_name(layer)) for layer in captured.layers))
    if not options.json:
        say(f"{HEADING:<{names}}  {'independent':<{WIDTH}}  recorded")
    for layer in captured.layers:
        compared.append(_Compared.of(layer.problem()))
        code = code if compared[-1].ok else DIFFERENT
        if not options.json:
            say(f"{_name(layer):<{names}}  {compared[-1].line}", code=code)
    if options.json:
        calls = [_call(*each) for each in zip(captured.layers, compared, strict=True)]
        skipped = [skipped._asdict() for skipped in captured.skipped]
        say_json({"problem": options.problem, "ok": code == FINE, "calls": calls, "skipped": skipped}, code)
    else:
        say(*_summary(captured, compared, options), code=code)
    return code


def _call(layer: CapturedLayer, found: _Compared) -> dict[str, Any]:
    named = {"layer": layer.name, "call": layer.call, "pass": layer.step, "note": layer.note}
    return named | found.as_dict()


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
    return f"{row.name} {in_order(error, row.tolerance, row.ok)}"


def in_order(error: float, tolerance: float, ok: bool) -> str:
    """An error beside its tolerance, with as many digits as make what is printed true.

    >>> in_order(5.25e-8, 7.71e-8, True), in_order(8.32371e-9, 8.32402e-9, True)
    ('5.25e-8 ≤ 7.7e-8', '8.3237e-9 ≤ 8.324e-9')
    """
    from convstep.steps.number_text import short

    for digits in range(2, 18):
        printed = short(error, digits + 1), short(tolerance, digits)
        if (float(printed[0]) <= float(printed[1])) == ok:
            break
    return f"{printed[0]} {'≤' if ok else '>'} {printed[1]}"


def _summary(captured: Captured, compared: Sequence[_Compared], options: Options) -> list[str]:
    calls = f"{len(compared)} calls of {len(captured.names)} layers"
    wrong = [layer for layer, found in zip(captured.layers, compared, strict=True) if not found.ok]
    lines = ["", f"{calls}: every gradient that was compared matches"]
    if wrong:
        first = shlex.quote(f"{options.problem}:{_name(wrong[0])}")
        lines = ["", f"{len(wrong)} of {calls} differ; `convstep open {first}` opens the first of them"]
    for which, comparisons in (
        ("independent", [each.independent for each in compared]),
        ("recorded", [each.recorded for each in compared if each.recorded is not None]),
    ):
        said = [
            text
            for each in comparisons
            for text in (each.note, each.oracle, each.tolerance_text if options.explain else "")
        ]
        lines += [f"{which}: {text}" for text in dict.fromkeys(said) if text]
    lines += [f"{_name(layer)}: {layer.note}" for layer in captured.layers if layer.note]
    for skipped, kind, why, calls_of_it in captured.skipped:
        count = (
            f"{calls_of_it} {'call' if calls_of_it == 1 else 'calls'} " if skipped in captured.names else ""
        )
        lines.append(f"{count}not opened: {printable(skipped)}, {printable(kind)}: {printable(why)}")
    return lines
