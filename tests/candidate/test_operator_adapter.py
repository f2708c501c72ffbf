"""An adapter of an operator is checked as that operator, and says what whoever it calls would be told."""

from __future__ import annotations

from pathlib import Path

import pytest

import convstep
from convstep.candidate.load.target import CandidateError, Target
from convstep.candidate.operator_adapter import operator_adapter
from convstep.candidate.operators.caller import open_caller
from convstep.candidate.operators.ways import likely
from convstep.operators.registry import operator_named
from tests.candidate.operators.test_corpus import CORPUS
from tests.strategies import SELDOM, some

RIGHT = [
    "avg_pool/cmu_pool.py:MeanPool2d_stride1",
    "batch_norm/cmu.py:BatchNorm1d",
    "conv1d/torch_function.py:Conv1dFunction",
    "embedding/cs231n.py:word_embedding_backward",
    "layer_norm/cs231n_rows.py:layernorm_backward",
    "linear/cs231n_affine.py:affine_backward",
    "linear/dlfs.py:Affine",
    "linear/torch_function.py:LinearFunction",
    "lstm_step/cs231n_slices.py:lstm_step_backward",
    "max_pool/cs231n_naive.py:max_pool_backward_naive",
    "relu/cs231n.py:relu_backward",
    "relu/dlfs_copy.py:Relu",
    "softmax_cross_entropy/dlfs.py:SoftmaxWithLoss",
]


def written(target: str, folder: Path, operator: str = "") -> str:
    """The adapter's own target."""
    path = str(folder / "adapter.py")
    with open_caller(target) as worker:
        named = operator_named(operator) if operator else likely(worker.candidate)[0]
        text = operator_adapter(Target.parse(target), worker, named, path)
    (folder / "adapter.py").write_text(text)
    return f"{path}:{named.name.replace('-', '_')}_backward"


@SELDOM
@pytest.mark.parametrize("target", some(RIGHT, 4))
def test_of_who_is_right_it_is_right(target: str, tmp_path: Path) -> None:
    adapter = written(f"{CORPUS}/{target}", tmp_path)
    text = (tmp_path / "adapter.py").read_text()
    verdict = convstep.check(adapter)
    assert verdict.ok, f"{verdict}\n{text}"


def test_of_who_is_wrong_it_is_wrong_in_the_same_way(tmp_path: Path) -> None:
    text = (CORPUS / "linear" / "dlfs.py").read_text()
    (tmp_path / "layers.py").write_text(text.replace("self.db = np.sum(dout, axis=0)", "self.db = dout[0]"))
    target = f"{tmp_path}/layers.py:Affine"
    adapter = written(target, tmp_path)
    assert convstep.check(adapter).mistakes == convstep.check(target).mistakes != ()


@SELDOM
def test_buffers_are_made_and_what_no_name_tells_is_to_be_decided(tmp_path: Path) -> None:
    adapter = written(f"{CORPUS}/layer_norm/llm_c_port.py:layernorm_backward", tmp_path)
    text = (tmp_path / "adapter.py").read_text()
    assert "dgamma = numpy.zeros_like(gamma)" in text
    assert text.count("rstd = None  # decide: give it a value") == 1
    with pytest.raises(CandidateError, match="the adapter does not say yet what"):
        convstep.check(adapter, operator="layer-norm")


def test_a_notebook_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "my-layers.py").write_text((CORPUS / "relu" / "cs231n.py").read_text())
    with pytest.raises(CandidateError, match=r"my-layers\.py cannot be imported"):
        written(f"{tmp_path}/my-layers.py:relu_backward", tmp_path)
