"""Prompt: ask for a line of text, and say while it is typed what it means or why it is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from convstep.language import tr
from convstep.printable import printable
from convstep.ui.dialogs.once import Once
from convstep.view.text.wrapping import Paragraph

Answer = TypeVar("Answer")

LONGEST = 400
"""Characters under the field: what was typed comes back in them, and it may be long."""


class PromptScreen(Once, ModalScreen[Answer | None], Generic[Answer]):
    """Asks for one line; dismisses with what it means, or None."""

    BINDINGS: ClassVar[list[Binding]] = [Binding("escape", "dismiss(None)", "Close")]  # type: ignore[assignment]
    DEFAULT_CSS = """
    PromptScreen { align: center middle; }
    PromptScreen > Vertical {
        width: 66; max-width: 100%; height: auto; border: heavy $accent;
        background: $surface; padding: 0 1;
    }
    PromptScreen Input { margin: 1 0; background: $boost; }
    PromptScreen Label { width: 1fr; height: auto; min-height: 4; }
    """

    def __init__(
        self,
        title: str,
        forms: str,
        hint: str,
        parse: Callable[[str], Answer],
        meaning: Callable[[Answer], str],
        *,
        text: str = "",
        take: Callable[[Answer], object] = lambda answer: None,
    ) -> None:
        """Ask what the title says.

        `forms` are examples of an answer, shown while nothing is typed; `hint` says in a sentence what it may
        be. `parse` leads from the text to the answer and `meaning` to its words; `take` does something with
        it before the prompt closes. If `parse` or `take` raises a ValueError of one sentence, the prompt says
        so and stays.
        """
        super().__init__()
        self._title, self._forms, self._hint = title, forms, hint
        self._parse, self._meaning, self._text, self._take = parse, meaning, text, take

    def compose(self) -> ComposeResult:
        """The input, and what it means."""
        with Vertical() as box:
            box.border_title, box.border_subtitle = self._title, tr("Enter takes it · Esc closes")
            yield Input(self._text, placeholder=self._forms, id="answer", compact=True)
            yield Label("", id="meaning", markup=False)

    def unsent(self) -> list[str]:
        """The line so far."""
        text = self.query_one("#answer", Input).value
        return [f"{self._title}: {text}"] if text != self._text else []

    def on_mount(self) -> None:
        """Explain what stands there at first."""
        self._explain(self._text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what this means, or why it means nothing."""
        self._explain(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, if this is an answer."""
        try:
            answer = self._parse(event.value)
            self._take(answer)
        except ValueError as error:
            self.app.bell()
            self._say(_closed(error))
        else:
            self.dismiss(answer)

    def _explain(self, text: str) -> None:
        meaning = self._hint
        if text.strip():
            try:
                meaning = self._meaning(self._parse(text))
            except ValueError as error:
                meaning = _closed(error)
        self._say(meaning)

    def _say(self, words: str) -> None:
        self.query_one("#meaning", Label).update(Paragraph(printable(words, LONGEST)))


def _closed(error: ValueError) -> str:
    """What is wrong, as a sentence of its own; one that asks "did you mean …?" is closed already."""
    said = str(error)
    return said if said.endswith(("?", "？")) else tr("{sentence}.", sentence=said)
