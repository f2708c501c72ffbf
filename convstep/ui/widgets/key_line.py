"""KeyLine: the screen's keys in one line; a click presses one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.reactive import reactive
from textual.widget import Widget

from convstep.language import tr
from convstep.ui.commands import key_text
from convstep.view.text.lines import KeyPlace, key_places

if TYPE_CHECKING:
    from textual.dom import DOMNode


class KeyLine(Widget):
    """One line in place of Textual's footer.

    That one makes a widget for every key, again whenever the focus moves and only after the first
    frame; and where the room is short it cuts off the last keys, which lead to the help and out.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--label", "key-line--pointed"}
    DEFAULT_CSS = """
    KeyLine { dock: bottom; height: 1; width: 1fr; background: $footer-background; }
    KeyLine > .key-line--key { color: $footer-key-foreground; text-style: bold; }
    KeyLine > .key-line--label { color: $footer-description-foreground; }
    KeyLine > .key-line--pointed { color: $footer-key-foreground; background: $block-hover-background; }
    """

    def __init__(self, offers: Callable[[str], bool] = lambda action: True) -> None:
        """Make the line; actions that have nothing to do now are not offered, and left out."""
        super().__init__()
        self._offers = offers

    pointed: reactive[int | None] = reactive(None)
    """Which of the keys the mouse is on."""

    def on_mount(self) -> None:
        """Look where the focus goes."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    def _focus_moved(self) -> None:
        """Other keys mean something there, or letters are typed."""
        self.refresh()

    def render(self) -> Text:
        """The keys there is room for, with their labels."""
        key_style, label_style, pointed_style = (
            self.get_component_rich_style(f"key-line--{part}", partial=True)
            for part in ("key", "label", "pointed")
        )
        found, line = self._keys(), Text(no_wrap=True)
        for place in self._places(found):
            key, label = found[place.at]
            item = Text.assemble((key, key_style), (f" {label}", label_style))
            if place.at == self.pointed:
                item.stylize(pointed_style)
            line.append(" " * (place.start - line.cell_len)).append_text(item)
        return line

    def on_click(self, event: events.Click) -> None:
        """Press the key under the mouse."""
        at = self._under(event)
        if at is not None:
            self.app.simulate_key(self._bindings_shown()[at].key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show which key a click would press."""
        self.pointed = self._under(event)

    def on_leave(self) -> None:
        """The mouse has gone."""
        self.pointed = None

    def _bindings_shown(self) -> list[Binding]:
        """What this screen offers, one binding for each action; none whose key is typed into a line."""
        bound: dict[str, list[tuple[DOMNode, Binding]]] = {}
        for node, bindings in self.screen._modal_binding_chain:
            for key, binding in bindings:
                bound.setdefault(key, []).append((node, binding))
        found: dict[str, Binding] = {}
        for key, several in bound.items():
            # Textual's `active_bindings` asks of every key whether it applies; few of them are shown
            if not any(_named(key, binding) for _, binding in several):
                continue
            asked = self.app._check_action_state
            active = [one for node, one in several if asked(one.action, node) is not False]
            chosen = next((one for one in active if one.priority), active[0]) if active else None
            if chosen is not None and _named(key, chosen) and self._offers(chosen.action):
                found.setdefault(chosen.action, chosen)
        return list(found.values())

    def _keys(self) -> list[tuple[str, str]]:
        """Each key with its label."""
        return [(one.key_display or key_text(one.key), tr(one.description)) for one in self._bindings_shown()]

    def _under(self, event: events.MouseEvent) -> int | None:
        """Which key the mouse is on."""
        column = event.get_content_offset_capture(self).x
        places = self._places(self._keys())
        return next((place.at for place in places if place.start <= column < place.stop), None)

    def _places(self, keys: list[tuple[str, str]]) -> list[KeyPlace]:
        return key_places(keys, self.size.width)


def _named(key: str, binding: Binding) -> bool:
    """Whether the line may show this key for it: not the second of an action's keys."""
    return binding.show and binding.key_display in (None, key_text(key))
