"""The names a file defines, as a person would look through them: the backward ones first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from convstep.language import tr

SHOWN = 8
"""Names listed in a sentence; more would hide the one that is meant."""

_DEFINITION = re.compile(r"^(?P<indent>[ \t]*)(?:async[ \t]+)?(?P<word>def|class)[ \t]+(?P<name>\w+)", re.M)
_BACKWARD = re.compile(
    r"backward|backprop|bprop|bwd|grad|(?<![a-z])back(?![a-z])|r(ue|ü)ckw(ae|ä)rts|arri[eè]re|retro_?propag|(?<![a-z])retro(?![a-z])"
    r"|(?<![a-z])(atr[aá]s|tr[aá]s|indietro|wstecz(n[aey])?|geri|terug|zpet|bak[aå]t|gyaku|yeokjeonpa|nazad|fanxiang)(?![a-z])|反向|后向|逆伝播|역전파",
    re.I,
)


def defined(text: str) -> list[str]:
    """Functions, classes and `Class.method` names in a source text, also in one that does not compile."""
    names: list[str] = []
    owner = ""
    for match in _DEFINITION.finditer(text):
        if not match["indent"]:
            owner = match["name"] if match["word"] == "class" else ""
            names.append(match["name"])
        elif owner and match["word"] == "def" and not match["name"].startswith("_"):
            names.append(f"{owner}.{match['name']}")
    return list(dict.fromkeys(names))


def looks_backward(name: str) -> bool:
    """Whether a name sounds like a backward pass: `conv_backward`, `Conv.backward`, `conv_grad`."""
    return _BACKWARD.search(name.rpartition(".")[2]) is not None


def backward_first(names: Iterable[str]) -> list[str]:
    """The names, those that sound like a convolution or a backward first, private ones last."""

    def rank(name: str) -> tuple[bool, bool, bool]:
        return not looks_backward(name), "conv" not in name.lower(), name.startswith("_")

    return sorted(names, key=rank)


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, whatever its case."""
    spelled = {candidate.lower(): candidate for candidate in names}
    near = difflib.get_close_matches(name.lower(), spelled, n=1, cutoff=0.6)
    return spelled[near[0]] if near else None


def listed(names: Sequence[str]) -> str:
    """The first few of them for a sentence: "a, b and 12 more"."""
    if len(names) <= SHOWN:
        return in_words(names)
    return tr("{names} and {count} more", names=tr(", ").join(names[:SHOWN]), count=len(names) - SHOWN)


def line_words(line: int, cell: int | None) -> str:
    """A line for a sentence, "line 3" or "cell 7, line 3"; "" for line 0, which is unknown."""
    if not line:
        return ""
    return tr("cell {cell}, line {line}", cell=cell, line=line) if cell else tr("line {line}", line=line)


def in_words(words: Sequence[str]) -> str:
    """`["a", "b", "c"]` -> "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return tr("{first} and {last}", first=tr(", ").join(words[:-1]), last=words[-1])
