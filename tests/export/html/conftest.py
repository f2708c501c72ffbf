from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.export.html.browser import Browser, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests: it costs a second or two."""
    program = chromium()
    if program is None:
        assert not os.environ.get("CI"), "there is no Chromium; .ci/run installs it"
        pytest.skip("there is no Chromium on this machine; install the package chromium")
    with Browser(program) as opened:
        yield opened
