"""The table of quality bars: every ratio measured side by side in this run.

    python -m tests.benchmarks [--quick] [--markdown] [--only WORD]

What computes is measured in the time its thread computes, so that other programs on the machine
distort little; what starts a process is measured by the clock, both sides in turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from convstep.conv.problem import Problem
from tests.benchmarks import layers, loop_rows, recording_rows, screen_rows, start_rows, travel_rows
from tests.benchmarks.measuring import Row


def main() -> int:
    """Measure, print, and answer with 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="a smaller layer and fewer repeats")
    parser.add_argument("--markdown", action="store_true", help="a Markdown table")
    groups = ("loop", "travel", "recording", "screen", "start")
    parser.add_argument("--only", choices=groups, help="one group of rows")
    given = parser.parse_args()
    say(machine())
    stem = layers.stem(given.quick)
    if given.quick:
        say(f"quick: {stem.total_steps:,} steps instead of 802,816, for which the bars on seeks are meant")
    say("")
    line, measured = (_markdown if given.markdown else _plain), []
    say(line(None))
    if given.markdown:
        say("| --- | --- | --- | --- | --- | --- |")
    for group in groups:
        if given.only in (None, group):
            for row in _rows(group, stem, given.quick):
                measured.append(row)
                say(line(row))
    return 0 if all(row.ok for row in measured) else 1


def _rows(group: str, stem: Problem, quick: bool) -> Iterator[Row]:
    match group:
        case "loop":
            return loop_rows.rows(stem, quick)
        case "travel":
            return travel_rows.rows(stem, quick)
        case "recording":
            return recording_rows.rows(quick)
        case "screen":
            return screen_rows.rows(stem, quick)
        case _:
            return start_rows.rows(quick)


def say(line: str) -> None:
    """Print at once: a row may take a minute."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def machine() -> str:
    """What it is measured on, in one line."""
    versions = [f"{name} {version(name.lower())}" for name in ("NumPy", "torch", "Textual")]
    return " · ".join(
        [f"{_processor()}, {os.cpu_count()} cores", f"Python {platform.python_version()}", *versions]
    )


def _processor() -> str:
    """The processor's name; Linux keeps it in a file of its own."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cells(row: Row | None) -> list[str]:
    if row is None:
        return ["what", "at most", "measured", "ours", "theirs", ""]
    return [
        row.what,
        _ratio(row.most),
        _ratio(row.ratio),
        _amount(row.ours, row.unit),
        _amount(row.theirs, row.unit),
        "ok" if row.ok else "MISSED",
    ]


def _plain(row: Row | None) -> str:
    widths = (66, 8, 9, 9, 9, 6)
    return "  ".join(cell.ljust(width) for cell, width in zip(_cells(row), widths, strict=True)).rstrip()


def _markdown(row: Row | None) -> str:
    return f"| {' | '.join(_cells(row))} |"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio > 0.2 else f"1/{1 / ratio:,.0f}"


def _amount(amount: float, unit: str) -> str:
    """Seconds or bytes in three digits: `0.52 ms`, `14.9 MB`."""
    steps = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs")), "B": ((1e6, "MB"), (1e3, "kB"), (1, "B"))}[unit]
    size, name = next((step for step in steps if amount >= step[0]), steps[-1])
    return f"{amount / size:.3g} {name}"


if __name__ == "__main__":
    sys.exit(main())
