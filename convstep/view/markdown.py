"""Markdown as lines of text: what lessons use of it, wrapped for Latin and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.text import Text

from convstep.view.wrapping import KEEP, wrap

CODE = "bold cyan"
"""How a code span looks."""
KEPT_CODE = 30
"""Code spans up to this long are not broken."""


def draw_markdown(text: str, width: int) -> list[Text]:
    """Markdown as lines.

    Args:
        text: paragraphs, lists, tables, quotes and code; bold, emphasis and code spans.
        width: columns of room.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return _Drawing(tokens, width).lines()


def draw_code(code: str, width: int, language: str = "python") -> list[Text]:
    """Code as lines in colours; what is too wide goes on below, indented.

    Args:
        code: the text.
        width: columns of room.
        language: for the colours.
    """
    found: list[Text] = []
    for line in highlighted(code, language):
        found += fold(line, width)
    return found


def highlighted(code: str, language: str = "python") -> list[Text]:
    """The lines of some code in the terminal's own colours."""
    from rich.syntax import Syntax

    if not language:
        return [Text(line) for line in code.rstrip("\n").split("\n")]
    lexer = "pycon" if ">>>" in code else language
    drawn = Syntax(code, lexer, theme="ansi_dark", background_color="default").highlight(code.rstrip("\n"))
    drawn.rstrip()
    lines = list(drawn.split("\n", allow_blank=True))
    for line in lines:
        line.no_wrap, line.overflow, line.end = True, "crop", ""
    return lines


def fold(line: Text, width: int) -> list[Text]:
    """One line of code in a room; the rest of a long one is indented below it."""
    if cell_len(line.plain) <= width:
        return [line]
    indent = len(line.plain) - len(line.plain.lstrip()) + 4
    indent = indent if indent < width // 2 else 2
    kept = line.copy()
    kept.plain = kept.plain.replace(" ", KEEP)  # cut at the width, not at a space
    first, *_ = wrap(kept, width)
    done = len(first.plain)
    rest = wrap(kept[done:], width - indent)
    return [first, *(Text.assemble(" " * indent, part) for part in rest)]


@dataclass(slots=True)
class _List:
    """A list that is being drawn."""

    number: int | None
    """The next item's number; None for bullets."""


class _Drawing:
    """Goes through the tokens of one text."""

    def __init__(self, tokens: Sequence[Token], width: int) -> None:
        self._tokens, self._width = tokens, width
        self._lines: list[Text] = []
        self._lists: list[_List] = []
        self._bullet = ""
        self._quoted = 0

    def lines(self) -> list[Text]:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            if token.type == "table_open":
                at = self._table(at)
                continue
            self._take(token)
            at += 1
        while self._lines and not self._lines[-1].plain:
            self._lines.pop()
        return self._lines

    def _take(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._paragraph(draw_inline(token))
            case "fence" | "code_block":
                language = token.info.split()[0] if token.info.split() else ""
                self._put(draw_code(token.content, self._room(), language))
                self._gap()
            case "bullet_list_open":
                self._lists.append(_List(None))
            case "ordered_list_open":
                self._lists.append(_List(int(token.attrs.get("start", 1))))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._gap()
            case "list_item_open":
                self._bullet = self._next_bullet()
            case "paragraph_close" if not (self._lists and token.hidden):
                self._gap()
            case "heading_close":
                self._gap()
            case "blockquote_open":
                self._quoted += 1
            case "blockquote_close":
                self._quoted -= 1
                self._gap()
            case "hr":
                self._put([Text("─" * self._room(), "dim")])
                self._gap()

    def _next_bullet(self) -> str:
        held = self._lists[-1]
        if held.number is None:
            return "• "
        held.number += 1
        return f"{held.number - 1}. "

    def _indent(self) -> str:
        return "  " * self._quoted + "  " * max(len(self._lists) - 1, 0)

    def _room(self) -> int:
        hanging = 2 if self._lists else 0
        return max(self._width - len(self._indent()) - hanging, 4)

    def _paragraph(self, text: Text) -> None:
        bullet, self._bullet = self._bullet, ""
        for part in text.split("\n", allow_blank=True):
            self._put(wrap(part, self._width - len(self._indent()) - self._hang(bullet)), bullet)
            bullet = ""

    def _hang(self, bullet: str) -> int:
        return len(bullet) if bullet else 2 if self._lists else 0

    def _put(self, lines: list[Text], bullet: str = "") -> None:
        hanging = " " * self._hang(bullet)
        for number, line in enumerate(lines):
            first = bullet if number == 0 and bullet else hanging
            self._lines.append(Text.assemble(self._indent(), (first, "bold"), line))

    def _gap(self) -> None:
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text())

    def _table(self, at: int) -> int:
        rows: list[list[Text]] = []
        while self._tokens[at].type != "table_close":
            token = self._tokens[at]
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline":
                rows[-1].append(draw_inline(token))
            at += 1
        widths = [max(cell_len(cell.plain) for cell in column) for column in zip(*rows, strict=True)]
        for number, row in enumerate(rows):
            line = Text()
            for cell, width in zip(row, widths, strict=True):
                if number == 0:
                    cell.stylize("bold")
                line.append_text(cell)
                line.append(" " * (width - cell_len(cell.plain) + 2))
            line.rstrip()
            self._put(fold(line, self._room()))
            if number == 0:
                self._put([Text("─" * min(sum(widths) + 2 * len(widths) - 2, self._room()), "dim")])
        self._gap()
        return at + 1


def draw_inline(token: Token) -> Text:
    """One paragraph's text with its styles, not yet wrapped."""
    text, styles = Text(), list[str]()
    for part in token.children or ():
        style = " ".join(styles)
        match part.type:
            case "text":
                text.append(part.content, style)
            case "code_inline":
                code = part.content
                text.append(code.replace(" ", KEEP) if len(code) <= KEPT_CODE else code, CODE)
            case "softbreak":
                text.append(_joint(text.plain), style)
            case "hardbreak":
                text.append("\n")
            case "strong_open":
                styles.append("bold")
            case "em_open":
                styles.append("italic")
            case "strong_close" | "em_close":
                styles.pop()
    return text


def _joint(before: str) -> str:
    """What a line break in the source means: nothing after Chinese, else a space."""
    return "" if before and cell_len(before[-1]) == 2 else " "
