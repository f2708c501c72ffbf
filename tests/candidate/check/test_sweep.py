"""A sweep goes from small to large, keeps its limits, and finds out how a candidate is called."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from convstep import CandidateError, Problem, conv2d_backward, conv2d_forward
from convstep.candidate.call.calling import Call
from convstep.candidate.call.conventions import CONVENTIONS
from convstep.candidate.call.outcome import DIED, HUNG, REFUSED, RETURNED, Outcome
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.detect_convention import detect_convention
from convstep.candidate.check.sweep import Swept, sweep
from convstep.candidate.load.target import Target
from tests.candidate.conftest import Files
from tests.candidate.corpus import specimen
from tests.strategies import SELDOM, some
from tests.waiting import GENEROUS


class Timed:
    """A worker whose calls take as long as they say, by a clock of its own."""

    def __init__(self, worker: Worker, takes: float) -> None:
        self.worker, self.takes = worker, takes
        self.made = 0

    def clock(self) -> float:
        return self.made * self.takes

    def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
        self.made += 1
        return self.worker.call(call, problem, fresh=fresh)

    def calls(self, call: Call, problems: Sequence[Problem]) -> list[Outcome]:
        outcomes = self.worker.calls(call, problems)
        self.made += len(outcomes)
        return outcomes

    def __getattr__(self, name: str) -> Any:
        return getattr(self.worker, name)


def swept(
    function: Callable[..., Any], convention: str = "auto", seconds: float = GENEROUS, **options: Any
) -> Swept:
    with Worker.of_function(function, seconds) as running:
        return sweep(running, convention, clock=lambda: 0.0, **options)


def swept_in_time(
    function: Callable[..., Any], convention: str = "auto", *, takes: float = 1.0, budget: float
) -> tuple[Swept, int]:
    """What is found when every call takes so many seconds, and how many were made."""
    with Worker.of_function(function, GENEROUS) as running:
        timed: Any = Timed(running, takes)
        return sweep(timed, convention, budget=budget, clock=timed.clock), timed.made


def chosen(function: Callable[..., Any], convention: str = "auto") -> tuple[Call, str]:
    with Worker.of_function(function, GENEROUS) as running:
        return detect_convention(running, convention, clock=lambda: 0.0)[:2]


def reference(problem: Problem) -> Any:
    geometry = problem.stride, problem.padding, problem.dilation, problem.groups
    return conv2d_backward(problem.dZ, problem.cache, *geometry)


def test_problems_come_smallest_first_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    found = swept(reference, progress=lambda done, total: told.append((done, total)))
    works = [result.case.work for result in found.results if result.case is not None]
    assert works == sorted(works)
    total = len(works)
    assert told == [(done, total) for done in range(2, total + 1)]
    assert (found.failing, found.untried, found.passed, found.refused) == (None, 0, total, 0)


def test_a_given_problem_comes_last() -> None:
    rng = np.random.default_rng(0)
    given = Problem(rng.standard_normal((9, 8, 2)), rng.standard_normal((3, 2, 2, 2)), None, None)
    found = swept(reference, problem=given)
    assert found.results[-1].case is None
    assert found.results[-1].right.problem is given
    assert found.results[-1].ok


def test_a_given_problem_that_has_no_words_is_left_out() -> None:
    rng = np.random.default_rng(0)
    given = Problem(
        rng.standard_normal((9, 8, 2)), rng.standard_normal((3, 2, 2, 2)), None, None, 1, ((1, 0), (0, 0))
    )
    found = swept(specimen("coursera", "loops").function, problem=given)
    assert all(result.case is not None for result in found.results)


@SELDOM
def test_what_is_kept_is_noticed_and_every_later_call_starts_clean() -> None:
    total: list[Any] = []

    def backward(problem: Problem) -> Any:
        dW, db, dA = reference(problem)
        total.append(db)
        return dW, sum(kept for kept in total if kept.shape == db.shape), dA

    found, _ = swept_in_time(backward, budget=20)
    assert found.keeps_state
    assert len(found.results) > 3
    assert found.second is not None
    assert all(result.ok for result in found.results)  # the first call of a process is right


@SELDOM
def test_random_numbers_are_not_kept_state() -> None:
    def backward(problem: Problem) -> Any:
        noise = int.from_bytes(os.urandom(2), "big")
        return tuple(gradient + noise for gradient in reference(problem))

    found = swept(backward)
    assert not found.keeps_state
    assert found.failing is not None


def test_no_time_leaves_problems_untried() -> None:
    found, _ = swept_in_time(reference, budget=0)
    assert found.untried > 10
    assert len(found.results) == 1


@SELDOM
def test_a_slow_candidate_meets_the_budget() -> None:
    def conv_backward(dZ: Any, cache: Any) -> Any:
        return specimen("cs231n", "loops").function(dZ, cache)

    whole, _ = swept_in_time(conv_backward, budget=1000)
    assert (whole.untried, whole.call) == (0, Call("cs231n"))
    found, calls = swept_in_time(conv_backward, budget=12)
    assert 12 < calls <= 14, "the call under way is waited for, and one with integers follows"
    assert len(found.results) + found.untried == len(whole.results)
    assert 0 < found.passed == len(found.results)


@SELDOM
def test_half_of_the_budget_is_for_finding_out_how_it_is_called() -> None:
    def conv_backward(dZ: Any, cache: Any) -> Any:
        raise ValueError("not today")

    _, few = swept_in_time(conv_backward, budget=0)
    _, more = swept_in_time(conv_backward, budget=10)
    _, all_ = swept_in_time(conv_backward, budget=1000)
    assert few < more < all_


@SELDOM
def test_three_deaths_end_it() -> None:
    deaths = swept(lambda problem: os._exit(1), "problem")
    assert [result.outcome.kind for result in deaths.results] == [DIED] * 3
    assert deaths.untried > 0
    rng = np.random.default_rng(0)
    given = Problem(rng.standard_normal((9, 8, 2)), rng.standard_normal((3, 2, 2, 2)), None, None)
    assert len(swept(lambda problem: os._exit(1), "problem", problem=given).results) == 3


@SELDOM
def test_a_candidate_that_dies_only_here_and_there_is_tried_on() -> None:
    def backward(problem: Problem) -> Any:
        if problem.groups == 3:
            os._exit(1)
        return reference(problem)

    found = swept(backward)
    assert sum(result.outcome.kind == DIED for result in found.results) == 3
    assert found.untried > 0
    assert found.passed > 0


@SELDOM
@pytest.mark.parametrize("convention", ["auto", "problem"])
def test_a_hang_ends_it_at_once(convention: str) -> None:
    def backward(problem: Problem) -> Any:
        while True:
            pass

    with Worker.of_function(backward, 0.3) as running:
        timed: Any = Timed(running, 0.3)
        found = sweep(timed, convention)
    assert timed.made == 1
    assert [result.outcome.kind for result in found.results] == [HUNG]
    assert found.untried > 0


@SELDOM
def test_a_hang_on_a_later_problem_ends_it_there() -> None:
    def backward(problem: Problem) -> Any:
        while problem.geometry.samples == 2:
            pass
        return reference(problem)

    class Impatient(Worker):
        """Waits long for what returns, and not at all long for what never does."""

        def call(self, call: Call, problem: Problem, *, fresh: bool = False) -> Outcome:
            self.seconds = 0.3 if problem.geometry.samples == 2 else GENEROUS
            return super().call(call, problem, fresh=fresh)

    with Impatient.of_function(backward) as running:
        found = sweep(running)
    assert [result.outcome.kind for result in found.results[:-1]] == [RETURNED] * (len(found.results) - 1)
    assert found.results[-1].outcome.kind == HUNG
    assert found.failing is found.results[-1]


def test_who_refuses_everything_passes_nothing() -> None:
    def backward(problem: Problem) -> Any:
        raise ValueError("not today")

    found = swept(backward)
    assert {result.outcome.kind for result in found.results} == {REFUSED}
    assert (found.failing, found.passed, found.refused) == (None, 0, len(found.results))


def test_whole_numbers_from_integer_inputs_are_noticed() -> None:
    found = swept(specimen("coursera", "loops", "integer-truncation", "int-input").function)
    assert found.failing is None
    assert found.whole_numbers
    assert swept(specimen("coursera", "loops").function).whole_numbers == ()


def conv_backward(dZ: Any, cache: Any) -> Any:
    """Its cache has a fifth member."""
    A_prev, W, b, hparameters, _ = cache
    return specimen("coursera", "loops").function(dZ, (A_prev, W, b, hparameters))


def conv_forward(A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
    kernels = np.moveaxis(W, -1, 0)
    Z = conv2d_forward(A_prev, kernels, b.reshape(-1), hparameters["stride"], hparameters["pad"])["Z"]
    return Z, (A_prev, W, b, hparameters, "columns")


def test_its_own_cache_is_used_where_the_usual_one_fails_and_said_so() -> None:
    call, reason = chosen(conv_backward)
    assert call == Call("coursera", own_cache=True)
    assert reason == ("it is called as conv_backward(dZ, cache), with the cache from its own conv_forward")


def test_its_own_cache_is_used_where_the_usual_one_gives_wrong_numbers() -> None:
    def padded(A_prev: Any, W: Any, b: Any, hparameters: Any) -> Any:
        Z, cache = conv_forward(A_prev, W, b, hparameters)
        p = hparameters["pad"]
        return Z, (np.pad(A_prev, ((0, 0), (p, p), (p, p), (0, 0))), *cache[1:4])

    def backward(dZ: Any, cache: Any) -> Any:
        A_pad, W, b, hparameters = cache
        p = hparameters["pad"]
        free = {"stride": hparameters["stride"], "pad": 0}
        dA, dW, db = specimen("coursera", "loops").function(dZ, (A_pad, W, b, free))
        return dA[:, p : dA.shape[1] - p, p : dA.shape[2] - p], dW, db

    module = {"conv_forward": padded, "conv_backward": backward, "__name__": "__main__"}
    module["specimen"], module["np"], module["original"] = specimen, np, backward
    exec("def conv_backward(dZ, cache):\n    return original(dZ, cache)\n", module)
    call, reason = chosen(module["conv_backward"])  # type: ignore[arg-type]
    assert call == Call("coursera", own_cache=True)
    assert "from its own conv_forward" in reason


@pytest.mark.parametrize(("convention", "form"), some(itertools.product(CONVENTIONS, ["loops", "im2col"]), 3))
def test_auto_finds_the_convention(convention: str, form: str) -> None:
    call, reason = chosen(specimen(convention, form).function)
    assert call.convention == convention
    assert reason


@SELDOM
@pytest.mark.parametrize("wrong", some([(0,), (1,), (2,), (0, 2), (1, 2)], 3), ids=str)
def test_a_gradient_that_is_wrong_everywhere_does_not_hide_how_it_is_called(wrong: tuple[int, ...]) -> None:
    def conv_back(dout: Any, x: Any, w: Any, b: Any, stride: Any, pad: Any) -> Any:
        k_h, k_w = w.shape[2:]
        x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
        for i, j in np.ndindex(*dout.shape[2:]):
            window = np.s_[:, :, i * stride : i * stride + k_h, j * stride : j * stride + k_w]
            dw += np.einsum("nk,nchw->kchw", dout[:, :, i, j], x_pad[window])
            dx_pad[window] += np.einsum("nk,kchw->nchw", dout[:, :, i, j], w)
        gradients = [dx_pad[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]], dw, dout.sum((0, 2, 3))]
        return tuple(3 * one if at in wrong else one for at, one in enumerate(gradients))

    assert chosen(conv_back)[0].convention == "torch"


@pytest.mark.parametrize("convention", some(["cs231n", "coursera"]))
def test_auto_tells_two_layouts_of_one_signature_apart(convention: str) -> None:
    def backward(a: Any, b: Any) -> Any:
        return specimen(convention, "loops").function(a, b)

    assert chosen(backward)[0] == Call(convention)


@SELDOM
def test_a_file_that_imports_torch_may_want_arrays() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__", "torch": pytest.importorskip("torch"), "np": np}
    namespace["right"] = specimen("torch", "loops").function
    text = (
        "def backward(grad_output, input, weight, bias, stride, padding, dilation, groups):\n"
        "    assert isinstance(input, np.ndarray)\n"
        "    return tuple(map(np.asarray, right(*map(\n"
        "        lambda a: torch.from_numpy(a) if isinstance(a, np.ndarray) else a,\n"
        "        (grad_output, input, weight, bias, stride, padding, dilation, groups)))))\n"
    )
    exec(text, namespace)
    call, reason = chosen(namespace["backward"])
    assert call == Call("torch", tensors=False)
    assert reason.endswith(", with NumPy arrays")
    assert all(result.ok for result in swept(namespace["backward"], "torch").results)


def test_an_unknown_convention_is_refused_with_the_list() -> None:
    with pytest.raises(CandidateError) as caught:
        chosen(reference, "keras")
    assert str(caught.value) == (
        "there is no convention 'keras'; the conventions are "
        "auto, article, coursera, cs231n, alx, torch, problem"
    )


@SELDOM
def test_a_signature_of_no_convention_is_told_how_to_adapt() -> None:
    def backward(a: Any, b: Any, c: Any) -> Any:
        return a, b, c

    with pytest.raises(CandidateError, match=r"backward\(a, b, c\) fits no convention, and its names "):
        chosen(backward)


SAME = """
import numpy as np

def around(A, f, pads):
    A = np.pad(A, ((0, 0), *pads, (0, 0)))
    return A, np.lib.stride_tricks.sliding_window_view(A, f, axis=(1, 2))

def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    p = [(-(-(f - 1) // 2),) * 2 if padding == "same" else (0, 0) for f in W.shape[:2]]
    v = around(A_prev, W.shape[:2], p)[1][:, :: stride[0], :: stride[1]]
    return activation(np.einsum("nhwcij,ijco->nhwo", v, W) + b)

def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    if stride != (1, 1):
        raise NotImplementedError
    n = dZ.shape[1:3]
    p = [(BEFORE if padding == "same" else 0,) for f in W.shape[:2]]
    p = [(q, m + f - 1 - s - q) for (q,), m, f, s in zip(p, n, W.shape, A_prev.shape[1:])]
    A, v = around(A_prev, W.shape[:2], p)
    dA = np.zeros(A.shape)
    for i, j in np.ndindex(*W.shape[:2]):
        dA[:, i : i + n[0], j : j + n[1]] += dZ @ W[i, j].T
    dA = dA[:, p[0][0] : p[0][0] + A_prev.shape[1], p[1][0] : p[1][0] + A_prev.shape[2]]
    return dA, np.einsum("nhwcij,nhwo->ijco", v, dZ), dZ.sum((0, 1, 2), keepdims=True)
"""


@SELDOM
@pytest.mark.parametrize(("before", "failing"), [("-(-(f - 1) // 2)", 0), ("(f - 1) // 2", 3)])
def test_an_odd_amount_of_padding_is_tried_as_its_own_forward_rounds(
    files: Files, before: str, failing: int
) -> None:
    file = files.write("same.py", SAME.replace("BEFORE", before))
    with Worker.of_target(Target.parse(f"{file}:conv_backward")) as running:
        results = sweep(running).results
    failed = [result.right.problem.geometry for result in results if result.failed]
    assert [geometry.kernel_shape[1:3] for geometry in failed] == [(2, 2), (2, 3), (4, 4)][:failing]
    assert sum(result.ok for result in results) >= 10
