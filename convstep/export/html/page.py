"""A page: a tape, what is told beside it, and the script that plays it, in one file that loads nothing."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from importlib.metadata import version

import numpy as np

from convstep.export.html.cells import COLOURS, MINUS_INF, NAN, PLUS_INF, Json
from convstep.export.html.prose import inline
from convstep.export.html.tape import Tape
from convstep.frozen import frozen
from convstep.language import spoken, tr
from convstep.printable import printable
from convstep.view.grid.colours import HUES
from convstep.view.numbers.scale import STEPS, Scale

SECONDS = 0.6
"""How long a step stands while the page plays."""

_GROUNDS = {
    True: "--ground:#14161a;--raised:#23272e;--ink:#eceef1;--quiet:#a9b0ba;--line:#6f7885;"
    "--good:#6ee7a0;--wrong:#ff9b9b;",
    False: "--ground:#ffffff;--raised:#f0f2f4;--ink:#16181c;--quiet:#545c66;--line:#8a929c;"
    "--good:#0f6b34;--wrong:#a51c1c;",
}
"""The page's own colours, on dark and on light screens."""
_VALUES = {
    letter: float(np.copysign(((k - STEPS) / STEPS) ** 2, k - STEPS)) for k, letter in enumerate(COLOURS)
} | {NAN: np.nan, PLUS_INF: np.inf, MINUS_INF: -np.inf}
"""A value of each colour, by its letter."""
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_FOR_SCRIPTS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What would end the script, or mean something else there; in JSON they stand in strings alone."""


@frozen()
class Page:
    """What a page is made of."""

    title: str
    """Plain text."""
    facts: Sequence[str]
    """The same, beside the title; of a lesson a line of Markdown."""
    tape: Tape
    titles: Sequence[str]
    """Of the sources, the last one for a place with a single one."""
    told: str = ""
    """HTML that stands beside the scenes; whoever makes it escapes what is not theirs."""
    kind: str = "run"
    """`run`, `candidate` or `lesson`."""
    start: int = 0
    """The position at which it opens."""
    seconds: float = SECONDS
    """How long a step stands while it plays."""
    more: Mapping[str, Json] | None = None
    """What else the script is told."""


def page_html(page: Page) -> str:
    """The whole file."""
    shades = (f".v{letter}{{background:var(--v{letter});color:var(--k{letter})}}" for letter in _VALUES)
    schemes = {"light": _scheme(dark=False), "dark": _scheme(dark=True), "ramp": "".join(shades)}
    style = _filled(_file("page.css"), schemes)
    files = ("replay.js", "judge.js", "lesson.js") if page.kind == "lesson" else ("replay.js",)
    script = "\n".join([*map(_file, files), "begin();\n"])
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _filled(
        _file("page.html"),
        {
            **{name: escape(text) for name, text in _labels().items()},
            "language": "zh-Hans" if spoken() == "zh" else "en",
            "version": version("convstep"),
            "policy": escape(policy),
            "title": escape(printable(page.title)),
            "facts": " · ".join(
                inline(fact) if page.kind == "lesson" else escape(printable(fact, None))
                for fact in page.facts
            ),
            "kind": page.kind,
            "told": page.told,
            "key_list": _key_list(lesson=page.kind == "lesson", window=page.tape.has_window),
            "style": style,
            "script": script,
            "data": _json(_data(page)),
        },
    )


def _data(page: Page) -> dict[str, Json]:
    tape = page.tape
    return {
        "frames": tape.frames,
        "faces": tape.faces,
        "whole": tape.whole,
        "staged": tape.staged,
        "sources": tape.sources,
        "titles": [printable(title) for title in page.titles],
        "start": page.start,
        "seconds": page.seconds,
        "words": _words(),
        **(page.more or {}),
    }


def _json(value: Json) -> str:
    """JSON that can stand in a script: nothing in it can end that."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=int
    ).translate(_FOR_SCRIPTS)


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """A template with its places filled in, once: what is filled in has no places."""
    return _PLACE.sub(lambda found: parts[found[1]], template)


@functools.cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """What a policy calls the one script, or style, that may be used."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _scheme(*, dark: bool) -> str:
    """The colours of a scheme as variables."""
    hues = "".join(f"--{name}:{hue};--{name}-tint:{hue}66;" for name, hue in HUES[dark].items())
    scale = Scale(1.0, dark)
    ramp = "".join(
        f"--v{letter}:{scale.background(value)};--k{letter}:{scale.foreground(value)};"
        for letter, value in _VALUES.items()
    )
    return _GROUNDS[dark] + hues + ramp


def _labels() -> dict[str, str]:
    """What the page's own parts are called."""
    return {
        "theme": tr("light or dark"),
        "noscript": tr("This page steps through its numbers with a script of its own; scripts are off here."),
        "replay": tr("the steps"),
        "controls": tr("steps and time"),
        "first": tr("to the first step"),
        "back": tr("one step back"),
        "less": tr("one addition back"),
        "more": tr("one addition on"),
        "next": tr("one step on"),
        "last": tr("to the last step"),
        "play": tr("play"),
        "window": tr("window"),
        "step": tr("step"),
        "keys": tr("Keys"),
        "legend": tr(
            "framed: the cells that the step reads or writes; underlined: what the step has changed; "
            "reversed: the value that it takes; italic: steps still to come; blue below zero, orange above"
        ),
        "fixed": tr(
            "The numbers of this page are fixed: to change one and see what comes of it, open the same in "
            "the terminal and press Enter on its cell"
        ),
    }


def _words() -> dict[str, str]:
    """What the script puts in its places."""
    return {
        "at": tr("step {position}/{total}"),
        "start": tr("before step 1/{total}"),
        "part": tr("rows {top} to {bottom} of {rows}, columns {left} to {right} of {columns}"),
        "writes_heading": tr("this step"),
        "forward_heading": tr("forward"),
        "after": tr("after"),
        "will_be": tr("will be"),
        "play": tr("play"),
        "pause": tr("pause"),
        "not_judged": tr("this page cannot judge that; type it as a number, or compare it with the answer"),
    }


def _key_list(*, lesson: bool, window: bool) -> str:
    keys = {
        "n → Space": tr("one step on"),
        "N ← Backspace": tr("one step back"),
        "s S": tr("one addition on, or back"),
        "f F": tr("to the end, or the start, of the innermost loop"),
        "Home End": tr("to the first step, or the last"),
        "g": tr("type a step to go to"),
        "e": tr("play, or pause"),
    }
    if window:
        keys["V"] = tr("the step's window, forward above backward")
    if lesson:
        keys |= {
            "p PageDown": tr("next page"),
            "P PageUp": tr("previous page"),
            "h": tr("hint"),
            "A": tr("show answer"),
        }
    return "".join(f"<dt><kbd>{escape(key)}</kbd></dt><dd>{escape(said)}</dd>" for key, said in keys.items())
