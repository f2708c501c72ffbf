"""Runs in the child: make somebody's layer, run its forward, call its backward, and gather what came."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.by_name import context_of
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import _Plain, methods_like
from convstep.candidate.call.layer import SET_UP
from convstep.candidate.call.layers import RATE
from convstep.candidate.call.objects import Place, is_array, numbers_in, places
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.served import Served
from convstep.candidate.call.words import roles_of
from convstep.candidate.operators.autograd import by_autograd
from convstep.candidate.operators.came import Came, in_its_order, returned_names, unpackings
from convstep.candidate.operators.in_place import to_fill
from convstep.candidate.operators.meant import other_method, with_forward
from convstep.candidate.operators.telling import LEARNING, OUTPUT, Told, widths
from convstep.candidate.operators.vocabulary import Vocabulary, comes_from_above, keeps, own_word, plain
from convstep.candidate.record.filling import NOTHING, Filled
from convstep.candidate.record.subject import Subject
from convstep.language import tr
from convstep.oracle.pytorch import tensor
from convstep.steps.cells import Array


class Lacking(Unusable):
    """It cannot be called as this operator: a parameter means nothing in it, or its weights have no place."""


class Making:
    """How the two calls are made."""

    def forward(self, function: Callable[..., Any], given: Filled) -> Any:
        """Make the forward's."""
        return function(*given.places, **given.named)

    def backward(self, function: Callable[..., Any], given: Filled) -> Any:
        """Make the backward's."""
        return function(*given.places, **given.named)


def call(served: Served, told: Told, came: Came, tensors: bool, making: Making | None = None) -> None:
    """Call somebody's forward and backward on one problem; what came is put into `came` as it comes.

    `tensors`: it works on PyTorch's. `making`: how the calls are made, if not plainly.
    """
    if served.candidate.kind == "autograd":
        by_autograd(served, told, came)
        return
    _Calling(served, told, came, tensors, making or Making()).run()


class _Calling:
    def __init__(self, served: Served, told: Told, came: Came, tensors: bool, making: Making) -> None:
        known = other_method(Subject.of(served))
        if known.forward is known.function:  # one function for both is called once, as its backward
            known = replace(known, forward=None)
        self.subject = with_forward(known)
        self.loose = self.subject.forward is not known.forward
        self.served, self.told, self.came, self.tensors = served, told, came, tensors
        self.words: Vocabulary = told.words
        self.making = making
        self.outputs: list[Any] = []
        self.inputs: list[Any] = []
        self.kept: list[Any] = []
        self.named: dict[str, Any] = {}
        self.misfit = False
        self.held: Any = None
        self.above: dict[str, str] = {}
        self.lent: dict[str, tuple[Array, Array]] = {}
        self.to_fill: dict[str, Any] = {}
        self.planted: dict[str, str] = {}

    def run(self) -> None:
        """All of it."""
        subject, came = self.subject, self.came
        function, held = subject.function, None
        if subject.maker is not None:
            held = self.held = self._made(subject.maker)
            function = getattr(held, subject.method)
        forward = (
            subject.forward if held is None else getattr(held, getattr(subject.forward, "__name__", ""), None)
        )
        if held is not None:
            came.stage = "plant"
            self._plant(held, forward)
        if forward is not None:
            came.stage = "forward"
            self._forward(forward)
        came.stage = "backward"
        kept = places(held) if held is not None else ()
        before = {place.text: (id(place.value), np.array(plain_array(place.value))) for place in kept}
        numbers = numbers_in(held) if held is not None else {}
        given, buffers = self._backward_arguments(function)
        came.call = self._text(function, given)
        result = self.making.backward(function, given)
        came.changed += [name for name, (now, then) in self.lent.items() if not np.array_equal(now, then)]
        names = returned_names(function)
        if self.told.context is not None and forward is not None:
            names = in_its_order(names, forward, self.words)
        came.take(result, "return", ["" if name in self.above else name for name in names])
        if held is not None:
            came.take_kept(held, before)
            if self.told.rated and "clip" not in self.served.candidate.source:
                came.take_updates(held, before, self.planted)
        if result is None and not buffers and not any(label.startswith("self.") for label in came.arrays):
            raise Unusable(tr("it returned None; a backward must return its gradients"))
        if held is not None:
            came.take_numbers(held, numbers, self.words)
        for name, buffer in buffers.items():
            came.arrays.setdefault(name, np.array(plain_array(buffer)))
            came.names[name] = name

    # --- making and planting

    def _made(self, kind: type) -> Any:
        said, sized = {*self.told.said}, widths(kind, self.told, self.words) if self._weights() else ()
        given = self._filled(kind, self.told.made_with)
        if given.missing:
            given = self._by_place(kind, given, self.told.made_with, self._weights())
        if given.missing and not sized:
            raise Lacking(_lacks(given, f"{kind.__name__}()"))
        try:
            made = kind(*given.places, **given.named)
        except TypeError:  # something is missing, or it was handed weights where it wants their sizes
            self.told.said.clear()
            self.told.said |= said
            given = self._filled(kind, self.told.sized_with)
            if given.missing and not sized:
                raise
            made = kind(*sized) if sized else kind(*given.places, **given.named)
        if hasattr(made, "double") and hasattr(made, "parameters"):
            made.double()
        return made

    def _plant(self, held: Any, forward: Callable[..., Any] | None) -> None:
        """Put the problem's weights where the layer keeps its own."""
        handed = set() if forward is None else {self.words.role(p.name) for p in parameters_of(forward)}
        wanted = [
            name
            for name in self.words.arrays[1:]
            if f"d{name}" in self.words.gradients and name not in self.told.said and name not in handed
        ]
        x = self.told.arrays.get(self.words.arrays[0])  # none where it is joined with others
        shape = () if x is None else np.shape(x)
        if x is not None and getattr(held, "input_shape", "") is None:  # else its model tells it
            held.input_shape = shape[1:]
        for method in methods_like(held, "set_input_shape") if x is not None else ():
            with contextlib.suppress(Exception):
                method(shape[1:])
        if wanted and not self._planted(held, wanted):
            for method in methods_like(held, SET_UP):
                needed = [each.name for each in parameters_of(method) if each.default is each.empty]
                if method.__name__ != "set_input_shape":
                    for some in self._set_up_with(needed[:1], shape):
                        with contextlib.suppress(Exception):
                            method(*some)
                            break
            if not self._planted(held, wanted) and forward is not None:
                given = self._filled(forward, self._for_forward)
                if not given.missing:  # it makes its weights when it first runs
                    forward(*given.places, **given.named)
                self._planted(held, wanted)

    def _set_up_with(self, needed: Sequence[str], shape: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
        """What a method may be given that sets a layer up: a size, or an optimizer or the layer before it."""
        role = self.words.making("".join(needed))
        if role in self.told.sizes:
            yield (self.told.sizes[role],)
        self.told.rated |= role == "optimizer"
        before = _Plain()
        vars(before).update(output_shape=shape, out_shape=shape, shape=shape)
        yield (before,) * len(needed)

    def _planted(self, held: Any, wanted: list[str]) -> bool:
        """Whether all are planted."""
        left, apart = [name for name in wanted if name not in self.came.planted], self.words.apart
        for place in places(held):
            name, part = self.words.role(own_word(place.path)), apart.role(own_word(place.path))
            if apart.gradient(place.text) or (self.words.gradient(place.text) and not part):
                continue
            self.misfit |= name in left or part in self.told.arrays
            if not place.single:
                continue
            if name == "w" and plain(own_word(place.path)) == "w0" and "b" in left:  # the weight of a 1
                name = "b" if np.size(place.value) == np.size(self.told.arrays["b"]) else name
            for role in (name if name in left else "", part if part in self.told.arrays else ""):
                value = np.asarray(plain_array(self.told.arrays[role])) if role else np.array([])
                if not role or role in self.came.planted or _squeezed(place.shape) != _squeezed(value.shape):
                    continue
                self._fill(held, place, value.reshape(place.shape))
                self.came.planted[role] = tuple(place.shape)
                self.planted[place.text] = role
                break
        return all(map(self._is_planted, wanted))

    def _is_planted(self, name: str) -> bool:
        """Whether a weight is, be it in parts, or in one that is joined of several."""
        holding = [name, *(one for one, members in self.words.joined.items() if name in members)]
        parts = ([role for role in self.told.arrays if role.startswith(f"{one}[")] for one in holding)
        planted = self.came.planted
        return any(one in planted for one in holding) or any(
            listed and all(role in planted for role in listed) for listed in parts
        )

    def _fill(self, held: Any, place: Place, value: Array) -> None:
        if hasattr(place.value, "detach"):
            self.tensors = True
            place.value.detach().copy_(tensor(value))
        elif place.value.dtype.kind == "f" and place.value.flags.writeable:
            if place.value.dtype.itemsize < 8 and sum(p.value is place.value for p in places(held)) == 1:
                place.put(np.array(value))  # single precision would be another problem
            else:
                place.value[...] = value
        else:
            place.put(np.array(value))

    # --- calling

    def _forward(self, forward: Callable[..., Any]) -> None:
        self.to_fill = to_fill(forward, self.subject.function, self.told)
        given = self._filled(forward, self._for_forward)
        if given.missing:
            given = self._by_place(forward, given, self._for_forward)
        if given.missing:
            raise Lacking(_lacks(given, tr("its forward")))
        self._check_weights()
        self.inputs = [*given.places, *given.named.values()]
        made = self.making.forward(forward, given)
        if made is None:
            filled = self.to_fill.items()
            made = next((each for name, each in filled if self.words.role(name) in self.words.outputs), None)
        count = len(self.words.outputs)
        several = isinstance(made, (tuple, list)) and (len(made) > 1 or count == 1)
        everything = list(made) if several else [made]
        self.outputs, self.kept = everything[:count], everything[count:]
        self.named = dict(zip(returned_names(forward), everything, strict=False))
        for at, output in enumerate(self.outputs):
            if is_array(output) or isinstance(output, (float, int, np.number)):
                array = np.array(plain_array(output))
                wanted: Any = self.told.arrays.get(self.words.outputs[at], array)
                if not self.loose or tuple(wanted.shape) == array.shape:
                    self.came.arrays[f"out.{at}"] = array

    def _by_place(
        self,
        function: Callable[..., Any],
        given: Filled,
        known: Callable[[str, Any], Any],
        arrays: Sequence[str] | None = None,
    ) -> Filled:
        """The arguments where names say nothing: the arrays that it was not told yet, in their order."""
        told = self.told
        free = [name for name in arrays or self.words.arrays if name not in {*self.came.planted, *told.said}]
        if arrays is not None and len(free) != len(given.missing):
            return given
        by_place = dict(zip(given.missing, free, strict=False))

        def value(name: str, default: Any) -> Any:
            if name not in by_place:
                return known(name, default)
            told.said.add(by_place[name])
            return told.arrays[by_place[name]]

        return self._filled(function, value)

    def _weights(self) -> list[str]:
        return [name for name in self.words.arrays[1:] if f"d{name}" in self.words.gradients]

    def _check_weights(self) -> None:
        """What has no place for the operator's weights is not that operator: `Unusable`."""
        weights, seen = self._weights(), {*self.told.said, *self.came.planted}
        given = {role.partition("[")[0] for role in seen}
        given |= {name for one in given for name in self.words.joined.get(one, ())}
        # a layer's own matrices are random numbers; what a function takes from a dict it has not taken yet
        matrices = {
            name for name in weights if self.held is not None and np.ndim(self.told.arrays.get(name, 0)) > 1
        }
        if weights and not (given & {*weights} and matrices <= given):
            if any("/" in name for name in self.told.arrays):
                return
            kind = Unusable if self.misfit else Lacking
            raise kind(tr("nothing in it is called or shaped like {names}", names=", ".join(weights)))

    def _for_forward(self, name: str, default: Any) -> Any:
        if name in self.to_fill:
            return self.to_fill[name]
        if name.lower() in ("ctx", "context"):
            self.told.context = self.told.context or context_of(self.subject.forward)
            return self.told.context
        found = self.told.value(name, default)
        if found is NOTHING and keeps(name) and self.subject.forward is not None and not self.outputs:
            with contextlib.suppress(TypeError, OSError):
                return self._unpacked(name, inspect.getsource(self.subject.forward))
        if found is NOTHING and default is inspect.Parameter.empty:
            found = self.told.made_with(name, default, making=False)
        return found

    def _backward_arguments(self, function: Callable[..., Any]) -> tuple[Filled, dict[str, Any]]:
        """The arguments of the backward, and the arrays among them that it is to write its gradients into."""
        listed = parameters_of(function)
        above, buffers = self._from_above(listed)
        self.above = above

        def value(name: str, default: Any) -> Any:
            if name in above and self.told.above == OUTPUT:
                lent = self._probabilities()
                self.lent[name] = lent, np.array(lent)
                return lent
            if name in above:
                self.told.said.add(above[name])
                return self.told.arrays[above[name]]
            if name in buffers:
                return buffers[name]
            if name.lower() in ("ctx", "context") and self.told.context is not None:
                return self.told.context
            if name in self.to_fill:
                return self.to_fill[name]
            if name == "node":  # of a graph, as in CMU 10-414
                return self._node()
            if keeps(name) or (name in self.named and not self.words.role(name)):
                return self._kept(name)
            if (role := self.words.role(name)) in self.words.outputs:
                at = self.words.outputs.index(role)
                return self.outputs[at] if at < len(self.outputs) else self.told.arrays[role]
            if LEARNING.fullmatch(name) and isinstance(default, float):
                self.told.rated = True
                return RATE
            found = self._for_forward(name, default)
            self.came.guessed |= found is not NOTHING
            return found

        given = self._filled(function, value)
        if len(given.missing) == 1 and (self.kept or self.outputs):
            name = given.missing[0]
            given = self._filled(
                function, lambda n, default: self._kept(n) if n == name else value(n, default)
            )
        if given.missing and self.subject.forward is None:
            given = self._by_place(function, given, value)
        if given.missing:
            raise Lacking(_lacks(given))
        return given, buffers

    def _node(self) -> Any:
        """What a graph keeps of a call of the forward: what it was given."""
        if not self.inputs:
            names = [name for name in self.words.arrays if name in self.told.arrays]
            self.told.said |= {*names}
            self.inputs = [self.told.arrays[name] for name in names]
        node = _Plain()
        vars(node)["inputs"] = tuple(self.inputs)
        return node

    def _from_above(self, listed: list[inspect.Parameter]) -> tuple[dict[str, str], dict[str, Any]]:
        """Which parameters are gradients from above, and which are to be written into."""
        listed = [each for each in listed if not _flag(each)]
        roles = {each.name: self.words.role(each.name) for each in listed}
        exact = {name: role for name, role in roles.items() if role in self.words.upstream}
        maybe = [each.name for each in listed if each.name not in exact and not roles[each.name]]
        maybe = [name for name in maybe if comes_from_above(name)]
        free = [role for role in self.words.upstream if role not in exact.values()]
        buffers: dict[str, Any] = {}
        if len(maybe) > len(free):
            writes = [name for name in maybe if self.words.gradient(name)]
            every = len(writes) < len(maybe) or not free
            for name in writes[: len(maybe) - len(free)] if every else writes[1:]:
                source = self.words.gradient(name)[1:]
                buffers[name] = self.told.arrays[source] * 0
            maybe = [name for name in maybe if name not in buffers]
        if free and not maybe:
            first = next((each.name for each in listed if self._unknown(each, roles)), "")
            maybe = [first] if first else []
        return {**exact, **dict(zip(maybe, free, strict=False))}, buffers

    def _unknown(self, each: inspect.Parameter, roles: Mapping[str, str]) -> bool:
        unknown = not roles[each.name] and each.default is each.empty and "W" not in roles_of(each.name)
        return unknown and not keeps(each.name) and each.name not in self.named

    def _probabilities(self) -> Any:
        """What a loss keeps of its forward, or is handed, that is shaped like x and is a share of 1 each."""
        x = self.told.arrays[self.words.arrays[0]]
        shape = np.shape(x)
        for place in [*places(self.held), Place((), x, lambda value: None)]:
            if place.shape == shape and np.all(place.value >= 0) and np.all(place.value <= 1):
                return np.array(place.value)
        raise Unusable(tr("nothing in it is called or shaped like {names}", names=self.words.upstream[0]))

    def _kept(self, name: str) -> Any:
        if name in self.named and len(self.kept) > 1:
            return self.named[name]
        if len(self.kept) == 1:
            return self.kept[0]
        if self.kept:
            alike = [each for word, each in self.named.items() if keeps(word)]
            grouped = [each for each in self.kept if isinstance(each, (tuple, list, dict))]
            return (alike or grouped or [tuple(self.kept)])[-1]
        if self.outputs:
            return self.outputs[0]
        return self._unpacked(name, self.served.candidate.source)

    def _unpacked(self, name: str, text: str) -> Any:
        """A cache for a backward without a forward: what its text takes out of it, by name."""
        values = []
        for target in unpackings(text, name):
            value = self._for_cache(target)
            if value is NOTHING:
                raise Unusable(
                    tr("its cache holds {name}, and no forward is known that makes it", name=target)
                )
            values.append(value)
        if not values:
            raise Unusable(tr("no forward is known that makes its cache; write one beside it, named alike"))
        return values[0] if len(values) == 1 else tuple(values)

    def _for_cache(self, name: str) -> Any:
        role = self.words.role(name)
        if role in self.words.outputs and role in self.told.arrays:
            return self.told.arrays[role]
        return self.told.value(name)

    def _filled(self, function: Callable[..., Any], value: Callable[[str, Any], Any]) -> Filled:
        """As `filling.filled`, with a look at each default."""
        found, by_place = Filled(), True
        for each in parameters_of(function):
            given = True if self._is_asked(each) else value(each.name, each.default)
            if given is NOTHING:
                by_place = False
                if each.default is each.empty:
                    found.missing.append(each.name)
            elif each.kind is each.KEYWORD_ONLY or (not by_place and each.kind is not each.POSITIONAL_ONLY):
                found.named[each.name] = given
            else:
                found.places.append(given)
        return found

    def _is_asked(self, each: inspect.Parameter) -> bool:
        """Whether it is a flag that asks for what is wanted here: for a bias, for the derivative."""
        asks = re.fullmatch(r"deriv\w*|d|(return_)?grad(ient)?|prime|backward", each.name.lower())
        return _flag(each) and bool(asks or self.words.role(each.name) in self.words.arrays)

    def _text(self, function: Callable[..., Any], given: Filled) -> str:
        name = self.served.candidate.name
        if self.subject.maker is not None:
            name = f"{self.subject.maker.__name__}(…).{self.subject.method}"
        listed = [each.name for each in parameters_of(function)]
        return f"{name}({', '.join([*listed[: len(given.places)], *(f'{n}={n}' for n in given.named)])})"


def _flag(each: inspect.Parameter) -> bool:
    """Whether a parameter is True or False."""
    return isinstance(each.default, bool) or each.annotation in (bool, "bool")


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _lacks(given: Filled, whose: str = "") -> str:
    names = ", ".join(given.missing)
    return tr(
        "there is no value for {names} of {whose}" if whose else "there is no value for {names}",
        names=names,
        whose=whose,
    )
