"""What is left of a Chinese sentence when code, numbers and keys are taken away: nothing."""

from __future__ import annotations

import re

from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS

_WORDS = """
stride padding dilation groups same valid input weight bias filters kernel batch seed layout cache
abs min max sum mean size eps any all isnan isinf isfinite step position inf nan and or not is in if else
lambda watch hits start end db dz dout None True False
backward forward problem debug import raise except exec assert print range float int reshape zeros edge dtype
function shape group rate Pillow article coursera cs231n alx torch auto convstep learn export pip install
dx dw dc dy da lr out gamma beta std var axis keepdims exp log tanh sigmoid softmax logit logits argmax len
my pool pytest gradients mistakes dict outputs small problems
gate dgate dgamma dbeta dvar wx wh dwx dwh mask window return shifted top left word
Enter Esc Tab Space Backspace Home End PgUp PgDn Shift Alt Ctrl ctrl Python
"""
CODE = frozenset(_WORDS.split())
"""Names that look like words: arguments, the language of conditions, conventions, commands, keys."""
_IDS = sorted({*KNOWN_BUGS, RETURNED, REFUSED, RAISED, HUNG, DIED}, key=len, reverse=True)
NAMES = re.compile("|".join(map(re.escape, _IDS)))
"""Names with hyphens, or that outcomes have."""


def english_words(text: str) -> list[str]:
    """The English words in a text: not names of code, numbers, keys, or what stands in quotes.

    >>> english_words("'foo' 不是一步；请输入 dW[0, 1] 或 stride")
    []
    >>> english_words("no such name: dW is not a place")
    ['no', 'such', 'name', 'place']
    """
    plain = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|--[\w-]+|https?://\S+|\S+\.(?:npz|md|py|json)\b", " ", text)
    words = re.findall(r"(?<![\w./])[A-Za-z][\w.]*", NAMES.sub(" ", plain))
    return [word for word in map(_bare, words) if word not in CODE and re.fullmatch(r"[A-Z]?[a-z]{2,}", word)]


def _bare(word: str) -> str:
    return word.rstrip(".")
