"""KnownBug and Variant: what is said of a mistake, and the family of patches that go by its name."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from convstep.brief import brief
from convstep.candidate.diagnose.mistakes.patch import Patch, patch

BY_ITS_NUMBERS = "its numbers"
"""How most mistakes are seen."""

_SHORT = {
    "CUT_DW": "dW[i_c, :a_slice.shape[0], :a_slice.shape[1]] += a_slice * dz",
    "CUT_DA": (
        "n_h, n_w, _ = dA_prev_pad[i_n, h, w, c].shape; dA_prev_pad[i_n, h, w, c] += W[i_c, :n_h, :n_w] * dz"
    ),
}
"""A window past the border is used as far as it goes, where it would otherwise raise."""
_OF_OTHERS = re.compile(r"((?:dW|db|dA_prev| )+):\s*")


@dataclass(frozen=True, slots=True)
class Variant:
    """One member of a mistake's family."""

    gradients: tuple[str, ...]
    """Which gradients this member spoils."""
    mistakes: Patch
    """What is written in place of what."""
    label: str
    """Which member it is: "along H only", "divided by N"; "" for the plain form."""

    __repr__ = brief


@dataclass(frozen=True, slots=True)
class KnownBug:
    """A mistake people really make: what it looks like, why it happens, and what it computes."""

    id: str
    """The name that diagnosis reports."""
    title: str
    """A few words: "the stride is ignored"."""
    symptom: str
    """One line."""
    explanation: str
    """What happens, why, when it shows, and how to see it."""
    wrong: str
    """The lines as people write them, in the article's names: those of the first variant's patch."""
    right: str
    """The lines as they should be."""
    sources: tuple[str, ...]
    """Where people met it."""
    variants: tuple[Variant, ...]
    """Its family; empty where numbers of one call cannot show it."""
    seen_by: str
    """What to look at to see it."""

    __repr__ = brief


def mistake(
    id: str,
    title: str,
    symptom: str,
    explanation: str,
    gradients: str = "",
    variants: str = "",
    *,
    sources: tuple[str, ...] = (),
    shown: tuple[str, str] = ("", ""),
    seen_by: str = BY_ITS_NUMBERS,
) -> KnownBug:
    """A mistake from its literal.

    Args:
        id: see `KnownBug`, as for `title` and `symptom`.
        title: see there.
        symptom: see there.
        explanation: a paragraph, broken into lines anywhere.
        gradients: what its variants spoil, unless they say otherwise.
        variants: the wrong lines of one after the other. A comment ends a variant: its label, with
            the gradients before a colon if they are others. `patch` says which lines they replace.
        sources: see `KnownBug`.
        shown: the wrong and the right line where there are no variants.
        seen_by: see `KnownBug`.
    """
    family = tuple(_variants(gradients, textwrap.dedent(variants).strip("\n")))
    wrong, right = (family[0].mistakes.wrong, family[0].mistakes.right) if family else shown
    return KnownBug(id, title, symptom, " ".join(explanation.split()), wrong, right, sources, family, seen_by)


def _variants(gradients: str, text: str) -> Iterator[Variant]:
    lines: list[str] = []
    for line in text.splitlines():
        code, comment, label = line.partition("#")
        code = _SHORT.get(code.strip(), code.rstrip())
        if lines and (code.startswith(" ") or lines[-1].endswith(";")):
            lines[-1] += f" {code}" if lines[-1].endswith(";") else f"\n{code}"
        elif code:
            lines.append(code)
        if comment:
            yield _variant(gradients, lines, label.strip())
            lines = []
    if lines:
        yield _variant(gradients, lines, "")


def _variant(gradients: str, lines: list[str], label: str) -> Variant:
    if of_others := _OF_OTHERS.match(label):
        gradients, label = of_others[1], label[of_others.end() :]
    return Variant(tuple(gradients.split()), patch(*lines), label)
