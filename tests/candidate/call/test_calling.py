"""One call: what it is given, what is made of the answer, what is a refusal and what a mistake."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import Problem, conv2d_backward, conv2d_forward
from convstep.candidate.call.calling import Call, Tail, perform
from convstep.candidate.call.child import describe
from convstep.candidate.call.conventions import CONVENTIONS, named
from convstep.candidate.call.outcome import RAISED, REFUSED, RETURNED, Outcome
from convstep.candidate.call.source_of import served_function
from convstep.candidate.check.cases import Case, right_of
from tests.candidate.conftest import Files
from tests.candidate.corpus import specimen
from tests.strategies import SELDOM

# padding 1, stride 2, and a row is left over
UNTILED = right_of(Case((4, 5), (3, 3), (2, 2), ((1, 1), (1, 1)), 2, 3, 1))
TILED = right_of(Case((5, 5), (3, 3), (2, 2), ((1, 1), (1, 1)), 2, 3, 1))
PLAIN = right_of(Case((4, 5), (2, 2), channels=2, filters=3))


def performed(
    function: Callable[..., Any],
    problem: Problem,
    call: Call,
    forward: Callable[..., Any] | None = None,
) -> Outcome:
    return perform(function, forward, served_function(function).candidate, call, fresh_copy(problem))


def fresh_copy(problem: Problem) -> Problem:
    """As it arrives in another process."""
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    copies = problem.A_prev.copy(), problem.W.copy(), np.array(problem.b), problem.dZ.copy()
    return Problem(*copies, *geometry)


def written(files: Files, *lines: str) -> Any:
    """A backward of a dZ and a cache, in a file."""
    head = "import numpy as np\nfrom tests.candidate.corpus import specimen\ndef back(dZ, cache):\n"
    files.write("mine.py", head + textwrap.indent("\n".join(lines), "    "))
    return files.load("mine.py:back").function


@pytest.mark.parametrize(
    "refusal",
    [
        "assert rest % stride == 0, 'width does not work'",
        "if rest % stride:\n    raise ValueError(\n        'does not tile'  # on a line of its own\n    )",
        "if rest % stride: raise ValueError('no')",
        "H_out = rest / stride + 1\nassert H_out == int(H_out)",
    ],
)
def test_who_does_not_take_sizes_that_do_not_tile_refuses(files: Files, refusal: str) -> None:
    sizes = (
        "x, w, _, hyper = cache\nstride, rest = hyper['stride'], x.shape[2] + 2 * hyper['pad'] - w.shape[2]"
    )
    candidate = written(files, sizes, refusal, "return specimen('cs231n', 'loops').function(dZ, cache)")
    outcome = performed(candidate, UNTILED.problem, Call("cs231n"))
    assert (outcome.kind, bool(outcome.message)) == (REFUSED, True)
    assert performed(candidate, TILED.problem, Call("cs231n")).kind == RETURNED


@pytest.mark.parametrize(
    "slip",
    [
        "raise Valueerror('no')",
        "dA_prev = np.zeros((1, 1, 1, 1))\nassert dA_prev.shape == A_prev.shape",
        "m, h, w, c = A_prev.shape\ndA_prev = np.zeros((1, 1, 1, 1))\nassert(dA_prev.shape == (m, h, w, c))",
        "dx = np.zeros(3)\nassert dx.shape == A_prev.shape, 'wrong shape of dx: %s' % (dx.shape,)",
        "grad_input = np.zeros(3)\nassert grad_input.shape == cache[0].shape",
        "out = np.zeros(3)\nassert out.shape == cache[0].shape, 'not the shape of the input'",
        "np.testing.assert_allclose(dZ, 0)",
        "return cache[0][99]",
        "try:\n    return cache[0][99]\nexcept IndexError:\n    raise",
    ],
)
def test_who_trips_over_a_result_of_its_own_does_not_refuse(files: Files, slip: str) -> None:
    outcome = performed(written(files, "A_prev = cache[0]", slip), TILED.problem, Call("coursera"))
    assert outcome.kind == RAISED
    assert outcome.line > 0


def gradients_of(convention: str, answer: Any, labels: tuple[str, ...], problem: Problem) -> Any:
    return named(CONVENTIONS[convention], answer, labels, problem)


def reference(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
    return conv2d_backward(dZ, cache, stride, padding)


def is_right(outcome: Outcome, convention: str, right: Any, *gradients: str) -> bool:
    assert outcome.kind == RETURNED, outcome.message
    found = gradients_of(convention, outcome.returned, outcome.labels, right.problem)
    wanted = gradients or ("dW", "db", "dA_prev")
    return set(found) == set(wanted) and all(
        found[name].shape == right.gradients[name].shape and np.allclose(found[name], right.gradients[name])
        for name in wanted
    )


@pytest.mark.parametrize(
    ("form", "gradients"),
    [
        (lambda dW, db, dA: (dW, db, dA), ()),
        (lambda dW, db, dA: [dW, db, dA], ()),
        (lambda dW, db, dA: ([dW, db], dA), ()),
        (lambda dW, db, dA: {"dA": dA, "dW": dW, "db": db}, ()),
        (lambda dW, db, dA: {"dA_prev": dA, "dW": dW}, ("dA_prev", "dW")),
        (lambda dW, db, dA: (dW, db.reshape(1, 1, 1, -1), dA), ()),
        (lambda dW, db, dA: (dW.astype(np.float32), db.tolist(), dA), ()),
        (lambda dW, db, dA: (dW, db, None), ("dW", "db")),
        (lambda dW, db, dA: (dW, None, dA), ("dW", "dA_prev")),
        (lambda dW, db, dA: (None, db, dA), ("db", "dA_prev")),
        (lambda dW, db, dA: (dW, db, dA, None, None), ()),
        (lambda dW, db, dA: (dW + 0j, db, dA), ()),
    ],
)
def test_answers_in_every_usual_form_are_understood(
    form: Callable[..., Any], gradients: tuple[str, ...]
) -> None:
    def backward(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        return form(*reference(dZ, cache, stride, padding))

    assert is_right(performed(backward, PLAIN.problem, Call("article")), "article", PLAIN, *gradients)


def test_a_ragged_list_is_no_array() -> None:
    outcome = performed(lambda problem: [[[1.0], [2.0, 3.0]]], PLAIN.problem, Call("problem"))
    assert outcome.kind == RAISED
    assert outcome.message.startswith("it returned a list that cannot be read as an array: ")


def test_inputs_that_were_changed_are_named() -> None:
    def backward(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        found = reference(dZ, cache, stride, padding)
        dZ *= 0
        cache["W"][...] = 0
        cache["Z"][...] = 0  # nobody minds
        return found

    assert performed(backward, PLAIN.problem, Call("article")).changed == ("W", "dZ")

    def on_problem(problem: Problem) -> Any:
        problem.A_prev[...] += 1
        return problem.W, problem.b, problem.A_prev

    assert performed(on_problem, PLAIN.problem, Call("problem")).changed == ("A_prev",)


def test_nan_in_the_inputs_is_no_change() -> None:
    problem = fresh_copy(PLAIN.problem)
    dZ = problem.dZ.copy()
    dZ[0, 0, 0] = np.nan
    spoiled = Problem(problem.A_prev, problem.W, problem.b, dZ)
    outcome = performed(reference, spoiled, Call("article"))
    assert (outcome.kind, outcome.changed) == (RETURNED, ())
    assert np.isnan(outcome.returned[0]).any()


class Forwards:
    """The forwards of somebody's file."""

    @staticmethod
    def article(A_prev: Any, W: Any, b: Any, stride: int, padding: int) -> Any:
        made = conv2d_forward(A_prev, W, b, stride, padding)
        return made | {"padded": np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))}

    @staticmethod
    def three(A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
        padding, stride = hparameters["pad"], hparameters["stride"]
        Z = conv2d_forward(A_prev, np.moveaxis(W, -1, 0), b.reshape(-1), stride, padding)["Z"]
        return Z, (A_prev, W, b, hparameters, "more")

    @staticmethod
    def spread(A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
        Z, cache = Forwards.three(A_prev, W, b, hparameters)
        return (Z, *cache)

    @staticmethod
    def broken(A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
        return float(b)


@pytest.mark.parametrize("forward", [Forwards.three, Forwards.spread])
def test_the_cache_of_its_own_forward_is_passed_and_its_output_noted(forward: Callable[..., Any]) -> None:
    given = []

    def conv_backward(dZ: Any, cache: Any) -> Any:
        given.append(len(cache))
        return specimen("coursera", "loops").function(dZ, cache[:4])

    own = performed(conv_backward, TILED.problem, Call("coursera", own_cache=True), forward)
    usual = performed(conv_backward, TILED.problem, Call("coursera"), forward)
    assert given == [5, 4]
    for outcome in (own, usual):
        assert is_right(outcome, "coursera", TILED)
        assert outcome.Z is not None
        np.testing.assert_allclose(
            outcome.Z, CONVENTIONS["coursera"].ours("dA_prev", Z_of(TILED), TILED.problem)
        )


def Z_of(right: Any) -> Any:
    problem = right.problem
    return conv2d_forward(problem.A_prev, problem.W, problem.b, problem.stride, problem.padding)["Z"]


def test_a_dict_of_its_own_forward_holds_z() -> None:
    def conv2d_backward(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        assert "padded" in cache
        return reference(dZ, cache, stride, padding)

    outcome = performed(conv2d_backward, PLAIN.problem, Call("article", own_cache=True), Forwards.article)
    assert is_right(outcome, "article", PLAIN)
    assert outcome.Z is not None
    np.testing.assert_allclose(outcome.Z, Z_of(PLAIN))


def test_a_forward_that_fails_is_noted_and_matters_only_where_its_cache_is_needed() -> None:
    conv_backward = specimen("coursera", "loops").function
    usual = performed(conv_backward, TILED.problem, Call("coursera"), Forwards.broken)
    assert is_right(usual, "coursera", TILED)
    assert usual.Z is None
    assert usual.forward_message.startswith("TypeError: only ")
    unknown = performed(conv_backward, TILED.problem, Call("coursera", own_cache=True), Forwards.broken)
    assert unknown.kind == REFUSED  # nothing is known of the backward
    assert unknown.message.startswith("not tried: its own forward raises there: TypeError: only ")


@pytest.mark.parametrize(("dilation", "groups"), [(2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("knows", [True, False])
def test_a_forward_is_told_the_dilation_and_the_groups_or_left_alone(
    knows: bool, dilation: int, groups: int
) -> None:
    def knowing(A: Any, W: Any, b: Any, stride: int, padding: int, dilation: int = 1, groups: int = 1) -> Any:
        return conv2d_forward(A, W, b, stride, padding, dilation, groups)

    def backward(dZ: Any, cache: Any, stride: int, padding: int, dilation: int = 1, groups: int = 1) -> Any:
        return conv2d_backward(dZ, cache, stride, padding, dilation, groups)

    right = right_of(Case((5, 6), (2, 2), dilation=(dilation, dilation), channels=2, groups=groups))
    outcome = performed(backward, right.problem, Call("article"), knowing if knows else Forwards.article)
    assert is_right(outcome, "article", right)
    assert outcome.forward_message == ""
    if knows:
        Z = conv2d_forward(right.problem.A_prev, right.problem.W, right.problem.b, 1, 0, dilation, groups)[
            "Z"
        ]
        assert outcome.Z is not None
        np.testing.assert_allclose(outcome.Z, Z)
    else:
        assert outcome.Z is None


@pytest.mark.parametrize(
    ("returned", "Z", "cache"),
    [
        (lambda Z: [Z], None, None),
        (lambda Z: (Z, "kept"), True, "kept"),
        (lambda Z: [Z, "kept", "more"], True, ("kept", "more")),
        (lambda Z: {"out": Z}, True, {"out"}),
        (lambda Z: {"x": 1}, None, {"x"}),
        (lambda Z: Z, True, None),
    ],
)
def test_a_forward_returns_its_output_alone_or_with_what_its_backward_needs(
    returned: Callable[[Any], Any], Z: bool | None, cache: Any
) -> None:
    seen = []

    def own(A_prev: Any, W: Any, b: Any, stride: int, padding: int) -> Any:
        return returned(conv2d_forward(A_prev, W, b, stride, padding)["Z"])

    def backward(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        seen.append(cache)
        return dZ

    outcome = performed(backward, PLAIN.problem, Call("article", own_cache=True), own)
    if Z:
        assert outcome.Z is not None
        np.testing.assert_array_equal(outcome.Z, Z_of(PLAIN))
    if cache is not None:
        assert seen == [cache] or {*seen[0]} == cache


def test_a_torch_forward_is_told_the_dilation_if_it_takes_seven_arguments_by_whatever_name() -> None:
    def seven(x: Any, w: Any, c: Any, s: Any, p: Any, d: Any, g: Any) -> Any:
        return np.full((1, 2, 4, 4), 100 * d + g)

    def six(x: Any, w: Any, c: Any, s: Any, p: Any, d: Any) -> Any:
        return np.zeros((1, 2, 4, 4))

    class Unsigned:
        __signature__ = "none that can be read"

        def __call__(self, *given: Any) -> Any:
            return seven(*given)

    def backward(dout: Any, x: Any, w: Any, c: Any, s: Any, p: Any, d: Any, g: Any) -> Any:
        return None, None, dout.sum((0, 2, 3))

    right = right_of(Case((5, 5), (2, 2), channels=2, groups=2))
    for forward, asked in ((seven, True), (six, False), (Unsigned(), True)):
        outcome = performed(backward, right.problem, Call("torch", tensors=False), forward)
        assert outcome.forward_message == ""
        assert (outcome.Z is not None) is asked
        assert outcome.Z is None or np.unique(outcome.Z).tolist() == [102]


def test_a_forward_is_asked_wherever_its_cache_is_needed_and_never_where_there_is_none() -> None:
    def marking(A_prev: Any, W: Any, b: Any, stride: int, padding: int) -> Any:
        return None, {"its own": True}

    def backward(dZ: Any, cache: Any, stride: int, padding: int) -> Any:
        return reference(dZ, cache, stride, padding) if "its own" not in cache else dZ

    dilated = right_of(Case((5, 6), (2, 2), dilation=(2, 2))).problem
    own = performed(backward, dilated, Call("article", own_cache=True), marking)
    assert [array.shape for array in own.returned] == [dilated.dZ.shape]
    assert performed(backward, PLAIN.problem, Call("article")).forward_message == ""

    def on_problem(problem: Problem) -> Any:
        return reference(problem.dZ, problem.cache, 1, 0)

    outcome = performed(on_problem, PLAIN.problem, Call("problem"), Forwards.broken)
    assert (outcome.kind, outcome.forward_message) == (RETURNED, "")


@SELDOM
@pytest.mark.parametrize(
    ("count", "right"),
    [(3, PLAIN), (5, right_of(Case((5, 5), (2, 2), (2, 2), ((1, 1), (1, 1)))))],
)
def test_an_autograd_function_may_take_fewer_arguments(count: int, right: Any) -> None:
    torch = pytest.importorskip("torch")

    def three(ctx: Any, x: Any, w: Any, b: Any) -> Any:
        ctx.save_for_backward(x, w)
        return torch.nn.functional.conv2d(x, w, b)

    def five(ctx: Any, x: Any, w: Any, b: Any, stride: Any, padding: Any) -> Any:
        ctx.save_for_backward(x, w)
        ctx.more = stride, padding
        return torch.nn.functional.conv2d(x, w, b, stride, padding)

    class Short(torch.autograd.Function):  # type: ignore[misc, name-defined]
        forward = staticmethod(three if count == 3 else five)

        @staticmethod
        def backward(ctx: Any, dout: Any) -> Any:
            x, w = ctx.saved_tensors
            more = getattr(ctx, "more", ())
            dx = torch.nn.grad.conv2d_input(x.shape, w, dout, *more)
            dw = torch.nn.grad.conv2d_weight(x, w.shape, dout, *more)
            return dx, dw, dout.sum((0, 2, 3)), *[None] * len(more)

    candidate = describe(Short, "autograd", "Short", {})
    outcome = perform(Short, None, candidate, Call("torch"), fresh_copy(right.problem))
    assert is_right(outcome, "torch", right)
    assert outcome.Z is not None


@pytest.mark.parametrize("tensors", [True, False])
def test_the_torch_convention_gives_tensors_or_arrays(tensors: bool) -> None:
    torch = pytest.importorskip("torch")
    seen = []

    def backward(grad_output: Any, input: Any, weight: Any, bias: Any, stride: Any, padding: Any) -> Any:
        seen.append(isinstance(input, torch.Tensor))
        return None, None, grad_output.sum((0, 2, 3))

    def forward(input: Any, weight: Any, bias: Any, stride: Any, padding: Any) -> Any:
        assert isinstance(input, torch.Tensor) is tensors, "as its backward is given"
        given = map(torch.as_tensor, (input, weight, bias))
        return torch.nn.functional.conv2d(*given, stride, padding)

    outcome = performed(backward, PLAIN.problem, Call("torch", tensors=tensors), forward)
    assert seen == [tensors]
    assert is_right(outcome, "torch", PLAIN, "db")
    assert (outcome.forward_message, outcome.changed) == ("", ())
    assert outcome.Z is not None
    assert np.allclose(outcome.Z, Z_of(PLAIN))


@pytest.mark.parametrize("tensors", [True, False])
def test_what_a_forward_changes_is_not_what_the_backward_is_given(tensors: bool) -> None:
    if tensors:
        pytest.importorskip("torch")

    def forward(input: Any, *others: Any) -> Any:
        input *= 0
        return input

    def backward(grad_output: Any, input: Any, weight: Any, bias: Any, stride: Any, padding: Any) -> Any:
        assert bool((input != 0).any())
        return None, None, grad_output.sum((0, 2, 3))

    outcome = performed(backward, PLAIN.problem, Call("torch", tensors=tensors), forward)
    assert (outcome.kind, outcome.changed) == (RETURNED, ())
    assert outcome.Z is not None
    assert not outcome.Z.any()


def test_whoever_writes_bytes_or_asks_for_the_terminal_gets_a_plain_answer() -> None:
    tail = Tail()
    assert tail.writable()
    assert not tail.isatty()
    assert tail.write("abc") == 3
    with pytest.raises(OSError, match="fileno"):
        tail.fileno()
    assert (tail.take(), tail.take()) == ("abc", "")


class Strange(np.ndarray):
    """A subclass that none of NumPy's functions survives."""

    def __array_ufunc__(self, *arguments: Any, **named: Any) -> Any:
        raise RuntimeError("no arithmetic here")

    def __array_function__(self, *arguments: Any, **named: Any) -> Any:
        raise RuntimeError("no function here")

    def __array_finalize__(self, other: Any) -> None:
        if other is not None and not isinstance(other, np.ndarray):
            raise RuntimeError("no copies here")

    def __eq__(self, other: object) -> Any:
        raise RuntimeError("no comparison here")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth here")


def lazily_negative(array: Any) -> Any:
    import torch

    negated = torch.tensor(-array)
    return torch.complex(torch.zeros_like(negated), negated).conj().imag


def parameter(array: Any) -> Any:
    import torch

    return torch.nn.Parameter(torch.tensor(array))


def read_only(array: Any) -> Any:
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    "dressed",
    [
        lambda array: np.ma.masked_array(array, mask=True),
        lambda array: np.ma.masked_array(array, mask=array > 0, fill_value=7),
        lambda array: array.view(Strange),
        lambda array: array.view(np.recarray),
        lambda array: np.asfortranarray(array.astype(">f8")),
        lambda array: np.stack([array, array], -1)[..., 0],
        lambda array: array + 0j,
        read_only,
        parameter,
        lazily_negative,
    ],
    ids=[
        "all-masked",
        "masked",
        "strange",
        "record",
        "big-endian",
        "strided",
        "complex",
        "read-only",
        "parameter",
        "lazy",
    ],
)
def test_a_subclass_is_compared_by_the_numbers_it_holds(dressed: Callable[[Any], Any]) -> None:
    def backward(problem: Problem) -> Any:
        return tuple(dressed(PLAIN.gradients[name].copy()) for name in ("dW", "db", "dA_prev"))

    outcome = performed(backward, PLAIN.problem, Call("problem"))
    assert (outcome.kind, outcome.message) == (RETURNED, "")
    for array, name in zip(outcome.returned, ("dW", "db", "dA_prev"), strict=True):
        assert type(array) is np.ndarray
        np.testing.assert_allclose(array, PLAIN.gradients[name], rtol=1e-6)


def test_a_matrix_keeps_its_shape() -> None:
    outcome = performed(lambda problem: np.matrix([1.0, 2.0]), PLAIN.problem, Call("problem"))
    assert type(outcome.returned[0]) is np.ndarray
    assert outcome.returned[0].shape == (1, 2)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (np.zeros(3, [("a", float)]), "it returned a ndarray of void64; a gradient is an array of numbers"),
        (np.zeros(3, "M8[s]"), "it returned a ndarray of datetime64[s]; a gradient is an array of numbers"),
        (np.array([complex(0, np.nan)]), "it returned complex numbers; a gradient is real"),
        ([0.0] * 1000, "it returned 1000 values; a backward returns its gradients"),
        (np.zeros(10**8), "it returned 100000000 numbers, far more than its gradients have"),
        ((np.zeros(10**6),) * 50, "it returned 50000000 numbers, far more than its gradients have"),
    ],
    ids=["structured", "dates", "NaN beside", "many", "large", "many large"],
)
def test_what_is_no_gradient_by_its_kind_or_size_is_a_sentence(returned: Any, message: str) -> None:
    outcome = performed(lambda problem: returned, PLAIN.problem, Call("problem"))
    assert (outcome.kind, outcome.message, outcome.returned) == (RAISED, message, ())
