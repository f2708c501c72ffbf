"""What holds of every plan, whatever is arranged."""

from __future__ import annotations

import itertools

from convstep.view.grid.places import Rect
from convstep.view.layout.arrange import Plan


def check_places(plan: Plan, width: int, height: int) -> None:
    """No part leaves the room or covers another one, and none is too small to say anything."""
    room = Rect(0, 0, width, height)
    for (key, place), (other, beside) in itertools.combinations(plan.places.items(), 2):
        apart = (
            place.x + place.width <= beside.x or beside.x + beside.width <= place.x
            or place.y + place.height <= beside.y or beside.y + beside.height <= place.y
        )  # fmt: skip
        assert apart, (key, place, other, beside)
    for key, place in plan.places.items():
        assert room.union(place) == room, (key, place)
        assert place.width >= 6, (key, place)
        assert place.height >= 3, (key, place)
