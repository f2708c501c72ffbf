"""Loading a candidate from the files people have: homework, notebooks, modules of a repository.

This runs in the child process: it executes somebody's code, extends `sys.path`, and gives NumPy back
the names it has dropped.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from convstep.candidate.load import document as documents
from convstep.candidate.load import installed, lookup, names, python2, removed_names
from convstep.candidate.load.document import Document, Part
from convstep.candidate.load.execution import Execution
from convstep.candidate.load.imports import installed_import
from convstep.candidate.load.placeholders import Placeholder
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.load.workspace import Options as Options
from convstep.candidate.load.workspace import Workspace, place_of
from convstep.language import tr

_FLOAT_INDEX = (
    "'float' object cannot be interpreted as an integer|slice indices must be integers"
    "|only integers, slices|only integer scalar arrays can|indices must be (?:of )?integer"
)
_REMEDIES = {
    "older_numpy": re.compile("only 0-dimensional arrays can be|setting an array element with a sequence"),
    "python2": re.compile(
        rf"{_FLOAT_INDEX}|has no attribute '(?:iteritems|iterkeys|itervalues|has_key)'|^NameError", re.M
    ),
}
"""What an exception says that another way of loading may help with, by the option."""


class _Python2Error(CandidateError):
    """The name is defined in lines that look like Python 2."""


@dataclass
class Loaded:
    """A candidate, ready to be called."""

    function: Callable[..., Any]
    """What to call: a function, a bound or static method; the class itself for the last two kinds."""
    kind: str
    """ "function", "method", "class", or "autograd" for a `torch.autograd.Function`."""
    namespace: dict[str, Any] = field(repr=False)
    """The globals of its module."""
    file: str | None
    """The file where it is defined, absolute."""
    cell: int | None
    """The code cell of the notebook where it is defined, from 1."""
    first_line: int | None
    """Where it starts in the file or the cell, decorators included."""
    source: str | None
    """Its lines, as they stand there."""
    notes: tuple[str, ...]
    """What was left out, what is missing: a sentence each."""
    left_out: dict[str, int]
    """Names its module would have had from statements that did not run, and their lines."""
    target: Target
    options: Options
    _workspace: Workspace | None = field(default=None, repr=False)
    """The modules it came with; None for an installed module."""

    def fresh(self) -> Loaded:
        """The same, executed again: what the module and its helpers kept in globals is gone."""
        if self._workspace is None:
            return _load_installed(self.target, self.options, again=True)
        return _run(self.target, self.options, self._workspace.again())

    def otherwise(self, said: str) -> Loaded | None:
        """The same, loaded as an exception suggests ("NameError: name 'xrange' …"); None if it does not."""
        if self._workspace is None:
            return None
        for name, pattern in _REMEDIES.items():
            found = pattern.search(said)
            if not found or getattr(self.options, name):
                continue
            if name == "python2" and not (python2.is_available() and self._may_be_python2(found[0], said)):
                continue
            with contextlib.suppress(CandidateError):
                other = _noted(load(self.target, replace(self.options, **{name: True})), name)
                before = (sentence for sentence in map(_needed, _REMEDIES) if sentence in self.notes)
                return replace(other, notes=(*before, *other.notes))
        return None

    def _may_be_python2(self, found: str, said: str) -> bool:
        """A name that is not there says so only if Python 2 has it, or lines that were not read define it."""
        if not found.startswith("NameError"):
            return True
        assert self._workspace is not None
        missing = re.findall(r"^NameError: name '(\w+)'", said, re.M)
        unread = [
            each.text
            for document in self._workspace.documents.values()
            for part in document.parts
            for each in part.unread
            if python2.syntax_sign(each.text)
        ]
        known = {*python2.names(), *(name for text in unread for name in names.defined(text))}
        return not known.isdisjoint(missing)

    def part(self, filename: str) -> Part | None:
        """What the file or cell of a code object holds, statements as they ran; None if it is not ours."""
        documents = () if self._workspace is None else self._workspace.documents.values()
        for part in (part for document in documents for part in document.parts):
            if part.filename == filename:
                if not self.options.older_numpy:
                    return part
                return replace(part, statements=list(map(removed_names.with_one_element, part.statements)))
        return None

    def hint(self, error: BaseException) -> str | None:
        """What to do about a NameError that comes of what did not run; None for other errors."""
        name = getattr(error, "name", None)
        if not isinstance(error, NameError) or name is None or self._workspace is None:
            return None
        trace, module = error.__traceback__, ""
        while trace is not None:
            module = trace.tb_frame.f_globals.get("__name__", "")
            trace = trace.tb_next
        if sentence := self._workspace.why_left_out(module, name):
            return sentence
        if name in python2.names() and not self.options.python2:
            if python2.is_available():
                return None  # it is read as that when the call has failed
            return tr("{name} is Python 2; {how}", name=name, how=python2.how_to_install())
        execution = self._workspace.executions.get(module)
        stars = [absent for absent in execution.imports.absent if absent.bound == "*"] if execution else []
        if stars:
            said = "{name} may come from 'from {module} import *', but {reason}"
            return tr(said, name=name, module=stars[0].module, reason=stars[0].reason)
        return None


_USUAL = Options()


def load(target: Target, options: Options = _USUAL) -> Loaded:
    """Load a candidate; what does not compile but looks like Python 2 is read as that.

    Raises CandidateError: it is not there, does not compile, or cannot be made without arguments.
    """
    try:
        return _load(target, options)
    except _Python2Error as error:
        if not python2.is_available():
            raise CandidateError(tr("{error}; {how}", error=error, how=python2.how_to_install())) from None
        try:
            return _noted(_load(target, replace(options, python2=True)), "python2")
        except CandidateError:
            raise error from None  # it is neither


def _noted(loaded: Loaded, option: str) -> Loaded:
    """The same, with a sentence about an option that turned out to be needed."""
    return replace(loaded, notes=(_needed(option), *loaded.notes))


def _needed(option: str) -> str:
    if option == "python2":
        return tr("read as Python 2, where / of whole numbers gives a whole number")
    return tr("NumPy 2.4 refuses to take an array of one element for a number; older ones took it")


def _load(target: Target, options: Options) -> Loaded:
    os.environ["MPLBACKEND"] = "Agg"  # no plot opens a window
    removed_names.restore()
    known: dict[Path, Document] = {}
    if target.path is not None:
        file = Path(os.path.abspath(target.path))
        known[file] = documents.read(file, as_python2=options.python2)
        name, root = place_of(file, known[file])
    else:
        assert target.module is not None
        place = installed.own_file(target.module)
        if place is None:
            return _load_installed(target, options)
        file, root = place
        name = target.module
    return _run(target, options, Workspace(name, file, root, options, known))


def _run(target: Target, options: Options, workspace: Workspace) -> Loaded:
    # Jupyter runs a notebook in its folder, and its code reads files there
    in_folder = options.run_all and workspace.file.suffix == ".ipynb"
    with contextlib.chdir(workspace.file.parent) if in_folder else contextlib.nullcontext():
        execution = workspace.load()
    with workspace.showing():
        return _loaded(target, options, workspace, execution)


def _load_installed(target: Target, options: Options, again: bool = False) -> Loaded:
    """Something installed, as Python imports it."""
    assert target.module is not None
    with installed_import():
        module = installed.module(target.module, again=again)
    namespace = vars(module)
    if target.name.partition(".")[0] not in namespace:
        offered = [name for name, value in namespace.items() if callable(value) and not name.startswith("_")]
        raise CandidateError(_no_such_name(target.name, target.module, offered))
    function, kind = lookup.resolve(namespace, target.name, target.module, unmade=options.unmade)
    file, first_line, source = installed.source_of(function)
    return Loaded(function, kind, namespace, file, None, first_line, source, (), {}, target, options)


def _loaded(target: Target, options: Options, workspace: Workspace, execution: Execution) -> Loaded:
    file = execution.document.path
    _check_defined(target.name, execution, as_python2=options.python2)
    function, kind = lookup.resolve(execution.namespace, target.name, file.name, unmade=options.unmade)
    documents = {name: each.document for name, each in workspace.executions.items()}
    definition = lookup.find(function, target.name, documents)
    where = definition.part.filename if definition else None
    if definition and definition.part.cell is not None:
        where = str(file)
    return Loaded(
        function=function,
        kind=kind,
        namespace=execution.namespace,
        file=where,
        cell=definition.part.cell if definition else None,
        first_line=definition.first_line if definition else None,
        source=definition.source if definition else None,
        notes=tuple(_notes(target.name, workspace, execution)),
        left_out={name: line for name, (_, line) in execution.left_out.items()},
        target=target,
        options=options,
        _workspace=workspace,
    )


def _notes(name: str, workspace: Workspace, execution: Execution) -> Iterator[str]:
    """Sentences about the candidate's own file first, then about its helpers."""
    first = name.partition(".")[0]
    places = execution.defined.get(first, [])
    if len(places) > 1:
        said = "{name} is defined {count} times ({places}); the last one counts"
        yield tr(said, name=first, count=len(places), places=names.in_words(places))
    yield from execution.notes()
    yield from removed_names.notes(execution.document)
    for each in workspace.executions.values():
        if each is not execution:
            yield from (f"{each.document.path.name}: {note}" for note in each.notes())


def _check_defined(name: str, execution: Execution, *, as_python2: bool) -> None:
    """Raise CandidateError, with the reason, where there is no such name."""
    first = name.partition(".")[0]
    file = execution.document.path.name
    _check_compiles(first, execution, as_python2=as_python2)
    if first in execution.namespace:
        return
    if reason := execution.why_left_out(first):
        raise CandidateError(reason)
    own = [*execution.defined]
    for kind in execution.defined:
        value = execution.namespace.get(kind)
        if isinstance(value, type):
            own += [f"{kind}.{method}" for method in vars(value) if names.looks_backward(method)]
    imported = [
        each
        for each, value in execution.namespace.items()
        if callable(value) and not isinstance(value, Placeholder) and not each.startswith("_")
    ]
    raise CandidateError(_no_such_name(name, file, own or imported))


def _check_compiles(name: str, execution: Execution, *, as_python2: bool) -> None:
    """Raise CandidateError with Python's reason where a name is defined only in lines that are not Python."""
    document = execution.document
    for part in document.parts:
        for unread in part.unread:
            if name in names.defined(unread.text) and name not in execution.defined:
                sign = None if as_python2 else python2.syntax_sign(unread.text)
                raise (_Python2Error if sign else CandidateError)(
                    tr(
                        "{file} does not compile: {place}: {reason}; it looks like Python 2 ({sign})"
                        if sign
                        else "{file} does not compile: {place}: {reason}",
                        file=document.path.name,
                        place=part.place(unread.error_line),
                        reason=unread.reason,
                        sign=tr(sign or ""),
                    )
                )


def _no_such_name(name: str, file: str, offered: list[str]) -> str:
    if not offered:
        return tr("{file} has no {name}; it defines no functions", file=file, name=name)
    near = names.closest(name, offered)
    said = (
        "{file} has no {name}; did you mean {near}? It defines {names}"
        if near
        else "{file} has no {name}; it defines {names}"
    )
    return tr(said, file=file, name=name, near=near, names=names.listed(names.backward_first(offered)))
