"""Layer classes are made, given their kernels, run forward and back, and read, whatever their spelling."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convstep import check
from convstep.candidate.call.call import Call
from convstep.candidate.call.calling import perform
from convstep.candidate.call.conventions import convention_of
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.objects import says
from convstep.candidate.call.outcome import RETURNED, CannotCall, Outcome
from convstep.candidate.call.source_of import served_function
from convstep.candidate.check import layers
from convstep.candidate.check.cases import Case, cases_for, right_of
from convstep.candidate.check.grade import RIGHT, Result, grade
from convstep.candidate.diagnose.observations import from_updated_kernels, multiplied_by_the_rate
from tests.candidate.conftest import Files
from tests.candidate.corpus import FOLDER
from tests.strategies import SELDOM, some

FILE = FOLDER / "layers" / "spellings.py"
RIGHT_ONES = (
    "Convolution FlatKernels Conv3x3 Keras WithParameters Momentum Update ListOfFilters Lazy Config"
    " NoNames PositionalOnly ForwardTakesKernels Hwc Kwargs GradsList Col ColLast Accumulates Tied ReturnsAll"
    " InputSize SetOutside Adam AdamOnly Hyper TfSame Chwn Property Cached LayerWithActivation IntKernels"
    " Pairs Batch Optim LrHidden CI OneFilterPlane InPlace InDicts SameOnly GivenWeights TwoArguments Nested"
    " Cnn Layered Tuples Dataclassy TwoLists GradInput"
    " HeightWidth Taps Shapes Fields NodeOp BiasOfCells HalfSize WrittenRate GreyMaps NoOptimizer"
    " RowsOut Chain Buffers OfInputs OfNodes MayUpdate HandedVectors HandedPlaces"
    " OfNoName Sized TimesSlope SetFirst RowsAndColumns FiltersBeforeChannels SizeAhead"
)
TENSORS = """
import numpy as np, torch
import torch.nn.functional as F

class Good(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding):
        ctx.save_for_backward(x, w)
        ctx.how = stride, padding
        return F.conv2d(x, w, b, stride, padding)

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        dx = torch.nn.grad.conv2d_input(x.shape, w, g, *ctx.how)
        dw = torch.nn.grad.conv2d_weight(x, w.shape, g, *ctx.how)
        return dx, dw, g.sum((0, 2, 3)), None, None

class Module(torch.nn.Module):
    def __init__(self, c_in, c_out, k, stride=1, padding=0):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(c_out, c_in, k, k))
        self.bias = torch.nn.Parameter(torch.zeros(c_out))
        self.stride, self.padding = stride, padding

    def forward(self, x):
        return Good.apply(x, self.weight, self.bias, self.stride, self.padding)

class OnTensors:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.weight = torch.empty(out_channels, in_channels, kernel_size, kernel_size).normal_()
        self.bias = torch.zeros(out_channels)

    def forward(self, x):
        self.x = x
        return F.conv2d(x, self.weight, self.bias)

    def backward(self, gradwrtoutput):
        self.dweight = torch.nn.grad.conv2d_weight(self.x, self.weight.shape, gradwrtoutput)
        self.dbias = gradwrtoutput.sum((0, 2, 3))
        return torch.nn.grad.conv2d_input(self.x.shape, self.weight, gradwrtoutput)
"""


@functools.cache
def spellings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spellings_of_layers", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Tried:
    """A layer of this process: how it is called, and what becomes of it."""

    def __init__(self, kind: type) -> None:
        self.served = served_function(kind)
        self.call, self.how, _ = layers.detect_layer_call(self.result, self.served.candidate, lambda: True)

    def outcome(self, call: Call, case: Case) -> Outcome:
        found = perform(self.served.function, None, self.served.candidate, call, right_of(case).problem)
        return replace(found, gradients=dict(zip(found.labels, found.returned, strict=True)))

    def result(self, call: Call, case: Case) -> Result:
        return grade(case, right_of(case), self.outcome(call, case))

    def results(self, every: int = 1) -> list[Result]:
        cases, _ = cases_for(convention_of(self.call), self.served.candidate)
        return [self.result(self.call, case) for case in cases[::every]]

    def again(self) -> Result:
        case = cases_for(convention_of(self.call), self.served.candidate)[0][0]
        return self.result(replace(self.call, again=True), case)


@SELDOM
@pytest.mark.parametrize("name", some(RIGHT_ONES.split(), 12))
def test_a_right_layer_is_right_in_any_spelling(name: str) -> None:
    tried = Tried(getattr(spellings(), name))
    results = tried.results(every=5)
    assert [result for result in results if result.failed] == []
    assert sum(result.ok for result in results) >= 6
    assert tried.again().ok or tried.again().refused  # and so is a second call on the same object


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("DbMean", {"db"}),
        ("UpdatedKernels", {"dA_prev"}),
        ("StrideIgnored", {"dW", "dA_prev"}),
        ("PaddingNotCropped", {"dA_prev"}),
        ("Flipped", {"dW"}),
        ("Averaged", {"dW", "db"}),
        ("DwTransposed", {"dW"}),
        ("DbShape", {"db"}),
        ("DxZeros", {"dA_prev"}),
        ("CropZero", {"dA_prev"}),
        ("RateInside", {"dA_prev"}),
    ],
)
def test_a_mistake_in_a_layer_shows_in_its_gradient_alone(name: str, wrong: set[str]) -> None:
    results = Tried(getattr(spellings(), name)).results(every=6)
    assert {found.name for result in results for found in result.grades if found.kind != RIGHT} == wrong


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("Col", "kernels W (C*K*K, F), gradients from dW, db, what backward returns"),
        ("InDicts", "kernels params['W'] (K, K, C, F), gradients from grads['dW'], grads['db']"),
        ("InPlace", "gradients from the change of kernels divided by the learning rate 0.375"),
        ("WrittenRate", "the change of W divided by the learning rate 0.02, what backward returns"),
        ("LrHidden", "the change of W divided by the learning rate 0.01, what backward returns"),
        ("GreyMaps", "pictures (C, H, W), kernels bank (F, C, K, K)"),
        ("Nested", "kernels inner.W (F, C, K, K), gradients from inner.dLdW, inner.dLdb"),
        ("InputSize", "pictures (C, H, W), kernels filters[:].weights (F, C, K, L)"),
        ("HeightWidth", "kernels bank (F, K, L, C), gradients from the change of bank divided"),
        ("RowsOut", "gradients from grads['dW_conv'], grads['db_conv'], what backward returns"),
        ("Chain", "pictures (N, H, W, C), one convolution in it, kernels w1 (K, K, C, F)"),
        ("Buffers", "pictures (N*C*H*W), kernels weights (F*C*K*K)"),
        ("HalfSize", "pictures (N, C, H, W), a stride of 2 of its own, kernels w"),
        ("OfNoName", "made as OfNoName(p, q, m, jump, frame), then up(v) and down(e); pictures (N, C, H, W)"),
        ("OfNoName", "gradients from g_z, g_off, what backward returns"),
        ("SquareOnly", "pictures (H, W), kernels filters (F, K, K)"),
        ("NodeOp", "then compute(A, B) and gradient(out_grad, node)"),
        ("Momentum", "made as Momentum(in_ch, out_ch, k, s, p, lr, momentum), then forward(x)"),
    ],
)  # fmt: skip
def test_how_a_layer_was_called_is_said(name: str, how: str) -> None:
    assert how in Tried(getattr(spellings(), name)).how


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("SecretRate", {"dA_prev"}),
        ("RateElsewhere", {"dA_prev"}),
        ("AdamOnly", {"dA_prev"}),
        ("Conv3x3", {"dW"}),
    ],
)
def test_what_cannot_be_read_off_is_not_computed_and_not_wrong(name: str, known: set[str]) -> None:
    (result, *_) = Tried(getattr(spellings(), name)).results()
    assert set(result.outcome.gradients) == known


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Base", "Base has no forward: its methods are zero_grad"),
        ("Param", "Param has no forward: it has no methods"),
        ("Stub", "Stub is not written yet: NotImplementedError (line "),
        (
            "Stub2",
            "Stub2 cannot be called: made as Stub2(in_channels, ",
        ),
        ("RowsOfNoOrder", "RowsOfNoOrder cannot be called: made as RowsOfNoOrder("),
        ("NeedsData", "NeedsData cannot be called: made as NeedsData(dataset, labels), "),
        ("RaisesBackward", "RaisesBackward cannot be called: made as RaisesBackward("),
    ],
)
def test_what_cannot_be_called_is_no_verdict(name: str, said: str) -> None:
    with pytest.raises(CannotCall) as caught:
        Tried(getattr(spellings(), name))
    assert str(caught.value).startswith(said)
    assert all(attempt.how and attempt.message for attempt in caught.value.tried)


@SELDOM
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("UpdatedKernels", "what the kernels give after the update"),
        ("RateInside", "multiplied by the learning rate"),
    ],
)
def test_what_an_update_does_to_the_input_gradient_is_said(name: str, said: str) -> None:
    tried = Tried(getattr(spellings(), name))
    swept: Any = SimpleNamespace(call=tried.call)
    results = [result for result in tried.results(every=6) if result.outcome.kind == RETURNED]
    found = from_updated_kernels(swept, results) or multiplied_by_the_rate(swept, results, ["dA_prev"])
    assert found is not None
    assert (found.gradients, said in found.message) == (("dA_prev",), True)


@SELDOM
@pytest.mark.parametrize(("name", "size"), some([("TwoSamples", 2), ("NotOneSample", 0)]))
def test_a_layer_for_batches_of_two_is_run_on_two_and_told_from_one_that_needs_several(
    name: str, size: int
) -> None:
    swept = check(f"{FILE}:{name}").swept
    assert all(result.ok == (result.right.problem.geometry.batch == 2) for result in swept.results)
    assert swept.only_batch == size


@pytest.mark.parametrize(
    "name", ["NeedsData", "RaisesBackward", "UpdatedKernels", "Taps", "Shapes", "CropZero"]
)
def test_how_to_call_a_layer_takes_few_calls(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Call] = []
    plain = Tried.outcome

    def counted(tried: Tried, call: Call, case: Case) -> Outcome:
        calls.append(call)
        return plain(tried, call, case)

    monkeypatch.setattr(Tried, "outcome", counted)
    with contextlib.suppress(CannotCall):
        Tried(getattr(spellings(), name))
    assert 0 < len(calls) <= 150


@SELDOM
@pytest.mark.parametrize("name", ["Module", "OnTensors"])
def test_a_layer_on_tensors_is_given_tensors(files: Files, name: str) -> None:
    pytest.importorskip("torch")
    kind = files.load(f"{files.write('tensors.py', TENSORS).name}:{name}").function
    assert isinstance(kind, type)
    results = Tried(kind).results(every=8)
    assert all(result.ok for result in results)


ADDS = """
import numpy as np

class Adds:
    def __init__(self, in_channels, out_channels):
        self.w, self.b = np.zeros((out_channels, in_channels, 1, 1)), np.zeros(out_channels)
        self.dw, self.db = np.zeros(self.w.shape), np.zeros(out_channels)

    def forward(self, x):
        self.x = x

    def backward(self, dy):
        self.dw += np.einsum("nfhw,nchw->fc", dy, self.x)[:, :, None, None]
        self.db += dy.sum((0, 2, 3))
        return np.einsum("nfhw,fc->nchw", dy, self.w[:, :, 0, 0])
"""
LAZY = """
class Adds(Adds):
    def __init__(self, in_channels, out_channels):
        super().__init__(in_channels, out_channels)
        self.dw = self.db = None

    def backward(self, dy):
        if self.dw is None:
            self.dw = np.zeros(self.w.shape)
            self.db = np.zeros(len(self.w))
        self.dw += np.einsum("nfhw,nchw->fc", dy, self.x)[:, :, None, None]
        self.db += dy.sum((0, 2, 3))
        return np.einsum("nfhw,fc->nchw", dy, self.w[:, :, 0, 0])
"""
UPDATE = """
    def backprop_update(self, rate):
        self.w -= rate * self.dw
        self.dw[:], self.db[:] = 0, 0
        self.dw[:] = 0
"""
METHOD = "\n    def zero_grad(self):\n        self.dw[...] = 0\n        self.db[...] = 0\n"
OPTIMIZER = (
    "\nclass SGD:\n    def zero_grad(self, layer):\n        layer.dw, layer.db = 0 * layer.dw, 0 * layer.db\n"
)


@pytest.mark.parametrize("through_adapter", [False, True])
@pytest.mark.parametrize(
    ("more", "wrong"),
    [("", {"dW", "db"}), (LAZY, {"dW", "db"}), (UPDATE, set()), (METHOD, set()), (OPTIMIZER, set())],
)
def test_a_second_call_on_one_object_shows_what_adds_up_and_is_not_meant_to(
    files: Files, more: str, wrong: set[str], through_adapter: bool
) -> None:
    def call(kind: type[Any], problem: Any) -> Any:
        layer = kind(problem.A_prev.shape[3], len(problem.W))
        layer.w = problem.W.transpose(0, 3, 1, 2)
        layer.forward(problem.A_prev.transpose(0, 3, 1, 2))
        dx = layer.backward(problem.dZ.transpose(0, 3, 1, 2))
        return layer.dw.transpose(0, 2, 3, 1), layer.db, dx.transpose(0, 2, 3, 1)

    kind = files.load(f"{files.write('adds.py', ADDS + more).name}:Adds").function
    assert isinstance(kind, type)
    if through_adapter:
        case = Case((4, 5), (1, 1), channels=2, batch=1)
        served = served_function(functools.partial(call, kind))
        found = perform(
            served.function, None, served.candidate, Call("problem", again=True), right_of(case).problem
        )
        gradients = dict(zip(("dW", "db", "dA_prev"), found.returned, strict=True))
        result = grade(case, right_of(case), replace(found, gradients=gradients))
    else:
        result = Tried(kind).again()
    assert {found.name for found in result.grades if found.kind != RIGHT} == wrong


PENDING = """
import numpy as np

class Pending:
    def __init__(self, filters):
        self.filters, self.w, self.grads, self.inputs = filters, None, {}, []

    def flush_gradients(self):
        self.inputs = []
        self.grads = {name: np.zeros(held.shape) for name, held in self.grads.items()}

    def forward(self, x):
        if self.w is None:
            self.w = np.random.randn(self.filters, x.shape[1], 1, 1)
            self.grads = {"w": np.zeros(self.w.shape)}
        self.inputs.append(x)
        return np.einsum("nchw,fc->nfhw", x, self.w[:, :, 0, 0])

    def backward(self, dy):
        for x in self.inputs:
            self.grads["w"] += np.einsum("nfhw,nchw->fc", dy, x)[:, :, None, None]
        return np.einsum("nfhw,fc->nchw", dy, self.w[:, :, 0, 0])
"""


def test_a_forward_that_is_run_for_its_kernels_leaves_nothing_for_the_backward(files: Files) -> None:
    kind = files.load(f"{files.write('pending.py', PENDING).name}:Pending").function
    assert isinstance(kind, type)
    tried = Tried(kind)
    assert tried.results(every=5)[0].ok
    assert tried.again().ok


DRAWN = """
import numpy as np

class Drawn:
    def __init__(self, c_in, c_out, rng: np.random.Generator):
        self.W = rng.normal(0, 0.1, size=(c_out, c_in, 1, 1))

    def forward(self, x):
        self.x = x
        return np.einsum("nchw,fc->nfhw", x, self.W[:, :, 0, 0])

    def backward(self, dy):
        self.dW = np.einsum("nfhw,nchw->fc", dy, self.x)[:, :, None, None]
        return np.einsum("nfhw,fc->nchw", dy, self.W[:, :, 0, 0])
"""


def test_a_layer_is_handed_random_numbers_to_draw_its_kernels_from(files: Files) -> None:
    kind = files.load(f"{files.write('drawn.py', DRAWN).name}:Drawn").function
    assert isinstance(kind, type)
    assert Tried(kind).results(every=5)[0].ok


@pytest.mark.parametrize("target", some(["Conv.backward", "Conv"]))
def test_a_class_and_its_backward_mean_the_same(files: Files, target: str) -> None:
    file = files.write(
        "layer.py",
        """
        import numpy as np

        class Conv:
            def __init__(self, n_in, n_out):
                self.w, self.b = np.zeros((n_out, n_in, 1, 1)), np.zeros(n_out)

            def forward(self, x):
                self.x = x
                return np.einsum("nchw,fc->nfhw", x, self.w[:, :, 0, 0]) + self.b[:, None, None]

            def backward(self, dy):
                self.dw = np.einsum("nfhw,nchw->fc", dy, self.x)[:, :, None, None]
                self.db = dy.sum((0, 2, 3))
                return np.einsum("nfhw,fc->nchw", dy, self.w[:, :, 0, 0])
        """,
    )
    verdict = check(f"{file}:{target}")
    assert verdict.ok
    assert verdict.convention == "layer"
    assert verdict.swept.passed >= 10


@pytest.mark.parametrize("lying", [Layouts("NCHW", Z="N(CHW)"), Layouts("(NHWC)"), Layouts("HWC", Z="(HW)C")])
@pytest.mark.parametrize("batch", [None, 2])
def test_flat_pictures_come_back_as_they_went(lying: Layouts, batch: int | None) -> None:
    problem = right_of(Case((5, 6), (3, 2), channels=2, filters=4, batch=batch)).problem
    for name, array in (("A_prev", problem.A_prev), ("dZ", problem.dZ)):
        if batch and "N" not in lying.A:
            continue
        flat = lying.theirs(name, array)
        back = lying.ours("dA_prev" if name == "A_prev" else "Z", flat, problem.geometry)
        assert np.array_equal(back, array)


@pytest.mark.parametrize("W", ["O(IHW)", "(HWI)O", "OIHW", "O(HWI)"])
def test_flat_kernels_come_back_as_they_went(W: str) -> None:
    problem = right_of(Case((5, 6), (3, 2), channels=2, filters=4)).problem
    lying = Layouts(W=W)
    flat = lying.theirs("W", problem.W)
    assert flat.ndim == (2 if "(" in W else 4)
    assert np.array_equal(lying.ours("dW", flat, problem.geometry), problem.W)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("grad_weights",), ("W", True, False)),
        (("grads", "['W']"), ("W", True, False)),
        (("weight", "grad"), ("W", True, False)),
        (("inner", "dLdb"), ("b", True, False)),
        (("_Conv__bias",), ("b", False, False)),
        (("params", "['conv_weights']"), ("W", False, False)),
        (("vW",), ("", False, True)),
        (("m_weights",), ("", False, True)),
        (("grads", "['Wc']"), ("W", True, False)),
        (("dconv1_b",), ("b", True, False)),
        (("x",), ("A_prev", False, False)),
    ],
)
def test_names_say_what_is_kept(path: tuple[str, ...], said: tuple[str, bool, bool]) -> None:
    assert says(path) == said
