"""The corpus is complete: every mistake in every convention that can say it, every file in the table.

What its candidates return is the business of `diagnose/test_diagnosis.py`: right ones
pass, wrong ones are named.
"""

from __future__ import annotations

import pytest

from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from tests.candidate.corpus import FILES, one_each, specimens
from tests.candidate.corpus.conventions import CONVENTIONS
from tests.candidate.corpus.patched import FOLDER, PATCHES

LATER = {"dZ-rotated", "columns-order", "rows-order", "gradient-clipped"}
"""Known mistakes that whole files show: see `diagnose/test_diagnosis.py`."""
KNOWN = KNOWN_BUGS.keys() - LATER

_NO_BATCH = {"batch-one-sample", "batch-hardcoded"}
_TORCH_AND_PROBLEM = {"dilation-ignored", "groups-ignored"}


def test_every_known_bug_occurs_and_no_other() -> None:
    assert {specimen.bug for specimen in specimens()} | {bug for _, _, _, bug in FILES} == {*KNOWN, ""}
    assert len(KNOWN) == 44


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_bug_a_convention_can_express_is_expressed_in_it(convention: str) -> None:
    expected = KNOWN - {"forward-wrong", "same-padding-off-by-one"}
    if convention == "article":
        expected -= _NO_BATCH
    if convention not in ("torch", "problem"):
        expected -= _TORCH_AND_PROBLEM
    if convention == "alx":
        expected |= {"same-padding-off-by-one"}
    if convention == "torch":
        expected |= {"forward-wrong"}
    found = {specimen.bug for specimen in specimens() if specimen.convention == convention}
    assert found == {*expected, ""}
    assert {specimen.bug for specimen in one_each() if specimen.convention == convention} == found


def test_the_table_of_files_is_complete() -> None:
    made = {f"{name}.py" for name in PATCHES}
    assert {row[0] for row in FILES} == {path.name for path in FOLDER.glob("*.py")} | made
    assert sum(not row[3] for row in FILES) >= 8
    assert sum(bool(row[3]) for row in FILES) >= 8
