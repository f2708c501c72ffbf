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

MOVE, PLACE, STOP, LOOK, ASK, APP = "Step", "Go to", "Stop", "View", "Explain", "Program"
CANDIDATE = "Your own backward: convstep debug"
LESSON = "Lessons: convstep learn"

COMMANDS = (
    Command("next", ("n", "space", "f10"), "next", "Execute one iteration of the loop.", MOVE, True,
            lesson=True),
    Command("back", ("N", "backspace", "shift+f10", "f22"), "back", "Go back one iteration.", MOVE, True,
            lesson=True),
    Command("next_addition", ("s", "f11"), "add",
            "Make one of the step's three additions: dW, then dA_prev_pad, then db.", MOVE, True,
            beside=False),
    Command("back_addition", ("S", "shift+f11", "f23"), "undo addition", "Undo one addition.", MOVE),
    Command("channels_end", ("f",), "channels end",
            "Run to the end of the channel loop: every i_c at this place.", MOVE),
    Command("channels_start", ("F",), "channels start", "Back to the start of the channel loop.", MOVE),
    Command("row_end", ("l",), "row end", "Run to the end of the output row: every i_w.", MOVE),
    Command("row_start", ("L",), "row start", "Back to the start of the output row.", MOVE),
    Command("play", ("e",), "play",
            "Play one iteration after another; e again, Esc or any move pauses.", MOVE),
    Command("pace(1)", ("right_parenthesis",), "faster", "Play faster, up to 32 steps a second.", MOVE),
    Command("pace(-1)", ("left_parenthesis",), "slower",
            "Play slower, down to one step every two seconds.", MOVE),
    Command("end", ("end",), "end",
            "Go to the last step; from there, any key that leads forward opens the comparison, "
            "except in convstep debug and in lessons.", PLACE),
    Command("start", ("home",), "start", "Go to the start, before the first step.", PLACE),
    Command("run", ("c", "f5"), "run", "Run to the next stop, or to the end; Esc interrupts.", STOP, True),
    Command("run_back", ("C", "shift+f5", "f17"), "run back",
            "Run back to the previous stop, or to the start.", STOP),
    Command("stop_here", ("b",), "stop",
            "Set or remove a stop at the cell under the cursor: a dZ cell stops at its step, "
            "a gradient cell whenever it is written.", STOP, True,
            beside=False),
    Command("condition", ("slash",), "condition",
            "Stop when a condition holds: abs(dz) > 0.1 and i_c == 2, isnan(dA), 4,*,1.", STOP),
    Command("stops", ("B",), "stops", "List the stops; switch them on or off, or remove them.", STOP),
    Command("to_cell(1)", ("t",), "next write",
            "Go to the step of the dZ cell under the cursor, or the next step that writes the gradient cell.",
            STOP),
    Command("to_cell(-1)", ("T",), "previous write",
            "The same backwards: to the previous step that wrote the cell.", STOP),
    Command("goto", ("g",), "goto", "Go to a step number, an index (4,2,1) or a percentage.", PLACE),
    Command("first_nonfinite", ("x",), "first NaN", "Go to the first step that makes a NaN or inf.", PLACE),
    Command("sample(1)", ("right_curly_bracket",), "next sample",
            "Go to the same place in the next sample of the batch.", PLACE),
    Command("sample(-1)", ("left_curly_bracket",), "previous sample",
            "Go to the same place in the previous sample.", PLACE),
    Command("visited(-1)", ("alt+left", "comma"), "jump back",
            "Go back to where you were before the last jump.", PLACE),
    Command("visited(1)", ("alt+right", "full_stop"), "jump forward",
            "Forward again after going back.", PLACE),
    Command("bookmark", ("k",), "bookmark", "Set a bookmark at this position, or remove it.", PLACE),
    Command("to_bookmark", ("K",), "next bookmark", "Go to the next bookmark.", PLACE),
    Command("values", ("v",), "values", "Switch between numbers, heat map and both.", LOOK),
    Command("face(1)", ("right_square_bracket",), "next face",
            "Next face of this panel: the next channel.", LOOK),
    Command("face(-1)", ("left_square_bracket",), "previous face", "Previous face of this panel.", LOOK),
    Command("share", ("u",), "share",
            "Show in dW and db what the current sample alone has added so far, or the sums over the batch.",
            LOOK),
    Command("follow", ("escape",), "follow",
            "Follow the loop's channels again, or restore a maximised panel.", LOOK),
    Command("precision(1)", ("plus", "equals_sign"), "more digits", "Show more digits.", LOOK),
    Command("precision(-1)", ("minus",), "fewer digits", "Show fewer digits.", LOOK),
    Command("maximise", ("m",), "maximise", "Maximise this panel, or restore it.", LOOK),
    Command("present", ("z",), "present",
            "Present to a class: large numbers and nothing else; z or Esc leaves.", LOOK),
    Command("panel(1)", ("tab",), "next panel", "Next panel, or next tab on a small screen.", LOOK),
    Command("panel(-1)", ("shift+tab",), "previous panel", "Previous panel.", LOOK),
    Command("cursor(-1, 0)", ("up",), "up",
            "Move the cell cursor up; the status line has the cell in full precision.",
            LOOK, palette=False),
    Command("cursor(1, 0)", ("down",), "down", "Move the cell cursor down.", LOOK, palette=False),
    Command("cursor(0, -1)", ("left",), "left", "Move the cell cursor left.", LOOK, palette=False),
    Command("cursor(0, 1)", ("right",), "right", "Move the cell cursor right.", LOOK, palette=False),
    Command("compare", ("o",), "torch", "Compare the gradients so far with PyTorch's.", ASK, True,
            beside=False),
    Command("provenance", ("i", "enter"), "why",
            "List the steps that add to the gradient cell under the cursor, with factors and running sum.",
            ASK, True,
            beside=False),
    Command("divergence(1)", ("greater_than_sign",), "next wrong",
            "In convstep debug: go to the next step that adds something wrong.", CANDIDATE, beside=True),
    Command("divergence(-1)", ("less_than_sign",), "previous wrong",
            "In convstep debug: go to the previous such step.", CANDIDATE),
    Command("diagnosis", ("d",), "diagnosis",
            "In convstep debug: show what is wrong, the line to fix and your own source.", CANDIDATE,
            beside=True),
    Command("answer", ("a",), "answer", "In a lesson: answer the question on the page; so does Enter.",
            LESSON, lesson=True),
    Command("hint", ("h",), "hint", "In a lesson: show a hint, which costs points.", LESSON, lesson=True),
    Command("solution", ("A",), "show answer",
            "In a lesson: show the answer; the question then gives no points.", LESSON),
    Command("page(1)", ("p", "pagedown"), "next page",
            "In a lesson: go to the next page; so does Enter.", LESSON,
            lesson=True),
    Command("page(-1)", ("P", "pageup"), "previous page",
            "In a lesson: go to the previous page.", LESSON, lesson=True),
    Command("return_to_page", ("r",), "return",
            "In a lesson: go back to the page's own step after looking around.", LESSON, lesson=True),
    Command("scroll_page(1)", ("shift+down",), "scroll down",
            "In a lesson: scroll the page down; so does ↓ where there is nothing to choose.", LESSON),
    Command("scroll_page(-1)", ("shift+up",), "scroll up", "In a lesson: scroll the page up.", LESSON),
    Command("restart", ("R",), "restart",
            "In a lesson: start again from the first page, with no question answered.", LESSON),
    Command("copy", ("y",), "copy command", "Copy the command that opens exactly this view.", ASK),
    Command("save", ("w",), "save session", "Save the position, stops, bookmarks and view to a file.", ASK),
    Command("help", ("question_mark",), "help", "Explain all keys and marks.", APP, True, lesson=True),
    Command("app.command_palette", ("ctrl+p",), "palette", "Find a command by name.", APP, palette=False),
    Command("app.quit", ("q",), "quit", "Quit.", APP, True, lesson=True),
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
