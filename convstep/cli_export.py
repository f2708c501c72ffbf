"""`convstep export`: pictures of the screen, with a candidate beside the reference or without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from convstep.cli import UsageError
from convstep.cli_problems import load_problem, watched_cell

if TYPE_CHECKING:
    import argparse


def export(given: argparse.Namespace) -> list[Path]:
    """Draw what a command line asks for.

    Returns:
        The files written.

    Raises:
        UsageError: something in it cannot be.
        OSError: a file cannot be written.
    """
    output = Path(given.output)
    if output.suffix != ".svg":
        raise UsageError(f"{given.output} is not an .svg; end the name of -o in .svg")
    if given.candidate is not None:
        return _export_candidate(given, output)
    if given.diagnosis:
        raise UsageError("--diagnosis is about a candidate; add --candidate path.py:function")
    for value, name in ((given.problem, "PROBLEM"), (given.steps, "--steps")):
        if value is None:
            raise UsageError(f"{name} is missing; see `convstep export --help`")
    problem = load_problem(given.problem)
    positions = _positions(given.steps, given.problem, problem.total_steps)
    why = None if given.why is None else watched_cell(given.why, problem)
    from convstep.export.svg import export_svg

    return export_svg(
        problem, given.problem, positions, output, given.size, comparison=given.compare, why=why
    )


def _export_candidate(given: argparse.Namespace, output: Path) -> list[Path]:
    if given.compare or given.why is not None:
        raise UsageError("--compare and --why are about the reference; leave --candidate out")
    from convstep.candidate.stepping import CandidateTimeline
    from convstep.cli_candidate import opened, shown_problem, swept
    from convstep.export.svg import export_candidate_svg

    problem = None if given.problem is None else load_problem(given.problem)
    with opened(given.candidate, given) as worker:
        verdict = swept(worker, given, problem)
        shown = shown_problem(verdict, problem)
        timeline = CandidateTimeline(worker, verdict, shown)
        positions: list[int | None] = [None]
        if given.steps is not None:
            positions = [*_positions(given.steps, given.problem or "this problem", shown.total_steps)]
        return export_candidate_svg(
            timeline, given.candidate, positions, output, given.size, diagnosis=given.diagnosis
        )


def _positions(steps: tuple[int, int | None], name: str, total: int) -> range:
    """The positions of `--steps`; all of them must exist."""
    first, last = steps[0], total if steps[1] is None else steps[1]
    if not 0 <= first <= last <= total:
        raise UsageError(f"steps {first}:{last} do not exist; {name} has positions 0 to {total}")
    return range(first, last + 1)
