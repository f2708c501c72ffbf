"""What holds for all tests."""

from __future__ import annotations

import gc
import os

# more threads of torch only wait for each other on small arrays
os.environ.setdefault("OMP_NUM_THREADS", "1")
# nor does what the person has chosen say anything about the tests: no file can be there
os.environ["XDG_CONFIG_HOME"] = os.devnull


def pytest_collection_finish() -> None:
    """Look for garbage less often, and never among the modules: a third of the time of a test with an app."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
