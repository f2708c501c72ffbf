"""Markdown as lines of text: what lessons use of it, wrapped for Latin and Chinese."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from convstep.view.text.wrapping import KEEP, wrap

_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
CODE = "bold cyan"
"""How a code span looks."""
TAB = 4
"""Columns between two stops of the tabulator in code."""
_RULES = {"h1": "═", "h2": "─"}
"""What a heading is underlined with."""
LEAST_CELL = 8
"""A column of a table that is too wide becomes no narrower than this."""
KEPT_CODE = 30
"""Code spans up to this long are not broken."""


def draw_markdown(text: str, width: int, code_indent: int = 0) -> list[Text]:
    """Markdown as lines: headings, paragraphs, lists, tables, quotes, code; bold, emphasis, spans, links.

    A block of code is indented by so many columns, as far as there is room.
    """
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return _Drawing(tokens, width, code_indent).lines()


def draw_code(code: str, width: int, language: str = "python") -> list[Text]:
    """Code as lines in colours; what is too wide goes on below, indented."""
    found: list[Text] = []
    for line in highlighted(code, language):
        found += fold(line, width)
    return found


def highlighted(code: str, language: str = "python") -> list[Text]:
    """The lines of some code in the terminal's own colours."""
    from rich.syntax import Syntax

    code = code.replace(KEEP, " ").expandtabs(TAB).rstrip("\n")
    if not language:
        return [Text(line) for line in code.split("\n")]
    lexer = "pycon" if ">>>" in code else language
    drawn = Syntax(code, lexer, theme="ansi_dark").highlight(code)
    plain = Text(code)
    for start, end, style in drawn.spans:
        plain.stylize(_on_any_ground(style), start, end)
    return list(plain.split("\n", allow_blank=True))


def fold(line: Text, width: int) -> list[Text]:
    """One line of code in a room; the rest of a long one is indented below it."""
    line = line.copy()
    line.rstrip()
    if cell_len(line.plain) <= width:
        return [line]
    indent = len(line.plain) - len(line.plain.lstrip()) + 4
    indent = indent if indent < width // 2 else 2 if width > 4 else 0
    first, *rest = line.divide(_cuts(line.plain, width, width - indent))
    return [first, *(Text.assemble(" " * indent, part) for part in rest)]


def _cuts(plain: str, first: int, others: int) -> list[int]:
    """Where to cut so that the first part and the others have a width: beside a word rather than in it."""
    cuts, start, used, room = list[int](), 0, 0, first
    for at, character in enumerate(plain):
        size = cell_len(character)
        if used + size > room:
            beside = (cut for cut in range(at, start, -1) if not _in_word(plain, cut))
            # a name as long as half a line is rather cut than put below it
            start = next((cut for cut in beside if cell_len(plain[start:cut]) > room // 2), at)
            cuts.append(start)
            used, room = cell_len(plain[start:at]), others
        used += size
    return cuts


def _in_word(plain: str, at: int) -> bool:
    """Whether a cut would part a name or a number."""
    return re.fullmatch(r"\w\w", plain[at - 1 : at + 1], re.ASCII) is not None


def _on_any_ground(style: str | Style) -> Style:
    """A style without its background: the theme's would stand out on a light terminal."""
    held = Style.parse(style) if isinstance(style, str) else style
    return Style(color=held.color, bold=held.bold, dim=held.dim, italic=held.italic, underline=held.underline)


@dataclass(slots=True)
class _List:
    """A list that is being drawn."""

    number: int | None
    """The next item's number; None for bullets."""


class _Drawing:
    """Goes through the tokens of one text."""

    def __init__(self, tokens: Sequence[Token], width: int, code_indent: int) -> None:
        self._tokens, self._width, self._code_indent = tokens, width, code_indent
        self._lines: list[Text] = []
        self._lists: list[_List] = []
        self._bullet = ""
        self._quoted = 0
        self._style = ""

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
                self._paragraph(draw_inline(token, self._style))
            case "fence" | "code_block":
                language = token.info.split()[0] if token.info.split() else ""
                longest = max(map(cell_len, token.content.expandtabs(TAB).splitlines()), default=0)
                indent = max(0, min(self._code_indent, self._room() - longest))
                drawn = draw_code(token.content, self._room() - indent, language)
                drawn = [Text.assemble(" " * indent, line) for line in drawn]
                bullet, self._bullet = self._bullet, ""
                self._put(drawn, bullet)
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
            case "heading_open":
                self._style = "bold"
            case "heading_close":
                self._style = ""
                if rule := _RULES.get(token.tag):
                    self._put([Text(rule * cell_len(self._lines[-1].plain), "dim")])
                self._gap()
            case "blockquote_open":
                self._quoted += 1
            case "blockquote_close":
                self._quoted -= 1
                self._gap()
            case "html_block":
                self._markup(token.content)
            case "hr":
                self._put([Text("─" * self._room(), "dim")])
                self._gap()

    def _markup(self, content: str) -> None:
        """What HTML would be elsewhere: here it is text, but for comments."""
        text = _COMMENT.sub("", content).strip()
        for line in text.splitlines():
            self._paragraph(Text(line.strip()))
        if text:
            self._gap()

    def _next_bullet(self) -> str:
        held = self._lists[-1]
        if held.number is None:
            return "• "
        held.number += 1
        return f"{held.number - 1}. "

    def _indent(self) -> str:
        steps = self._quoted + max(len(self._lists) - 1, 0)
        return " " * min(2 * steps, self._width // 3)

    def _room(self) -> int:
        hanging = self._hang(self._bullet)
        return max(self._width - len(self._indent()) - hanging, 2)

    def _paragraph(self, text: Text) -> None:
        bullet, self._bullet = self._bullet, ""
        for part in text.split("\n", allow_blank=True):
            self._put(wrap(part, self._width - len(self._indent()) - self._hang(bullet)), bullet)
            bullet = " " * len(bullet)

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
        gaps = 2 * (len(widths) - 1)
        while sum(widths) + gaps > self._room() and max(widths) > LEAST_CELL:
            widths[widths.index(max(widths))] -= 1
        for number, row in enumerate(rows):
            cells = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
            for at_line in range(max(map(len, cells))):
                line = Text(style="bold" if number == 0 else "")
                for cell, width in zip(cells, widths, strict=True):
                    part = cell[at_line] if at_line < len(cell) else Text()
                    line.append_text(part)
                    line.append(" " * (width - cell_len(part.plain) + 2))
                line.rstrip()
                self._put(fold(line, self._room()))
            if number == 0:
                self._put([Text("─" * min(sum(widths) + gaps, self._room()), "dim")])
        self._gap()
        return at + 1


def draw_inline(token: Token, base: str = "") -> Text:
    """One paragraph's text with its styles, not yet wrapped; the address of a link into the web behind it."""
    text, styles, address = Text(), [base], ""
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
            case "html_inline":
                text.append(_COMMENT.sub("", part.content), style)
            case "image":
                text.append(part.content, style)
            case "hardbreak":
                text.append("\n")
            case "link_open":
                address = str(part.attrs["href"])
            case "link_close" if ":" in address and not text.plain.endswith(address):
                text.append(f" ({address})", "dim")
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
