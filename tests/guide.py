"""README and the guide as tests see them, and the lists in them that the program writes itself.

python -m tests.guide     writes those lists anew, after a change of what they are made from
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from convstep.ui.commands import APP, CANDIDATE, LESSON, OWN, groups
from convstep.ui.dialogs.help import MARKS

ROOT = Path(__file__).parents[1]
GUIDE = tuple(sorted(ROOT.glob("convstep/guide/*.md")))
PAGES = (ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md", *GUIDE)
"""Whatever is written for people, but for lessons."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def block(marker: str) -> str:
    """The code block after a marker, whichever page it is on."""
    pattern = rf"<!-- {re.escape(marker)} -->\n(````?)\w+\n(.*?)\n\1\n"
    (found,) = (found for page in PAGES for found in re.finditer(pattern, text_of(page), re.DOTALL))
    return f"{found[2]}\n"


def part(marker: str) -> str:
    """What stands between a marker and its end, whichever page it is on."""
    (found,) = (found for page in PAGES for found in _parts(marker, text_of(page)))
    return found[2]


def _parts(marker: str, text: str) -> Iterable[re.Match[str]]:
    pattern = rf"(<!-- {re.escape(marker)}: [^\n]* -->\n)(.*?)(<!-- end of {re.escape(marker)} -->\n)"
    return re.finditer(pattern, text, re.DOTALL)


def keys() -> str:
    """Every key of the one table, under its heading; those of one mode last."""
    found, last, parts = groups(), (APP, OWN, CANDIDATE, LESSON), []
    for heading in (*(heading for heading in found if heading not in last), *last):
        rows = (f"- {' '.join(f'`{key}`' for key in one.key_texts)}: {one.help}\n" for one in found[heading])
        parts.append(f"### {heading}\n\n{''.join(rows)}")
    return "\n" + "\n".join(parts) + "\n"


def marks() -> str:
    """Every mark on the screen, as its help explains it."""
    return "\n" + "".join(f"- `{mark}`: {meaning}\n" for mark, meaning in MARKS) + "\n"


WRITTEN: dict[str, Callable[[], str]] = {"keys": keys, "marks": marks}
"""What is written by the program, by its marker."""


def written(text: str) -> str:
    """A page with its lists as the program has them now."""
    for marker, write in WRITTEN.items():
        for found in _parts(marker, text):
            text = text.replace(found[0], f"{found[1]}{write()}{found[3]}")
    return text


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(written(text_of(page)), encoding="utf-8")
