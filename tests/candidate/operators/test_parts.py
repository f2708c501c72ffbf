"""Weights of which each gate has its own are taken apart, and what comes of them is put together again."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.candidate.operators.axes import told
from convstep.candidate.operators.caller import Raw
from convstep.candidate.operators.parts import put_together, taken_apart
from convstep.candidate.operators.ways import vocabulary
from convstep.operators.operator import Convention
from convstep.operators.registry import operator_named

LSTM = operator_named("lstm-step")
WORDS = vocabulary(LSTM)
GATES = "ifoc"


@pytest.mark.parametrize("convention", [None, *(one for one in LSTM.conventions if one.lay is None)])
@pytest.mark.parametrize("joined", [False, True])
def test_gradients_of_parts_come_back_as_those_of_the_whole(
    convention: Convention | None, joined: bool
) -> None:
    problem = LSTM.small()
    laid = told(LSTM, problem, convention)
    assert laid is not None
    parts = taken_apart(LSTM, convention, laid)
    together = convention is not None and bool(convention.joined)
    called = {"w": "W{}"} if together else {"wx": "Wx{}", "wh": "Wh{}"}
    came = {"return[0]": laid["x"], "out.0": laid["prev_h"]}
    names = {}
    for role, word in {**called, "b": "b{}"}.items():
        if joined and role == "w":
            came["self.dW"], names["self.dW"] = parts["w"], "self.dW"
            continue
        for at, gate in enumerate(GATES):
            label = f"self.grads['{word.format(gate)}']"
            came[label], names[label] = parts[f"{role}[{at}]"], label
    found = put_together(LSTM, convention, WORDS, problem, Raw("returned", came, names))
    for name in ("wx", "wh", "b"):
        np.testing.assert_array_equal(found.arrays[f"return['d{name}']"], laid[name])
    assert found.arrays["return[0]"] is laid["x"]


def test_a_gate_that_is_missing_leaves_what_came_as_it_is() -> None:
    problem = LSTM.small()
    parts = taken_apart(LSTM, None, problem.arrays)
    came = {f"self.dWx_{gate}": parts[f"wx[{at}]"] for at, gate in enumerate("ifo")}
    found = put_together(LSTM, None, WORDS, problem, Raw("returned", came))
    assert found.arrays == came


def test_a_gates_weight_is_no_gradient_though_its_name_ends_like_one() -> None:
    assert WORDS.apart.gradient("self.Wx_g") == ""
    assert WORDS.apart.gradient("self.dWx_g") == "dwx[3]"
    assert WORDS.apart.gradient("grads['b_f']") == "db[1]"
