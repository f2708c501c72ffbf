from __future__ import annotations

import pytest

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.view.panels.stage import Stage
from convstep.view.scene.sentence import draw_sentence

TIMELINE = Timeline(catalog.load("digit"))
TIMELINE.seek(137)
SCENE = Stage(TIMELINE).scene()


@pytest.mark.parametrize(
    ("width", "sentence"),
    [
        (118, "dz = dZ[4, 2, 0] = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[4:7, 2:5] += w * dz   "
              "✓ db[0] += dz"),
        (92, "dz = dZ[4, 2, 0] = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[…] += w * dz   ✓ db[0] += dz"),
        (78, "dz = -0.16   ✓ dW[0] += x * dz   ✓ dA_prev_pad[…] += w * dz   ✓ db[0] += dz"),
        (58, "dz = -0.16   ✓ dW += x * dz   ✓ dA_prev_pad += w * dz"),
        (5, "dz = -0.16"),
    ],
)  # fmt: skip
def test_indices_and_then_additions_are_left_out_for_room(width: int, sentence: str) -> None:
    assert draw_sentence(SCENE, width).plain == sentence


def test_what_is_still_to_come_is_dim() -> None:
    timeline = Timeline(catalog.load("digit"))
    timeline.next_write()
    sentence = draw_sentence(Stage(timeline).scene(), 118)
    assert "✓ dW[0]" in sentence.plain
    assert "▶ dA_prev_pad" in sentence.plain
    assert [str(span.style) for span in sentence.spans] == ["bold", "bold", "not bold dim"]
