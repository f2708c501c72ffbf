"""Any step in words and as a record."""

from __future__ import annotations

import json

import numpy as np
import pytest

from convstep.view.scene.trace import event_record, event_text, matrix
from tests.steps.runs import running_sum
from tests.view.recorded import FUNCTIONS, recorded


@pytest.mark.parametrize("name", [one.__name__ for one in FUNCTIONS])
def test_a_record_holds_every_access_and_is_strict_json(name: str) -> None:
    run = recorded(name).scout()
    while run.next() is not None:
        event = run.event
        record = json.loads(json.dumps(event_record(event), allow_nan=False))
        assert (record["step"], record["position"], record["line"]) == (
            run.position - 1,
            run.position,
            event.line,
        )
        assert [one["text"] for one in record["statements"]] == [one.text for one in event.statements]
        found = [access for one in record["statements"] for access in one["accesses"]]
        assert [(one["array"], one["kind"]) for one in found] == [(a.array, a.kind) for a in event.accesses]
        for one, access in zip(found, event.accesses, strict=True):
            if access.writes:
                assert np.array_equal(
                    np.array(one["after"], np.float64).reshape(np.asarray(access.after).shape),
                    np.asarray(access.after, np.float64),
                )
            else:
                assert one["value"] == np.asarray(access.value).tolist()


def test_words_name_the_line_the_statement_and_the_cells() -> None:
    run = recorded("pool_backward").scout()
    run.seek(9)
    text = event_text(run.event, run.total)
    assert text.startswith("step 9/37  (n 0/2, c 0/2, h = 4 (turn 2/3), w = 2 (turn 1/3))  line 28\n")
    assert "28: dx[0, 0, 4:6, 2:4] += mask * dout[0, 0, 2, 1]" in text
    assert "  writes dx[0, 0, 4:6, 2:4]" in text
    assert f"  reads dout[0, 0, 2, 1]  {run.arrays['dout'][0, 0, 2, 1]}" in text


def test_a_run_without_statements_is_told_by_what_it_reads_and_writes() -> None:
    run = running_sum(np.array([1.0, 2.0]))
    run.seek(2)
    text = event_text(run.event, run.total)
    assert text.startswith("step 2/2  (t 1)\n")
    assert "writes y[1] = before + now" in text
    assert len(event_record(run.event)["accesses"]) == 4  # type: ignore[arg-type]
    assert event_record(run.event)["loops"] == [
        {"name": "t", "at": 1, "count": 2, "value": "1", "line": None}
    ]  # fmt: skip


def test_numbers_of_any_rank_are_in_aligned_columns() -> None:
    values = np.arange(8.0).reshape(2, 2, 2) * 10
    assert matrix(values) == [
        "[0, :, :]",
        " 0.0  10.0",
        "20.0  30.0",
        "[1, :, :]",
        "40.0  50.0",
        "60.0  70.0",
    ]
    assert matrix(np.float64(2)) == ["2.0"]
    assert matrix(np.array([1, 2]), np.array([True, False])) == ["1  ."]
