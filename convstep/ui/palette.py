"""What the command palette finds; that nothing was found it says in the language that is spoken."""

from __future__ import annotations

from textual.command import Hit, Hits, Provider
from textual.system_commands import SystemCommandsProvider
from textual.theme import ThemeProvider

from convstep.language import tr


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
