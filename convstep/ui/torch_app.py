"""What every app of ours has: torch loading beside it, one key at a time, the palette from the one table."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from rich.style import Style
from rich.theme import Theme as Named
from textual import events
from textual.app import SystemCommand
from textual.color import Color
from textual.command import CommandPalette, Provider
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.theme import Theme

from convstep import waiting
from convstep.language import tr
from convstep.served import in_browser
from convstep.ui.chosen_theme import ChosenTheme
from convstep.ui.commands import COMMANDS
from convstep.ui.ending_app import EndingApp
from convstep.ui.legible import Legible
from convstep.ui.telling import tell_after
from convstep.ui.type_ahead import Act, TypeAhead
from convstep.view.grid.colours import HUES, VISIBLE, Colours, readable
from convstep.view.grid.look import NOW, READS, WRITES

if TYPE_CHECKING:
    from textual.notifications import SeverityLevel

    from convstep.oracle.service import TorchService


_NO_COLOUR = NoColor()
LOOKED_AT = 0.02
"""Seconds in which the thread that writes to the terminal gets its turn and writes the first frame."""


@runtime_checkable
class Speaking(Protocol):
    """A screen with a place for what is said."""

    def say(self, words: str) -> None:
        """Say something until the next move."""


@runtime_checkable
class Commanded(Protocol):
    """A screen that the one table of commands is about."""

    def applies(self, id: str) -> bool:
        """Whether a command has something to do, or to say, now."""


def _hues(theme: Theme) -> dict[str, str]:
    """By what a step does; where colours are the terminal's own, two of its."""
    own = {"reads": "ansi_cyan", "writes": "ansi_magenta"} if theme.ansi else {}
    return {**HUES[theme.dark], **own}


def _named(theme: Theme) -> Named:
    """The styles that a text may name: what a step reads and writes, and the one value that it takes."""
    hues = {name: Color.parse(hue).rich_color for name, hue in _hues(theme).items()}
    styles = {name: Style(color=hues[name]) for name in (READS, WRITES)}
    styles[NOW] = Style(bold=True, reverse=True)
    with_weight = {f"{word} {name}": style + Style.parse(word)
                   for name, style in styles.items() for word in ("bold", "dim")}  # fmt: skip
    return Named(styles | with_weight)


def _commands() -> type[Provider]:
    from convstep.ui.palette import Commands

    return Commands


class TorchApp(EndingApp):
    """An app whose screens may ask PyTorch, which runs in a process of its own."""

    TITLE = "convstep"
    CSS_PATH: ClassVar[Path] = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[Callable[[], type[Provider]]]] = {_commands}  # type: ignore[assignment]

    def __init__(self, torch: TorchService | None, live: bool) -> None:
        """Prepare; the oracle's process is made if it is left out.

        `live`: a person sits in front of it, so that torch is loaded beforehand.
        """
        super().__init__()
        # two widgets less on every screen: what is said has a line of its own, and nothing has a tooltip
        self._disable_notifications = self._disable_tooltips = True
        self._torch, self._live = torch, live
        self._first_frame, self._painted, self._waited = ExitStack(), ExitStack(), ""
        self._legible = Legible(Colours.ALL)
        self._chosen_theme: ChosenTheme | None = None
        self.console.push_theme(_named(self.current_theme))
        self.type_ahead = TypeAhead(self)
        """What was typed and is not taken yet."""

    async def run_async(self, *, headless: bool = False, **options: Any) -> None:
        """Run; in a terminal, in its colours and in the theme that the person chose.

        A picture, which needs no terminal, is the same for everybody.
        """
        if not headless:
            self.show_in(Colours.of(self.console.color_system))
            if not in_browser():  # whoever looks there does not choose for the person here
                self.remember_theme(ChosenTheme())
        if gc.isenabled():  # until there is a frame, much is made and nothing thrown away
            gc.disable()
            self._painted.callback(gc.enable)
        with self._painted:
            return await super().run_async(headless=headless, **options)

    def show_in(self, colours: Colours) -> None:
        """Use only what a terminal has; called before the first frame."""
        self._legible = Legible(colours)

    @property
    def colours(self) -> Colours:
        """What the terminal has."""
        return self._legible.colours

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last one before the terminal, and in it Textual's own: one pass over what changes."""
        filters = list(super().get_line_filters())
        if self.no_color and self.native_ansi_color:
            # Textual decides once, by the theme at the start: greys would hide the terminal's own colours
            filters = [_NO_COLOUR if isinstance(one, Monochrome) else one for one in filters]
        if filters != self._legible.before:
            self._legible = Legible(self.colours, filters)
        return [self._legible]

    def remember_theme(self, chosen: ChosenTheme) -> None:
        """Take the theme chosen earlier, and keep every choice from now on."""
        if chosen.name in self.available_themes:
            self.theme = chosen.name
        self._chosen_theme = chosen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The hues of what a step reads and writes, for style sheets: `$reads` and `$writes`."""
        return _hues(self.current_theme)

    def get_css_variables(self) -> dict[str, str]:
        """Textual's, with a scrollbar that is seen: its own is navy on black, without colour grey on it."""
        found = super().get_css_variables()
        if not self.current_theme.ansi:
            bar, ground = (Color.parse(found[name]).rgb for name in ("scrollbar", "scrollbar-background"))
            found["scrollbar"] = Color(*readable(bar, ground, VISIBLE)).hex
        return found

    def watch_theme(self, before: str, name: str) -> None:
        """Give texts its hues, and keep what a person chose."""
        self.console.pop_theme()
        self.console.push_theme(_named(self.current_theme))
        if self._chosen_theme is None or name == before:
            return
        try:
            self._chosen_theme.keep(name)
        except OSError as error:
            reason = error.strerror or error
            self.notify(
                tr("the theme is not kept: {path}: {reason}", path=self._chosen_theme.path, reason=reason)
            )

    @property
    def torch(self) -> TorchService:
        """PyTorch in a process of its own, made when it is first asked for."""
        if self._torch is None:
            from convstep.oracle.service import TorchService

            self._torch = TorchService()
        return self._torch

    def close_children(self) -> None:
        """End PyTorch's process, if there is one."""
        if self._torch is not None:
            self._torch.close()

    def on_load(self) -> None:
        """Paint nothing until every part knows its size: one whole frame, not a row of torn ones."""
        self._first_frame.enter_context(self.batch_update())
        self._waited = waiting.wipe()  # the terminal turns to another screen now

    def on_compose(self) -> None:
        """Until there is a frame, say on this screen as well what one waits for."""
        if self._waited and self._driver is not None:
            self._driver.write(f"\x1b[H{self._waited}")
            self._driver.flush()

    def on_ready(self) -> None:
        """Paint the first frame; what is to be done then would keep it from being written."""
        self._first_frame.close()
        self.screen._repaint_required &= not self.screen._layout_required  # a new layout is painted whole
        self.screen._on_timer_update()  # at once, not when its clock comes round
        tell_after(self, LOOKED_AT, self._go_on)

    def _go_on(self) -> None:
        """While the first frame is looked at: garbage again, and torch loads."""
        self._painted.close()
        if self._live:
            self.torch.start()

    def on_unmount(self) -> None:
        """Take no more keys."""
        self.type_ahead.close()

    async def on_event(self, event: events.Event) -> None:
        """Take what a person does when the one before it has had its effect."""
        if isinstance(event, Act) and not event.is_forwarded:
            if not self.type_ahead.lets_in(event):
                return
            self.heed(event)
        await super().on_event(event)

    def heed(self, act: Act) -> None:
        """Look at what a person does before it goes to the part that has the keys."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Say something where this screen, or the one below a dialog, says everything.

        A toast would lie on panels, status or keys, and stay when what it speaks of is gone.
        """
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Speaking):
                screen.say(f"{title}: {message}" if title else message)
                return

    def action_help_quit(self) -> None:
        """Ctrl+C, which leaves other programs: say what leaves this one."""
        self.notify(tr("q leaves this screen, ctrl+q the program"))

    def action_command_palette(self) -> None:
        """Textual's palette, in the language that is spoken; not where nothing is seen."""
        if not (isinstance(self.screen, CommandPalette) or self.screen.has_class("-too-small")):
            from convstep.ui.palette import Palette

            self.push_screen(Palette(placeholder=tr("Search for commands…"), id="--command-palette"))

    def search_themes(self) -> None:
        """The same for themes."""
        from convstep.ui.palette import Palette, Themes

        self.push_screen(Palette([Themes], placeholder=tr("Search for themes…")))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the debugger can do now, and Textual's choice of theme."""
        for command in COMMANDS if isinstance(screen, Commanded) else ():
            assert isinstance(screen, Commanded)
            if command.palette and (command.of_app or screen.applies(command.id)):
                keys = " ".join(command.key_texts)

                async def run(action: str = command.of_app or f"do({command.id!r})") -> None:
                    await screen.run_action(action)

                yield SystemCommand(f"{tr(command.label)}  {keys}", tr(command.help), run)
        yield SystemCommand(
            tr("theme: light, dark and more"), tr("Change the colours."), self.action_change_theme
        )
