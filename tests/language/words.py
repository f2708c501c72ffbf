"""What is left of a Chinese sentence when code, numbers and keys are taken away: nothing."""

from __future__ import annotations

import re

from convstep.candidate.known_bugs.catalogue import KNOWN_BUGS
from convstep.candidate.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED

CODE = frozenset(
    # the article's arguments, and the language of conditions, places and stops
    "stride padding dilation groups same valid input weight bias filters kernel batch seed layout cache "
    "abs min max sum mean any all isnan isinf isfinite step position inf nan and or not is in if else "
    "watch hits start end "
    # what is called and what is written
    "backward forward problem import raise assert print range float int len list dict tuple array axis "
    "zeros copy pad reshape ones edge dtype eps col2im im2col correlate2d full out "
    "article coursera cs231n alx torch auto convstep open check learn export pip install lesson file "
    # keys
    "Enter Esc Tab Space Home End Shift Alt Ctrl".split(" ")
)
"""Words that are names although they look like English."""
IDS = sorted({*KNOWN_BUGS, RETURNED, REFUSED, RAISED, HUNG, DIED}, key=len, reverse=True)
"""What diagnosis calls a bug."""


def english_words(text: str) -> list[str]:
    """The English words in a text: not names of code, numbers, keys, or what stands in quotes.

    >>> english_words("'foo' 不是一步；请输入 dW[0, 1] 或 stride")
    []
    >>> english_words("no such name: dW is not a place")
    ['no', 'such', 'name', 'a', 'place']
    """
    plain = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|--[\w-]+|https?://\S+|\S+\.(?:npz|md|py|json)\b", " ", text)
    for bug in IDS:
        plain = plain.replace(bug, " ")
    words = re.findall(r"(?<![\w./])[A-Za-z][\w.]*", plain)
    return [word for word in map(_bare, words) if word not in CODE and re.fullmatch(r"[A-Z]?[a-z]+|a", word)]


def _bare(word: str) -> str:
    return word.rstrip(".")
