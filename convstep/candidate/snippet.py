"""The problem on which a candidate fails, as code that calls it there and fails with the same numbers."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from convstep.candidate.adapter import Writer
from convstep.candidate.call.conventions import spelled
from convstep.candidate.call.outcome import RETURNED
from convstep.candidate.call.written import DECIDE
from convstep.candidate.check.grade import grade, problem_words
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.report import divergence_words
from convstep.language import tr
from convstep.snippet import Check, Snippet, SnippetError, importing, loading

if TYPE_CHECKING:
    from convstep.candidate.call.call import Call
    from convstep.candidate.call.outcome import Outcome
    from convstep.candidate.check.cases import Right
    from convstep.candidate.check.grade import Result
    from convstep.candidate.operators.verdict import OperatorVerdict
    from convstep.candidate.pair import PairVerdict
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem
    from convstep.steps.cells import Array

_NAMES = {"x": "A_prev", "w": "W", "b": "b", "dz": "dZ"}
"""What the arrays of `Problem.nchw` are called here."""
SECONDS = 30.0
"""How long the code may run by itself when it is tried."""


class UnwritableError(Exception):
    """It cannot be called by a few lines of its own."""


def snippet_of(verdict: Verdict | OperatorVerdict | PairVerdict) -> Snippet:
    """The smallest problem on which a candidate fails, called as its author calls it.

    The code is tried before it is handed out. Where a few lines cannot do that (an adapter is needed, or only
    a second call is wrong), it is the check itself. A `SnippetError` if it fails on none, or lives in this
    process alone.
    """
    from convstep.candidate.pair import PairVerdict
    from convstep.candidate.verdict import Verdict

    if isinstance(verdict, PairVerdict) and not verdict.ok:
        said = tr("{name} was held against its own forward: there is no problem to write", name=verdict.name)
        raise SnippetError(said)
    if isinstance(verdict, PairVerdict) or verdict.failing is None:
        raise SnippetError(tr("{name} is right: there is no failing case to write", name=verdict.name))
    if ":" not in verdict.target:
        raise SnippetError(
            tr("{name} is not in a file; save it in one, and name it file.py:{name}", name=verdict.name)
        )
    if isinstance(verdict, Verdict) and verdict.swept.failing is not None:
        try:
            return snippet_on(verdict, verdict.swept.failing)
        except UnwritableError:
            pass
    return _whole_check(verdict)


def snippet_beside(verdict: Verdict, right: Right, outcome: Outcome) -> Snippet:
    """The same on a problem that somebody chose, beside what is right on it."""
    try:
        return snippet_on(verdict, grade(None, right, outcome))
    except UnwritableError:
        said = tr("{name} needs more than a few lines to be called on this problem", name=verdict.name)
        raise SnippetError(said) from None


def snippet_on(verdict: Verdict, result: Result) -> Snippet:
    """The same on one problem, whatever comes of it; maybe an `UnwritableError`."""
    swept, problem = verdict.swept, result.right.problem
    candidate, call = swept.candidate, spelled(swept.call, swept.candidate)
    if swept.keeps_state or call.again or call.laid or call.convention == "problem" or call.integers:
        raise UnwritableError
    if result.outcome.kind == RETURNED and _wrong(result) != _wrong(
        grade(None, result.right, result.outcome)
    ):
        raise UnwritableError  # it is judged by its own forward, whose right gradients are others
    writer = Writer(candidate, call)
    where, given, lines = _lines_of(writer, problem)
    wanted = {name: right for name, right in result.right.gradients.items() if name in where}
    checks = [
        Check(
            _code(name, where[name], writer, call),
            name,
            _theirs(name, right, writer, call),
            result.right.loose[name],
        )
        for name, right in wanted.items()
    ]
    imports = [*_modules(writer, lines), *_imports(verdict, writer)]
    made = Snippet(writer.name, _about(verdict, result), imports, given, lines, checks)
    actual = {
        name: _theirs(name, found, writer, call) if found.shape == wanted[name].shape else None
        for name, found in result.outcome.gradients.items()
        if name in wanted
    }
    if not _comes_to_the_same(made, result, actual):
        raise UnwritableError
    # what was written into besides; of a tensor its array does not tell
    changed = [] if writer.value.tensors else [name for name in result.outcome.changed if name in given]
    return replace(made, checks=[*checks, *(Check(name, name, given[name], 0.0) for name in changed)])


def _lines_of(writer: Writer, problem: Problem) -> tuple[dict[str, str], dict[str, Any], list[str]]:
    """By gradient where it is to be found, the arrays by name, and the lines that call the candidate."""
    try:
        where = writer.where()
        text = "\n".join(writer.lines)
        if DECIDE in text or writer.value.undecided or writer.name in {*_NAMES.values()}:
            raise UnwritableError
        return where, *_folded(text, problem.nchw())
    except UnwritableError:
        raise
    except Exception as error:  # what the code of an adapter refuses
        raise UnwritableError from error


def _modules(writer: Writer, lines: Sequence[str]) -> list[str]:
    found = {name for name in ("torch", "types") if re.search(rf"\b{name}\.", "\n".join(lines))}
    return [f"import {name}" for name in sorted(found | ({"torch"} if writer.value.tensors else set()))]


def _wrong(result: Result) -> set[str]:
    return {each.name for each in result.grades if result.wrong(each.name)}


def _code(name: str, code: str, writer: Writer, call: Call) -> str:
    """The code of a gradient as an array that can be compared."""
    if writer.value.tensors:
        code = f"torch.as_tensor({code}).detach().numpy()"
    if _is_flat(name, writer, call):
        return f"np.ravel({code})"
    return code


def _theirs(name: str, array: Array, writer: Writer, call: Call) -> Array:
    """A gradient of ours as its code has it."""
    found = writer.value.lie.theirs(name, array)
    return found.reshape(-1) if _is_flat(name, writer, call) else found


def _is_flat(name: str, writer: Writer, call: Call) -> bool:
    """Whether db is compared whatever shape it has."""
    return name == "db" and (writer.value.lie.b != "O" or call.column or writer.candidate.kind == "class")


def _comes_to_the_same(made: Snippet, result: Result, actual: Mapping[str, Array | None]) -> bool:
    """Whether the code, run by itself in a new process, comes to what the sweep saw, to the last digits."""
    with tempfile.TemporaryDirectory(prefix="convstep-") as folder:
        beside, came = os.path.join(folder, "case.npz"), os.path.join(folder, "came.npz")
        if made.large:
            made.save(beside)
        codes = ", ".join(f"{each.name}=np.asarray({each.code})" for each in made.checks)
        code = replace(made, checks=()).text(beside=beside) + f"np.savez({came!r}, {codes})\n"
        try:
            ran = subprocess.run(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=os.environ | {"MPLBACKEND": "Agg"},
                timeout=SECONDS,
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError):
            return False
        if result.outcome.kind != RETURNED:
            last = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            kind = result.outcome.message.partition(":")[0]
            return ran.returncode == 1 and kind.isidentifier() and last.partition(":")[0].endswith(kind)
        if ran.returncode:
            return False
        with np.load(came, allow_pickle=False) as held:
            return {*actual} == {*held} and all(
                _alike(held[name], expected, made) for name, expected in actual.items()
            )


def _alike(came: Array, expected: Array | None, made: Snippet) -> bool:
    """Whether a gradient came as it was seen; one of a wrong shape only has to be wrong again."""
    if expected is None:
        return all(check.expected.shape != came.shape for check in made.checks if check.expected.size)
    return came.shape == expected.shape and np.allclose(came, expected, rtol=1e-4, atol=1e-9, equal_nan=True)


def _about(verdict: Verdict, result: Result) -> list[str]:
    lines = [f"{verdict.headline}.", f"here: {problem_words(result)}"]
    found = verdict.first_divergence
    if found is not None and result is verdict.swept.failing:
        lines.append(divergence_words(found, result.right.problem.geometry, verdict.swept.call))
    if result.outcome.kind != RETURNED:
        lines.append(result.outcome.message)
    return lines


def _imports(verdict: Verdict, writer: Writer) -> list[str]:
    """Statements after which the candidate has its name."""
    target = Target.parse(verdict.target)
    own = writer.name if target.name.startswith(writer.name) else target.name
    bind = [] if own == writer.name else [f"{writer.name} = {own}"]
    if target.module is not None:
        return [f"from {target.module} import {own.partition('.')[0]}", *bind]
    if not {word for word in verdict.flags if word.startswith("--")} <= {"--convention", "--timeout"}:
        raise UnwritableError
    assert target.path is not None
    if not writer.candidate.notes:  # else something of it was left out, or is missing
        found = importing(target.path, own)
        return [*found, *bind] if "convstep" not in found[0] else found
    return loading(target.path, own)


def _whole_check(verdict: Verdict | OperatorVerdict) -> Snippet:
    """`convstep.check` in place of a call, where no few lines call it."""
    target = _absolute(verdict.target)
    options = [repr(target)]
    words = list(verdict.flags)
    while words:
        name = words.pop(0).removeprefix("--").replace("-", "_")
        if name in ("run_all", "python2"):
            options.append(f"{name}=True")
        else:
            value: Any = words.pop(0)
            if name in ("adapter", "operator"):
                value = _absolute(value)
            options.append(f"{name}={float(value) if name == 'timeout' else value!r}")
    about = [f"{verdict.headline}.", "convstep calls it, and finds the problem again."]
    lines = [f"verdict = convstep.check({', '.join(options)})", "assert verdict.ok, str(verdict)"]
    return Snippet(verdict.name, about, ["import convstep"], {}, lines)


def _absolute(target: str) -> str:
    """A target that is found from every folder."""
    try:
        found = Target.parse(target)
    except CandidateError:
        return target
    return target if found.path is None else f"{os.path.abspath(found.path)}:{found.name}"


def _folded(text: str, n: Any) -> tuple[dict[str, Any], list[str]]:
    """By name the arrays that an adapter takes from a problem, and its lines, with numbers as they are."""
    folding = _Folding(n)
    tree = folding.visit(ast.parse(text))
    lines = [ast.unparse(ast.fix_missing_locations(one)) for one in tree.body]
    return folding.given, [line.replace("numpy.", "np.") for line in lines]


class _Folding(ast.NodeTransformer):
    """Works out every expression that is about the problem alone."""

    def __init__(self, n: Any) -> None:
        self._n = n
        self.given: dict[str, Any] = {}

    def visit(self, node: ast.AST) -> Any:
        """The node, or what it is worth."""
        names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - {"len"}
        if not isinstance(node, ast.expr) or names != {"n"}:
            return self.generic_visit(node)
        if isinstance(node, (ast.Tuple, ast.List, ast.Dict)):
            return self.generic_visit(node)
        value = eval(compile(ast.Expression(node), "<adapter>", "eval"), {"n": self._n})
        if not hasattr(value, "ndim"):
            return ast.parse(repr(value), mode="eval").body
        base = re.search(r"\bn\.(\w+)", ast.unparse(node))
        if base is None or base[1] not in _NAMES:
            raise UnwritableError
        return ast.Name(self._name(_NAMES[base[1]], value), ast.Load())

    def _name(self, name: str, value: Any) -> str:
        for count in range(1, 10):
            called = name if count == 1 else f"{name}_{count}"
            same: Mapping[str, Any] = self.given
            if called not in same:
                self.given[called] = np.ascontiguousarray(value)
                return called
            if same[called].shape == value.shape and np.array_equal(same[called], value, equal_nan=True):
                return called
        raise UnwritableError
