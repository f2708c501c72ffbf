"""Text from elsewhere (arguments, files, somebody's code) as it may be shown.

A terminal obeys control characters, and bidirectional ones turn a line round; here each is seen
instead, as Python would write it.
"""

from __future__ import annotations

LONGEST = 300
"""Characters of a text that somebody else wrote, in a sentence of ours."""


def printable(text: object, longest: int = LONGEST) -> str:
    r"""A text in one line, with what no terminal should obey written out, and not too long.

    >>> print(printable("\x1b]0;mine\x07 \u202egnp.exe\n"))
    \x1b]0;mine\x07 \u202egnp.exe\n
    >>> print(printable("im2col 輸入 é"))
    im2col 輸入 é
    >>> print(printable("a" * 30 + "z", longest=11))
    aaaaa…aaaaz

    Args:
        text: what to show; anything else than a text as `str` has it.
        longest: characters of the result; beyond, the middle is left out.
    """
    whole = str(text)
    if len(whole) > longest:  # before the rest, which takes time
        whole = _shortened(whole, longest)
    if not whole.isprintable():
        whole = "".join(map(_seen, whole))
    return _shortened(whole, longest)


def _seen(character: str) -> str:
    import unicodedata  # most text needs no table

    if character.isprintable() or unicodedata.category(character) in ("Zs", "Co"):
        return character  # the wide space of Chinese text, symbols of a font
    return character.encode("unicode_escape").decode("ascii")


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    kept = longest - 1
    return f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
