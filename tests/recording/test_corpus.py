"""The corpus recorded: functions as people write them keep all that `promises` says."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.load.loading import load
from convstep.candidate.load.target import Target
from convstep.recording import recorder
from convstep.recording.limits import Limits
from convstep.recording.recording import Recording
from tests.recording import promises
from tests.recording.promises import Run, state_of, states_of
from tests.strategies import some

Named = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]
FOLDER = Path(__file__).parent / "corpus"
NOTEBOOK = FOLDER / "assignment.ipynb"


def cases_of(module: str) -> list[Named]:
    """The cases of a corpus module that has just been executed, so that its globals are as at the start."""
    if module == NOTEBOOK.stem:
        return list(notebook_cases())
    return list(loaded(module).cases())


def loaded(name: str) -> Any:
    """A corpus module, executed anew."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notebook_cases() -> Iterator[Named]:
    """The notebook's functions, loaded as `check` loads them."""

    def function(name: str) -> Any:
        known = set(sys.modules)
        found = load(Target.parse(f"{NOTEBOOK}:{name}")).function
        for added in sys.modules.keys() - known:  # other tests look at what there is
            del sys.modules[added]
        return found

    draw = np.random.RandomState(5).randn
    yield "pool", function("max_pool_backward"), (draw(2, 3), draw(4, 6)), {}
    yield "softmax", function("softmax_backward"), (draw(2, 3), np.abs(draw(2, 3))), {}
    yield "update", function("update"), (draw(4), draw(4)), {}


MODULES = sorted(path.stem for path in FOLDER.glob("[!_]*.*") if path.suffix in (".py", ".ipynb"))
CASES = [(module, at, name) for module in MODULES for at, (name, *_) in enumerate(cases_of(module))]
"""Module, place in it, name."""
SOME = set(some(CASES, every=13))
"""Those that are run; what is not kept yet is looked at each time."""


pytestmark = pytest.mark.filterwarnings("ignore")  # of functions that divide by zero on purpose
VARIABLES = promises.the_variables_are_those_that_a_tracer_sees
END = promises.at_the_end_the_arrays_are_as_the_plain_run_leaves_them
KNOWN = {
    "evaluation_order: rebinding": ("an inner function gives the outer name another array", END, VARIABLES),
    "numpy_habits: nditer": ("`np.nditer` makes an operand of its own", END, VARIABLES),
    "numpy_habits: growing": ("`resize` gives an array other memory", END, VARIABLES),
    "scopes: nonlocal": ("an inner function gives the outer name another array", END, VARIABLES),
    "python_habits: closures": ("an inner function sets an outer number", VARIABLES),
    "scopes: nonlocal loop": ("an inner function sets an outer number in a loop", VARIABLES),
}
"""Cases of which something is shown untruly, what it is, and the promises that are broken."""


@pytest.mark.parametrize(
    ("module", "at", "name"),
    [case for case in CASES if case in SOME or f"{case[0]}: {case[2]}" in KNOWN],
    ids=str,
)
def test_the_corpus_keeps_every_promise(
    module: str, at: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # two runs are compared half-way: what was in the memory before must be the same in both
    monkeypatch.setattr(np, "empty", np.zeros)
    monkeypatch.setattr(np, "empty_like", np.zeros_like)
    run = Run(lambda: cases_of(module)[at][1:])
    _, *broken = KNOWN.get(f"{module}: {name}", ("",))
    for promise in promises.PROMISES:
        if promise in broken:
            with pytest.raises(AssertionError):  # once it is kept, its line above goes
                promise(run)
        else:
            promise(run)


@pytest.mark.parametrize("name", ["forever", "converges_never"])
def test_a_run_without_end_is_stepped_up_to_its_budget(name: str) -> None:
    endless = {function.__name__: (function, array) for function, array in loaded("endings").ENDLESS}
    function, array = endless[name]
    stopped = recorder.run(function, [array.copy()], limits=Limits(turns=200))
    recording = Recording(stopped.log, stopped.source.text, stopped.name)
    assert recording.ended is not None
    assert recording.ended.kind == "budget"
    states = states_of(recording)
    assert len(states) > 150
    for position in (7, len(states) - 1, 0):
        recording.seek(position)
        assert state_of(recording) == states[position]
