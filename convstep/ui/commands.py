"""The one table of commands: key bindings, footer, palette, help and the guide all come from it.

A key may have several meanings: rows that share a key are tried in the table's order, and the first
that applies is taken. Where none does, the key says why, in the sentence of its last row.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence

from textual.binding import Binding

from convstep.frozen import NamedTuple

PLAIN, BESIDE, IN_LESSON, RECORDED = "plain", "beside", "lesson", "recorded"
"""What a footer is for: a problem, a candidate beside the reference, a lesson's page, a recorded function."""
EVERYWHERE = (PLAIN, BESIDE, IN_LESSON, RECORDED)

CANDIDATE_ONLY = "this key is for your own backward: convstep debug mine.py:conv_backward"
LESSONS_ONLY = "this key is for lessons: convstep learn"
OWN_OR_LESSONS = "this key is for lessons, convstep learn, and your own function, convstep open mine.py:f"
CONV2D_ONLY = "this key is for conv2d: convstep open PROBLEM"
CHOOSE_A_PANEL = "choose a cell first: Tab to a panel, then the arrow keys"
"""Why a key does nothing."""


class Command(NamedTuple):
    """One thing a person can ask for."""

    id: str
    """What handlers know it by."""
    keys: tuple[str, ...]
    """Keys in Textual's names, the one to show first."""
    label: str
    """Two words at most, for the footer."""
    help: str
    """One sentence, for the help, the palette and the guide."""
    group: str
    """The heading it stands under."""
    footer: tuple[str, ...] = ()
    """The footers that show it."""
    otherwise: str = ""
    """What its key answers where it means nothing; "" for a command that works everywhere."""
    palette: bool = True
    """Whether the palette offers it; cursor keys make no sense there."""
    keyed: bool = False
    """Whether it is told which of its keys was pressed."""
    of_app: str = ""
    """The app's action that does it, where no part of a screen does."""

    @property
    def bindings(self) -> Iterator[Binding]:
        """Textual's form of it."""
        for keys in self.keys if self.keyed else (",".join(self.keys),):
            arguments = f"{self.id!r}, {keys!r}" if self.keyed else f"{self.id!r}"
            yield Binding(
                keys,
                self.of_app or f"do({arguments})",
                self.label,
                show=bool(self.footer),
                key_display=key_text(self.keys[0]),
                priority=any(key in _PRIORITY for key in self.keys),
            )

    @property
    def key_texts(self) -> list[str]:
        """Its keys as people write them; terminals' other names for Shift+F5 are left out."""
        return [key_text(key) for key in self.keys if key not in _ALIASES]


_PRIORITY = {"tab", "shift+tab", "ctrl+p"}
"""Textual's own focus chain and palette would take these first."""
_ALIASES = {"f17", "f22", "f23"}
"""What terminals send for Shift+F5, Shift+F10 and Shift+F11."""

MOVE, PLACE, STOP, LOOK, ASK, APP = "Step", "Go to", "Stop", "View", "Explain", "Program"
CANDIDATE = "Your own backward: convstep debug"
LESSON = "Lessons: convstep learn"
OWN = "Your own function: convstep open FILE.py:FUNCTION"

COMMANDS = (
    Command("mark", ("space",), "mark",
            "In a lesson, while cells are marked: mark the cell, or take its mark away.",
            LESSON, palette=False),
    Command("next", ("n", "space", "f10"), "next",
            "Execute one step: one iteration of the loop, or one statement outside of loops.",
            MOVE, EVERYWHERE),
    Command("back", ("N", "backspace", "shift+f10", "f22"), "back",
            "Go back one step.", MOVE, EVERYWHERE),
    Command("next-addition", ("s", "f11"), "add",
            "Make only one of the step's additions or writes, the next one.", MOVE, (PLAIN, RECORDED)),
    Command("back-addition", ("S", "shift+f11", "f23"), "undo addition", "Undo one addition or write.", MOVE),
    Command("channels-end", ("f",), "loop end",
            "Run to the end of the innermost loop; in conv2d that is every channel at this place.", MOVE),
    Command("channels-start", ("F",), "loop start", "Back to the start of the innermost loop.", MOVE),
    Command("row-end", ("l",), "outer end",
            "Run to the end of the loop around it; in conv2d that is the output row.", MOVE),
    Command("row-start", ("L",), "outer start", "Back to the start of the loop around it.", MOVE),
    Command("play", ("e",), "play",
            "Play one step after another; e again, Esc or any move pauses.", MOVE),
    Command("faster", ("right_parenthesis",), "faster", "Play faster, up to 32 steps a second.", MOVE),
    Command("slower", ("left_parenthesis",), "slower",
            "Play slower, down to one step every two seconds.", MOVE),
    Command("end", ("end",), "end",
            "Go to the last step; from there, any key that leads forward opens the comparison, of your own "
            "function says what it returned, except in convstep debug and in lessons.",
            PLACE),
    Command("start", ("home",), "start", "Go to the start, before the first step.", PLACE),
    Command("run", ("c", "f5"), "run",
            "Run to the next stop, or to the end; Esc interrupts.", STOP, (PLAIN, BESIDE, RECORDED)),
    Command("run-back", ("C", "shift+f5", "f17"), "run back",
            "Run back to the previous stop, or to the start.", STOP),
    Command("mark-block", ("b",), "mark block",
            "In a lesson, while cells are marked: mark the block from the last mark to the cursor.",
            LESSON, palette=False),
    Command("stop-line", ("b",), "stop",
            "In your own source: set or remove a stop at the line under the cursor.", OWN, (RECORDED,)),
    Command("stop-here", ("b",), "stop",
            "Set or remove a stop at the cell under the cursor: a dZ cell stops at its step, any other "
            "whenever it is written.",
            STOP, (PLAIN, RECORDED)),
    Command("condition", ("slash",), "condition",
            "Stop when a condition holds: abs(dz) > 0.1, isnan(dA), or at a place: 4,*,1.", STOP),
    Command("stops", ("B",), "stops", "List the stops; switch them on or off, or remove them.", STOP),
    Command("next-line", ("t",), "next run",
            "In your own source: go to the next step that executes the line under the cursor.", OWN),
    Command("previous-line", ("T",), "previous run",
            "Go back to the previous step that executed the line.", OWN),
    Command("next-write", ("t",), "next write",
            "Go to the step of the dZ cell under the cursor, or the next step that writes any other cell.",
            STOP),
    Command("previous-write", ("T",), "previous write",
            "The same backwards: to the previous step that wrote the cell.", STOP),
    Command("goto", ("g",), "goto", "Go to a step number, an index (4,2,1) or a percentage.", PLACE),
    Command("first-nonfinite", ("x",), "first NaN", "Go to the first step that makes a NaN or inf.", PLACE),
    Command("next-sample", ("right_curly_bracket",), "next sample",
            "Go to the same place in the next sample of the batch.", PLACE, otherwise=CONV2D_ONLY),
    Command("previous-sample", ("left_curly_bracket",), "previous sample",
            "Go to the same place in the previous sample.", PLACE, otherwise=CONV2D_ONLY),
    Command("other-way", ("D",), "other way",
            "Go to the same place of the other direction: the forward pass, which makes Z, or the backward "
            "pass.",
            PLACE, otherwise="only the plain debugger has both directions"),
    Command("visited-back", ("alt+left", "comma"), "jump back",
            "Go back to where you were before the last jump.", PLACE),
    Command("visited-forward", ("alt+right", "full_stop"), "jump forward",
            "Forward again after going back.", PLACE),
    Command("bookmark", ("k",), "bookmark", "Set a bookmark at this position, or remove it.", PLACE),
    Command("next-bookmark", ("K",), "next bookmark", "Go to the next bookmark.", PLACE),
    Command("values", ("v",), "values", "Switch between numbers, heat map and both.", LOOK),
    Command("window", ("V",), "window",
            "Show the step's window forward above backward, y = sum(x * w) + b over dw, dx and db, or its "
            "additions.",
            LOOK,
            otherwise="forward above backward is shown in the backward pass of conv2d, without a candidate: "
            "convstep open PROBLEM"),
    Command("next-face", ("right_square_bracket",), "next face",
            "Next face of this panel: the next channel.", LOOK),
    Command("previous-face", ("left_square_bracket",), "previous face", "Previous face of this panel.", LOOK),
    Command("share", ("u",), "share",
            "Show what the current sample alone has added to the sums so far, or the sums over the batch.",
            LOOK,
            otherwise="a sample's share is shown only of conv2d and without a candidate: convstep open"),
    Command("stop-marking", ("escape",), "stop marking",
            "In a lesson: mark no more cells; the marks stay.", LESSON, palette=False),
    Command("pause", ("escape",), "pause", "Pause playing.", MOVE, palette=False),
    Command("land", ("escape",), "stop here",
            "Stop a long way or a search where it is.", STOP, palette=False),
    Command("restore", ("escape",), "restore", "Restore a maximised panel.", LOOK, palette=False),
    Command("stop-presenting", ("escape",), "leave", "Leave the presenter's view.", LOOK, palette=False),
    Command("follow", ("escape",), "follow", "Follow the loop's channels again.", LOOK),
    Command("to-layers", ("escape",), "layers",
            "In a layer that was opened from the list: back to the list.",
            APP, otherwise="the panels follow the loop: there is nothing to leave", palette=False),
    Command("more-digits", ("plus", "equals_sign"), "more digits", "Show more digits.", LOOK),
    Command("fewer-digits", ("minus",), "fewer digits", "Show fewer digits.", LOOK),
    Command("maximise", ("m",), "maximise", "Maximise this panel, or restore it.", LOOK),
    Command("present", ("z",), "present",
            "Present to a class: large numbers and nothing else; z or Esc leaves.", LOOK),
    Command("next-panel", ("tab",), "next panel", "Next panel, or next tab on a small screen.", LOOK),
    Command("previous-panel", ("shift+tab",), "previous panel", "Previous panel.", LOOK),
    Command("choose-up", ("up",), "up",
            "In a lesson: the option or line above; where there is nothing to choose, scroll the page up.",
            LESSON, palette=False),
    Command("choose-down", ("down",), "down",
            "In a lesson: the option or line below; where there is nothing to choose, scroll the page "
            "down.",
            LESSON, palette=False),
    Command("digit", tuple("0123456789"), "choose",
            "In a lesson: choose the option or line of this number, or begin an answer.",
            LESSON, otherwise=LESSONS_ONLY, palette=False, keyed=True),
    Command("line-up", ("up",), "up",
            "In your own source: move the cursor to the line above.", OWN, palette=False),
    Command("line-down", ("down",), "down",
            "In your own source: move the cursor to the line below.", OWN, palette=False),
    Command("up", ("up",), "up",
            "Move the cell cursor up; the status line has the cell in full precision.",
            LOOK, otherwise=CHOOSE_A_PANEL, palette=False),
    Command("down", ("down",), "down",
            "Move the cell cursor down.", LOOK, otherwise=CHOOSE_A_PANEL, palette=False),
    Command("left", ("left",), "left",
            "Move the cell cursor left.", LOOK, otherwise=CHOOSE_A_PANEL, palette=False),
    Command("right", ("right",), "right",
            "Move the cell cursor right.", LOOK, otherwise=CHOOSE_A_PANEL, palette=False),
    Command("outcome", ("o",), "outcome",
            "Say what your own function returned or why it ended, and which arguments it changes.",
            OWN, (RECORDED,)),
    Command("compare", ("o",), "torch", "Compare the gradients so far with PyTorch's.",
            ASK, (PLAIN, RECORDED)),
    Command("continue", ("enter",), "go on",
            "In a lesson: whatever comes next: answer, submit the answer, turn the page.",
            LESSON, palette=False),
    Command("values-of-line", ("i", "enter"), "values",
            "In your own source: what each part of the line under the cursor is worth at this step.",
            OWN, (RECORDED,)),
    Command("edit", ("enter",), "what if",
            "Change the cell of an input under the cursor, and compute all after it anew.", ASK),
    Command("provenance", ("i", "enter"), "why",
            "List the steps that made the cell under the cursor, and what each did; Enter changes an input.",
            ASK, (PLAIN, RECORDED)),
    Command("undo-edit", ("U",), "undo edit", "Take the last edited number back.", ASK),
    Command("redo-edit", ("ctrl+r",), "redo edit", "Make the edit again that was taken back.", ASK),
    Command("next-divergence", ("greater_than_sign",), "next wrong",
            "In convstep debug: go to the next step that adds something wrong; in your own function, to the "
            "next after which it differs from what its own forward says.",
            CANDIDATE, (BESIDE,), otherwise=CANDIDATE_ONLY),
    Command("previous-divergence", ("less_than_sign",), "previous wrong",
            "In convstep debug: go to the previous such step.", CANDIDATE, otherwise=CANDIDATE_ONLY),
    Command("diagnosis", ("d",), "diagnosis",
            "In convstep debug: show what is wrong, the line to fix and your own source; in your own "
            "function, what its own forward says of its lines, and how that was found out.",
            CANDIDATE, (BESIDE,), otherwise=CANDIDATE_ONLY),
    Command("answer", ("a",), "answer",
            "In a lesson: answer the question on the page; so does Enter.",
            LESSON, (IN_LESSON,), otherwise=LESSONS_ONLY),
    Command("arrays", ("a",), "arrays",
            "List the arrays of your own function; Enter brings one in as a panel, or takes it out.",
            OWN, (RECORDED,), otherwise=OWN_OR_LESSONS),
    Command("hint", ("h",), "hint",
            "In a lesson: show a hint, which costs points.", LESSON, (IN_LESSON,), otherwise=LESSONS_ONLY),
    Command("solution", ("A",), "show answer",
            "In a lesson: show the answer; the question then gives no points.",
            LESSON, otherwise=LESSONS_ONLY),
    Command("next-page", ("p",), "next page",
            "In a lesson: go to the next page; so does Enter.", LESSON, (IN_LESSON,), otherwise=LESSONS_ONLY),
    Command("previous-page", ("P",), "previous page",
            "In a lesson: go to the previous page.", LESSON, (IN_LESSON,), otherwise=LESSONS_ONLY),
    Command("return", ("r",), "return",
            "In a lesson: go back to the page's own step after looking around.",
            LESSON, (IN_LESSON,), otherwise=LESSONS_ONLY),
    Command("read-on", ("pagedown", "shift+down"), "read on",
            "In a lesson: scroll the page down, and at its end go to the next one.",
            LESSON, otherwise=LESSONS_ONLY),
    Command("read-back", ("pageup", "shift+up"), "read back",
            "In a lesson: scroll the page up, and at its beginning go to the previous one.",
            LESSON, otherwise=LESSONS_ONLY),
    Command("restart", ("R",), "restart",
            "In a lesson: start again from the first page, with no question answered.",
            LESSON, otherwise=LESSONS_ONLY),
    Command("copy", ("y",), "copy command", "Copy the command that opens exactly this view.", ASK),
    Command("copy-case", ("Y",), "copy case",
            "Copy what is looked at as NumPy code: arrays, the call and what should come of it, of your own "
            "backward the case in which it fails; again: as a pytest function.", ASK),
    Command("save", ("w",), "save session", "Save the position, stops, bookmarks and view to a file.", ASK),
    Command("palette", ("ctrl+p",), "commands",
            "Find a command by name.", APP, EVERYWHERE, palette=False, of_app="app.command_palette"),
    Command("help", ("question_mark",), "help", "Explain all keys and marks.", APP, EVERYWHERE),
    Command("quit", ("q",), "quit", "Quit.", APP, EVERYWHERE, of_app="app.quit"),
)  # fmt: skip

TEN = (
    "next",
    "back",
    "next-addition",
    "run",
    "goto",
    "next-panel",
    "stop-here",
    "provenance",
    "compare",
    "help",
)
"""The keys that matter, which the help opens with."""

BY_ID = {command.id: command for command in COMMANDS}
"""The same, by what handlers know them by."""

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
    """Every row's bindings in the table's order, then what a key answers that means nothing here."""
    rows = [binding for command in COMMANDS for binding in command.bindings]
    return [*rows, *(Binding(key, f"explain_key({key!r})", show=False) for key in meanings())]


@functools.cache  # asked for every key whenever the line of keys is drawn
def meanings() -> Mapping[str, Sequence[Command]]:
    """By key, the commands it may mean, in the order in which they are tried."""
    found: dict[str, list[Command]] = {}
    for command in COMMANDS:
        if not command.of_app:
            for key in command.keys:
                found.setdefault(key, []).append(command)
    return found


def groups() -> dict[str, list[Command]]:
    """The commands by heading, in the table's order."""
    found: dict[str, list[Command]] = {}
    for command in COMMANDS:
        found.setdefault(command.group, []).append(command)
    return found
