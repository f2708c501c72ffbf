"""The import statements of one module; what cannot be imported gets a placeholder."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any

from convstep.candidate.load.names import in_words
from convstep.candidate.load.placeholders import Placeholder
from convstep.frozen import frozen
from convstep.language import tr

FAILURES = (Exception, SystemExit)
"""What executing somebody's file may raise; Ctrl+C still ends everything."""


@frozen()
class Absent:
    """A name that could not be imported."""

    bound: str
    """The name that holds its placeholder; "*" when all names of the module were meant."""
    module: str
    """The module that was asked for it, with its package where that is known."""
    member: str | None
    """What was meant of the module; None for the module itself."""
    reason: str
    """Why it is not there, without "because": "matplotlib is not installed"."""
    distribution: str | None
    """What would have to be installed; None when it is there but fails."""


_tell: Callable[[bool], None] | None = None


@contextlib.contextmanager
def waiting_for_imports(tell: Callable[[bool], None]) -> Iterator[None]:
    """Within this, `tell` is called when the import of an installed package begins (True) and ends."""
    global _tell
    _tell = tell
    try:
        yield
    finally:
        _tell = None


@contextlib.contextmanager
def installed_import() -> Iterator[None]:
    """The import of something that is not the candidate's own; it may take long on a cold disk."""
    tell = _tell
    if tell is not None:
        tell(True)
    try:
        yield
    finally:
        if tell is not None:
            tell(False)


class Imports:
    """Runs import statements into a namespace."""

    def __init__(self, namespace: dict[str, Any], why_left_out: Callable[[str, str], str | None]) -> None:
        """Nothing is imported yet; `why_left_out` says why a helper module lacks a name, given both."""
        self.absent: list[Absent] = []
        self._namespace = namespace
        self._why_left_out = why_left_out

    def run(self, node: ast.Import | ast.ImportFrom, execute: Callable[[ast.stmt], None]) -> None:
        """Import what can be imported; the rest raises when it is used."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._module(alias, ast.copy_location(ast.Import([alias]), node), execute)
            return
        try:
            execute(node)
        except FAILURES:
            for alias in node.names:
                single = ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)
                self._member(alias, single, execute)

    def bind_late(self) -> None:
        """Look again for what a circular import did not find: by now its module has it."""
        for absent in list(self.absent):
            module = sys.modules.get(absent.module)
            if absent.member is not None and absent.bound != "*" and hasattr(module, absent.member):
                if isinstance(self._namespace.get(absent.bound), Placeholder):
                    self._namespace[absent.bound] = getattr(module, absent.member)
                self.absent.remove(absent)

    def notes(self) -> list[str]:
        """What is missing, a sentence each."""
        distributions = list(dict.fromkeys(a.distribution for a in self.absent if a.distribution))
        reasons = list(dict.fromkeys(a.reason for a in self.absent if not a.distribution))
        sentences = []
        if distributions:
            said = (
                "{names} is not installed, which matters only where it is used"
                if len(distributions) == 1
                else "{names} are not installed, which matters only where they are used"
            )
            sentences.append(tr(said, names=in_words(distributions)))
        stars = dict.fromkeys(a.module for a in self.absent if a.bound == "*")
        sentences += [
            tr("the names of 'from {module} import *' are missing", module=module) for module in stars
        ]
        return sentences + reasons

    def _module(self, alias: ast.alias, single: ast.stmt, execute: Callable[[ast.stmt], None]) -> None:
        try:
            execute(single)
        except FAILURES as error:
            top = alias.name.partition(".")[0]
            absent = _absent(error, alias.asname or top, alias.name, None)
            self.absent.append(absent)
            stands_for = alias.name if alias.asname else top
            if alias.asname or not self._is_there(top):
                self._namespace[absent.bound] = Placeholder(stands_for, absent.reason, absent.distribution)

    def _is_there(self, top: str) -> bool:
        """Bind a package of which only a part is missing; return whether it is there."""
        try:
            self._namespace[top] = self._import(top)
        except FAILURES:
            return False
        return True

    def _import(self, name: str) -> Any:
        return self._namespace["__builtins__"]["__import__"](name, self._namespace)

    def _member(self, alias: ast.alias, single: ast.ImportFrom, execute: Callable[[ast.stmt], None]) -> None:
        try:
            execute(single)
        except FAILURES as error:
            written = "." * single.level + (single.module or "")
            absent = _absent(error, alias.asname or alias.name, written, alias.name)
            full = self._full_name(written)
            known = None if absent.distribution else self._why_left_out(full, alias.name)
            absent = Absent(absent.bound, full, alias.name, known or absent.reason, absent.distribution)
            self.absent.append(absent)
            if alias.name == "*":
                self._what_there_is(full)
            else:
                dotted = f"{written}.{alias.name}" if single.module else f"{written}{alias.name}"
                self._namespace[absent.bound] = Placeholder(dotted, absent.reason, absent.distribution)

    def _what_there_is(self, module: str) -> None:
        """Bind the names that a module has, if its `__all__` promises more."""
        source = vars(sys.modules[module]) if module in sys.modules else {}
        promised = source.get("__all__") or [name for name in source if not name.startswith("_")]
        self._namespace.update((name, source[name]) for name in promised if name in source)

    def _full_name(self, written: str) -> str:
        try:
            return importlib.util.resolve_name(written, self._namespace.get("__package__"))
        except ImportError:
            return written


def _absent(error: BaseException, bound: str, written: str, member: str | None) -> Absent:
    """Why an import failed, for a person."""
    distribution = None
    if isinstance(error, ModuleNotFoundError) and error.name:
        if written.startswith("."):
            reason = tr("there is no {module} in the package", module=written)
        elif f"{written}.".startswith(f"{error.name}."):
            distribution = error.name
            reason = tr("{name} is not installed", name=distribution)
        else:
            sentence = "{module} cannot be imported: it needs {name}, which is not installed"
            reason = tr(sentence, module=written, name=error.name)
    elif isinstance(error, ImportError) and member is not None and "cannot import name" in str(error):
        reason = tr("{module} has no {member}", module=written, member=member)
    else:
        # a sentence of ours needs no class in front
        kind = "" if type(error).__name__ == "CandidateError" else type(error).__name__
        said = ": ".join(part for part in (kind, str(error).split("\n", 1)[0]) if part)
        reason = tr("{module} cannot be imported ({said})", module=written, said=said)
    return Absent(bound, written, member, reason, distribution)
