"""`python -m tests.candidate.fuzz --count 2000 --seed 1`: broken candidates get a verdict or one sentence.

The corpus's files are changed at random, by tokens, lines, syntax trees and bytes. What is neither a
verdict nor a sentence, and what takes longer than all limits together, is a finding: it is printed with
its file, which `--only NUMBER` writes again.
"""

from __future__ import annotations

import argparse
import ast
import faulthandler
import io
import json
import random
import sys
import tempfile
import time
import tokenize
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from convstep.candidate.call.opening import open_worker
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.load import names
from convstep.candidate.load.target import CandidateError
from convstep.view.panels.trace import json_value
from tests.candidate.corpus import FOLDER

CALL, BUDGET, HANGS = 1.0, 2.0, 90.0
"""Seconds for a call, for a sweep, and after which a check hangs."""
WORDS = "0 1 -1 2.5 1e400 None True () [] {} x print self np np.nan lambda: ... return"
STATEMENTS = (
    *(
        "pass",
        "return",
        "return None",
        "return ()",
        "return 3, 'x'",
        "return {}",
        "raise",
        "raise 3",
        "yield 1",
    ),
    *(
        "raise ValueError",
        "raise NotImplementedError('x')",
        "assert False",
        "1 / 0",
        "import nowhere",
        "exit()",
    ),
    *(
        "import os; os._exit(3)",
        "import os; os.abort()",
        "import sys; sys.exit('bye')",
        "del dW",
        "print('x' * 9999)",
    ),
    *(
        "while True: pass",
        "return [[1, 2], [3]]",
        "return np.zeros((2, 3)) * np.nan",
        "global x",
        "return lambda: 3",
    ),
    *("import sys; sys.setrecursionlimit(10**6)", "import threading; threading.Thread(target=input).start()"),
    *("import gc, os; os.close(1)", "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})", "input()"),
)
BYTES = (
    b"\0",
    b"\r",
    b"\r\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\t",
    b"\x0c",
    b"\xe2\x80\x9c",
    b"# coding: nope\n",
)


def by_tokens(text: str, dice: random.Random) -> str:
    """Some tokens go, come twice, change places, or become something else."""
    try:
        tokens = [
            token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.string.strip()
        ]
    except (tokenize.TokenError, SyntaxError):
        return by_lines(text, dice)
    lines = text.split("\n")
    for _ in range(dice.randint(1, 3)):
        token, other = dice.choice(tokens), dice.choice(tokens)
        (row, start), (last, end) = token.start, token.end
        if row != last:
            continue
        new = dice.choice(["", f"{token.string} {token.string}", other.string, dice.choice(WORDS.split())])
        lines[row - 1] = lines[row - 1][:start] + new.replace("\n", " ") + lines[row - 1][end:]
    return "\n".join(lines)


def by_lines(text: str, dice: random.Random) -> str:
    """Lines go, come twice, change places, or move in and out; a file may end early."""
    lines = text.split("\n")
    for _ in range(dice.randint(1, 4)):
        at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
        lines[at : at + 1] = dice.choice(
            [
                [],
                [lines[at]] * 2,
                [lines[other]],
                ["    " + lines[at]],
                [lines[at][4:]],
                [indent + dice.choice(STATEMENTS)],
            ]
        )
        lines = lines or [""]
    return "\n".join(lines) if dice.random() < 0.9 else "\n".join(lines)[: dice.randrange(len(text))]


class _Changed(ast.NodeTransformer):
    """Some nodes of a syntax tree are not what they were."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice

    def visit(self, node: ast.AST) -> ast.AST:
        """The node, or another that may stand there."""
        super().generic_visit(node)
        if self._dice.random() > 0.03:
            return node
        if isinstance(node, ast.Constant):
            return ast.Constant(self._dice.choice([0, 1, -1, 3, 2.5, None, "x", b"x", True, ..., 10**30]))
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
            return ast.Tuple(self._dice.sample(node.elts, self._dice.randint(0, len(node.elts))), ast.Load())
        if isinstance(node, ast.BinOp):
            node.left, node.right = node.right, node.left
        if isinstance(node, ast.FunctionDef):
            self._dice.shuffle(node.args.args)
            if self._dice.random() < 0.3:
                return ast.AsyncFunctionDef(**{name: getattr(node, name) for name in node._fields})
        if isinstance(node, ast.Call):
            node.args = node.args[1:]
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return ast.parse(f"def f():\n {self._dice.choice(STATEMENTS)}").body[0].body[0]  # type: ignore[attr-defined, no-any-return]
        return node


def by_tree(text: str, dice: random.Random) -> str:
    """What is still a syntax tree, more or less."""
    try:
        return ast.unparse(ast.fix_missing_locations(_Changed(dice).visit(ast.parse(text))))
    except (SyntaxError, ValueError, AttributeError):  # nothing that can be written down
        return by_tokens(text, dice)


WAYS: tuple[Callable[[str, random.Random], str], ...] = (by_tokens, by_lines, by_tree)


def mutated(number: int, seed: int) -> tuple[str, bytes, str]:
    """The name of a file, what is in it, and the function that is meant."""
    dice = random.Random(f"{seed}:{number}")
    path = dice.choice(sorted(FOLDER.glob("*.py")))
    text = path.read_text(encoding="utf-8")
    found = names.defined(text)
    meant = dice.choice([name for name in found if names.looks_backward(name)] or found)
    if dice.random() < 0.1:
        meant = dice.choice(found)
    for _ in range(dice.randint(1, 2)):
        text = dice.choice(WAYS)(text, dice)
    if dice.random() < 0.1:
        cells = [{"cell_type": "code", "source": part} for part in text.split("\n\n")]
        return path.stem + ".ipynb", json.dumps({"nbformat": 4, "cells": cells}).encode(), meant
    content = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.1:
        at = dice.randrange(len(content) + 1)
        content = content[:at] + dice.choice(BYTES) + content[at:]
    return path.name, content, meant


def tried(path: Path, meant: str) -> str:
    """What came of it in a word; whatever is wrong is raised."""
    try:
        with open_worker(f"{path}:{meant}", None, CALL) as worker:
            verdict = verdict_of(worker, budget=BUDGET)
    except CandidateError as error:
        if len(str(error).strip().splitlines()) != 1:
            raise AssertionError(f"not one line: {error!r}") from error
        return "cannot be called"
    said = str(verdict)
    assert "Traceback" not in said, said
    json.dumps(json_value(verdict.as_dict()), allow_nan=False)
    return "right" if verdict.ok else "wrong"


def run(numbers: range, seed: int, folder: Path) -> Counter[str]:
    """Try them all; a finding is printed at once."""
    came: Counter[str] = Counter()
    for number in numbers:
        name, content, meant = mutated(number, seed)
        place = folder / str(number)
        place.mkdir(parents=True, exist_ok=True)
        path = place / name
        path.write_bytes(content)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        began = time.monotonic()
        try:
            word = tried(path, meant)
        except Exception:
            word = "FINDING"
            sys.stdout.write(f"\n{number} ({time.monotonic() - began:.1f} s): {path}:{meant}\n")
            traceback.print_exc(file=sys.stdout)
        else:
            path.unlink()
            place.rmdir()
        faulthandler.cancel_dump_traceback_later()
        came[word] += 1
        sys.stdout.flush()
    return came


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.candidate.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="one of them, by its number")
    given = parser.parse_args()
    numbers = range(given.count) if given.only is None else range(given.only, given.only + 1)
    folder = Path(tempfile.mkdtemp(prefix="convstep-fuzz-"))
    came = run(numbers, given.seed, folder)
    sys.stdout.write(", ".join(f"{count} {word}" for word, count in came.most_common()) + "\n")
    sys.exit("FINDING" in came)


if __name__ == "__main__":
    main()
