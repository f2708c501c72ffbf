"""Which backwards a file defines, without running it."""

from __future__ import annotations

import json
import linecache
from pathlib import Path

import pytest

from convstep import CandidateError
from convstep.candidate.survey.backwards import contents
from tests.candidate.conftest import Files
from tests.strategies import SELDOM

INDEPENDENT = Path(__file__).parents[1] / "corpus" / "files" / "independent"
CORPUS = Path(__file__).parents[2] / "recording" / "corpus"


def names(path: Path) -> list[str]:
    return [found.name for found in contents(str(path)).backwards]


LAYERS = """
import numpy as np

def conv_forward(x, w, b): return x
def conv_backward(dout, cache):
    return dout

def eval_numerical_gradient(f, x): return x
def grad_check(f, x): return x
def backward_everything(): return conv_backward(1, 2)
def _conv_backward_helper(dout): return dout

class Base:
    def backward(self, dout):
        raise NotImplementedError

class Linear(Base):
    def forward(self, x): return x
    def backward(self, dout): return dout
    def backward_bias(self, dout): return dout

class Same(Linear):
    def forward(self, x): return x

class Tape:
    def save_for_backward(self, *x): pass

class Static:
    @staticmethod
    def forward(x): return x
    @staticmethod
    def backward(dout, cache): return dout
    @staticmethod
    def backward_alt(dout, cache): return dout

class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x
    @staticmethod
    def backward(ctx, dout): return dout

def relu_vjp(g, x): pass
def later_backward(dout, cache):
    dx = None
    # TODO
    pass
    return dx
def conv_backward(dout, cache):
    return dout, cache
"""


def test_functions_layers_static_methods_and_functions_of_autograd_are_found(files: Files) -> None:
    found = contents(str(files.write("layers.py", LAYERS)))
    assert [(each.name, each.line, each.written) for each in found.backwards] == [
        ("Linear", 17, True),
        ("Same", 22, True),
        ("Static.backward", 32, True),
        ("Static.backward_alt", 34, True),
        ("MyReLU", 36, True),
        ("relu_vjp", 42, False),
        ("later_backward", 43, False),
        ("conv_backward", 48, True),  # of two, the one that counts
    ]
    assert found.said == ""


def test_a_loss_that_returns_its_gradient_is_one_as_well(files: Files) -> None:
    text = "def softmax_loss(x, y):\n    return {}\n"
    assert names(files.write("a.py", text.format("x.mean(), dx / len(x)"))) == ["softmax_loss"]
    assert names(files.write("a.py", text.format("x.mean(), x"))) == []


def test_methods_of_a_class_that_is_no_layer_are_one_each(files: Files) -> None:
    text = "class Net:\n    def __init__(self): pass\n    def conv_backward(self, dZ, A): return A\n"
    text += "    def relu_backward(self, dA, Z): return dA\n"
    assert names(files.write("a.py", text)) == ["Net.conv_backward", "Net.relu_backward"]
    text += "    def _backward(self, dY): return dY\n    def _forward(self, x): return x\n"
    assert names(files.write("a.py", text)) == ["Net.conv_backward", "Net.relu_backward"]
    private = text.replace("relu_back", "_relu_plot").replace("conv_back", "_conv_plot")
    assert names(files.write("a.py", private)) == ["Net"]
    assert names(files.write("a.py", f"{text}    def forward(self, x): return x\n")) == ["Net"]
    assert names(files.write("a.py", f"{text}    def backward(self, d): return d\n")) == ["Net"]


def test_private_names_count_where_there_are_no_others(files: Files) -> None:
    assert names(files.write("mine.py", "def _conv_backward(dout): return dout")) == ["_conv_backward"]


def test_a_class_that_is_not_written_yet_is_told_apart_from_one_to_begin_from(files: Files) -> None:
    text = "class Conv:\n    def forward(self, x): pass\n    def backward(self, dout): pass\n"
    (found,) = contents(str(files.write("mine.py", text))).backwards
    assert (found.name, found.written) == ("Conv", False)
    assert names(files.write("two.py", f"{text}class Other(Conv): pass\n")) == []


def test_the_cells_of_a_notebook_have_their_own_lines_and_the_last_definition_counts(files: Files) -> None:
    path = files.notebook(
        "a.ipynb", "x = 1", "def f_backward(d):\n    pass", "y = 2\ndef f_backward(d): return d"
    )
    (found,) = contents(str(path)).backwards
    assert (found.cell, found.line, found.written) == (3, 2, True)


def test_lines_that_do_not_compile_are_looked_through(files: Files) -> None:
    path = files.write("mine.py", "x = 1\ndef conv_backward(dout, cache):\n    return dout +\n")
    (found,) = contents(str(path)).backwards
    assert (found.name, found.line) == ("conv_backward", 2)
    layer = files.write("layer.py", "class Conv:\n    def backward(self, d):\n        return d +\n")
    assert names(layer) == ["Conv"]


def test_nothing_is_said_in_a_sentence(files: Files) -> None:
    assert contents(str(files.write("a.py", "def f(x): return x"))).said.startswith("it defines no function")
    assert contents(str(files.write("b.py", "def f(:"))).said == "line 1 is not Python: invalid syntax"
    text = files.write("c.py", "def conv_backward(d): return d")
    assert (
        contents(str(text), "conv_backwards").said == "it has no conv_backwards; did you mean conv_backward?"
    )
    with pytest.raises(CandidateError, match="is not a notebook"):
        contents(str(files.write("d.ipynb", "{")))


@pytest.mark.parametrize("name", ["conv_forward", "Linear.forward", "Base"])
def test_a_function_that_is_asked_for_may_be_called_anything(files: Files, name: str) -> None:
    (found,) = contents(str(files.write("layers.py", LAYERS)), name).backwards
    assert found.name == name


@SELDOM
def test_what_people_have_written_is_found() -> None:
    """Each target of the manifests that has a name to be found by."""
    missed = []
    for folder in ("right", "mixed"):
        manifest = json.loads((INDEPENDENT / folder / "manifest.json").read_text(encoding="utf-8"))
        for target in (entry["target"] for entry in manifest):
            file, _, name = target.partition(":")
            found = names(INDEPENDENT / folder / file)
            owner = name.partition(".")[0]
            if not any(each in (name, owner) or each.startswith(f"{owner}.") for each in found):
                missed.append(target)
    assert len(missed) < 25, missed


def test_everything_of_a_course_is_found() -> None:
    assert names(CORPUS / "cs231n_layers.py") == [
        "affine_backward",
        "relu_backward",
        "batchnorm_backward",
        "layernorm_backward",
        "conv_backward_naive",
        "max_pool_backward_naive",
        "spatial_batchnorm_backward",
        "softmax_loss",
    ]


def test_files_with_the_same_code_have_the_same_key_unless_they_need_others(files: Files) -> None:
    def key(name: str, text: str) -> str:
        return contents(str(files.write(name, text)), top=str(files.folder)).key

    code = "import numpy as np\ndef f_backward(d): return np.abs(d)\n"
    assert key("a/x.py", code) == key("b/y.py", code) != ""
    assert key("b/y.py", code + "\n# more") != key("a/x.py", code)
    assert key("a/z.py", f"import nobody_has_this\n{code}") == ""
    assert key("a/z.py", f"from . import x\n{code}") == ""
    assert key("a/z.py", f"import x\n{code}") == ""
    files.write("numpy/__init__.py", "")
    assert key("a/x.py", code) == ""


def test_lines_of_thousands_of_files_are_not_kept(files: Files) -> None:
    path = files.write("a.py", "def f_backward(d): return d")
    contents(str(path))
    assert str(path) not in linecache.cache
