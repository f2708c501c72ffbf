"""What holds for all tests."""

from __future__ import annotations

import faulthandler
import gc
import inspect
import os
import random
import signal
import sys
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from convstep.language import speak
from tests.strategies import EVERYTHING, THOROUGH, ends

# hundreds of processes, pytest's own among them, would each compile all modules anew: half of what collecting
# the tests takes, and a third of what a candidate's process takes to start
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# more threads of torch only wait for each other on small arrays
os.environ.setdefault("OMP_NUM_THREADS", "1")
# nor does what the person has chosen say anything about the tests: no file can be there
os.environ["XDG_CONFIG_HOME"] = os.devnull
# a terminal that a test opens has the size it was given, not that of whoever started the tests
for _ in ("COLUMNS", "LINES"):
    os.environ.pop(_, None)

# whoever started the tests in the background may have had these ignored, and children inherit it
for name, default in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)

# until all tests are collected next to nothing is garbage: looking for it takes a fifth of that time
gc.disable()

# a busy machine must not fail a test: no time limit per example, whichever module is loaded first
# and none may be found or missed by luck: which examples are tried changes by hand alone
settings.register_profile(
    "convstep", deadline=None, max_examples=100 if THOROUGH else 10, derandomize=not EVERYTHING
)
settings.load_profile("convstep")


# they are counted one by one wherever a function is recorded, which takes longer than to record it
gc.get_freeze_count = lambda: 1

# each app reads the same style sheets, with the same colours: a tenth of a test with an app
_parsed: dict[object, list[RuleSet]] = {}
_parse_rules = Stylesheet._parse_rules


def _parsed_once(sheet: Stylesheet, css: str, **named: Any) -> list[RuleSet]:
    key = (css, *sorted(named.items()), *sheet._variables.items())
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, **named)
    return _parsed[key]


Stylesheet._parse_rules = _parsed_once  # type: ignore[assignment,method-assign]

LIMIT = 1200.0 if THOROUGH else 300.0
"""Seconds after which a test waits for what will not come, however busy the machine is."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever a test lets the program speak, the next one begins in English."""
    yield
    speak("en")


@pytest.fixture(autouse=True, scope="module")
def put_aside() -> Iterator[None]:
    """What a module leaves in caches is never again looked through for garbage: it may be gigabytes."""
    yield
    gc.collect()
    gc.freeze()


def _in_short(config: pytest.Config) -> bool:
    """Whether all tests are run, and not all of everything, which CONVSTEP_THOROUGH=1 asks for."""
    return not THOROUGH and [config.rootpath / path for path in config.args] == [config.rootpath / "tests"]


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In short, a table has its ends."""
    if _in_short(metafunc.config):
        metafunc._calls[:] = ends(metafunc._calls)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In short, what is `SELDOM` is left out."""
    if _in_short(config):
        seldom = [item for item in items if item.get_closest_marker("seldom")]
        config.hook.pytest_deselected(items=seldom)
        items[:] = [item for item in items if not item.get_closest_marker("seldom")]


def _never(*_: object) -> None:
    """A test waits for ever."""
    faulthandler.dump_traceback(2)
    pytest.fail(f"not over after {LIMIT:.0f} s; where each thread stands is in what it wrote to stderr")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """No test waits for ever; again and again, if it goes on to wait."""
    if EVERYTHING or not hasattr(signal, "SIGALRM"):
        return (yield)
    before = signal.signal(signal.SIGALRM, _never)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, LIMIT)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test draws the same numbers, and so do its fixtures, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        # `torch.manual_seed` would keep where it is called from, for devices that are not there
        sys.modules["torch"].default_generator.manual_seed(0)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules: a third of the time of a test with an app."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    # each copy of this process would find out anew which module has which file
    inspect.getmodule(pytest_collection_finish.__code__)
