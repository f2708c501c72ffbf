"""Every known bug, in every convention that can say it, is named; what is right is called right."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from convstep.candidate.diagnose.known_bugs.catalogue import KNOWN_BUGS
from convstep.candidate.referee import check
from convstep.candidate.verdict import Verdict
from tests.candidate import corpus
from tests.candidate.corpus import FILES, Specimen, one_each
from tests.candidate.diagnose.known_bugs.ambiguous import AMBIGUOUS
from tests.strategies import THOROUGH, some

FOLDER = Path(corpus.__file__).parent / "files"
SPECIMENS = one_each()
EVERYWHERE = {"crop-zero-slice", "same-padding-off-by-one", "stride-ignored", "overwrite-dW", "overwrite-dA"}
"""The commonest bugs: tried in every convention, whatever the share."""
SPAWNED = {"coursera_crop_zero.py", "cs231n_im2col.py", "torch_function.py"}
"""Files that are loaded by a process of their own; the others are loaded here, which is faster."""


def share() -> list[Specimen]:
    """The wrong specimens, all with CONVSTEP_THOROUGH=1; else each bug in a sixth of the conventions."""
    by_bug: dict[str, list[Specimen]] = {}
    for specimen in SPECIMENS:
        if specimen.bug:
            by_bug.setdefault(specimen.bug, []).append(specimen)
    taken = []
    for turn, (bug, found) in enumerate(by_bug.items()):
        every = 1 if THOROUGH or bug in EVERYWHERE else min(6, len(found))
        taken += found[turn % every :: every]
    return taken


def named(verdict: Verdict) -> list[str]:
    """The known bugs that are claimed, proven or (where it only raises) likely."""
    return [finding.id for finding in verdict.diagnosis if finding.id in KNOWN_BUGS]


def title(specimen: Specimen) -> str:
    return "-".join(filter(None, (specimen.convention, specimen.bug, specimen.form, specimen.variant)))


@pytest.mark.parametrize("specimen", share(), ids=title)
def test_the_bug_is_named(specimen: Specimen) -> None:
    verdict = check(specimen.function)
    assert not verdict.ok
    assert verdict.convention == specimen.convention
    assert specimen.bug in named(verdict), str(verdict)
    # a mistake that no numbers tell apart may stand before it, any other may not
    assert not told_apart(named(verdict)[0], specimen.bug), str(verdict)


@pytest.mark.parametrize("specimen", some(s for s in SPECIMENS if not s.bug), ids=title)
def test_what_is_right_raises_no_alarm(specimen: Specimen) -> None:
    verdict = check(specimen.function)
    assert verdict.ok, str(verdict)
    assert verdict.convention == specimen.convention
    assert verdict.diagnosis == ()
    assert verdict.failing is None
    assert verdict.first_divergence is None


@pytest.mark.parametrize(("filename", "function", "convention", "bug"), some(FILES, 3))
def test_files_as_people_write_them(filename: str, function: str, convention: str, bug: str) -> None:
    if filename in SPAWNED:
        verdict = check(f"{FOLDER / filename}:{function}")
    else:
        module = importlib.import_module(f"{corpus.__name__}.files.{filename.removesuffix('.py')}")
        verdict = check(getattr(module, function))
    assert verdict.convention == convention
    assert verdict.ok == (not bug), str(verdict)
    if bug:
        assert bug in named(verdict), str(verdict)


RAISE_ALIKE = frozenset({"input-not-padded", "dA-not-padded"})
"""Where windows past the border raise, nothing comes back that could tell which array was meant."""


def told_apart(first: str, second: str) -> bool:
    pair = frozenset({first, second})
    return len(pair) == 2 and pair not in AMBIGUOUS and pair != RAISE_ALIKE
