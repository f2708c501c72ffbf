from __future__ import annotations

from convstep.examples import names
from tests.cli.conftest import Run


def test_examples_are_listed_with_what_they_show(run: Run) -> None:
    ended = run("examples")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()] == list(names())
    assert all(len(line.split()) > 3 for line in ended.out.splitlines())
