"""`convstep trace`: steps as text, for pipes and screen readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from convstep.cli.arguments import FORWARD, flag, option
from convstep.cli.console import FINE, UsageError, say, say_json
from convstep.cli.recordings import OfStepped, ended_words, nothing_to_step, refuse_unused
from convstep.examples.sizes import number
from convstep.frozen import frozen
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.candidate.record.recorder import Recorded
    from convstep.oracle.captured import Captured
    from convstep.steps.event import Event
    from convstep.steps.stepped import Stepped


@frozen()
class Options(OfStepped):
    """What `convstep trace` is asked."""

    first: int = option("STEP", "default 1", "--from", type=number, default=1)
    last: int | None = option("STEP", "included; by default the last there is", "--to", type=number)
    format: str = option(None, "text, or one JSON object per line", choices=("text", "jsonl"), default="text")
    forward: bool = flag(FORWARD)


def run(options: Options) -> int:
    """Write the steps as they are made; of many captured layers, how large dZ was at each."""
    from convstep.cli.problems import run_in

    if (captured := run_in(options.problem)) is not None:
        return _trace_layers(options, captured)
    if (found := options.stepped(forward=options.forward)) is None:
        return _trace_problem(options)
    with found:
        return _trace_recording(options, found.recorded)


def _trace_layers(options: Options, captured: Captured) -> int:
    if (options.first, options.last, options.forward) != (1, None, False):
        raise UsageError("--from, --to and --forward are about one layer; add --layer NAME")
    refuse_unused(options.values, options.wanted)
    if options.format == "text":
        say(captured.map())
        return FINE
    from convstep.view.panels.layer_map import LayerMap

    for record in LayerMap(captured.layers, captured.skipped).records():
        say_json(record)
    return FINE


def _trace_problem(options: Options) -> int:
    from convstep.cli.problems import DRAWN, pass_of
    from convstep.conv.forward_timeline import ForwardTimeline
    from convstep.conv.timeline import Timeline
    from convstep.view.panels.trace import forward_record, forward_text, step_record, step_text

    forward, problem = pass_of(options.problem, options.forward)
    timeline: Timeline | ForwardTimeline = ForwardTimeline(problem) if forward else Timeline(problem)
    steps = _steps(options, timeline)
    if options.format == "text" and problem.dZ_drawn and not forward:
        say(f"{DRAWN}\n")
    record, text = (forward_record, forward_text) if forward else (step_record, step_text)
    _write(options, timeline, steps, record, text)
    return FINE


def _trace_recording(options: Options, found: Recorded) -> int:
    from convstep.view.scene.trace import event_record, event_text

    recording = found.recording
    if recording.total == 0:
        raise UsageError(nothing_to_step(recording))
    steps = _steps(options, recording)
    if options.format == "text" and found.how:
        say(f"{found.target}: {found.how}\n")

    def noted(event: Event) -> dict[str, object]:
        ended = recording.ended if event.index == recording.total - 1 else None
        return event_record(event) | ({} if ended is None else {"ended": asdict(ended)})

    _write(options, recording, steps, noted, event_text)
    if options.format == "text" and recording.ended is not None:
        say(f"\n{ended_words(recording.ended)}")
    return FINE


def _steps(options: Options, run: Stepped) -> range:
    """The positions that are asked for. Raises UsageError: not all of them exist."""
    first, last = options.first, run.total if options.last is None else options.last
    if not 1 <= first <= last <= run.total:
        raise UsageError(
            f"steps {first} to {last} do not exist; {printable(options.problem)} has steps 1 to {run.total}"
        )
    return range(first, last + 1)


def _write(
    options: Options,
    run: Stepped,
    positions: range,
    record: Callable[[Event], object],
    text: Callable[[Event, int], str],
) -> None:
    run.seek(positions[0] - 1)
    for position in positions:
        run.next()
        if options.format == "jsonl":
            say(json.dumps(record(run.event), allow_nan=False))
        else:
            say(text(run.event, run.total) + ("" if position == positions[-1] else "\n"))
