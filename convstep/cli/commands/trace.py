"""`convstep trace`: steps as text, for pipes and screen readers."""

from __future__ import annotations

import json
from dataclasses import dataclass

from convstep.cli.arguments import FORWARD, OfProblem, flag, option
from convstep.cli.console import FINE, UsageError, say
from convstep.examples.sizes import number

USE = "write steps as text"


@dataclass(frozen=True, slots=True)
class Options(OfProblem):
    """What `convstep trace` is asked."""

    first: int = option("STEP", "default 1", "--from", type=number, default=1)
    last: int | None = option("STEP", "included; by default the last there is", "--to", type=number)
    format: str = option(None, "text, or one JSON object per line", choices=("text", "jsonl"), default="text")
    forward: bool = flag(FORWARD)


def run(options: Options) -> int:
    """Write the steps as they are made."""
    from convstep.cli.problems import DRAWN, pass_of
    from convstep.conv.forward_timeline import ForwardTimeline
    from convstep.conv.timeline import Timeline
    from convstep.view.panels.trace import forward_record, forward_text, step_record, step_text

    forward, problem = pass_of(options.problem, options.forward)
    total = problem.total_steps
    first, last = options.first, total if options.last is None else options.last
    if not 1 <= first <= last <= total:
        raise UsageError(f"steps {first} to {last} do not exist; {options.problem} has steps 1 to {total}")
    timeline: Timeline | ForwardTimeline
    timeline, text, record = Timeline(problem), step_text, step_record
    if forward:
        timeline, text, record = ForwardTimeline(problem), forward_text, forward_record
    timeline.seek(first - 1)
    if options.format == "text" and problem.dZ_drawn and not forward:
        say(f"{DRAWN}\n")
    for position in range(first, last + 1):
        timeline.next()
        if options.format == "jsonl":
            say(json.dumps(record(timeline.event), allow_nan=False))
        else:
            end = "" if position == last else "\n"
            say(text(timeline.event, total) + end)
    return FINE
