"""Fitted: a part that fits what it shows to its size before anything of it is painted."""

from __future__ import annotations

from textual.geometry import Size
from textual.widget import Widget


class Fitted(Widget):
    """Fits its contents at once: the event of a new size comes when a frame without them was seen."""

    _fitted: tuple[Size, Size] | None = None

    def fit(self) -> None:
        """The room has changed."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Fit in any case: what was hidden may have been drawn for another size."""
        self._fitted = self.size, self.container_size
        self.fit()

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        told = super()._size_updated(size, virtual_size, container_size, layout)
        if self._fitted != (self.size, self.container_size):
            self.on_resize()
        return told
