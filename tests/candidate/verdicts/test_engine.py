"""Engines are held operation by operation: right ones are right, and a mistake is found at its line."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
from pathlib import Path
from typing import Any

import pytest

import convstep
from convstep import CannotCall
from convstep.candidate.call.child import describe
from convstep.candidate.call.served import Served
from convstep.candidate.pair import PairVerdict
from convstep.candidate.verdicts.engine import engine_held
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, Held
from tests.strategies import SELDOM

FILES = Path(__file__).parent / "engines"
KINDS = {"closures": "Tensor", "functions": "Tensor", "branches": "Tensor", "tape": "Var", "scalars": "Value"}
NUMBERS = itertools.count()
EVERYTHING = {
    "closures": (
        "sum __add__ __mul__ __neg__ T __radd__ __sub__ __rsub__ __rmul__ __truediv__ __rtruediv__ __pow__ "
        "__matmul__ __getitem__ mean var std max reshape transpose unsqueeze exp log clamp abs relu "
        "leaky_relu sigmoid tanh softmax log_softmax cross_entropy dot"
    ),
    "functions": "sum __add__ __mul__ __neg__ __radd__ __rmul__ __matmul__ exp",
    "branches": "sum __add__ __mul__ __neg__ __sub__ mm tanh",
    "tape": "__add__ __mul__ sin log",
    "scalars": (
        "__add__ __mul__ __neg__ __pow__ relu tanh log __sub__ __truediv__ __radd__ __rsub__ __rmul__ "
        "__rtruediv__"
    ),
}


def held(folder: Path, text: str, name: str) -> Held | None:
    """What is said of a class of a file with that text."""
    path = folder / f"engine_{next(NUMBERS)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kind, namespace = getattr(module, name), vars(module)
    candidate = dataclasses.replace(describe(kind, "class", name, namespace), file=str(path))
    return engine_held(Served(kind, namespace, candidate), 60)[0]


@SELDOM
@pytest.mark.parametrize("file", KINDS)
def test_a_right_engine_is_right_in_all_its_operations(file: str, tmp_path: Path) -> None:
    found = held(tmp_path, (FILES / f"{file}.py").read_text(), KINDS[file])
    assert found is not None
    assert found.agrees, [one for one in found.ends if one.mark.kind == DIFFERS]
    assert [one.result for one in found.ends] == EVERYTHING[file].split()


CHILDREN = "                for child in v._prev:\n                    build(child)\n"
APPENDED = "                topo.append(v)\n"
MISTAKES: list[tuple[str, str, str, str, str, str]] = [
    # file, right, wrong, line that is named, operation, what is said
    (
        "scalars",
        "self.grad += other.data * out.grad\n            other.grad += self.data * out.grad",
        "self.grad = other.data * out.grad\n            other.grad = self.data * out.grad",
        "self.grad = other.data * out.grad",
        "__mul__",
        "= where += is needed",
    ),
    (
        "scalars",
        "(1 - t**2) * out.grad",
        "(1 - t**2)",
        "self.grad += (1 - t**2)",
        "tanh",
        "the gradient from above is not taken into account",
    ),
    (
        "scalars",
        "self.data ** (other - 1)",
        "self.data**other",
        "self.grad += other * self.data**other * out.grad",
        "__pow__",
        "the slope is",
    ),
    ("scalars", "(out.data > 0) * out.grad", "out.grad", "self.grad += out.grad", "relu", "the slope is 0"),
    (
        "scalars",
        CHILDREN + APPENDED,
        APPENDED + CHILDREN,
        "def backward(self):",
        "backward",
        "each operation in it is right alone",
    ),
    (
        "scalars",
        "out._backward = _backward\n        return out\n\n    def __neg__",
        "out.backward = _backward\n        return out\n\n    def __neg__",
        "",
        "log",
        "no gradient reaches it",
    ),
    (
        "scalars",
        "self.grad += out.grad / self.data",
        "self.grad += out.grad / self.value",
        "self.grad += out.grad / self.value",
        "log",
        "raises AttributeError",
    ),
    (
        "closures",
        "_accumulate(p, _sum_to(np.asarray(g), p.shape))",
        "p.grad = np.asarray(g) + (0 if p.grad is None else p.grad)",
        "p.grad = np.asarray(g) + (0 if p.grad is None else p.grad)",
        "__add__",
        "the axes along which it was broadcast are not summed",
    ),
    (
        "closures",
        "np.add.at(full, key, g)",
        "full[key] += g",
        "return (full,)",
        "__getitem__",
        "`a[[0, 2, 0]]`",
    ),
    (
        "closures",
        "self.data @ other.data, (self, other), lambda g, y: (g @ other.data.T, self.data.T @ g)",
        "self.data @ other.data, (self, other), lambda g, y: (g @ other.data.T, (g.T @ self.data))",
        "",
        "__matmul__",
        "a 3x2, b 2x4",
    ),
    ("functions", "return (g * out,)", "return (out,)", "return (out,)", "exp", "the gradient from above"),
    (
        "functions",
        "return fit(g * b, a.shape), fit(g * a, b.shape)",
        "return fit(g * b, a.shape), g * a",
        "return fit(g * b, a.shape), g * a",
        "__mul__",
        "the axes along which it was broadcast are not summed",
    ),
    (
        "functions",
        "p.grad = g if p.grad is None else p.grad + g",
        "p.grad = g",
        "p.grad = g",
        "sum",
        "= where += is needed",
    ),
    (
        "branches",
        "(1 - self.data**2)",
        "(1 - self.data)",
        "a.backward(Tensor(g.data * (1 - self.data)))",
        "tanh",
        "the slope is",
    ),
    (
        "branches",
        "if self.creators is None or self.waiting > 0:",
        "if self.creators is None:",
        "def backward(self, grad=None):",
        "backward",
        "more than once",
    ),
    (
        "tape",
        "math.cos(self.value) * out.grad",
        "math.sin(self.value) * out.grad",
        "self.grad += math.sin(self.value) * out.grad",
        "sin",
        "the slope is",
    ),
    ("tape", "reversed(tape)", "tape", "def backward(node):", "backward", "the walk through the graph"),
]


@SELDOM
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{one[0]}-{one[4]}-{one[5][:12]}")
def test_a_mistake_is_found_at_its_line(mistake: tuple[str, ...], tmp_path: Path) -> None:
    file, right, wrong, line, operation, said = mistake
    text = (FILES / f"{file}.py").read_text()
    assert text.count(right) == 1
    changed = text.replace(right, wrong)
    found = held(tmp_path, changed, KINDS[file])
    assert found is not None
    (end, *others) = [one for one in found.ends if one.mark.kind == DIFFERS]
    assert not others
    assert end.result == operation
    assert said in end.mark.how
    if line:
        assert changed.splitlines()[end.line - 1].strip() == line
    assert AGREES in {one.mark.kind for one in found.ends}


def test_what_an_engine_refuses_is_no_mistake(tmp_path: Path) -> None:
    found = held(tmp_path, (FILES / "branches.py").read_text(), "Tensor")
    assert found is not None
    assert found.agrees
    assert "their shapes differ; use expand" in "\n".join(found.notes)


def test_an_engine_that_does_not_broadcast_back_is_not_wrong_for_that(tmp_path: Path) -> None:
    text = (FILES / "functions.py").read_text()
    alike = text.replace("return fit(g, sa), fit(g, sb)", "return g, g")
    alike = alike.replace("return fit(g * b, a.shape), fit(g * a, b.shape)", "return g * b, g * a")
    adding = alike.replace("self.grad = None", "self.grad = np.zeros_like(self.data)")
    adding = adding.replace("p.grad = g if p.grad is None else p.grad + g", "p.grad += g")
    adding = adding.replace("return self * -1.0", "return self * Tensor(-np.ones(self.data.shape))")
    found = held(tmp_path, adding, "Tensor")
    assert found is not None
    assert found.agrees, [one for one in found.ends if one.mark.kind == DIFFERS]
    assert "its way back raises ValueError where an operand is broadcast" in "\n".join(found.notes)
    silent = held(tmp_path, alike, "Tensor")  # there each gradient takes the shape of what comes
    assert silent is not None
    assert silent.agrees, [one for one in silent.ends if one.mark.kind == DIFFERS]
    assert "if operands of different shapes are meant, that is a mistake" in "\n".join(silent.notes)


def test_a_layer_with_an_add_is_no_engine(tmp_path: Path) -> None:
    text = (
        "class Network:\n"
        "    def __init__(self, rate=0.1):\n"
        "        self.rate, self.layers, self.grad = rate, [], 0.0\n"
        "    def add(self, layer):\n"
        "        self.layers.append(layer)\n"
        "    def backward(self, dout):\n"
        "        return dout\n"
    )
    assert held(tmp_path, text, "Network") is None


def test_check_says_it_and_names_the_line() -> None:
    verdict: Any = convstep.check(f"{FILES / 'scalars.py'}:Value")
    assert isinstance(verdict, PairVerdict)
    assert verdict.ok
    assert verdict.headline.startswith("Value is right for its own forwards: __add__, __mul__, ")
    assert convstep.check(f"{FILES / 'scalars.py'}:Value.backward").ok


def test_a_wrong_operation_is_a_finding_with_a_place(tmp_path: Path) -> None:
    path = tmp_path / "engine.py"
    path.write_text((FILES / "scalars.py").read_text().replace("(1 - t**2) *", "(1 - t) *"))
    verdict: Any = convstep.check(f"{path}:Value")
    assert not verdict.ok
    assert verdict.mistakes == ("not-its-gradient",)
    assert [one.gradients for one in verdict.diagnosis] == [("tanh",)]
    (file, line, _) = verdict.place
    assert Path(file) == path
    assert "(1 - t) * out.grad" in path.read_text().splitlines()[line - 1]
    assert f"line {line}: `self.grad += (1 - t) * out.grad`: `a.tanh()`, a = " in str(verdict)
    assert verdict.as_dict()["gradients"][0]["line"] == line


def test_what_an_engine_lacks_that_did_not_run_is_said(tmp_path: Path) -> None:
    path, text = tmp_path / "engine.py", (FILES / "scalars.py").read_text()
    counted = text.replace("self.data = data", "self.data, self.at = data, next(numbers)")
    path.write_text(counted.replace("class Value", "numbers = iter(range(10**6))\n\n\nclass Value", 1))
    with pytest.raises(CannotCall, match=r"numbers is set at line \d+ of engine.py, which did not\s+run"):
        convstep.check(f"{path}:Value")
    assert convstep.check(f"{path}:Value", run_all=True).ok
