"""What the command palette finds; that nothing was found it says in the language that is spoken."""

from __future__ import annotations

from textual import events
from textual.command import CommandList, CommandPalette, Hit, Hits, Provider, SearchIcon
from textual.system_commands import SystemCommandsProvider
from textual.theme import ThemeProvider

from convstep.language import tr
from convstep.ui.dialogs.once import Once
from convstep.ui.type_ahead import Act

PROMPT = "›"
"""What stands before the words that are searched for."""


class _Searching(Provider):
    """A search whose result is never empty: Textual would say so in English."""

    async def search(self, query: str) -> Hits:
        """What was found, or one line that says that nothing was."""
        found = False
        async for hit in super().search(query):
            found = True
            yield hit
        if not found:
            yield Hit(0.0, tr("No matches found"), lambda: None)


class Commands(_Searching, SystemCommandsProvider):
    """The debugger's commands."""


class Themes(_Searching, ThemeProvider):
    """The themes."""


class Palette(Once, CommandPalette):
    """Textual's palette; what is typed goes on while it searches, what chooses waits for what is found."""

    def on_mount(self) -> None:
        """A mark that every font has; Textual's is in colour, or a box."""
        self.query_one(SearchIcon).icon = PROMPT

    def _action_command_list(self, action: str) -> None:
        """Textual's list turns its pages only where it has a place."""
        if not action.startswith("page_") or self.query_one(CommandList).scrollable_content_region.area:
            super()._action_command_list(action)

    def prepares(self, act: Act) -> bool:
        """Whether a key would choose from what was found for fewer characters."""
        chooses = isinstance(act, events.MouseDown) or (
            isinstance(act, events.Key) and not act.is_printable and act.key not in ("escape", "backspace")
        )
        searches = (worker for worker in self.workers if worker.group == self._GATHER_COMMANDS_GROUP)
        return chooses and any(not worker.is_finished for worker in searches)
