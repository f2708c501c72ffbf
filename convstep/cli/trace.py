"""`convstep trace`: steps as text, for pipes and screen readers."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

from convstep.cli.arguments import add_layer, add_problem
from convstep.cli.console import FINE, UsageError, say
from convstep.examples.sizes import number


@dataclass(frozen=True, slots=True)
class Options:
    """What `convstep trace` is asked."""

    problem: str
    first: int
    last: int | None
    format: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `convstep trace`."""
    add_problem(parser)
    add_layer(parser)
    parser.add_argument("--from", dest="first", type=number, default=1, metavar="STEP", help="default 1")
    parser.add_argument(
        "--to", dest="last", type=number, metavar="STEP", help="included; by default the last there is"
    )
    parser.add_argument(
        "--format", choices=("text", "jsonl"), default="text", help="text, or one JSON object per line"
    )


def run(options: Options) -> int:
    """Write the steps as they are made."""
    from convstep.cli.problems import DRAWN, load_problem
    from convstep.conv.timeline import Timeline
    from convstep.view.text.trace import step_record, step_text

    problem = load_problem(options.problem)
    total = problem.total_steps
    first, last = options.first, total if options.last is None else options.last
    if not 1 <= first <= last <= total:
        raise UsageError(f"steps {first} to {last} do not exist; {options.problem} has steps 1 to {total}")
    timeline = Timeline(problem)
    timeline.seek(first - 1)
    if options.format == "text" and problem.dZ_drawn:
        say(f"{DRAWN}\n")
    for position in range(first, last + 1):
        timeline.next()
        if options.format == "jsonl":
            say(json.dumps(step_record(timeline.step, timeline.overwritten), allow_nan=False))
        else:
            end = "" if position == last else "\n"
            say(step_text(timeline.step, timeline.overwritten) + end)
    return FINE
