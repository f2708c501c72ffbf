"""`convstep examples`: the bundled problems."""

from __future__ import annotations

from dataclasses import dataclass

from convstep.cli.console import FINE, say
from convstep.examples import EXAMPLES


@dataclass(frozen=True, slots=True)
class Options:
    """What `convstep examples` is asked: nothing."""


def run(options: Options) -> int:
    """List them, with what each shows."""
    width = max(len(example.name) for example in EXAMPLES)
    say(*(f"{example.name.ljust(width)}  {example.description}" for example in EXAMPLES))
    return FINE
