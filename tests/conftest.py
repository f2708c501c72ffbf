"""What holds for all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from convstep.language import speak

# more threads of torch only wait for each other on small arrays
os.environ.setdefault("OMP_NUM_THREADS", "1")
# nor does what the person has chosen say anything about the tests: no file can be there
os.environ["XDG_CONFIG_HOME"] = os.devnull


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Whatever a test lets the program speak, the next one begins in English."""
    yield
    speak("en")


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules: a third of the time of a test with an app."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
