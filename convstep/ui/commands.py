"""The one table of commands: key bindings, footer, palette, help and README all come from it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can ask for."""

    action: str
    """The action of the debugger screen."""
    keys: tuple[str, ...]
    """Keys in Textual's names, the one to show first."""
    label: str
    """Two words at most, for the footer."""
    help: str
    """One sentence, for the help, the palette and the README."""
    group: str
    """The heading it stands under."""
    footer: bool = False
    """Whether the footer shows it."""
    beside: bool | None = None
    """The same where a candidate stands beside the reference; as `footer` unless given."""
    lesson: bool = False
    """The same in a lesson."""
    palette: bool = True
    """Whether the palette offers it; cursor keys make no sense there."""

    @property
    def binding(self) -> Binding:
        """Textual's form of it."""
        return self._bound(self.footer)

    @property
    def beside_binding(self) -> Binding:
        """The same for the screen with a candidate."""
        return self._bound(self.footer if self.beside is None else self.beside)

    @property
    def lesson_binding(self) -> Binding:
        """The same for a lesson, which has its own use for some keys."""
        keys = [key for key in self.keys if key not in LESSON_KEYS]
        return dataclasses.replace(self._bound(self.lesson), key=",".join(keys))

    def _bound(self, shown: bool) -> Binding:
        return Binding(
            ",".join(self.keys),
            self.action,
            self.label,
            show=shown,
            key_display=key_text(self.keys[0]),
            priority=any(key in _PRIORITY for key in self.keys),
        )

    @property
    def key_texts(self) -> list[str]:
        """Its keys as people write them; terminals' other names for Shift+F5 are left out."""
        return [key_text(key) for key in self.keys if key not in _ALIASES]


LESSON_KEYS = {"enter", "space"}
"""In a lesson these do whatever comes next: answer, mark a cell, turn the page."""
_PRIORITY = {"tab", "shift+tab"}
"""Textual's own focus chain would take these first."""
_ALIASES = {"f17", "f22", "f23"}
"""What terminals send for Shift+F5, Shift+F10 and Shift+F11."""

MOVE, PLACE, STOP, LOOK, ASK, APP = "Step", "Go to", "Stop", "Look", "Ask", "The program"
CANDIDATE = "Your own backward: convstep debug"
LESSON = "Lessons: convstep learn"

COMMANDS = (
    Command("next", ("n", "space", "f10"), "next", "Execute one iteration of the loop.", MOVE, True,
            lesson=True),
    Command("back", ("N", "backspace", "shift+f10", "f22"), "back", "Go one iteration back.", MOVE, True,
            lesson=True),
    Command("next_addition", ("s", "f11"), "add",
            "Make one of the step's three additions: dW, then dA_prev_pad, then db.", MOVE, True,
            beside=False),
    Command("back_addition", ("S", "shift+f11", "f23"), "undo add", "Undo one addition.", MOVE),
    Command("channels_end", ("f",), "channels end",
            "Run to the end of the channel loop: every i_c of this place.", MOVE),
    Command("channels_start", ("F",), "channels start", "Back to the start of the channel loop.", MOVE),
    Command("row_end", ("l",), "row end", "Run to the end of the output row: every i_w.", MOVE),
    Command("row_start", ("L",), "row start", "Back to the start of the output row.", MOVE),
    Command("play", ("e",), "play",
            "Play: one iteration after another by itself; again, Esc or any move pauses.", MOVE),
    Command("pace(1)", ("right_parenthesis",), "faster", "Play faster, up to 32 steps a second.", MOVE),
    Command("pace(-1)", ("left_parenthesis",), "slower", "Play slower, down to a step in two seconds.", MOVE),
    Command("end", ("end",), "end",
            "To the last step; there, any key that leads forward opens the comparison.", PLACE),
    Command("start", ("home",), "start", "Back to before the first step.", PLACE),
    Command("run", ("c", "f5"), "run", "Run to the next stop, or to the end; Esc interrupts.", STOP, True),
    Command("run_back", ("C", "shift+f5", "f17"), "run back",
            "Run back to the previous stop, or to the start.", STOP),
    Command("stop_here", ("b",), "stop", "Stop at the cell under the cursor: a dZ cell is a step, "
            "a gradient cell is watched; again removes it.", STOP, True,
            beside=False),
    Command("condition", ("slash",), "condition",
            "Stop when a condition holds: abs(dz) > 0.1 and i_c == 2, isnan(dA), 4,*,1.", STOP),
    Command("stops", ("B",), "stops", "List the stops: switch on and off, remove.", STOP),
    Command("to_cell(1)", ("t",), "to cell",
            "Go to the step of the dZ cell under the cursor, or to the next step that writes it.", STOP),
    Command("to_cell(-1)", ("T",), "cell before",
            "The same, backwards: the last step that wrote the cell.", STOP),
    Command("goto", ("g",), "goto", "Go to a step number, an index (4,2,1) or a percentage.", PLACE),
    Command("first_nonfinite", ("x",), "first NaN", "Go to the first step that makes a NaN or inf.", PLACE),
    Command("sample(1)", ("right_curly_bracket",), "next sample",
            "To the same place of the next sample of a batch.", PLACE),
    Command("sample(-1)", ("left_curly_bracket",), "last sample",
            "To the same place of the previous sample.", PLACE),
    Command("visited(-1)", ("alt+left", "comma"), "back there",
            "Back to where you were before the last jump.", PLACE),
    Command("visited(1)", ("alt+right", "full_stop"), "forward there", "Forward again.", PLACE),
    Command("bookmark", ("k",), "bookmark", "Set a bookmark at this position, or take it away.", PLACE),
    Command("to_bookmark", ("K",), "next bookmark", "Go to the next bookmark.", PLACE),
    Command("values", ("v",), "values", "Show numbers, heat, or both.", LOOK),
    Command("face(1)", ("right_square_bracket",), "next face",
            "Next face of this panel: the next channel.", LOOK),
    Command("face(-1)", ("left_square_bracket",), "last face", "Previous face of this panel.", LOOK),
    Command("share", ("u",), "share",
            "Of dW and db, show what the present sample has added so far, or the whole batch's sums.", LOOK),
    Command("follow", ("escape",), "follow", "Follow the loop's faces again; close what is maximised.", LOOK),
    Command("precision(1)", ("plus", "equals_sign"), "more digits", "Show more digits.", LOOK),
    Command("precision(-1)", ("minus",), "fewer digits", "Show fewer digits.", LOOK),
    Command("maximise", ("m",), "maximise", "Give the whole screen to this panel, and back.", LOOK),
    Command("present", ("z",), "present",
            "Present to a class: large numbers and nothing around them; again or Esc leaves.", LOOK),
    Command("panel(1)", ("tab",), "next panel", "Next panel, or next tab on a small screen.", LOOK),
    Command("panel(-1)", ("shift+tab",), "last panel", "Previous panel.", LOOK),
    Command("cursor(-1, 0)", ("up",), "up", "Move the cell cursor up; below is the cell in full precision.",
            LOOK, palette=False),
    Command("cursor(1, 0)", ("down",), "down", "Move the cell cursor down.", LOOK, palette=False),
    Command("cursor(0, -1)", ("left",), "left", "Move the cell cursor left.", LOOK, palette=False),
    Command("cursor(0, 1)", ("right",), "right", "Move the cell cursor right.", LOOK, palette=False),
    Command("compare", ("o",), "torch", "Compare the gradients as they stand with PyTorch's.", ASK, True,
            beside=False),
    Command("provenance", ("i", "enter"), "why",
            "Which steps make the gradient cell under the cursor, with factors and sums.", ASK, True,
            beside=False),
    Command("divergence(1)", ("greater_than_sign",), "next wrong",
            "In convstep debug: to the next step that adds something wrong.", CANDIDATE, beside=True),
    Command("divergence(-1)", ("less_than_sign",), "last wrong",
            "In convstep debug: to the previous such step.", CANDIDATE),
    Command("diagnosis", ("d",), "diagnosis",
            "In convstep debug: what is wrong, the line to mend, and your own source.", CANDIDATE,
            beside=True),
    Command("answer", ("a",), "answer", "In a lesson: answer the page's question; Enter does it, too.",
            LESSON, lesson=True),
    Command("hint", ("h",), "hint", "In a lesson: a hint, for points.", LESSON, lesson=True),
    Command("solution", ("A",), "show answer", "In a lesson: show the answer, for no points.", LESSON),
    Command("page(1)", ("p", "pagedown"), "on", "In a lesson: the next page; Enter does it, too.", LESSON,
            lesson=True),
    Command("page(-1)", ("P", "pageup"), "page back", "In a lesson: the page before.", LESSON, lesson=True),
    Command("return_to_page", ("r",), "return",
            "In a lesson: back to the page's place after looking around.", LESSON, lesson=True),
    Command("scroll_page(1)", ("shift+down",), "read on",
            "In a lesson: scroll the page down; so does ↓ where there is nothing to choose.", LESSON),
    Command("scroll_page(-1)", ("shift+up",), "read back", "In a lesson: scroll the page up.", LESSON),
    Command("restart", ("R",), "restart", "In a lesson: from its beginning, with nothing answered.", LESSON),
    Command("copy", ("y",), "copy command", "Copy the command that opens this very view.", ASK),
    Command("save", ("w",), "save session", "Save position, stops, bookmarks and view to a file.", ASK),
    Command("help", ("question_mark",), "help", "Explain every key and every mark.", APP, True, lesson=True),
    Command("app.command_palette", ("ctrl+p",), "palette", "Find a command by name.", APP, palette=False),
    Command("app.quit", ("q",), "quit", "Leave.", APP, True, lesson=True),
)  # fmt: skip

_KEY_TEXTS = {
    "question_mark": "?",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def key_text(key: str) -> str:
    """A key as people write it: `question_mark` -> `?`, `shift+f5` -> `Shift+F5`."""
    if len(key) == 1:
        return key
    parts = [_KEY_TEXTS.get(part, part.capitalize()) for part in key.split("+")]
    return "+".join(parts)


def bindings() -> list[Binding]:
    """Every command's binding, in the table's order."""
    return [command.binding for command in COMMANDS]


def beside_bindings() -> list[Binding]:
    """The same for the screen with a candidate: its footer shows other keys."""
    return [command.beside_binding for command in COMMANDS]


def lesson_bindings() -> list[Binding]:
    """The same for a lesson."""
    return [command.lesson_binding for command in COMMANDS]


def groups() -> dict[str, list[Command]]:
    """The commands by heading, in the table's order."""
    found: dict[str, list[Command]] = {}
    for command in COMMANDS:
        found.setdefault(command.group, []).append(command)
    return found


def markdown_table() -> str:
    """The README's key table."""
    rows = ["| Key | What it does |", "| --- | --- |"]
    for command in COMMANDS:
        keys = " ".join(f"`{text}`" for text in command.key_texts)
        rows.append(f"| {keys} | {command.help} |")
    return "\n".join(rows)
