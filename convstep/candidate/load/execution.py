"""Runs a document into a namespace: all of it, or only what defines something."""

from __future__ import annotations
import __future__

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

from convstep.candidate.load import placeholders, selection
from convstep.candidate.load.document import Document, Part
from convstep.candidate.load.imports import FAILURES, Imports
from convstep.candidate.load.selection import Registering
from convstep.candidate.load.target import CandidateError
from convstep.language import tr
from convstep.printable import error_text

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign

# annotations are for readers here, and may name what is not installed
_FLAGS = __future__.annotations.compiler_flag


class Execution:
    """One module of the candidate, and what became of its statements."""

    def __init__(
        self,
        document: Document,
        namespace: dict[str, Any],
        imports: Imports,
        *,
        run_all: bool,
        path_changed: Callable[[], None],
        is_own: Callable[[Any], bool],
        rewrite: Callable[[ast.stmt], ast.stmt] | None = None,
    ) -> None:
        """Nothing has run yet.

        `path_changed` is told when the file has changed `sys.path`; `is_own` says whether a value is a module
        of the candidate, or made by one; `rewrite` is what becomes of each statement before it runs.
        """
        self.document = document
        self.namespace = namespace
        self.imports = imports
        self.left_out: dict[str, tuple[Part, int]] = {}
        """Names that a statement which did not run would have given a value, and where it is."""
        self.failed: dict[str, str] = {}
        """Definitions that raised, and what."""
        self.defined: dict[str, list[str]] = {}
        """The places where each function and class is defined, the last one counts."""
        self.skipped: list[str] = []
        """The places of the statements that did not run."""
        self._run_all = run_all
        self._path_changed = path_changed
        self._is_own_value, self._rewrite = is_own, rewrite
        self._constants: set[str] = set()

    def run(self) -> None:
        """Run the document; CandidateError if everything runs, and a statement raised."""
        for part in self.document.parts:
            for node in part.statements:
                self._statement(part, node)

    def why_left_out(self, name: str) -> str | None:
        """Why the module lacks a name; None when it has it, or nothing of it is known."""
        file = self.document.path.name
        if name in self.left_out:
            part, line = self.left_out[name]
            said = "{name} is set at {place} of {file}, which did not run (add --run-all)"
            return tr(said, name=name, place=part.place(line), file=file)
        if name in self.failed and name not in self.defined:
            reason = self.failed[name]
            return tr("{name} in {file} cannot be defined: {reason}", name=name, file=file, reason=reason)
        own = re.escape(name)
        defining = re.compile(rf"(?m)^(?:(?:async )?def|class|type) {own}\b|^{own}\b.*=")
        for part in self.document.parts:
            for unread in part.unread:
                if found := defining.search(unread.text):
                    return tr(
                        "{name} stands at {place} of {file}, which this Python cannot read: {reason}",
                        name=name,
                        place=part.place(unread.first_line + unread.text.count("\n", 0, found.start())),
                        file=file,
                        reason=f"{part.place(unread.error_line)}: {unread.reason}",
                    )
        return None

    def notes(self) -> list[str]:
        """What was left out, a sentence each."""
        sentences = [*self.document.notes, *self.imports.notes()]
        if self.skipped:
            sentences.append(
                tr(
                    "1 top-level statement did not run ({places}); --run-all runs it"
                    if len(self.skipped) == 1
                    else "{count} top-level statements did not run ({places}); --run-all runs them",
                    count=len(self.skipped),
                    places=tr(", ").join(
                        self.skipped if len(self.skipped) <= 3 else [*self.skipped[:3], "…"]
                    ),
                )
            )
        return sentences

    def _statement(self, part: Part, node: ast.stmt, strict: bool = False) -> None:
        """Run one statement, or leave it out; if `strict`, its errors are left to the `try` around it."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(part, node, strict)
        elif isinstance(node, _Definition):
            self._define(part, node, strict)
        elif self._run_all:
            self._freely(part, node)
        elif isinstance(node, _Assignment):
            self._assign(part, node, strict)
        elif isinstance(node, ast.If):
            self._if(part, node, strict)
        elif isinstance(node, ast.Try):
            self._try(part, node)
        elif isinstance(node, ast.Expr):
            self._expression(part, node, strict)
        elif isinstance(node, ast.For) and self._registers(node):
            self._attempt(part, node)
        elif not isinstance(node, ast.Pass):
            self._skip(part, node)

    def _attempt(self, part: Part, node: ast.stmt, strict: bool = False) -> bool:
        """Execute a statement, and leave it out if it raises; whether it ran."""
        try:
            self._execute(part, node)
        except FAILURES:
            if strict:
                raise
            self._skip(part, node)
            return False
        return True

    def _registers(self, node: ast.stmt) -> bool:
        return Registering(self._is_part, self._constants.__contains__, self._is_simple).runs(node)

    def _is_part(self, name: str | None) -> bool:
        if name in self._constants:
            return False
        return name in self.defined or (name in self.namespace and self._is_own_value(self.namespace[name]))

    def _execute(self, part: Part, node: ast.stmt) -> None:
        if self._rewrite is not None:
            node = self._rewrite(node)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # old escapes, `is` with a number
            code = compile(ast.Module([node], []), part.filename, "exec", _FLAGS, dont_inherit=True)
        exec(code, self.namespace)

    def _import(self, part: Part, node: ast.Import | ast.ImportFrom, strict: bool) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return  # Python 3 has it
        if strict:
            self._execute(part, node)
        else:
            self.imports.run(node, lambda single: self._execute(part, single))
        for name in selection.bound_names(node):
            self.left_out.pop(name, None)
            self._constants.discard(name)

    def _define(self, part: Part, node: _Definition, strict: bool) -> None:
        place = part.place(node.lineno)
        try:
            with placeholders.defining():
                self._execute(part, node)
        except FAILURES as error:
            if strict:
                raise
            if self._run_all:
                raise self._run_all_failure(part, node, error) from error
            self.failed[node.name] = f"{place}: {error_text(error)}"
            return
        self.defined.setdefault(node.name, []).append(place)
        self.left_out.pop(node.name, None)
        self._constants.discard(node.name)

    def _assign(self, part: Part, node: _Assignment, strict: bool) -> None:
        if node.value is None:
            return  # an annotation alone
        roots = list(selection.target_roots(node))
        # `plt.rcParams[...] = ...` changes somebody else's, `Conv.backward = ...` one's own
        own = all(whole or root in self._constants or self._is_part(root) for root, whole in roots)
        if not (own and self._is_simple(node.value)) and not self._registers(node):
            self._skip(part, node)
        elif self._attempt(part, node, strict):
            for root, whole in roots:
                if whole and root is not None:
                    self._constants.add(root)
                    self.left_out.pop(root, None)

    def _if(self, part: Part, node: ast.If, strict: bool) -> None:
        main = selection.is_main_guard(node)
        if main or not self._is_simple(node.test):
            self._skip(part, node, counts=not main)
            return
        try:
            holds = self._value(part, node.test)
        except FAILURES:
            if strict:
                raise
            self._skip(part, node)
            return
        for inner in node.body if holds else node.orelse:
            self._statement(part, inner, strict)

    def _try(self, part: Part, node: ast.Try) -> None:
        try:
            for inner in node.body:
                self._statement(part, inner, strict=True)
        except FAILURES as error:
            self._handle(part, node, error)
        else:
            for inner in node.orelse:
                self._statement(part, inner)
        for inner in node.finalbody:
            self._statement(part, inner)

    def _handle(self, part: Part, node: ast.Try, error: BaseException) -> None:
        """Run the handler; what neither it nor the body could import gets placeholders."""
        for handler in node.handlers:
            if self._catches(part, handler, error):
                if handler.name:
                    self.namespace[handler.name] = error
                for inner in handler.body:
                    self._statement(part, inner)
                break
        for inner in node.body:
            if all(name in self.namespace for name in selection.bound_names(inner)):
                continue
            if isinstance(inner, (ast.Import, ast.ImportFrom)):
                self._import(part, inner, strict=False)
            else:
                self._skip(part, inner)

    def _catches(self, part: Part, handler: ast.ExceptHandler, error: BaseException) -> bool:
        if handler.type is None:
            return True
        try:
            kinds = self._value(part, handler.type)
            return isinstance(error, kinds)
        except FAILURES:
            return False

    def _expression(self, part: Part, node: ast.Expr, strict: bool) -> None:
        if isinstance(node.value, ast.Constant):
            return  # a docstring
        if selection.is_path_change(node):
            if self._attempt(part, node):
                self._path_changed()
        elif strict and self._is_simple(node.value):
            self._execute(part, node)  # `try: unicode` asks whether there is such a name
        elif self._registers(node):
            self._attempt(part, node)
        else:
            self._skip(part, node)

    def _freely(self, part: Part, node: ast.stmt) -> None:
        if selection.is_notebook_call(node):
            return
        try:
            self._execute(part, node)
        except FAILURES as error:
            raise self._run_all_failure(part, node, error) from error
        if selection.is_path_change(node):
            self._path_changed()
        for name in selection.bound_names(node):
            self.left_out.pop(name, None)

    def _run_all_failure(self, part: Part, node: ast.stmt, error: BaseException) -> CandidateError:
        """Where in this file it went wrong: the innermost of its own lines."""
        place = part.place(node.lineno)
        by_filename = {each.filename: each for each in self.document.parts}
        trace = error.__traceback__
        while trace is not None:
            if owner := by_filename.get(trace.tb_frame.f_code.co_filename):
                place = owner.place(trace.tb_lineno)
            trace = trace.tb_next
        return CandidateError(
            f"{self.document.path.name} fails at {place} with --run-all: {error_text(error)}; "
            "fix it, or check without --run-all"
        )

    def _skip(self, part: Part, node: ast.stmt, counts: bool = True) -> None:
        """Leave a statement out; if it `counts`, an import would run it, and its names lose their value."""
        place = part.place(node.lineno)
        self.skipped.append(place)
        for name in selection.bound_names(node):
            if counts and name in self._constants:
                # a stale value would give wrong numbers without a word
                self._constants.discard(name)
                self.namespace.pop(name, None)
            if name not in self.namespace:
                self.left_out[name] = part, node.lineno

    def _is_simple(self, node: ast.expr) -> bool:
        return selection.is_simple(node, self._is_record)

    def _is_record(self, name: str) -> bool:
        kind = self.namespace.get(name)
        return isinstance(kind, type) and (
            hasattr(kind, "__dataclass_fields__") or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
        )

    def _value(self, part: Part, node: ast.expr) -> Any:
        code = compile(ast.Expression(node), part.filename, "eval", dont_inherit=True)
        return eval(code, self.namespace)
