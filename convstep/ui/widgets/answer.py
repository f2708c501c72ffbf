"""AnswerLine: where an answer is typed, and which keys belong to it."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from convstep.lessons.questions import starts_answer

ANSWER = "answer"
"""Id of the line in which an answer is typed."""
EDITING = frozenset({"left", "right", "home", "end", "backspace", "delete"})
"""Keys that change an answer that stands there already."""


class AnswerInput(Input):
    """Where an answer is typed: every character belongs to it once it is begun, none before.

    Not begun is also what was submitted or left: it stays to be read, and the next answer that is
    typed replaces it. Who left it can go on with it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "submit", key_display="Enter"),
        Binding("escape", "leave", "leave", key_display="Esc"),
    ]
    """For the line of keys; what they do is done in `on_key`."""

    class Turned(Message):
        """An answer was begun, or is not typed any more."""

    def __init__(self) -> None:
        # selecting on focus comes late: the next character would replace the first one
        super().__init__(id=ANSWER, compact=True, select_on_focus=False)
        self.begun = False
        """Whether an answer is being typed."""
        self.wanted = False
        """Whether the page has a question for it."""
        self._left = False
        """Whether what stands here was never submitted."""

    @property
    def unsent(self) -> str:
        """What was typed and never submitted."""
        return self.value if self.begun or self._left else ""

    def takes(self, event: events.Key) -> bool:
        """Whether a key begins an answer, or begins to change the one that stands here."""
        if event.is_printable:
            return starts_answer(event.character or "")
        return bool(self.value) and event.key in EDITING

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the screen's own use of a key is not in force."""
        return self.begun and super().check_consume_key(key, character)

    def begin(self) -> None:
        """From now on all characters belong to the answer."""
        if self.wanted:
            self.screen.set_focus(self, scroll_visible=False)
            self._turn(True)

    def go_on(self) -> None:
        """The same at the end of what was left; what was submitted is replaced all the same."""
        if self._left and not self.begun:
            self.cursor_position = len(self.value)
        self.begin()

    def take_up(self, text: str) -> None:
        """Hold what was typed before, as if it had just been left."""
        self.value, self._left = text, True
        self.select_all()

    def add(self, text: str) -> None:
        """Type something at the cursor, or in place of what is selected."""
        self.replace(text, *sorted(self.selection))

    def leave(self) -> None:
        """Give the keys back to the page; what was typed stays."""
        self.screen.set_focus(self.query_ancestor("Narration", Widget), scroll_visible=False)
        self._turn(False)

    def on_key(self, event: events.Key) -> None:
        """Act on keys in the order in which they come.

        A binding runs later than a character that was typed after its key.
        """
        if not self.wanted or not (self.begun or self.takes(event) or event.key in ("enter", "escape")):
            event.prevent_default()  # Input would put it in
            self.leave()
            return
        act = {"enter": self._enter, "escape": self.leave, "backspace": self.action_delete_left}.get(
            event.key
        )
        if event.key in EDITING:
            self.go_on()
        elif event.key not in ("enter", "escape"):
            self.begin()
        if act is not None:
            event.stop()
            act()

    def on_paste(self) -> None:
        """What is pasted is typed."""
        self.begin()

    def on_click(self, event: events.Click) -> None:
        """Whoever points at the line wants to type."""
        event.stop()
        self.begin()

    def on_blur(self) -> None:
        """Nothing is typed where the keys are not."""
        if self.screen.focused is not self:  # the keys may be back already
            self._turn(False)

    def _enter(self) -> None:
        """Submit what was typed; what was submitted already is changed."""
        if not self.begun:
            self.go_on()
            return
        if self.value.strip():
            self._turn(False)
            self._left = False
        self.post_message(self.Submitted(self, self.value))

    def _turn(self, begun: bool) -> None:
        if begun != self.begun:
            self.begun = begun
            if not begun:
                self._left = True
                self.select_all()
            self.refresh_bindings()
            self.post_message(self.Turned())


class AnswerLine(Horizontal):
    """The answer's line with its label; it covers a line that the page leaves empty."""

    DEFAULT_CSS = """
    AnswerLine { layer: answer; height: 1; margin-right: 1; display: none; background: $surface; }
    AnswerLine.-open { display: block; }
    AnswerLine Static { width: auto; margin-right: 1; text-style: bold; }
    AnswerLine AnswerInput { background: $boost; width: 1fr; }
    """

    def compose(self) -> ComposeResult:
        """The label and the line."""
        yield Static()
        yield AnswerInput()
