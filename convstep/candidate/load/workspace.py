"""The modules of a candidate: its file, its helpers beside it and above it, and its package.

They go through the same executor as the file itself, and a helper's name means the helper whatever
else is called that: inside the candidate's imports only, so that nobody else in the process meets it.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from convstep.candidate.load import document as documents
from convstep.candidate.load import python2, removed_names
from convstep.candidate.load.document import Document
from convstep.candidate.load.execution import Execution
from convstep.candidate.load.imports import Imports, installed_import
from convstep.frozen import frozen

_NEVER_SHADOWED = frozenset({*sys.builtin_module_names, "os", "io", "abc", "codecs", "site", "importlib"})
"""What Python itself finds before any file, or the child could not go on without."""
_WORKED_WITH = frozenset({"convstep", "numpy", "torch"})
_PROJECT = (".git", "pyproject.toml", "setup.py", "setup.cfg")
"""What stands in the outermost folder of a project: what is above is somebody else's."""
_HIGHEST = 4
"""Folders above the file that may hold modules of its project."""


@frozen()
class Options:
    """How a candidate's files are run."""

    run_all: bool = False
    """Run everything at top level, not only imports, definitions and simple constants."""
    python2: bool = False
    older_numpy: bool = False
    """NumPy's arrays of one element are numbers, as they were before 2.4."""
    unmade: bool = False
    """Of a method its class is loaded, and nothing is made of that yet."""


class Workspace(MetaPathFinder):
    """Finds and runs the candidate's own modules."""

    def __init__(
        self, name: str, file: Path, root: Path, options: Options, known: Mapping[Path, Document]
    ) -> None:
        """Nothing has run yet: a module, its file, the folder its name starts in, and what was read."""
        self.executions: dict[str, Execution] = {}
        """Every module of the candidate that ran, by name."""
        self.documents: dict[Path, Document] = dict(known)
        """Every file that was read."""
        self.file = file
        """The candidate's file."""
        self._name, self._root = name, root
        self._roots = list(dict.fromkeys((file.parent, root)))
        self._places: dict[str, list[Path]] = {}
        self._options = options
        self._modules: dict[str, ModuleType] = {}
        self._own_names: set[str] | None = None
        self._depth = 0
        self._builtins = {**vars(builtins), **(python2.names() if options.python2 else {})}
        self._builtins |= {"__import__": self._import, **removed_names.ONE_ELEMENT}
        if file.suffix == ".ipynb":
            self._builtins["display"] = print  # Jupyter has it everywhere
        self._seen_path: set[str] = set()

    def again(self) -> Workspace:
        """The same, before anything ran; the files are not read a second time."""
        return Workspace(self._name, self.file, self._root, self._options, self.documents)

    def load(self) -> Execution:
        """Run the candidate's file, and what it imports of its own; CandidateError if one cannot be."""
        for root in self._roots:
            if str(root) not in sys.path:
                # at the end: data files and compiled helpers are found, nobody's modules are hidden
                sys.path.append(str(root))
        self._seen_path = set(sys.path)
        with self.showing():
            importlib.import_module(self._name)
            for execution in self.executions.values():
                execution.imports.bind_late()
        return self.executions[self._name]

    def why_left_out(self, module: str, name: str) -> str | None:
        """Why one of the candidate's modules lacks a name; None when it is not one, or has no such name."""
        execution = self.executions.get(module)
        return None if execution is None else execution.why_left_out(name)

    @contextlib.contextmanager
    def showing(self) -> Iterator[None]:
        """While this lasts, imports see the candidate's modules under their names."""
        if self._depth:
            yield
            return
        self._depth += 1
        displaced = {name: sys.modules.pop(name) for name in list(sys.modules) if self._is_ours_to_name(name)}
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            self._depth -= 1
            # an earlier load's modules stay away, everybody else's come back
            sys.modules.update((n, module) for n, module in displaced.items() if not _is_candidate(module))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The candidate's own module of that name; None leaves it to Python."""
        if fullname == self._name:
            return self._spec(fullname, self.file)
        if path is None:
            places = self._places_of(fullname)
        else:
            # what is below a library is the library's, wherever it is installed
            package = sys.modules.get(fullname.rpartition(".")[0])
            places = [Path(entry) for entry in path] if _is_candidate(package) else []
        last = fullname.rpartition(".")[2]
        for place in places:
            for file in (place / last / "__init__.py", place / f"{last}.py"):
                if file.is_file():
                    return self._spec(fullname, file)
        folders = [str(place / last) for place in places if _holds_modules(place / last)]
        if not folders:
            return None
        spec = ModuleSpec(fullname, _WorkspaceLoader(self), is_package=True)  # it has no __init__.py
        spec.submodule_search_locations = folders
        return spec

    def run(self, module: ModuleType) -> None:
        """Execute a module of the candidate's."""
        assert module.__spec__ is not None
        if module.__spec__.origin is None:  # a folder
            self._modules[module.__name__] = module
            return
        file = Path(module.__spec__.origin)
        if file not in self.documents:
            self.documents[file] = documents.read(file, as_python2=self._options.python2)
        namespace = vars(module)
        namespace["__builtins__"] = self._builtins
        execution = Execution(
            self.documents[file],
            namespace,
            Imports(namespace, self.why_left_out),
            run_all=self._options.run_all,
            path_changed=self._adopt_path,
            is_own=self._is_part,
            rewrite=removed_names.with_one_element if self._options.older_numpy else None,
        )
        self._modules[module.__name__] = module
        self.executions[module.__name__] = execution
        try:
            execution.run()
        except BaseException:
            # Python forgets a module that raised; so do we
            del self._modules[module.__name__], self.executions[module.__name__]
            raise

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """`__import__` for the candidate's modules, also for imports inside functions."""
        with self.showing():
            installed = not (level or name in sys.modules or self._places_of(name.partition(".")[0]))
            with installed_import() if installed and not self._hooked() else contextlib.nullcontext():
                return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _is_part(self, value: Any) -> bool:
        """Whether something is one of the candidate's modules, or it or its class was defined in one."""
        if isinstance(value, ModuleType):
            return _is_candidate(value)
        made_by = getattr(value, "__module__", None)
        return isinstance(made_by, str) and made_by in self.executions

    def _hooked(self) -> bool:
        """Whether the candidate has an import hook of its own, whose time is the candidate's."""
        return any(getattr(finder, "__module__", None) in self.executions for finder in sys.meta_path)

    def _spec(self, name: str, file: Path) -> ModuleSpec | None:
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, file, loader=_WorkspaceLoader(self), submodule_search_locations=inside
        )

    def _is_ours_to_name(self, name: str) -> bool:
        """Whether a module that is loaded has the name of one of the candidate's."""
        top = name.partition(".")[0]
        module = sys.modules.get(name)
        return _is_candidate(module) or (top not in _WORKED_WITH and self._is_ours(top))

    def _is_ours(self, top: str) -> bool:
        """Whether a name means the candidate's module, whatever else has that name."""
        if self._own_names is None:
            self._own_names = {self._name.partition(".")[0]}
            self._own_names.update(name for root in self._roots for name in _importable(root))
        return top in self._own_names

    def _places_of(self, top: str) -> list[Path]:
        """The folders in which a module or package of the candidate's own is; none if it is not its own.

        What is above the file, or is a folder without __init__.py, is its own only where Python itself
        would find nothing: a folder `data` or `test` hides no module.
        """
        if self._is_ours(top):
            return self._roots
        if top not in self._places:
            elsewhere = top in _NEVER_SHADOWED or top in _WORKED_WITH or _is_found(top)
            self._places[top] = [] if elsewhere else self._above(top)
        return self._places[top]

    def _above(self, top: str) -> list[Path]:
        places = []
        for folder in dict.fromkeys((*self._roots, *_project(self.file))):
            if (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file():
                return [folder]
            if _holds_modules(folder / top):
                places.append(folder)
        return places

    def _adopt_path(self) -> None:
        """Look for helpers in folders newly in `sys.path`; relative ones start at the file's folder."""
        for entry in [entry for entry in sys.path if entry not in self._seen_path]:
            self._seen_path.add(entry)
            folder = (self.file.parent / entry).resolve()
            if folder.is_dir() and folder not in self._roots:
                self._roots.append(folder)
                self._own_names = None
                self._places.clear()


class _WorkspaceLoader(Loader):
    """Hands a module to the workspace that found it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Python's ordinary module object."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run it with the candidate's rules."""
        self._workspace.run(module)


def _importable(folder: Path) -> set[str]:
    """The modules and packages in a folder."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return set()
    files = {entry.stem for entry in entries if entry.suffix == ".py"}
    packages = {entry.name for entry in entries if (entry / "__init__.py").is_file()}
    return (files | packages) - _NEVER_SHADOWED


def _holds_modules(folder: Path) -> bool:
    """Whether a folder without __init__.py can be imported, or one in it."""
    try:
        return any(True for pattern in ("*.py", "*/*.py") for _ in folder.glob(pattern))
    except OSError:
        return False


def _is_found(top: str) -> bool:
    """Whether Python finds a module, and not merely a folder of that name."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        spec = PathFinder.find_spec(top)
        return top in sys.builtin_module_names or (spec is not None and spec.origin is not None)
    return False


def _project(file: Path) -> list[Path]:
    """The folders above a file's that its project may have, the nearest first."""
    folders = [file.parent]
    for folder in file.parent.parents[:_HIGHEST]:
        if any((folders[-1] / name).exists() for name in _PROJECT) or folder == Path(folder.anchor):
            break
        folders.append(folder)
    return folders[1:]


def place_of(file: Path, document: Document | None = None) -> tuple[str, Path]:
    """The dotted name of a file, and the folder that name starts in: above its outermost package.

    What the document imports shows how high a package without __init__.py reaches.
    """
    root = file.parent
    parts = [] if file.name == "__init__.py" else [file.stem]
    levels = 0 if document is None else _levels(file, document)
    while root.name.isidentifier() and ((root / "__init__.py").is_file() or levels > 0):
        parts.insert(0, root.name)
        root, levels = root.parent, levels - 1
    taken = _NEVER_SHADOWED | _WORKED_WITH | sys.stdlib_module_names | {"__main__"}
    if parts[0] in taken or not all(part.isidentifier() for part in parts):
        return "candidate_" + re.sub(r"\W", "_", file.stem), file.parent
    return ".".join(parts), root


def _levels(file: Path, document: Document) -> int:
    """How many of the folders above a file are packages, by what it imports of them."""
    above = {folder.name: level for level, folder in reversed([*enumerate(file.parents, start=1)])}
    levels = 0
    for node in (node for part in document.parts for top in part.statements for node in ast.walk(top)):
        tops: list[str] = []
        if isinstance(node, ast.ImportFrom):
            levels = max(levels, node.level)
            tops = [] if node.level else [(node.module or "").partition(".")[0]]
        elif isinstance(node, ast.Import):
            tops = [alias.name.partition(".")[0] for alias in node.names]
        for top in tops:
            beside = (file.parent / f"{top}.py").exists() or (file.parent / top).is_dir()
            if top in above and not beside and not _is_found(top):
                levels = max(levels, above[top])
    return levels


def _is_candidate(module: ModuleType | None) -> bool:
    spec = getattr(module, "__spec__", None)
    return isinstance(getattr(spec, "loader", None), _WorkspaceLoader)
