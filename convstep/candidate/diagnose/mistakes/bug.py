"""KnownBug and Variant: what is said of a mistake, and the family of patches that go by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convstep.brief import brief
from convstep.candidate.diagnose.mistakes.patch import ALL, Patch, patch
from convstep.frozen import frozen
from convstep.language import also_in, unwrapped

_SHORT = {
    "CUT": "CUT_DW\nCUT_DA",
    "AROUND": "((0, 0), (p_t, p_b), (p_l, p_r), (0, 0))",
    "CUT_DW": "dW[i_c, :a_slice.shape[0], :a_slice.shape[1]] += a_slice * dz",
    "CUT_DA": (
        "n_h, n_w, _ = dA_prev_pad[i_n, h, w, c].shape; dA_prev_pad[i_n, h, w, c] += W[i_c, :n_h, :n_w] * dz"
    ),
    "FITS": "fits = INNER[:, :H_in, :W_in]; dA_prev = np.zeros(A_prev.shape)",
    "INNER": "dA_full[:, p_t:H_full - p_b, p_l:W_full - p_r]",
    "INTO_ZEROS": "dA_prev = np.zeros(A_prev.shape); dA_prev[:] =",
    "LONGER": "np.pad(dA_prev_pad, ((0, 0), (0, f_h), (0, f_w), (0, 0)))",
    "PADDING": "(p_t, p_b), (p_l, p_r)",
    "SIZES": "_, H_out, W_out, _ = dZ.shape",
    "WHOLE_NUMBERS": "np.zeros((N, p_t + H_in + p_b, p_l + W_in + p_r, C_in), int)",
}
"""What the literals have one word for, first what has others of these in it. CUT uses a window past the
border as far as it goes, where it would otherwise raise."""
_OF_OTHERS = re.compile(r"((?:dW|db|dA_prev| )+):\s*")


@frozen()
class Variant:
    """One member of a mistake's family."""

    gradients: tuple[str, ...]
    """Which gradients this member spoils."""
    mistakes: Patch
    """What is written in place of what."""
    label: str
    """Which member it is: "along H only", "divided by N"; "" for the plain form."""

    __repr__ = brief


@frozen()
class KnownBug:
    """A mistake people really make: what it looks like, why it happens, and what it computes."""

    id: str
    """The name that diagnosis reports."""
    title: str
    """A few words: "the stride is ignored"."""
    explanation: str
    """What happens, why, when it shows, and how to see it."""
    wrong: str
    """The lines as people write them, in the article's names: those of the first variant's patch."""
    right: str
    """The lines as they should be."""
    variants: tuple[Variant, ...]
    """Its family; empty where numbers of one call cannot show it."""

    __repr__ = brief


def mistakes(text: str) -> list[KnownBug]:
    """The mistakes of a literal, one after the other.

    A mistake begins with its `id: title  [where people met it]`. Indented below stand its explanation,
    both in Chinese, then, after the gradients that they spoil, its variants: the wrong lines of each, ended
    by a comment, which is its label, `English | Chinese`, with the gradients before a colon if they are
    others. `patch` says which lines they replace. "… (and with windows cut off)" are two variants, "… LIMIT
    of 1 5 10" are three. Where numbers cannot show it, there is a wrong line and a right one in place of
    variants.
    """
    return [_mistake(*each.split("\n", 1)) for each in re.split(r"\n(?=\S)", text.strip())]


def _mistake(head: str, below: str) -> KnownBug:
    id, title = head.partition("  [")[0].split(": ", 1)
    english, *chinese, first, lines = re.split(r"^  (\S.*):\n", below, maxsplit=2, flags=re.M)
    explanation, *translated = map(unwrapped, (english, *chinese))
    also_in("zh", dict(zip((title, explanation), translated, strict=True)))
    if first == "wrong":
        wrong, right = lines.split("  right:\n")
        return KnownBug(id, title, explanation, wrong.strip(), right.strip(), ())
    family = tuple(_variants(first, lines))
    return KnownBug(id, title, explanation, family[0].mistakes.wrong, family[0].mistakes.right, family)


def _variants(gradients: str, text: str) -> Iterator[Variant]:
    lines: list[str] = []
    for line in text.splitlines():
        code, comment, label = line.partition("#")
        if code.strip():
            lines.append(code.strip())
        if comment:
            yield from _family(gradients, "\n".join(lines), label.strip())
            lines = []
    if lines:
        yield from _family(gradients, "\n".join(lines), "")


def _family(gradients: str, code: str, label: str) -> Iterator[Variant]:
    """The variants of some wrong lines: one, with windows cut off another, with several limits several."""
    if of_others := _OF_OTHERS.match(label):
        gradients, label = of_others[1], label[of_others.end() :]
    label, _, chinese = label.partition(" | ")
    plain, limits, numbers = label.partition(" of 1 ")
    if limits:
        for number in ("1", *numbers.split()):
            code_of, english, translated = (part.replace("LIMIT", number) for part in (code, plain, chinese))
            yield _variant(gradients, code_of, english, translated)
        return
    plain, cut, _ = label.partition(" (and with windows cut off)")
    yield _variant(gradients, code, plain, chinese)
    if cut:
        yield _variant(gradients, f"{code}\nCUT", f"{plain}, windows cut off", f"{chinese}，窗口被切掉")


def _variant(gradients: str, code: str, label: str, chinese: str) -> Variant:
    if chinese:
        also_in("zh", {label: chinese})
    for short, text in _SHORT.items():
        code = re.sub(rf"\b{short}(?!\w)", text, code) if short in code else code
    lines = [_spelled(line) for line in re.sub(r";\n", "; ", code).splitlines()]
    return Variant(tuple(gradients.split()), patch(*lines), label)


def _spelled(line: str) -> str:
    """A line in full: a loop's body beneath its head, what is done to each gradient for all three."""
    head, loop, body = line.partition("): ")
    if line.startswith("for ") and loop:
        return f"{head}):\n    {body}"
    before, each, change = line.partition("return each ")
    return before + "return " + ", ".join(change.replace("@", name) for name in ALL) if each else line
