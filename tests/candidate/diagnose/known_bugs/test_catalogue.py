from __future__ import annotations

import ast

import pytest
from convstep.candidate.diagnose.known_bugs import KNOWN_BUGS, KnownBug, Mistakes, variants_of
from convstep.candidate.diagnose.known_bugs.bug import ALL, BY_ITS_NUMBERS
from convstep.candidate.diagnose.known_bugs.catalogue import COMMONEST

from tests.candidate.diagnose.known_bugs.ambiguous import AMBIGUOUS

IDS = [
    "stride-ignored",
    "stride-one-axis",
    "padding-not-cropped",
    "crop-zero-slice",
    "crop-offset",
    "input-not-padded",
    "pad-mode",
    "overwrite-dW",
    "overwrite-dA",
    "overwrite-db",
    "dW-flipped",
    "kernel-flipped",
    "kernel-transposed",
    "dZ-not-dilated",
    "remainder-lost",
    "axes-swapped",
    "dZ-transposed",
    "dZ-channel-fixed",
    "one-channel-only",
    "db-wrong-axes",
    "db-mean",
    "averaged",
    "integer-truncation",
    "groups-ignored",
    "dilation-ignored",
    "batch-one-sample",
    "state-kept",
    "mutates-input",
    "same-padding-off-by-one",
    "padding-hardcoded",
    "dA-not-padded",
    "loop-range",
    "dZ-index-strided",
    "crop-wrong-axes",
    "gradient-not-returned",
    "starts-from-input",
    "batch-hardcoded",
    "db-shape",
    "wrong-order",
    "forward-wrong",
]

bugs = pytest.mark.parametrize("bug", KNOWN_BUGS.values(), ids=list(KNOWN_BUGS))


def test_every_bug_of_the_survey_is_there_in_its_order() -> None:
    assert list(KNOWN_BUGS) == IDS
    assert [bug.id for bug in KNOWN_BUGS.values()] == IDS


@bugs
def test_its_texts_can_be_read_out(bug: KnownBug) -> None:
    for line in (bug.title, bug.wrong, bug.right, bug.symptom, bug.explanation):
        assert line
        assert line == line.strip()
        assert "\n" not in line
        assert "  " not in line.replace("   #", " #")
    assert bug.wrong != bug.right
    assert not bug.title.endswith(".")
    assert not bug.symptom.endswith(".")
    assert bug.explanation.endswith(".")
    assert 2 <= bug.explanation.replace(": ", ". ").count(". ") + 1 <= 7


@bugs
def test_its_lines_are_code(bug: KnownBug) -> None:
    for line in (bug.wrong, bug.right):
        body = f"{line} pass" if line.endswith(":") else line
        ast.parse(f"def backward():\n    {body}\n")


@bugs
def test_its_variants_name_gradients_and_mistakes(bug: KnownBug) -> None:
    assert len({(variant.gradients, variant.mistakes) for variant in bug.variants}) == len(bug.variants)
    assert len({variant.label for variant in bug.variants}) == len(bug.variants)
    for variant in bug.variants:
        assert variant.gradients
        assert set(variant.gradients) <= set(ALL)
        assert variant.mistakes != Mistakes()
    assert bug.variants or bug.seen_by != BY_ITS_NUMBERS
    assert hash(bug) == hash(bug)


@pytest.mark.parametrize("gradient", ALL)
def test_variants_of_gives_every_variant_that_spoils_a_gradient(gradient: str) -> None:
    given = list(variants_of(gradient))
    expected = {
        (bug, variant)
        for bug in KNOWN_BUGS.values()
        if bug.seen_by == BY_ITS_NUMBERS
        for variant in bug.variants
        if gradient in variant.gradients
    }
    assert set(given) == expected
    assert len(given) == len(expected)


def test_the_commonest_comes_first() -> None:
    assert variants_of("dA_prev")[0][0].id == "crop-zero-slice"
    assert variants_of("dW")[0][0].id == "same-padding-off-by-one"
    assert set(COMMONEST) <= set(IDS)


def test_ambiguous_pairs_are_of_known_bugs() -> None:
    for pair in AMBIGUOUS:
        assert len(pair) == 2
        assert pair <= set(IDS)
