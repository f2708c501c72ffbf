from __future__ import annotations

import sys

import pytest

from convstep.candidate.load.loading import load
from convstep.candidate.load.target import Target
from tests.candidate.conftest import Files


def test_classes_and_their_methods(files: Files) -> None:
    files.write(
        "layers.py",
        """\
        class Base:
            def inherited(self): return 7
        class Conv(Base):
            size = 3
            def __init__(self, stride=1, *rest, **more): self.stride = stride
            def backward(self, dZ):
                '''Lines.'''
                return dZ + self.stride
            @staticmethod
            def static(dZ): return dZ
            @classmethod
            def of_class(cls): return cls.__name__
        class Needs:
            def __init__(self, kernel, stride, pad=0): pass
            def backward(self): pass
        class Fails:
            def __init__(self): raise OSError("no weights")
            def backward(self): pass
        """,
    )
    assert files.result("layers.py:Conv.backward", 2) == 3
    assert files.result("layers.py:Conv.static", 2) == 2
    assert files.result("layers.py:Conv.of_class") == "Conv"
    assert files.result("layers.py:Conv.inherited") == 7
    assert {files.load(f"layers.py:Conv.{name}").kind for name in ("backward", "static", "of_class")} == {
        "method"
    }
    whole = files.load("layers.py:Conv")
    assert (whole.kind, whole.first_line, (whole.source or "").count("\n")) == ("class", 3, 9)
    assert files.load("layers.py:Conv.backward").first_line == 6
    assert files.error("layers.py:Needs.backward") == (
        "Needs in layers.py needs kernel and stride to be made; write a function backward(problem) in a file "
        "of your own that builds the layer, calls it and returns dW, db, dA_prev"
    )
    assert files.error("layers.py:Fails.backward").startswith(
        "Fails() in layers.py fails (OSError: no weights); "
    )
    assert files.error("layers.py:Conv.bacward") == (
        "layers.py has no Conv.bacward; did you mean Conv.backward? It has backward, of_class and static"
    )
    assert files.error("layers.py:Conv.size") == (
        "Conv.size in layers.py is not a function (int); name a function"
    )


def test_an_autograd_function_is_known_without_asking_torch(files: Files) -> None:
    files.write("torch/autograd/function.py", "class Function:\n    apply = None\n")
    files.write("torch/__init__.py", "")
    kind = type("Function", (), {"__module__": "torch.autograd.function"})
    files.write("mine.py", "class Conv(BASE):\n    @staticmethod\n    def backward(ctx, dZ): return dZ\n")
    text = (files.folder / "mine.py").read_text().replace("BASE", "Function")
    files.write("mine.py", f"from made_here import Function\n{text}")
    made = type(sys)("made_here")
    vars(made)["Function"] = kind
    sys.modules["made_here"] = made
    try:
        for name in ("Conv", "Conv.backward"):
            loaded = files.load(f"mine.py:{name}")
            assert (loaded.kind, loaded.function.__name__) == ("autograd", "Conv")
    finally:
        del sys.modules["made_here"]


def test_a_missing_name_lists_what_there_is(files: Files) -> None:
    files.write(
        "mine.py",
        "def helper(): pass\ndef conv_backward(): pass\nSIZE = 3\nfor x in []:\n    def late(): pass\n",
    )
    assert files.error("mine.py:conv_backwards") == (
        "mine.py has no conv_backwards; did you mean conv_backward? It defines conv_backward and helper"
    )
    assert files.error("mine.py:other") == "mine.py has no other; it defines conv_backward and helper"
    assert files.error("mine.py:SIZE") == "SIZE in mine.py is not a function (int); name a function"
    assert (
        files.error("mine.py:late") == "late is set at line 4 of mine.py, which did not run (add --run-all)"
    )
    files.write("many.py", "\n".join(f"def layer_{n}(): pass" for n in range(20)))
    assert files.error("many.py:f").endswith("layer_7 and 12 more")
    files.write("empty.py", "")
    assert files.error("empty.py:f") == "empty.py has no f; it defines no functions"


def test_a_definition_that_raises_says_so(files: Files) -> None:
    files.write("mine.py", "rate = load()\n\ndef f(x, lr=rate): pass\n")
    assert (
        files.error("mine.py:f")
        == "f in mine.py cannot be defined: line 3: NameError: name 'rate' is not defined"
    )


def test_the_last_of_two_definitions_counts(files: Files) -> None:
    files.write("mine.py", "def f(): return 1\n\ndef f(): return 2\n")
    loaded = files.load("mine.py:f")
    assert (loaded.function(), loaded.first_line) == (2, 3)
    assert "f is defined 2 times (line 1 and line 3); the last one counts" in loaded.notes


def test_modules_by_their_dotted_name(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files.folder)
    files.write("package/__init__.py", "def g(): return __name__\n")
    assert load(Target.parse("package:g")).function() == "package"
    files.write(
        "project/layers/conv.py", "from .sizes import SIZE\ndef f(): return SIZE, __name__\nraise OSError\n"
    )
    files.write("project/layers/sizes.py", "SIZE = 3\n")
    loaded = load(Target.parse("project.layers.conv:f"))
    assert loaded.function() == (3, "project.layers.conv")
    assert loaded.fresh().function() == (3, "project.layers.conv")
    installed = load(Target.parse("json:dumps"))
    assert installed.function([1]) == "[1]"
    assert "def dumps" in (installed.source or "")
    assert installed.fresh().function is not installed.function
    assert load(Target.parse("math:sqrt")).source is None


def test_a_missing_module(files: Files) -> None:
    with pytest.raises(
        ValueError, match=r"there is no module nowhere here; give the file instead: conv\.py:function"
    ):
        load(Target.parse("nowhere.conv:f"))
    with pytest.raises(ValueError, match="json has no dunps; did you mean dumps"):
        load(Target.parse("json:dunps"))
