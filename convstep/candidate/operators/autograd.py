"""Runs in the child: the gradients of a `torch.autograd.Function`, by PyTorch's own engine."""

from __future__ import annotations

import numpy as np

from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.served import Served
from convstep.candidate.operators.came import Came
from convstep.candidate.operators.telling import Told
from convstep.candidate.record.autograd import fitted, inputs_of, overheard
from convstep.candidate.record.filling import NOTHING
from convstep.language import tr
from convstep.oracle import pytorch
from convstep.oracle.pytorch import leaf, tensor


def by_autograd(served: Served, told: Told, came: Came) -> None:
    """Run its forward and its backward on one problem; what came is put into `came` as it comes."""
    kind, returned = overheard(served.function)
    came.stage = "forward"
    leaves = {name: leaf(np.asarray(plain_array(told.arrays[name]))) for name in told.words.arrays}
    whole = Told(
        told.words,
        {**told.arrays, **leaves},
        told.options,
        told.sizes,
        told.pairs,
        told.mode,
        told.keys,
        said=told.said,
    )
    listed = inputs_of(kind)
    given = []
    for each in listed:
        value = whole.value(each.name, each.default)
        if value is NOTHING:
            value = whole.made_with(each.name, each.default)
        if value is NOTHING and each.default is each.empty:
            raise Unusable(tr("there is no value for {names}", names=each.name))
        given.append(each.default if value is NOTHING else value)
    made = kind.apply(*given)
    outputs = list(made) if isinstance(made, tuple) else [made]
    for at, output in enumerate(outputs[: len(told.words.outputs)]):
        came.arrays[f"out.{at}"] = np.array(plain_array(output))
    came.stage = "backward"
    came.call = f"{kind.__name__}.apply({', '.join(each.name for each in listed)})"
    torch = pytorch.torch_module()
    above = [tensor(np.asarray(plain_array(told.arrays[name]))) for name in told.words.upstream]
    told.said |= set(told.words.upstream)
    wanted = {name: value for name, value in leaves.items() if value.requires_grad and name in told.said}
    try:
        gradients = torch.autograd.grad(
            outputs[: len(above)], list(wanted.values()), above, allow_unused=True
        )
    except RuntimeError:
        if not returned:
            raise
        by_input = [(value, gradient) for value, gradient in zip(given, returned[-1], strict=False)]
        gradients = [
            next((fitted(gradient, leaf) for value, gradient in by_input if value is leaf), None)
            for leaf in wanted.values()
        ]
    for name, handed in zip(told.words.upstream, above, strict=True):
        told.arrays[name][...] = handed if hasattr(told.arrays[name], "detach") else plain_array(handed)
    for name, gradient in zip(wanted, gradients, strict=True):
        if gradient is not None:
            came.arrays[f"return['d{name}']"] = np.array(plain_array(gradient))
            came.names[f"return['d{name}']"] = f"d{name}"
