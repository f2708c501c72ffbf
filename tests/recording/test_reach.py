"""Arrays are reached through whatever holds them, however it is knotted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from convstep.recording.reach import named_arrays
from convstep.recording.record import record


class Network:
    """Layers that keep their gradients in dictionaries."""

    def __init__(self, count: int) -> None:
        """So many of them."""
        self.layers = {f"layer{n}": SimpleNamespace(grads={"W": np.zeros(2)}) for n in range(count)}

    def step(self, dout: Any) -> None:
        """Add to the last one."""
        layer = self.layers["layer1"]
        layer.grads["W"] += dout


def step_of(network: Network, dout: Any) -> None:
    """The same from outside."""
    network.step(dout)


def test_what_a_method_does_to_its_own_object_is_no_alarm_but_to_an_argument_it_is() -> None:
    recording = record(Network(2).step, np.ones(2))
    assert "self.layers['layer1'].grads['W']" in recording.arrays
    assert recording.alarms == ()
    (alarm,) = record(step_of, Network(2), np.ones(2)).alarms
    assert alarm.array == "network.layers['layer1'].grads['W']"
    assert alarm.text == 'layer.grads["W"] += dout'


def test_the_nearest_name_comes_first_and_a_knot_has_an_end() -> None:
    child = SimpleNamespace(W=np.zeros(2))
    parent = SimpleNamespace(children=[child], b=np.zeros(3))
    child.parent = parent
    names = [name for name, _ in named_arrays(parent, "net")]
    assert names == ["net.b", "net.children[0].W"]
