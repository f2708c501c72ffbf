"""What is watched happening needs no reproduction: it is said whenever it is so, and only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convstep.candidate.call.calling import Call
from convstep.candidate.call.outcome import DIED, HUNG, RAISED, REFUSED, RETURNED, Candidate, Outcome
from convstep.candidate.check.cases import Case, Right, right_of
from convstep.candidate.check.grade import Result, forward_is_right, grade, wrong_forwards
from convstep.candidate.check.sweep import Swept
from convstep.candidate.diagnose.diagnosis import diagnose
from convstep.candidate.diagnose.observations import (
    about_forward,
    never_added_to,
    seen_directly,
    seen_in_results,
)
from convstep.candidate.diagnose.own_forward import OwnForward
from convstep.conv.forward import expected_forward

Array = npt.NDArray[Any]

CASES = [Case((4, 5), (2, 2), channels=2, filters=3), Case((5, 5), (3, 3), (2, 2), batch=2, filters=2)]
PLAIN, BATCH = (right_of(case) for case in CASES)


def result(right: Right = PLAIN, kind: str = RETURNED, **facts: Any) -> Result:
    """What a candidate made of a problem: by default the right gradients."""
    return grade(None, right, Outcome(kind, gradients=facts.pop("gradients", right.gradients), **facts))


def swept(*results: Result, **facts: Any) -> Swept:
    """A sweep in which nothing was seen but these results."""
    candidate = Candidate("conv_backward", "function", ("dZ", "cache"), 2, forward=facts.pop("forward", ""))
    call = Call("coursera", own_cache=facts.pop("own_cache", False))
    plain = Swept(candidate, call, "", results, 0, (), None, False, 0, 0, (), ())
    return replace(plain, **facts)


def said(found: Swept) -> dict[str, str]:
    """What is said of a sweep, by the finding's id; known bugs that were watched are proven."""
    findings = seen_directly(found)
    for finding in findings:
        assert (
            finding.proven
            == (finding.bug is not None)
            == (finding.id not in ("hangs", "crashes", "reads-beyond"))
        )
    return {finding.id: finding.message for finding in findings}


def test_of_who_is_right_nothing_is_said() -> None:
    assert said(swept(result(), result(BATCH))) == {}
    assert said(swept(result(kind=RAISED), result(BATCH, REFUSED))) == {}


def test_who_reads_beyond_an_array_keeps_nothing_for_all_that_is_known() -> None:
    wild = result(kind=RAISED)
    wild = replace(wild, outcome=replace(wild.outcome, beyond=7))
    found = said(swept(result(), wild, keeps_state=True, stale=True))
    assert list(found) == ["reads-beyond"]
    assert found["reads-beyond"].startswith(
        "line 7: as_strided makes a view that reaches beyond its array, on 1"
    )


def test_who_hangs_or_whose_process_dies_is_said_to_with_the_problem() -> None:
    hangs = swept(result(), result(kind=HUNG, message="it did not return within 1 s"))
    assert said(hangs) == {
        "hangs": "it did not return within 1 s, on 4x5x2 → 3@2x2, stride 1, padding 0",
    }
    dies = [result(BATCH, DIED, message="killed by signal 11"), result(kind=DIED, message="another")]
    assert said(swept(result(), *dies, result())) == {
        "crashes": "killed by signal 11, on 2 × 5x5x1 → 2@3x3, stride 2, padding 0",
    }


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (None, "called a second time with the same arrays, it returns something else"),
        (Outcome(RETURNED), "called a second time with the same arrays, it returns something else"),
        (
            Outcome(RAISED, message="IndexError: 3"),
            "called a second time with the same arrays: IndexError: 3",
        ),
    ],
)
def test_who_keeps_state_is_told_what_the_second_call_did(second: Outcome | None, words: str) -> None:
    assert said(swept(result(), second=second)) == {}
    found = said(swept(result(), second=second, keeps_state=True))
    assert [*found] == ["state-kept"]
    assert found["state-kept"].endswith(words)
    # a second call on changed arrays says nothing
    assert [*said(swept(result(changed=("W",)), second=second, keeps_state=True))] == ["mutates-input"]


def test_who_takes_one_batch_size_only_and_who_changes_inputs_are_told_which() -> None:
    found = said(swept(result(), only_batch=2))
    assert [*found] == ["batch-hardcoded"]
    assert "right with a batch of 2 and raises with every other" in found["batch-hardcoded"]
    changed = [result(changed=("dZ",)), result(), result(BATCH, changed=("W", "dZ"))]
    found = said(swept(*changed))
    assert [*found] == ["mutates-input"]
    assert found["mutates-input"].endswith("it changes W and dZ in place, seen on 2 problems")
    assert said(swept(changed[0]))["mutates-input"].endswith("it changes dZ in place, seen on 1 problem")


def forward(change: Callable[[Array], Array], *rights: Right) -> Swept:
    """A candidate with right gradients whose own forward returns what `change` makes of the right output."""
    return swept(
        *(result(right, Z=change(expected_forward(right.problem))) for right in rights or (PLAIN, BATCH))
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda Z: Z,
        lambda Z: np.maximum(Z, 0),
        lambda Z: Z * (1 + 1e-7),
        lambda Z: Z.astype(np.float32),
    ],
)
def test_a_right_forward_may_round_or_go_through_a_relu(change: Callable[[Array], Array]) -> None:
    assert (forward_is_right(forward(change).results), wrong_forwards(forward(change).results)) == (True, [])


@pytest.mark.parametrize(
    "change",
    [
        lambda Z: Z[:1] if Z.ndim == 4 else Z[np.newaxis],  # one sample
        lambda Z: np.repeat(Z, 2, axis=-4) if Z.ndim == 4 else Z[..., 0],
        lambda Z: Z[..., :1],  # one channel
        lambda Z: np.concatenate([Z, Z], axis=-1),
        lambda Z: Z.sum(axis=-1),
        lambda Z: np.float64(3.0),  # a loss
        lambda Z: Z.reshape(-1),
    ],
)
def test_what_has_other_samples_or_channels_is_called_neither_wrong_nor_right(
    change: Callable[[Array], Array],
) -> None:
    found = forward(lambda Z: np.asarray(change(Z)))
    assert (wrong_forwards(found.results), said(found), forward_is_right(found.results)) == ([], {}, None)


def test_a_forward_is_right_only_where_all_of_it_could_be_compared() -> None:
    one_sample = forward(lambda Z: Z[:1] if Z.ndim == 4 else Z)
    assert (said(one_sample), forward_is_right(one_sample.results)) == ({}, None)
    assert forward_is_right([result(), result(BATCH)]) is None, "it was not called"
    assert forward_is_right([result(), forward(lambda Z: Z, BATCH).results[0]]) is True


@pytest.mark.parametrize(
    "change",
    [
        lambda Z: Z * (1 + 1e-3),
        lambda Z: -Z,
        lambda Z: np.where(np.abs(Z) == np.abs(Z).max(), np.nan, Z),
        lambda Z: Z[..., :-1, :, :],  # a row is missing
        lambda Z: np.minimum(Z, 0),
    ],
)
def test_a_wrong_forward_is_wrong_on_the_problems_where_it_is(change: Callable[[Array], Array]) -> None:
    found = forward(change)
    assert forward_is_right(found.results) is False
    assert wrong_forwards(found.results) == list(found.results)
    half = swept(forward(lambda Z: Z, PLAIN).results[0], *forward(change, BATCH).results)
    assert forward_is_right(half.results) is False
    assert wrong_forwards(half.results) == [half.results[1]]


def test_a_wrong_forward_is_named_and_what_it_means_for_the_backward_said() -> None:
    wrong = result(Z=np.zeros_like(expected_forward(PLAIN.problem)))
    on = "is wrong on 1 problem, for example 4x5x2 → 3@2x2, stride 1, padding 0"
    bad = {name: array + 1 for name, array in PLAIN.gradients.items()}
    for own_cache, others, ending in (
        (False, [], "; the backward itself is right"),
        (True, [result(BATCH, REFUSED)], "; the backward itself is right"),
        (True, [result(gradients=bad)], "; the backward was given the cache from it"),
        (False, [result(gradients=bad)], ""),
    ):
        found = swept(wrong, *others, own_cache=own_cache, forward="conv_forward")
        (finding,) = (finding for finding in diagnose(found) if finding.id == "forward-wrong")
        assert finding.message.endswith(f"its own conv_forward {on}{ending}")
    seen = f"it flips; its own forward {on}; the backward itself is right"
    assert about_forward(swept(wrong), [wrong], OwnForward("it flips", (), False, "")) == seen
    seen += "; dW and db are right for it"
    assert about_forward(swept(wrong), [wrong], OwnForward("it flips", ("dW", "db"), False, "")) == seen


def returned(**gradients: Callable[[Array, Right], Array]) -> list[Result]:
    """Results on both problems, each gradient that is named what this makes of the right one."""
    found = []
    for right in (PLAIN, BATCH):
        changed = {name: change(right.gradients[name], right) for name, change in gradients.items()}
        found.append(result(right, gradients={**right.gradients, **changed}))
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda db, right: db.reshape(1, 1, 1, -1),
        lambda db, right: db[:, np.newaxis],
        lambda db, right: np.repeat(db[:, np.newaxis], 4, axis=1),
        lambda db, right: np.repeat(db[np.newaxis], 4, axis=0),
    ],
)
def test_right_values_in_a_db_of_another_shape_are_told_with_the_shape(
    change: Callable[[Array, Right], Array],
) -> None:
    results = [result(PLAIN, RAISED), *returned(db=change)]
    (finding,) = seen_in_results(results, ["db", "dW"])
    shape = "x".join(map(str, change(PLAIN.gradients["db"], PLAIN).shape))
    assert (finding.id, finding.gradients, finding.proven) == ("db-shape", ("db",), True)
    assert finding.message.endswith(f"its shape is {shape}, for example")
    assert seen_in_results(results, ["dW"]) == [], "db was reproduced"


@pytest.mark.parametrize(
    "change",
    [
        lambda db, right: 2 * db.reshape(1, 1, 1, -1),
        lambda db, right: db.sum(),
        lambda db, right: right.problem.dZ,
        lambda db, right: db[:, np.newaxis] + np.arange(3) if right is BATCH else db[:, np.newaxis],
    ],
)
def test_other_values_in_another_shape_are_no_repetition(change: Callable[[Array, Right], Array]) -> None:
    assert seen_in_results(returned(db=lambda db, right: np.asarray(change(db, right))), ["db"]) == []


def test_gradients_that_are_all_whole_numbers_are_named_proven_only_where_the_dtype_says_so() -> None:
    def cut(array: Array, right: Right) -> Array:
        return np.trunc(array)

    def buffer(array: Array, right: Right) -> Array:
        return array.astype(int)

    (finding,) = seen_in_results(returned(dW=cut, dA_prev=cut), ["dW", "db", "dA_prev"])
    assert (finding.id, finding.proven, finding.gradients) == ("integer-truncation", False, ("dW", "dA_prev"))
    assert finding.message.endswith("all values of dW and dA_prev are whole numbers, on all 2 problems")
    (finding,) = seen_in_results(returned(dW=buffer, dA_prev=buffer), ["dW"])
    assert (finding.proven, finding.gradients) == (True, ("dW",))
    assert finding.message.endswith(
        "all values of dW are whole numbers of an integer dtype, on all 2 problems"
    )
    half = [*returned(dW=buffer)[:1], *returned(dW=cut)[1:]]
    assert [finding.proven for finding in seen_in_results(half, ["dW"])] == [False]


@pytest.mark.parametrize(
    "results",
    [
        returned(dW=lambda dW, right: 0 * dW),  # zeros are whole, and say nothing
        returned(dW=lambda dW, right: np.trunc(dW) if right is PLAIN else dW),
        [result(kind=RAISED)],
    ],
)
def test_what_is_not_whole_everywhere_or_nothing_but_zeros_is_not_cut(results: list[Result]) -> None:
    assert seen_in_results(results, ["dW"]) == []


def test_a_db_that_is_right_or_never_came_has_no_other_shape() -> None:
    assert seen_in_results([result(), result(BATCH)], ["db"]) == []
    assert seen_in_results([result(kind=RAISED)], ["db"]) == []


def test_a_db_of_another_shape_is_not_called_cut_as_well() -> None:
    shaped = returned(db=lambda db, right: np.zeros((1, db.size)) + db)
    assert [finding.id for finding in seen_in_results(shaped, ["db"])] == ["db-shape"]


def test_zeros_are_called_what_nothing_is_added_to() -> None:
    def zeros(array: Array, right: Right) -> Array:
        return 0 * array

    found = never_added_to(returned(dW=zeros, db=zeros), ["dW", "db"])
    assert found is not None
    assert (found.id, found.gradients) == ("gradient-not-returned", ("dW", "db"))
    assert found.bug is None, "np.pad has nothing to do with it"
    assert found.message == "dW and db are all zeros on 2 problems, as if nothing were ever added to them"
    found = never_added_to([*returned(db=zeros), *returned(db=zeros)], ["db"])
    assert found is not None
    assert found.message == "db is all zeros on 4 problems, as if nothing were ever added to it"
    assert not found.proven, "that they are zeros is no proof of why"
    assert never_added_to(returned(dW=lambda dW, right: 0 * dW.astype(int)), ["dW"]) is None
    assert never_added_to(returned(dW=zeros), ["db"]) is None
    # in a padded copy there may be a sum
    padded = right_of(Case((4, 4), (3, 3), (1, 1), ((1, 1), (1, 1))))
    lost = result(padded, gradients={**padded.gradients, "dA_prev": 0 * padded.gradients["dA_prev"]})
    assert never_added_to([lost], ["dA_prev"]) is None
