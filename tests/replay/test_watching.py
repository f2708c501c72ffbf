from __future__ import annotations

import pytest

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.replay.stop_list import Watch
from convstep.replay.stops import Stop, Stops, parse_stop
from tests.replay.stopping import next_stop

DIGIT = catalog.load("digit")
TEXTS = ("4,*,1", "watch dA_prev_pad[4, 9, 0]", "abs(dz) > 1.5 and i_w == 3", "max(abs(dW)) > 1 hits 3")


def listed(*texts: str) -> Stops:
    stops = Stops()
    for text in texts:
        stops.add(parse_stop(text, DIGIT.layout))
    return stops


@pytest.mark.parametrize("texts", [(text,) for text in TEXTS] + [TEXTS, ("*,*,2 hits 5", "i_w == 3")])
def test_watching_every_step_stops_where_the_search_stops(texts: tuple[str, ...]) -> None:
    stops, timeline = listed(*texts), Timeline(DIGIT)
    for _ in range(4):
        start, watch = timeline.position, Watch()
        hit: Stop | None = None
        while hit is None and timeline.next() is not None:
            hit = watch.hit(timeline, stops)
        found = next_stop(DIGIT, start, stops)
        assert (found is None) == (hit is None)
        if found is None:
            break
        assert (timeline.position, hit) == (found.position, found.stop)


def test_a_stop_that_is_off_is_passed_over() -> None:
    stops, timeline = listed("*,*,*"), Timeline(DIGIT)
    stops.disable(1)
    timeline.next()
    assert Watch().hit(timeline, stops) is None
