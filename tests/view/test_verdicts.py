from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.oracle.comparison import Comparison, compare
from convstep.view.numbers.text import short
from convstep.view.verdicts import DIFFERS, MATCHES, comparison_rows, comparison_table, table_width
from tests.oracle.problems import altered


def compared(problem: Problem | None = None, *, wrong: bool = False) -> Comparison:
    problem = problem or catalog.load("stride-2")
    timeline = Timeline(problem)
    timeline.seek(problem.total_steps)
    dW, db, dA = timeline.settled_copy()
    if wrong:
        dW[1, 0, 2, 0] += 0.5
    return compare(problem, gradients=(dW, db, dA), oracle="numeric")


def lines(comparison: Comparison, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(comparison_table(comparison, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def line_of(comparison: Comparison, name: str, width: int = 110) -> str:
    return next(line for line in lines(comparison, width) if line.split()[:1] == [name])


def test_every_gradient_has_a_line_with_its_numbers() -> None:
    comparison = compared()
    for row in comparison.rows:
        line = line_of(comparison, row.name)
        assert "x".join(map(str, row.shape)) in line
        assert short(row.max_abs_error, 3) in line
        assert short(row.max_rel_error, 3) in line
        assert f"[{', '.join(map(str, row.worst_index))}]" in line
        assert short(row.tolerance, 3) in line
        assert line.rstrip().endswith(MATCHES)


def test_wrong_gradient_is_said_to_differ_where_it_is_worst() -> None:
    comparison = compared(wrong=True)
    line = line_of(comparison, "dW")
    assert line.rstrip().endswith(DIFFERS)
    assert "[1, 0, 2, 0]" in line
    assert line_of(comparison, "db").rstrip().endswith(MATCHES)


@pytest.mark.parametrize("width", [54, 60, 74, 78, 106, 200])
def test_verdicts_and_tolerances_are_seen_at_every_width(width: int) -> None:
    comparison = compared(wrong=True)
    drawn = lines(comparison, width)
    assert all(len(line.rstrip()) <= width for line in drawn)
    assert "…" not in "".join(drawn)
    assert sum(DIFFERS in line for line in drawn) == 1
    assert sum(MATCHES in line for line in drawn) == 2
    assert "tolerance" in drawn[0]
    assert "worst at" in drawn[0]
    assert ("shape" in drawn[0]) == (width >= 74)
    assert all(short(row.tolerance, 3 if width >= 74 else 2) in "".join(drawn) for row in comparison.rows)


def test_the_command_line_has_the_words_and_numbers_of_the_screen() -> None:
    comparison = compared(wrong=True)
    drawn = [line.split() for line in lines(comparison, 200)]
    assert drawn == [" ".join(row).split() for row in comparison_rows(comparison)]
    assert table_width(comparison_rows(comparison, 76)) <= 76


def test_without_a_bias_there_is_no_line_for_it() -> None:
    drawn = lines(compared(Problem(np.ones((4, 5, 1)), np.ones((2, 2, 3, 1)), None, None)), 100)
    assert len(drawn) == 3


def test_nan_and_infinite_errors_are_written() -> None:
    comparison = compared()
    row = altered(comparison.rows[0], max_abs_error=np.inf, max_rel_error=np.nan, ok=False)
    line = line_of(replace(comparison, rows=(row, *comparison.rows[1:])), "dW")
    assert "inf" in line
    assert "nan" in line


def test_cells_that_were_not_checked_are_told() -> None:
    comparison = compared()
    assert "not checked" not in comparison.verdict
    cells = np.zeros(comparison.rows[0].shape, np.bool_)
    cells.flat[:3] = True
    part = replace(comparison, rows=(altered(comparison.rows[0], cells=cells), *comparison.rows[1:]))
    checked, every = part.checked
    assert part.verdict.startswith(f"{checked} of {every} gradients were checked and match ")
    assert "All " not in part.verdict
    wrong = replace(part, rows=(altered(part.rows[0], differs=cells), *part.rows[1:]))
    assert wrong.verdict.startswith(f"3 of {checked} gradients differ from ")
    assert wrong.verdict.endswith(f"; {every - checked} more were not checked")
