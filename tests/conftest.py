"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

from convstep.language import speak
from tests.strategies import EVERYTHING, THOROUGH

# hundreds of processes, pytest's own among them, would each compile all modules anew: half of what collecting
# the tests takes, and a third of what a candidate's process takes to start
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# more threads of torch only wait for each other on small arrays
os.environ.setdefault("OMP_NUM_THREADS", "1")
# nor does what the person has chosen say anything about the tests: no file can be there
os.environ["XDG_CONFIG_HOME"] = os.devnull

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


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A test draws the same numbers, and so do its fixtures, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules: a third of the time of a test with an app."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
