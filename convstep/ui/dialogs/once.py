"""Once: a screen that is closed once, and does nothing more from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.geometry import Size
    from textual.screen import Screen

    Base = Screen[Any]
else:
    Base = object  # Textual inherits styles from the first base that is a node


class Once(Base):
    """Mixed into every screen: Textual's `dismiss` closes whichever is in front, however often it is asked.

    That keys, the mouse and pastes reach no screen that is being closed is up to `TypeAhead`.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close this screen, unless another one is in front: it may be closed already."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def _compositor_refresh(self) -> None:
        """Draw no frame in a batch: Textual draws a whole one there, and then does not show it."""
        if not self.app._batch_count:
            super()._compositor_refresh()

    def _screen_resized(self, size: Size) -> None:
        """Lay the parts out for another size: Textual tells each several times."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Do something after the next frame, if the screen is still there.

        It is the screen in front that does it, and that may be another one by then.
        """

        def unless_closed() -> object:
            return callback(*args, **kwargs) if self in self.app.screen_stack else None

        return super().call_after_refresh(unless_closed)
