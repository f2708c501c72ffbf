"""`python -m tests.monkey`: many sessions, the findings in the fewest keys, and how many keys there were."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import Counter
from typing import TextIO

from tests.monkey.apps import APPS
from tests.monkey.cage import Watchdog
from tests.monkey.habits import script
from tests.monkey.inputs import Script, counted, kind
from tests.monkey.play import Finding, Player
from tests.monkey.reducing import reduced


def told(found: Finding, seed: str = "") -> str:
    """A finding for a person, with the line that brings it back."""
    about = f"{found.script.app} {found.script.about}, {'x'.join(map(str, found.script.size))}"
    keys = " ".join(found.script.keys)
    shown = keys if len(keys) < 400 else keys[:200] + " … " + keys[-200:]
    once = "" if found.returns else "  it did not come back when the same was played again\n"
    return (
        f"\n{found.kind}\n{once}  {about}{f', seed {seed}' if seed else ''}: {shown!r}\n"
        f"  python -m tests.monkey --replay {shlex.quote(found.script.json)}\n{found.trace}"
    )


def say(line: str, to: TextIO | None = None) -> None:
    """A line, at once."""
    (to or sys.stdout).write(line + "\n")
    (to or sys.stdout).flush()


class Totals:
    """What was played, and what was found."""

    def __init__(self) -> None:
        self.keys: Counter[str] = Counter()
        self.inputs: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.seconds = 0.0
        """Of playing, without reducing."""

    def add(self, played: Script, found: Finding | None, seconds: float) -> bool:
        """Count a session; whether its finding is new."""
        self.seconds += seconds
        for word in (found.script if found else played).keys:
            self.keys[played.app] += kind(word) == "keys"
            self.inputs[kind(word)] += counted(word)
        if found is not None:
            self.found[found.kind] += 1
        return found is not None and self.found[found.kind] == 1

    def progress(self, session: str) -> None:
        """A line before each session: if nothing else is said of it, that is where it hangs."""
        speed = self.keys.total() / max(self.seconds, 1e-9)
        count = f"{self.keys.total():,} keys, {speed:.0f}/s, {len(self.found)} findings"
        say(f"{count}; now {session}", sys.stderr)

    def summary(self) -> str:
        """Everything at the end."""
        apps = ", ".join(f"{app} {count:,}" for app, count in self.keys.items())
        kinds = ", ".join(f"{count:,} {name}" for name, count in sorted(self.inputs.items()) if name)
        found = "".join(f"\n{count:5} x {name}" for name, count in self.found.most_common())
        return f"{self.keys.total():,} keys ({apps})\n{kinds}\n{len(self.found)} findings{found}"


def main(arguments: list[str] | None = None) -> int:
    """Play; 1 if something was found."""
    given = _parser().parse_args(arguments)
    player = Player(patience=given.patience)

    # the player notices most hangs itself, and says more about them
    with Watchdog(2 * given.patience, ends=True) as watchdog:
        player.beat = watchdog.beat
        if given.replay:
            found = player.play(Script.of_json(given.replay))
            say(told(found) if found else "nothing broke")
            return 1 if found else 0
        return _sessions(given, player)


def _sessions(given: argparse.Namespace, player: Player) -> int:
    totals = Totals()
    apps = list(APPS) if given.app == "all" else [given.app]
    number = given.first
    try:
        while totals.keys.total() < given.keys:
            app, seed = apps[number % len(apps)], f"{given.seed}/{number}"
            number += 1
            planned = script(app, APPS[app][1], seed, min(given.session_keys, given.keys))
            totals.progress(f"{app} {seed}")
            began = time.monotonic()
            found = player.play(planned)
            if totals.add(planned, found, time.monotonic() - began) and found is not None:
                say(told(reduced(player, found, given.reduce), seed))
                if not given.go_on:
                    break
    except KeyboardInterrupt:
        say(f"interrupted in session {given.seed}/{number - 1}")
    say(totals.summary())
    return 1 if totals.found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description=__doc__)
    parser.add_argument("--keys", type=int, default=2000, help="how many keys at least")
    parser.add_argument("--seed", default="0", help="decides every session")
    parser.add_argument("--first", type=int, default=0, help="the number of the first session")
    parser.add_argument("--app", choices=[*APPS, "all"], default="all")
    parser.add_argument("--session-keys", type=int, default=250, help="keys in one app, at least")
    parser.add_argument(
        "--go-on", action="store_true", help="go on after a finding; each kind is reduced once"
    )
    parser.add_argument("--reduce", type=float, default=60.0, metavar="SECONDS", help="for the fewest keys")
    parser.add_argument(
        "--patience", type=float, default=30.0, metavar="SECONDS", help="without progress: a hang"
    )
    parser.add_argument("--replay", metavar="SCRIPT", help="play one session again, as a finding prints it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
