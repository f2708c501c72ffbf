"""What `capture` is asked to keep, and what a run of it takes."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.oracle.captured import CaptureError
from convstep.oracle.comparison import compare
from tests.oracle.test_capture import assert_agrees, images, model_of_all_kinds, train

torch = pytest.importorskip("torch")
nn = torch.nn

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


def names(prefix: str, *kinds: str) -> list[str]:
    return [f"{prefix}.{kind}" for kind in kinds]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["features.same", "features.plain"], names("features", "plain", "same")),
        (["features.d*"], names("features", "dilated", "depthwise")),
        ("*.strided", names("features", "strided")),
        (["features.[su]*"], names("features", "strided", "same", "uneven")),
        (["features.same", "features.u*"], names("features", "same", "uneven")),
    ],
)
def test_layers_are_names_and_patterns(layers: Any, expected: list[str]) -> None:
    model = model_of_all_kinds()
    with convstep.capture(model, layers=layers) as captured:
        train(model, images())
    assert captured.names == expected
    assert captured.skipped == []


def test_layers_are_modules_and_whole_parts() -> None:
    model = nn.Sequential(model_of_all_kinds(), nn.Linear(4, 4))
    for layers in ([model[0].features.same, "0.features.plain"], [model[0].features], ["0"]):
        with convstep.capture(model, layers=layers) as captured:
            train(model, images())
        assert len(captured.names) == (2 if len(layers) == 2 else 8)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layers": ["zzz*"]}, "the model has no layer 'zzz*'; the conv layers are 'features.plain'"),
        ({"layers": ["features.same", "head"]}, "'head' is a Linear, not an nn.Conv2d"),
        ({"layers": ["he*"]}, "the model has no layer 'he*'"),
        ({"layers": []}, "layers is empty; leave it out to capture all of them"),
        ({"layers": [3]}, "layer is an int; it must be a dotted name"),
        ({"layers": 3}, "layer is an int; it must be a dotted name"),
        ({"layers": ["nowhere F.conv2d #1"]}, "the model has no layer 'nowhere F.conv2d #1'"),
        ({"layer": "features.same", "layers": ["features.same"]}, "layer and layers are given"),
        ({"last": 0}, "last is 0; it must be how many backward passes to keep, a whole number"),
        ({"last": True}, "last is True; it must be"),
        ({"sample": 1.5}, "sample is 1.5; it must be the number of a sample, from 0, a whole number"),
        ({"limit": "2GB"}, "limit is '2GB'; it must be how many bytes to keep at most"),
        ({"when": "always"}, "when is 'always'; it must be the number of a backward pass, several such as"),
        ({"when": 2.5}, "when is 2.5; it must be"),
        ({"when": True}, "when is True; it must be"),
    ],
)
def test_what_cannot_be_asked_for_gets_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CaptureError) as caught:
        convstep.capture(model_of_all_kinds(), **options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def steps(count: int = 6, **options: Any) -> Any:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv, **options) as captured:
        train(nn.Sequential(conv, nn.AdaptiveAvgPool2d(2), nn.Flatten()), images(), count)
    return captured


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"last": 2}, [4, 5]),
        ({"when": 3}, [3]),
        ({"when": range(1, 100, 2)}, [1, 3, 5]),
        ({"when": {0, 5}}, [0, 5]),
        ({"when": lambda number: number % 3 == 0}, [0, 3]),
        ({"when": lambda number: number < 5, "last": 2}, [3, 4]),
    ],
)
def test_which_backward_passes_are_kept(options: dict[str, Any], kept: list[int]) -> None:
    captured = steps(**options)
    assert [layer.step for layer in captured.layers] == kept
    assert [layer.call for layer in captured.layers] == list(range(len(kept)))
    for layer in captured.layers:
        assert_agrees(layer, {"dW", "db"})


def test_when_is_asked_once_for_a_pass() -> None:
    asked: list[int] = []
    model = model_of_all_kinds()

    def second(number: int) -> bool:
        asked.append(number)
        return number == 1

    with convstep.capture(model, when=second) as captured:
        train(model, images(), 3)
    assert asked == [0, 1, 2]
    assert [layer.step for layer in captured.layers] == [1] * 8


def test_when_no_pass_is_chosen_the_layer_is_listed() -> None:
    (row,) = steps(when=99).skipped
    assert row.reason == "ran only for backward passes that when= does not choose"
    assert row.calls == 6


def test_last_takes_no_more_memory_than_these_passes() -> None:
    assert steps(last=1).memory == steps(1).memory == steps(20, last=1).memory
    assert steps(3).memory == 3 * steps(1).memory


def test_memory_is_that_of_the_arrays() -> None:
    (layer,) = steps(1).layers
    arrays = [layer.convolution.A_prev, layer.convolution.W, layer.convolution.b, layer.dZ]
    expected = sum(array.nbytes for array in [*arrays, *layer.gradients.values()] if array is not None)
    assert steps(1).memory == expected


@pytest.mark.parametrize("sample", [0, 2, -1])
def test_one_sample_is_kept_of_every_batch(sample: int) -> None:
    model = model_of_all_kinds()
    with convstep.capture(model, "features.strided") as whole:
        train(model, images())
    model = model_of_all_kinds()
    with convstep.capture(model, "features.strided", sample=sample) as captured:
        train(model, images())
    layer, all_of_it = captured.layer(), whole.layer().problem(sample)
    problem = layer.problem()
    np.testing.assert_array_equal(problem.A_prev, all_of_it.A_prev)
    np.testing.assert_array_equal(problem.dZ, all_of_it.dZ)
    assert_agrees(layer, {"dA_prev"})
    assert set(layer.gradients) == {"dW", "db", "dA_prev"}
    np.testing.assert_array_equal(layer.gradients["dW"], whole.layer().gradients["dW"])
    assert layer.note == (
        f"dW and db belong to all 4 samples of the batch, of which sample {sample % 4} was kept; not compared"
    )
    np.testing.assert_array_equal(captured.problem(sample=sample).dZ, problem.dZ)
    with pytest.raises(CaptureError, match=f"sample 1 of 'features.strided' was not kept; capture kept {''}"):
        captured.problem(sample=1)
    assert captured.memory < whole.memory / 2


def test_a_sample_of_a_batch_of_one_keeps_all_gradients_and_a_short_batch_is_listed() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv, sample=0) as captured:
        conv(images(1)).square().sum().backward()
        conv(images()[0]).square().sum().backward()
    for layer in captured.layers:
        assert_agrees(layer, {"dW", "db"})
    with convstep.capture(conv, sample=2) as captured:
        conv(images(2)).sum().backward()
    (row,) = captured.skipped
    assert row.reason == "ran on batches that have no such sample; choose another sample="


def test_beyond_the_limit_nothing_more_is_kept_and_nothing_is_lost() -> None:
    one = steps(1).memory
    with pytest.warns(RuntimeWarning, match=f"has reached its limit of {3 * one} bytes; what it has is kept"):
        captured = steps(limit=3 * one)
    assert [layer.step for layer in captured.layers] == [0, 1, 2]
    assert captured.memory == 3 * one
    for layer in captured.layers:
        assert_agrees(layer, {"dW", "db"})
    (row,) = captured.skipped
    assert (row.name, row.calls) == ("Conv2d", 3)
    assert row.reason.startswith(
        f"did not fit below the limit of {3 * one} bytes; give capture a larger limit="
    )
    with pytest.warns(RuntimeWarning):
        captured = steps(limit=1)
    with pytest.raises(CaptureError, match="'Conv2d' did not fit below the limit of 1 bytes"):
        captured.problem()


def test_room_is_free_again_when_passes_go_or_no_backward_can_reach_a_call() -> None:
    one = steps(1).memory
    conv = nn.Conv2d(3, 3, 3)
    gc.disable()  # it frees at once: there are no rings
    try:
        assert [layer.step for layer in steps(20, last=1, limit=2 * one).layers] == [19]
        with convstep.capture(conv, limit=2 * one) as captured:
            for _ in range(10):
                conv(images())  # differentiable, and let go
    finally:
        gc.enable()
    with convstep.capture(conv, limit=2 * one) as captured:
        conv(images())
        assert captured._log.held.bytes == captured.memory == 0
        conv(images()).sum().backward()
    assert len(captured.layers) == 1


def test_a_second_pass_through_a_call_takes_room_too() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv, limit=steps(1).memory) as captured:
        Z = conv(images())
        Z.sum().backward(retain_graph=True)
        with pytest.warns(RuntimeWarning, match="limit"):
            Z.square().sum().backward()
    assert [layer.step for layer in captured.layers] == [0]
    assert captured.skipped[0].calls == 1


def test_without_a_with_block_it_says_what_to_write() -> None:
    conv = nn.Conv2d(3, 3, 3)
    capture = convstep.capture(conv)
    for use in (lambda: capture.problem(), lambda: capture.layers, lambda: convstep.debug(capture)):
        with pytest.raises(CaptureError, match=r"write: with convstep.capture\(model\) as captured:"):
            use()
    assert not hasattr(capture, "problem")
    assert not hasattr(capture, "shape")
    with capture:  # without `as`
        conv(images()).square().sum().backward()
    assert compare(capture.problem()).ok
    with capture as again:  # for a second time
        pass
    assert again.layers == []


def test_a_call_that_ran_too_early_for_its_pass_is_listed_for_that() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv, when=1) as captured:
        first, second = conv(images()), conv(images())
        first.sum().backward()
        second.sum().backward()
    (row,) = captured.skipped
    assert row.reason.startswith("was reached by a backward pass that when= chooses, but had run while")
    with convstep.capture(conv, when=1) as captured:
        conv(images())
    assert captured.skipped[0].reason.startswith("ran but no backward pass reached it")


@pytest.mark.parametrize("last", [1, 2])
def test_the_oldest_pass_makes_room_before_the_limit_refuses(last: int) -> None:
    one = steps(1).memory
    captured = steps(6, last=last, limit=last * one)
    assert [layer.step for layer in captured.layers] == list(range(6))[-last:]
    assert captured.skipped == []
    assert captured.memory == last * one


def test_what_is_kept_stays_where_no_other_pass_comes() -> None:
    conv = nn.Conv2d(3, 3, 3)
    with convstep.capture(conv, last=1, limit=steps(1).memory) as captured:
        train(nn.Sequential(conv, nn.AdaptiveAvgPool2d(2), nn.Flatten()), images())
        kept = conv(images())  # an evaluation without torch.no_grad()
    assert [layer.step for layer in captured.layers] == [0]
    del kept


def test_beyond_the_limit_it_advises_what_can_be_done() -> None:
    with pytest.warns(RuntimeWarning, match=r"and give capture a larger limit=$"):
        (row,) = steps(1, last=1, sample=0, limit=1).skipped
    assert row.reason == "did not fit below the limit of 1 bytes; give capture a larger limit="
    with pytest.warns(RuntimeWarning, match=r"and give capture sample= or a larger limit=$"):
        (row,) = steps(1, last=1, limit=1).skipped
    assert row.reason.endswith("or let it keep less by sample=")
    with pytest.warns(RuntimeWarning, match=r"limit"):
        (row,) = steps(2, limit=steps(1).memory).skipped
    assert row.reason.endswith("or let it keep less by last= or when= or sample=")
