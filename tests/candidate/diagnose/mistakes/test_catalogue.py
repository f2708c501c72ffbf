"""Every known mistake is there, in order, and can be read out."""

from __future__ import annotations

import ast

import pytest

from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, KnownBug, Patch, variants_of
from convstep.candidate.diagnose.mistakes.patch import ALL, LOOPS
from tests.candidate.diagnose.mistakes.ambiguous import AMBIGUOUS

bugs = pytest.mark.parametrize("bug", KNOWN_BUGS.values(), ids=list(KNOWN_BUGS))


def test_every_bug_of_the_survey_is_there_the_commonest_first() -> None:
    assert len(KNOWN_BUGS) == 48
    assert [bug.id for bug in KNOWN_BUGS.values()] == list(KNOWN_BUGS)
    assert list(KNOWN_BUGS)[:3] == ["crop-zero-slice", "same-padding-off-by-one", "stride-ignored"]
    assert variants_of("dW")[0][0].id == "same-padding-off-by-one"


@bugs
def test_its_texts_can_be_read_out(bug: KnownBug) -> None:
    for line in (bug.title, bug.explanation):
        assert line
        assert line == " ".join(line.split())
    assert not bug.title.endswith(".")
    assert bug.explanation.endswith(".")
    assert 2 <= bug.explanation.replace(": ", ". ").count(". ") + 1 <= 7


@bugs
def test_its_lines_are_code_and_those_of_its_first_variant(bug: KnownBug) -> None:
    for lines in (bug.wrong, bug.right):
        assert lines
        for line in lines.splitlines():
            ast.parse("def backward():\n    " + (f"{line} pass" if line.endswith(":") else line.strip()))
    assert bug.wrong != bug.right
    if bug.variants:
        assert (bug.wrong, bug.right) == (bug.variants[0].mistakes.wrong, bug.variants[0].mistakes.right)


@bugs
def test_its_variants_are_patches_that_name_gradients(bug: KnownBug) -> None:
    assert len({(variant.gradients, variant.mistakes) for variant in bug.variants}) == len(bug.variants)
    assert len({variant.label for variant in bug.variants}) == len(bug.variants)
    for variant in bug.variants:
        assert variant.gradients
        assert set(variant.gradients) <= set(ALL)
        assert variant.mistakes != Patch()
        assert any(all(right in loop for _, right in variant.mistakes.lines) for loop in LOOPS)
    assert hash(bug) == hash(bug)


@pytest.mark.parametrize("gradient", ALL)
def test_variants_of_gives_every_variant_that_spoils_a_gradient(gradient: str) -> None:
    given = list(variants_of(gradient))
    every = [(bug, variant) for bug in KNOWN_BUGS.values() for variant in bug.variants]
    expected = [(bug, variant) for bug, variant in every if gradient in variant.gradients]
    assert expected == given


def test_ambiguous_pairs_are_of_known_bugs() -> None:
    for pair in AMBIGUOUS:
        assert len(pair) == 2
        assert pair <= KNOWN_BUGS.keys()
