"""`convstep help`: the guide, in the terminal."""

from __future__ import annotations

import difflib
from importlib import resources
from importlib.resources.abc import Traversable

from convstep.cli.arguments import positional
from convstep.cli.commands import COMMANDS
from convstep.cli.console import FINE, UsageError, page_width, say, say_drawn
from convstep.frozen import frozen

GUIDE = resources.files("convstep") / "guide"
"""The folder of the guide: a Markdown file a topic, whose first heading is its title."""


@frozen()
class Options:
    """What `convstep help` is asked."""

    topic: str | None = positional("TOPIC", "by default, the topics are listed", nargs="?")


def run(options: Options) -> int:
    """List the topics, or show one."""
    files = sorted(GUIDE.iterdir(), key=lambda file: file.name)
    topics = {file.name[:-3]: file for file in files if file.name.endswith(".md")}
    if options.topic is None:
        width = max(map(len, topics))
        say(*(f"{topic:<{width}}  {_title(file)}" for topic, file in topics.items()))
        say("\n`convstep help TOPIC` shows one; `convstep COMMAND --help` lists the options of a command")
        return FINE
    if options.topic not in topics:
        raise UsageError(_unknown(options.topic, list(topics)))
    from convstep.view.text.markdown import draw_markdown

    text = topics[options.topic].read_text(encoding="utf-8")
    say_drawn(draw_markdown(text, page_width(), code_indent=4))
    return FINE


def _title(file: Traversable) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.strip("# ").replace("`", "") for line in lines if line.startswith("#")), "")


def _unknown(topic: str, topics: list[str]) -> str:
    close = difflib.get_close_matches(topic.lower(), topics, n=1)
    if topic in COMMANDS:
        meant = f"did you mean `convstep {topic} --help`?"
    elif close:
        meant = f"did you mean `convstep help {close[0]}`?"
    else:
        meant = f"the topics are {', '.join(topics)}"
    return f"there is no topic {topic!r}; {meant}"
