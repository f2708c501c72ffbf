"""Text from elsewhere (arguments, files, somebody's code) as it may be shown.

A terminal obeys control characters, and bidirectional ones turn a line round; here each is seen
instead, as Python would write it.
"""

from __future__ import annotations

LONGEST = 300
"""Characters of a text that somebody else wrote, in a sentence of ours."""
SENTENCE = 480
"""Characters of a sentence that says what is wrong, whatever it quotes."""
TAB = 4
"""Columns from one tab stop to the next."""


class SentenceError(Exception):
    """What is wrong, in one line that any terminal can show, however long the texts are that it quotes."""

    def __init__(self, sentence: object = "") -> None:
        super().__init__(printable(sentence, SENTENCE))

    def __repr__(self) -> str:
        said = f"{type(self).__name__}({str(self)!r})"
        return printable(said, 600 if said.isascii() else 300)


def printable(text: object, longest: int | None = LONGEST) -> str:
    r"""A text in one line, with what no terminal should obey written out, and not too long.

    >>> print(printable("\x1b]0;mine\x07 \u202egnp.exe\n"))
    \x1b]0;mine\x07 \u202egnp.exe\n
    >>> print(printable("im2col 輸入 é"))
    im2col 輸入 é
    >>> print(printable("a" * 30 + "z", longest=11))
    aaaaa…aaaaz

    Args:
        text: what to show; anything else than a text as `str` has it.
        longest: characters of the result; beyond, the middle is left out. None is all of them.
    """
    whole = _shortened(str(text), longest)  # before the rest, which takes time
    if not whole.isprintable():
        whole = _shortened("".join(map(_seen, whole)), longest)
    return whole


def printable_lines(text: str, longest: int | None = None) -> str:
    r"""The same for a text of several lines, which stay lines; tabs become the blanks they stand for.

    >>> print(printable_lines("if x:\n\treturn '\x1b[2J'\r\n"), end="")
    if x:
        return '\x1b[2J'
    """
    whole = text.replace("\r\n", "\n")
    if longest is None and whole.replace("\n", "").isprintable():
        return whole
    lines = (line.expandtabs(TAB) for line in whole.split("\n"))
    return "\n".join(printable(line, longest) for line in lines)


def error_text(error: BaseException) -> str:
    """An exception by its class and the first line of what it says: `ValueError: no such axis`."""
    said, kind = str(error).split("\n", 1)[0], type(error).__name__
    return f"{kind}: {said}" if said else kind


def is_harmless(character: str) -> bool:
    """Whether a terminal only shows it; as it does the wide space of Chinese text, and a font's symbols."""
    import unicodedata  # most text needs no table

    return character.isprintable() or unicodedata.category(character) in ("Zs", "Co")


def _seen(character: str) -> str:
    return character if is_harmless(character) else character.encode("unicode_escape").decode("ascii")


def _shortened(text: str, longest: int | None) -> str:
    if longest is None or len(text) <= longest:
        return text
    kept = longest - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
