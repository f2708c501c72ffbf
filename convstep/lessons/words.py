"""What lessons say by themselves, in English and Chinese: one table beside this file."""

from __future__ import annotations

import functools
import locale
import os
import re
import tomllib
from collections.abc import Mapping
from importlib import resources


@functools.cache
def sentences() -> Mapping[str, Mapping[str, str]]:
    """By language and key; both languages have the same keys and the same places to fill in."""
    return tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def say(language: str, key: str, **values: object) -> str:
    """A sentence in one of `LANGUAGES`, filled in."""
    return sentences()[language][key].format(**values)


def escaped(text: str) -> str:
    """A text whose signs mean themselves where Markdown is read."""
    return re.sub(r"[\\`*<\[&]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def default_language() -> str:
    """The language of this computer's settings, English unless they say Chinese."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if found := os.environ.get(name, ""):
            return "zh" if found.lower().startswith("zh") else "en"
    found = locale.getlocale()[0] or ""  # Windows says "Chinese (Simplified)_China"
    return "zh" if found.lower().startswith(("zh", "chinese")) else "en"
