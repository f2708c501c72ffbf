"""A function in whose gradients a mistake is made, whoever calls it by whatever name."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from convstep.candidate.power.copies import Copies
from convstep.candidate.power.replacing import Replaced
from convstep.candidate.power.suspects import suspects
from convstep.operators.registry import operator_named

SOURCE = '''
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)

def affine_backward(dout, cache, *, scale=1):
    """Back."""
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

BY_NAME = {"affine": affine_backward}

def all_at_once(x, w, b, dout):
    return affine_backward(dout, affine_forward(x, w, b)[1])

class Affine:
    def __init__(self, w, b):
        self.params, self.grads = {"W": w, "b": b}, {}
    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]
    def backward(self, dout):
        self.grads["W"], self.grads["b"] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.params["W"].T

class Static:
    @staticmethod
    def backward(dout, x, w):
        return dout @ w.T, x.T @ dout

class Kept(Affine):
    pass
'''
LINEAR = operator_named("linear")
RNG = np.random.default_rng(0)
X, W, B, DOUT = (RNG.standard_normal(shape) for shape in ((4, 3), (3, 5), (5,), (4, 5)))


class Here(Copies):
    """Goes on as the copy, in this process."""

    def make(self, number: int) -> bool:
        return True


def number_of(id: str) -> int:
    return next(number for number, one in enumerate(suspects(LINEAR)) if one.id == id)


def put(name: str, *mistakes: str) -> tuple[Any, Replaced]:
    """A module in which a mistake is made, or that is looked at only."""
    module = ModuleType("layers")
    exec(compile(SOURCE, "<layers>", "exec"), vars(module))
    linecache.cache["<layers>"] = (len(SOURCE), None, SOURCE.splitlines(keepends=True), "<layers>")
    replaced = Replaced(LINEAR, [number_of(id) for id in mistakes], Here(-1, 1, 1.0))
    replaced.put_into(module, name)
    replaced.put_into(module, name)  # a module may be handed over as often as it likes
    return module, replaced


def test_looking_on_changes_nothing_and_tells_what_is_asked() -> None:
    layers, replaced = put("affine_backward")
    dx, dw, db = layers.affine_backward(DOUT, layers.affine_forward(X, W, B)[1])
    assert np.array_equal(dx, DOUT @ W.T)
    assert np.array_equal(dw, X.T @ DOUT)
    assert np.array_equal(db, DOUT.sum(axis=0))
    assert (replaced.calls, replaced.read, replaced.placed) == (1, 1, {"dx", "dw", "db"})
    assert replaced.problems == ["x 4x3, w 3x5"]


def test_the_mistake_is_made_by_whatever_name_it_is_called() -> None:
    calls: list[Callable[[Any], Any]] = [
        lambda layers: layers.affine_backward(DOUT, (X, W, B)),  # with a cache made by hand
        lambda layers: layers.affine_backward(cache=(X, W, B), dout=DOUT),
        lambda layers: layers.BY_NAME["affine"](DOUT, (X, W, B)),
        lambda layers: layers.all_at_once(X, W, B, DOUT),
    ]
    for call in calls:
        layers, replaced = put("affine_backward", "averaged-twice")
        dx, dw, db = call(layers)
        assert replaced.calls == 1
        assert np.array_equal(dx, DOUT @ W.T)
        assert replaced.spoiled == {"dw", "db"}
        assert np.allclose(dw, X.T @ DOUT / 4)
        assert np.allclose(db, DOUT.sum(axis=0) / 4)


def test_it_still_looks_like_itself() -> None:
    layers, _ = put("affine_backward")
    assert str(inspect.signature(layers.affine_backward)) == "(dout, cache, *, scale=1)"
    assert (layers.affine_backward.__name__, layers.affine_backward.__doc__) == ("affine_backward", "Back.")


def test_what_an_object_holds_is_changed_there() -> None:
    for name, target in (("Affine", "Affine.backward"), ("Affine", "Affine"), ("Kept", "Kept.backward")):
        layers, replaced = put(target, "db-wrong-axis")
        layer = getattr(layers, name)(W, B)
        layer.forward(X)
        dx = layer.backward(DOUT)
        assert np.array_equal(dx, DOUT @ W.T)
        assert np.array_equal(layer.grads["W"], X.T @ DOUT)
        assert not np.array_equal(layer.grads["b"], DOUT.sum(axis=0))
        assert replaced.spoiled == {"db"}
    other = layers.Affine(W, B)  # not of the class that is meant
    other.forward(X)
    other.backward(DOUT)
    assert np.array_equal(other.grads["b"], DOUT.sum(axis=0))


def test_a_static_method_stays_one() -> None:
    layers, replaced = put("Static.backward", "dx-averaged")
    dx, dw = layers.Static().backward(DOUT, X, W)
    assert np.allclose(dx, DOUT @ W.T / 4)
    assert np.array_equal(dw, X.T @ DOUT)
    assert replaced.placed == {"dx", "dw"}


def test_a_mistake_that_raises_raises_in_the_call() -> None:
    layers, replaced = put("affine_backward", "dx-not-reshaped")
    layers.affine_backward(DOUT, (X, W, B))  # with two axes it makes no difference, so nothing is made yet
    assert replaced.spoiled == set()
    assert replaced.numbers


def test_mistakes_that_look_alike_are_one() -> None:
    layers, replaced = put("affine_backward")
    layers.affine_backward(DOUT, (X, W, B))
    same = replaced._same()
    ids = [one.id for one in suspects(LINEAR)]
    assert {ids[number] for number, first in enumerate(same) if first < 0} == {"dx-not-reshaped"}
    assert len({*same}) < len(ids)
    assert all(first <= number for number, first in enumerate(same))


def test_what_is_never_read_is_not_read_for_ever() -> None:
    module = ModuleType("layers")
    vars(module)["affine_backward"] = lambda dout, cache: dout * 0 + 1
    replaced = Replaced(LINEAR, [], Here(-1, 1, 1.0))
    replaced.put_into(module, "affine_backward")
    for _ in range(30):
        module.affine_backward(DOUT, (X, W, B))
    assert (replaced.calls, replaced.read) == (30, 0)


def test_a_function_of_pytorch_is_read_by_its_context() -> None:
    import torch

    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx: Any, dout: Any) -> Any:
            (x,) = ctx.saved_tensors
            return dout * (x > 0)

    module = ModuleType("layers")
    vars(module)["Relu"] = Relu
    operator = operator_named("relu")
    missing = next(at for at, one in enumerate(suspects(operator)) if one.id == "mask-missing")
    replaced = Replaced(operator, [missing], Here(-1, 1, 1.0))
    replaced.put_into(module, "Relu")
    x = torch.tensor([[-1.0, 2.0], [3.0, -4.0]], requires_grad=True)
    apply: Callable[[Any], Any] = Relu.apply
    apply(x).sum().backward()
    assert replaced.spoiled == {"dx"}
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]
