"""Mistake: what people do wrong in an operator, as patches of its readable backward. The lines run."""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convstep.brief import brief
from convstep.frozen import frozen
from convstep.language import also_in, unwrapped

_DOES = re.compile(r"(for .+?)(?= in )|([^=#\"]+?)( *[-+*/]?= )(?!np\.zeros)")
"""What a line loops over, or what it assigns to, and how; making zeros is only a beginning."""


@frozen()
class Variant:
    """One way of making a mistake."""

    form: Callable[..., Any]
    """The readable backward that is patched."""
    hunks: tuple[tuple[str, str], ...]
    """`(right, wrong)` each, lines as they stand there, without the common indentation."""
    label: str = ""
    """What sets it apart from the others, a clause."""

    __repr__ = brief

    @property
    def right(self) -> str:
        """The lines as they should be."""
        return "\n".join(right for right, _ in self.hunks)

    @property
    def wrong(self) -> str:
        """The lines as people write them."""
        return "\n".join(wrong for _, wrong in self.hunks)

    def lines(self, gradients: Sequence[str] = ()) -> tuple[str, str]:
        """The wrong lines and the right ones, of these gradients: a line that makes another one is left out."""
        returned = re.findall(r"(?m)^ *return (.*)", self.text)[-1:]
        others = {name for names in returned for name in re.findall(r"\w+", names)} - {*gradients}
        if not gradients or any(right.count("\n") != wrong.count("\n") for right, wrong in self.hunks):
            return self.wrong, self.right
        pairs = list(zip(self.wrong.split("\n"), self.right.split("\n"), strict=True))
        kept = [pair for pair in pairs if {line.partition(" ")[0] for line in pair}.isdisjoint(others)]
        wrong, right = zip(*(kept or pairs), strict=True)
        return "\n".join(wrong), "\n".join(right)

    @property
    def backward(self) -> Callable[..., Any]:
        """The backward with the wrong lines; it may raise where shapes do not fit."""
        return _compiled(_patched(self), self.form)

    def in_order(self, letters: str, places: tuple[int, ...]) -> Callable[..., Any] | None:
        """The same backward with equal blocks in another order; None if the mistake is in their order.

        `letters` end the blocks' names where they stand in a row, `da_i, da_f, da_o, da_g`, and `places` says
        which of them stands at each place.
        """
        row = re.compile(rf"(\w+_){letters[0]}" + "".join(rf", \1{letter}" for letter in letters[1:]))
        if len(row.findall(_patched(self))) != len(row.findall(_source(self.form))):
            return None
        text = row.sub(lambda row: ", ".join(row[1] + letters[at] for at in places), _patched(self))
        return _compiled(text, self.form)

    @property
    def text(self) -> str:
        """All of that backward's text."""
        return _patched(self)


@frozen()
class Mistake:
    """A mistake and all that is said of it."""

    id: str
    """Its name: "overwrite"."""
    title: str
    """A few words: "the gradient is assigned instead of added"."""
    explanation: str
    """What happens, why, when it shows, and what to write."""
    sources: tuple[str, ...]
    """Where people met it."""
    variants: tuple[Variant, ...]
    """The ways of making it, the commonest first; none where the numbers of one call cannot show it."""

    __repr__ = brief


class Mistakes(Sequence[Mistake]):
    """The mistakes of a literal, one after the other; it is read when they are first asked for.

    A mistake begins with its `id: title  [where people met it; and where]`. Indented below stand its
    explanation and both in Chinese; then its variants, as a patch is written: `- ` before a right line, `+ `
    before what people write there. Right lines in a row stand in a row in the backward. Without a right line,
    a wrong one stands for the only line that does the same: assigns the same, into the same array, or begins
    the same loop. A line `# label | 标签` ends a variant; so does a blank line.

    `forms` are the readable backward, and others that say the same in other lines; a variant is one of the
    first that has all of its right lines. Reading raises a ValueError if there is none.
    """

    def __init__(self, text: str, *forms: Callable[..., Any]) -> None:
        self._text, self._forms = text, forms

    @functools.cached_property
    def _read(self) -> tuple[Mistake, ...]:
        parts = (each.partition("\n") for each in re.split(r"\n(?=\S)", textwrap.dedent(self._text).strip()))
        return tuple(_mistake(head, below, self._forms) for head, _, below in parts)

    def __getitem__(self, place: Any) -> Any:
        return self._read[place]

    def __len__(self) -> int:
        return len(self._read)


def _mistake(head: str, below: str, forms: tuple[Callable[..., Any], ...]) -> Mistake:
    named, _, sources = head.removesuffix("]").partition("  [")
    id, title = named.split(": ", 1)
    first = re.search(r"^  [-+] ", below, re.M)
    told, patches = (below[: first.start()], below[first.start() :]) if first else (below, "")
    english, *chinese = re.split(r"^  (\S.*):\n", told, maxsplit=1, flags=re.M)
    explanation, *translated = map(unwrapped, (english, *chinese))
    also_in("zh", dict(zip((title, explanation), translated, strict=bool(translated))))
    return Mistake(
        id, title, explanation, tuple(filter(None, sources.split("; "))), tuple(_variants(patches, id, forms))
    )


def _variants(text: str, id: str, forms: tuple[Callable[..., Any], ...]) -> Iterator[Variant]:
    hunks: list[tuple[list[str], list[str]]] = []
    for line in [*text.splitlines(), ""]:
        sign, code = line[2:3], line[4:]
        if sign and sign in "-+":
            if not hunks or (hunks[-1][1] if sign == "-" else not hunks[-1][0] and code[0] != " "):
                hunks.append(([], []))
            hunks[-1][sign == "+"].append(code)
        elif hunks:
            label, _, chinese = code.partition(" | ")
            if chinese:
                also_in("zh", {label: chinese})
            yield _variant(hunks, label, id, forms)
            hunks = []


def _variant(
    hunks: list[tuple[list[str], list[str]]], label: str, id: str, forms: tuple[Callable[..., Any], ...]
) -> Variant:
    for form in forms:
        said = tuple(
            ("\n".join(right or (_meant(form, line) for line in wrong)), "\n".join(wrong))
            for right, wrong in hunks
        )
        if all(_found(_source(form), right) is not None for right, _ in said):
            return Variant(form, said, label)
    shown = " / ".join("\n".join(right or wrong) for right, wrong in hunks)
    raise ValueError(f"{id}: no readable backward has the lines {shown!r}")


def _meant(form: Callable[..., Any], wrong: str) -> str:
    """The only line of a form that does the same as a wrong one, best in the same way; else that itself."""
    alone = (lines[0] for what in _does(wrong) if len(lines := _doing(form).get(what, [])) == 1)
    return next(alone, wrong)


@functools.cache
def _doing(form: Callable[..., Any]) -> dict[str, list[str]]:
    """The lines of a form by what they do."""
    lines: dict[str, list[str]] = {}
    for line in _source(form).splitlines():
        for what in _does(line):
            lines.setdefault(what, []).append(line.strip())
    return lines


def _does(line: str) -> Iterator[str]:
    """What a line assigns, or assigns into, with how and without; what it loops over."""
    if found := _DOES.match(line.strip()):
        yield from (re.sub(r"\[.*\]", "[]", what) for what in (found[0], found[2]) if what)


@functools.cache
def _source(form: Callable[..., Any]) -> str:
    return textwrap.dedent(inspect.getsource(form))


def _found(text: str, lines: str) -> tuple[int, int, str] | None:
    """Where lines stand in a text, whatever their indentation, and that; the first place counts."""
    wanted = [line.strip() for line in lines.splitlines()]
    stripped, indents = _lines(text)
    for at in range(len(stripped) - len(wanted) + 1):
        if stripped[at : at + 1] == wanted[:1] and stripped[at : at + len(wanted)] == wanted:
            return at, at + len(wanted), indents[at]
    return None


@functools.cache
def _lines(text: str) -> tuple[list[str], list[str]]:
    """The lines of a text without their indentation, and that."""
    listed = text.splitlines()
    return [line.strip() for line in listed], [line[: len(line) - len(line.lstrip())] for line in listed]


@functools.cache
def _patched(variant: Variant) -> str:
    text = _source(variant.form)
    for right, wrong in variant.hunks:
        place = _found(text, right)
        assert place is not None
        start, end, indent = place
        listed = text.splitlines()
        listed[start:end] = textwrap.indent(textwrap.dedent(wrong), indent).splitlines()
        text = "\n".join(listed)
    return text


@functools.cache
def _compiled(text: str, form: Callable[..., Any]) -> Callable[..., Any]:
    """Texts of ours alone come here."""
    names: dict[str, Any] = {}
    exec(compile(text, f"<{form.__name__}>", "exec", dont_inherit=True), dict(form.__globals__), names)
    made: Callable[..., Any] = names[form.__name__]
    return made
