"""Runs in the child: who a target means, and what has to be made and run before it can be called."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convstep.candidate.call.failure import short
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.served import Served
from convstep.candidate.load import names
from convstep.candidate.load.target import CandidateError
from convstep.candidate.record import guessing
from convstep.candidate.record.autograd import as_functions
from convstep.candidate.record.filling import (
    KEPT,
    NOTHING,
    Filled,
    Lookup,
    after_forward,
    filled,
    upstream,
    with_context,
)
from convstep.candidate.record.forwards import forward_in, forward_of, method_of
from convstep.candidate.record.networks import has_loss, with_loss
from convstep.candidate.verdicts import losses
from convstep.candidate.verdicts.calls import BACKWARD, Called, left_in
from convstep.candidate.verdicts.naming import is_upstream, of_gradient, returned
from convstep.language import tr


@dataclass(slots=True)
class Ready:
    """A call that can be recorded."""

    function: Callable[..., Any]
    """What is called: a function or a bound method."""
    places: Sequence[Any]
    named: Mapping[str, Any] = field(default_factory=dict)
    how: str = ""
    """Where its arguments come from, a clause: "arguments guessed for max pooling"."""
    asks: str = ""
    """Of a guess, what to write where it does not fit, a clause."""
    forward: Callable[..., Any] | None = None
    """What is called before it."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What its parameters would be given, by name, as far as that is known."""
    before: tuple[Called, Called, Any] | None = None
    """That call as it was, as it was made, and what it returned; None where that is not known."""
    guess: guessing.Guess | None = None
    """What its arguments are guessed by; None if they are given."""
    only_right: bool = False
    """Whether it says something only where its backward is right: it may have been told the wrong things."""
    others: Callable[[], Iterator[tuple[tuple[str, ...], str, Callable[[], Ready]]]] | None = None
    """Of a layer that convolves, the same on other convolutions: what is told something else, in words."""


@dataclass(slots=True)
class Subject:
    """Who is called, and what has to be called before."""

    served: Served
    function: Callable[..., Any]
    """The function; of a method of a class that needs arguments, the plain function."""
    maker: type | None = None
    """The class that is made first."""
    method: str = ""
    """Which method of it is called."""
    forward: Callable[..., Any] | None = None
    """The forward that is run first; of a class, its plain function."""
    flag: str = ""
    """The parameter of one function that says that its derivative is meant: `sigmoid(x, deriv=False)`."""

    @classmethod
    def of(cls, served: Served) -> Subject:
        """Who a target means."""
        candidate, function = served.candidate, served.function
        own = getattr(function, "__self__", None)
        name = candidate.name.rpartition(".")[2]
        if candidate.kind == "autograd":
            apply, backward = as_functions(function)
            return cls(served, backward, forward=apply)
        if isinstance(function, type):
            if name == function.__name__:
                name = method_of(function)
            return cls(served, getattr(function, name), function, name, forward_in(function, name))
        if own is not None and not isinstance(own, type):
            kind = type(own)
            if getattr(kind, name, None) is not None:
                return cls(served, getattr(kind, name), kind, name, forward_in(kind, name))
        forward = forward_of(candidate.name, served.namespace)
        if forward is None and not names.looks_backward(name):
            flag = _flag_of(function)
            together = bool(flag) or _returns_gradients(function)
            return cls(served, function, forward=function if together else None, flag=flag)
        return cls(served, function, forward=with_loss(forward, function, served.namespace))

    def how_to_call(self) -> str:
        """What to write, a clause: the call, or each argument."""
        listed = [each.name for each in self._own() if each.default is each.empty]
        own = ", ".join(listed)
        made = "" if self.maker is None else f"{self.maker.__name__}(…).{self.method}({own})"
        call = made or f"{self.served.candidate.name}({own})"
        if self.served.candidate.engine and self.maker is not None:
            made = f"{self.maker.__name__}(…)"
            return tr(
                "to step one of its operations, write the call, like --call '{call}'; `convstep check` "
                "tries them where nodes hold a number or an array",
                call=f"({made} * {made}).{self.method}({own})",
            )
        if not listed:
            return tr("write the call, like --call '{call}'", call=call)
        shapes = (f"--shape {name}={'4x5' if at == 0 else '…'}" for at, name in enumerate(listed[:4]))
        return tr(
            "write the call, like --call '{call}', or give each, like {shapes}",
            call=call,
            shapes=" ".join(shapes),
        )

    def check_names(self, values: Mapping[str, Any]) -> None:
        """Refuse names that no parameter has. Raises CandidateError: with the one that was probably meant."""
        asked = [each for each in (self.function, self.forward, self.maker) if each is not None]
        wild = any(each.kind is each.VAR_KEYWORD for f in asked for each in _signature(f).values())
        known = [each for f in asked for each in _signature(f) if each != "self"]
        for name in values:
            if name not in known and not wild:
                near = names.closest(name, known)
                said = tr(
                    "{function} has no parameter {name}; did you mean {near}?"
                    if near
                    else "{function} has no parameter {name}; it has {names}",
                    function=self.served.candidate.name,
                    name=name,
                    near=near,
                    names=names.listed([*dict.fromkeys(known)]),
                )
                raise CandidateError(said)

    def ready(
        self, lookup: Lookup, how: str, cache: Any = NOTHING, out: tuple[int, ...] | None = None
    ) -> Ready:
        """The call with what a lookup knows; its class made and its forward run first where that is needed.

        `how` says where that comes from. `cache` and the shape `out` of the gradient from above are for a
        backward that has no forward.
        """
        function, held, call = self.function, None, None
        if self.forward is not None and self.served.candidate.kind != "autograd":
            lookup = with_context(lookup, self.forward)
        if self.maker is not None:
            held = self._made(self.maker, lookup)
            function = getattr(held, self.method)
        first = filled(function, lookup)
        forward = self.forward if held is None else getattr(held, getattr(self.forward, "__name__", ""), None)
        # a layer's backward needs its forward whatever it is given
        back = held is not None and forward is not None
        if forward is not None and (first.missing or back or self.flag):
            before = filled(forward, lookup)
            if before.missing and held is not None:
                raise self._lacks(before, tr("its forward"))
            if not before.missing:
                with contextlib.suppress(Exception):  # a lock, a generator: it cannot be made again
                    call = Called.kept(forward, *before.places, **before.named)
                made = self._run(forward, before, tr("its forward"))
                left = left_in(held) if made is None else ""
                seen = getattr(held, left) if left else made
                ran = Called(forward, before.places, before.named)
                optional = {one.name for one in parameters_of(function) if one.default is not one.empty}
                own = [one.name for one in parameters_of(function)]
                inputs = {one.name for one in parameters_of(forward)}
                needed = [name for name in own if name not in optional]
                lone = needed[0] if len(needed) == 1 and BACKWARD.search(function.__name__) else ""
                after = after_forward(seen, lookup, _returned(forward), own, optional, lone, inputs)
                switches = {
                    one.name: one.default
                    for one in parameters_of(function)
                    if lookup(one.name) is NOTHING and _is_option(one)
                }
                told = {**switches, self.flag: True}
                first = filled(function, lambda name: told[name] if name in told else after(name))
        if first.missing and cache is not NOTHING and out is not None:
            first = filled(function, _kept(cache, out, lookup))
        elif first.missing and out is not None:
            first = filled(function, _kept(NOTHING, out, lookup))
        if first.missing:
            raise self._lacks(first)
        done = None if call is None else (call, ran, made)
        listed = [] if forward is None else parameters_of(forward)
        known = {one.name: value for one in listed if (value := lookup(one.name)) is not NOTHING}
        return Ready(function, first.places, first.named, how, forward=forward, known=known, before=done)

    def asked(self) -> guessing.Asked:
        """What a guess is made by."""
        listed = [
            each
            for function in (self.function, self.forward, self.maker)
            if function is not None
            for each in parameters_of(function)
        ]
        before = [one for one in (self.forward, self.maker) if one is not None]
        taken = {each.name for function in before for each in parameters_of(function)}
        own = {each.name for each in parameters_of(self.function)} - taken
        candidate = self.served.candidate
        name = f"{self.maker.__name__}.{self.method}" if self.maker else candidate.name
        return guessing.Asked(
            name,
            frozenset(each.name.lower() for each in listed),
            {each.name.lower(): each.default for each in listed if each.default is not each.empty},
            candidate.source,
            tuple(dict.fromkeys(each.name.lower() for each in listed if each.name not in own)),
            () if self.maker is None else tuple(each.name.lower() for each in parameters_of(self.maker)),
            "\n".join(filter(None, map(_text_of, (self.forward, self.function)))),
        )

    def _own(self) -> list[inspect.Parameter]:
        listed = parameters_of(self.function)
        return listed[1:] if self.maker is not None else listed

    def _made(self, kind: type, lookup: Lookup) -> Any:
        given = filled(kind, lookup)
        if given.missing:
            raise self._lacks(given, f"{kind.__name__}()")
        return self._run(kind, given, f"{kind.__name__}()")

    def _run(self, function: Callable[..., Any], given: Filled, what: str) -> Any:
        try:
            return function(*given.places, **given.named)
        except (Exception, SystemExit) as error:
            said = tr("{what} fails on these arguments", what=what)
            raise CandidateError(failed_words(self.served, error, said)) from error

    def _lacks(self, given: Filled, whose: str = "") -> CandidateError:
        return CandidateError(
            tr(
                "there is no value for {names} of {whose}; {how}"
                if whose
                else "there is no value for {names}; {how}",
                names=names.in_words(given.missing),
                whose=whose,
                how=self.how_to_call(),
            )
        )


def _is_option(one: inspect.Parameter) -> bool:
    """Whether a parameter keeps its default: `retain_grads=True` is no gradient, `p=2` no output."""
    above = is_upstream(one.name) or one.name.lower() == "g"
    return type(one.default) is bool or (type(one.default) is int and not above)


def _kept(cache: Any, out: tuple[int, ...], lookup: Lookup) -> Lookup:
    """The lookup for a backward without a forward: what a course keeps, a gradient of the output's shape."""
    count = iter(range(100))

    def found(name: str) -> Any:
        if (value := lookup(name)) is not NOTHING:
            return value
        if KEPT.fullmatch(name.lower()):
            return cache
        return upstream(out, next(count)) if is_upstream(name) else NOTHING

    return found


def failed_words(served: Served, error: BaseException, what: str) -> str:
    """What somebody's code raised, a sentence that begins with what was tried."""
    said = short(f"{type(error).__name__}: {error}")
    hint = served.hint(error)
    return tr("{what}: {said}; {hint}" if hint else "{what}: {said}", what=what, said=said, hint=hint)


def _flag_of(function: Callable[..., Any]) -> str:
    """The parameter that asks a function for its derivative; "" if it has none."""
    for each in parameters_of(function):
        if each.default is False and re.fullmatch(
            r"(return_)?(d|grad|gradient|prime|deriv\w*)", each.name, re.I
        ):
            return each.name
    return ""


def _returns_gradients(function: Callable[..., Any]) -> bool:
    """Whether a function returns a loss and its gradients: `return loss, dx`."""
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(_text_of(function))
        values = [each.value for each in ast.walk(tree) if isinstance(each, ast.Return)]
        held = {
            ast.unparse(each.targets[0])
            for each in ast.walk(tree)
            if isinstance(each, ast.Assign) and _holds_gradients(each.value)
        }
        return (
            any(
                isinstance(value, ast.Tuple)
                and len({ast.unparse(one) for one in value.elts} & held) == 1
                and any(losses.is_loss(ast.unparse(one)) for one in value.elts)
                for value in values
            )
            or any(
                isinstance(value, ast.Tuple)
                and not _is_gradient(value.elts[0])
                and any(  # `dx / N` is one, too
                    _is_gradient(one.left if isinstance(one, ast.BinOp) else one) for one in value.elts[1:]
                )
                for value in values
            )
        )
    return False


def _holds_gradients(node: ast.expr) -> bool:
    """Whether an expression is a dict of gradients: `{"dw": dw, "db": db}`."""
    return (
        isinstance(node, ast.Dict)
        and bool(node.keys)
        and all(isinstance(key, ast.Constant) and of_gradient(str(key.value)) for key in node.keys)
    )


def _is_gradient(node: ast.expr) -> bool:
    name = ast.unparse(node)
    return isinstance(node, ast.Name) and (bool(of_gradient(name)) or "grad" in name.lower())


def _signature(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _text_of(function: Callable[..., Any] | None) -> str:
    """The lines of a function; "" if they are not known."""
    with contextlib.suppress(OSError, TypeError):
        return "" if function is None else textwrap.dedent(inspect.getsource(function))
    return ""


def least_axes(forward: Callable[..., Any]) -> int:
    """How many axes a forward's first array has at least: flattened to rows, of each sample, it has two."""
    names = [one.name for one in parameters_of(forward)]
    text = _text_of(forward)
    if not names or not text:
        return 0
    x = re.escape(names[0])
    first = rf"{x}\.shape\[0\]|len\({x}\)"
    counts = re.findall(rf"(\w+) *= *(?:{first})[ \t]*(?:#.*)?$", text, re.M)
    rows = "|".join([first, *(rf"\b{name}\b" for name in counts)])
    return 2 if re.search(rf"reshape\( *(?:{x} *, *)?\(? *(?:{rows}) *, *-1", text) else 0


def _returned(function: Callable[..., Any]) -> list[str]:
    """What a function calls what it returns; [] if that is not known."""
    with contextlib.suppress(SyntaxError, ValueError):
        (node,) = ast.parse(_text_of(function)).body
        if isinstance(node, ast.FunctionDef):
            # with a loss after it that comes first
            return [*([""] if has_loss(function) else []), *returned(node)]
    return []
