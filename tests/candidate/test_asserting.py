"""`assert_correct`, asked what the test around it would let pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.strategies import SELDOM
from tests.waiting import GENEROUS

TEST = """
import numpy as np
import convstep

def relu_forward(x):
    return np.maximum(x, 0), x

def relu_backward(dout, cache):
    return dout * (cache > 0)

def test_shape():
    assert relu_backward(np.ones((2, 3)), np.eye(2, 3) - 0.5).shape == (2, 3)

def test_correct():
    convstep.assert_correct("test_relu.py:relu_backward", test=__file__)
"""


@SELDOM
def test_what_the_rest_of_the_test_would_let_pass_is_printed_once(tmp_path: Path) -> None:
    (tmp_path / "test_relu.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_relu.py"]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # other plugins take seconds
        capture_output=True,
        text=True,
        timeout=GENEROUS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert (
        len(
            re.findall(
                r"test_relu.py would\s+pass\s+with\s+5\s+of\s+5\s+known\s+mistakes\s+of\s+ReLU", ended.stdout
            )
        )
        == 1
    )
    assert "does not count here" in " ".join(ended.stdout.split())
    assert "2 passed" in ended.stdout
