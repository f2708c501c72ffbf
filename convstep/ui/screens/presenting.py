"""Presenting: the same debugger for a class, with large numbers and nothing around the panels."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.widgets import Static

from convstep.ui.screens.panels import PanelScreen
from convstep.view.grid.panel import Span
from convstep.view.scene.sentence import draw_sentence


class PresentingScreen(PanelScreen):
    """Turns the presenter's view on and off; what stands where is up to `presented_plan`."""

    def action_present(self) -> None:
        """Present, or show everything again."""
        self.presenting = not self.presenting

    def watch_presenting(self) -> None:
        """Hide or show what is around the panels, and draw them anew."""
        self.set_class(self.presenting, "-presenting")
        self._apply_look()
        self._arrange()
        self._show(all_changed=True)

    def action_follow(self) -> None:
        """Leave the presenter's view, once nothing is maximised in it."""
        if self.presenting and not self._maximised:
            self.presenting = False
        else:
            super().action_follow()

    def title_names(self) -> Sequence[str]:
        """Only the name itself before a class."""
        return [self.problem_name] if self.presenting else super().title_names()

    def title_facts(self) -> list[str]:
        """Nothing more before a class: the place stands beside it."""
        return [] if self.presenting else super().title_facts()

    def show_aside(self) -> None:
        """Before a class, what was said takes the place of the sentence."""
        if self.presenting:
            self._show_sentence()
        else:
            super().show_aside()

    def _show(self, *, all_changed: bool, touched: Span | None = None) -> None:
        """Say the step in one line as well."""
        super()._show(all_changed=all_changed, touched=touched)
        self._show_sentence()

    def _arrange(self) -> None:
        """The line has another width now."""
        super()._arrange()
        self._show_sentence()

    def _show_sentence(self) -> None:
        if self.presenting:
            width = self.size.width - 2
            aside = Text(set_cell_size(self._aside, min(cell_len(self._aside), width)), no_wrap=True)
            sentence = aside if self._aside else draw_sentence(self._scene, width)
            self.query_one("#sentence", Static).update(sentence, layout=False)
