"""Operator, mistake and form: which mutants of the corpus are named.

`python -m tests.candidate.operators.matrix` tries all of them, which takes a processor a quarter of an hour.
A row is a mistake of an operator; its figures are the forms (a function or class of somebody) in which it is
named, those in which it is not, and of these the ones whose reason the table has.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.candidate.operators.test_corpus import EXPECTED, MUTANTS, Said, mutated, why


def main() -> None:
    """Try them and print the matrix, then what is not named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a pattern of `operator mistake file:function`")
    parser.add_argument("--every", type=int, default=1, help="one in so many")
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if re.search(asked.only, _label(mutant))][:: asked.every]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        folders = (Path(folder, str(number)) for number in range(len(chosen)))
        said = list(pool.map(mutated, chosen, folders))
    rows: dict[tuple[str, str], dict[str, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for mutant, one in zip(chosen, said, strict=True):
        rows[_operator(mutant), mutant["mistake"][0]][one.target].append(one)
    for (operator, mistake), forms in sorted(rows.items()):
        named = sum(all(one.named for one in each) for each in forms.values())
        explained = sum(all(one.named or why(one) for one in each) for each in forms.values()) - named
        left = len(forms) - named
        _write(f"{operator:<24}{mistake:<32}{named:>4} named {left:>4} not, {explained:>4} explained")
    _write(f"{sum(one.named for one in said)} of {len(said)} named")
    for one in said:
        if not one.named:
            _write(f"{why(one) or '?'} | {one}")


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _operator(mutant: dict[str, Any]) -> str:
    return str(EXPECTED[f"{mutant['file']}:{mutant['function']}"]["operator"])


def _label(mutant: dict[str, Any]) -> str:
    return f"{_operator(mutant)} {mutant['mistake'][0]} {mutant['file']}:{mutant['function']}"


if __name__ == "__main__":
    main()
