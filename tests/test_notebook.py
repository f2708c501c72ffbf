"""A real notebook, run by a real kernel: each cell shows a picture beside its repr."""

from __future__ import annotations

from pathlib import Path

import nbformat.v4
import pytest
from nbclient import NotebookClient

from tests.strategies import THOROUGH
from tests.waiting import GENEROUS

CELLS = (
    # nothing of PyTorch, which takes seconds to load, and of a candidate comes first
    # nothing but the lowest room is imported
    """import numpy as np
from convstep.conv.problem import Problem
rng = np.random.default_rng(0)
problem = Problem(rng.random((5, 6, 2)), rng.random((3, 3, 2, 2)), None, None, stride=2, padding=1)
problem""",
    """import convstep
timeline = convstep.Timeline(problem)
timeline.seek(7)
timeline""",
    "next(convstep.conv2d_backward_steps(problem.dZ, problem.cache, problem.stride, problem.padding))",
    """def conv_backward(dZ, cache, stride, padding):
    dW, db, dA_prev = convstep.conv2d_backward(dZ, cache, stride, padding)
    return dW * 2, db, dA_prev
convstep.check(conv_backward)""",
    "convstep.compare(problem)",
    """import torch
model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ConvTranspose2d(2, 1, 3))
with convstep.capture(model) as captured:
    model(torch.randn(2, 1, 5, 5)).sum().backward()
captured""",
)


def test_every_cell_of_a_notebook_shows_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    path = tmp_path / "layers.ipynb"
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=list(map(nbformat.v4.new_code_cell, CELLS if THOROUGH else CELLS[:3]))
        ),
        path,
    )
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=GENEROUS, kernel_name="python3").execute()
    for cell in notebook.cells:
        assert [output.output_type for output in cell.outputs] == ["execute_result"], cell.outputs
        shown = cell.outputs[0].data
        assert shown["text/html"].startswith('<div class="convstep">'), cell.source
        assert 1 <= len(shown["text/plain"].splitlines()) <= 6, cell.source
