"""A whole capture in one file: what is written is read again, and nothing that is not ours."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convstep
from convstep.conv import held
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.storage import RUN
from convstep.oracle import run_file
from convstep.oracle.captured import Captured, CapturedLayer, CaptureError
from convstep.view.panels.layers import details
from tests.captures import alone, repeated, small
from tests.strategies import SELDOM

Array = Any


def same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray):
        return (first.dtype, first.shape, first.tobytes()) == (second.dtype, second.shape, second.tobytes())
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[name], second[name]) for name in first)
    return type(first) is type(second) and bool(first == second)


def assert_same_layer(first: CapturedLayer, second: CapturedLayer) -> None:
    """Field by field, also those that are added one day; which tensors were parameters is not kept."""
    for one, other, but in (
        (first, second, "convolution"),
        (first.convolution, second.convolution, "parameters"),
    ):
        for field in fields(one):
            if field.name != but:
                assert same(getattr(one, field.name), getattr(other, field.name)), field.name


@pytest.mark.parametrize("captured", [small, lambda: small(True), repeated, lambda: alone(small(), "3")])
def test_all_that_was_captured_is_read_again_bit_for_bit(captured: Any, tmp_path: Path) -> None:
    given, path = captured(), tmp_path / "run.npz"
    given.save(path)
    found = Captured.load(path)
    assert found.names == given.names
    assert found.skipped == given.skipped
    assert len(found.layers) == len(given.layers)
    for ours, theirs in zip(given.layers, found.layers, strict=True):
        assert_same_layer(ours, theirs)
        assert not theirs.dZ.flags.writeable
    assert found.layer(found.names[-1]).note == given.layer(given.names[-1]).note
    assert sum(values.nbytes for values in arrays_of(path).values()) == found.memory


def test_what_was_not_captured_answers_as_it_did(tmp_path: Path) -> None:
    repeated().save(tmp_path / "run.npz")
    found = Captured.load(tmp_path / "run.npz")
    assert [(skipped.name, skipped.calls) for skipped in found.skipped] == [("frozen", 2)]
    for name in ("frozen", "onec"):
        with pytest.raises(CaptureError) as before:
            repeated().layer(name)
        with pytest.raises(CaptureError) as after:
            found.layer(name)
        assert str(after.value).partition(";")[0] == str(before.value).partition(";")[0]


def test_arrays_that_calls_share_are_in_the_file_once(tmp_path: Path) -> None:
    repeated().save(tmp_path / "run.npz")
    found = Captured.load(tmp_path / "run.npz")
    first, second = (found.layer("twice", call) for call in (0, 1))
    assert first.gradients["dW"] is second.gradients["dW"]
    assert first.shared_by == 2


def test_a_single_call_is_a_problem_as_well_and_a_layer_is_one_only(tmp_path: Path) -> None:
    captured, path = alone(small()), tmp_path / "one.npz"
    captured.save(path)
    assert Problem.load(path).A_prev.tobytes() == captured.problem().A_prev.tobytes()
    recorded = Problem.load(path).recorded
    assert recorded is not None
    assert set(recorded.gradients) == {"dW", "db", "dA_prev"}
    assert not run_file.holds_several(path)
    for chosen in ({"layer": "2"}, {"layer": 2, "sample": 0}, {"layer": "2", "call": 0}):
        small().save(path, **chosen)
        assert RUN not in arrays_of(path, all_of_them=True)
        assert Problem.load(path).W.shape == (3, 1, 1, 4)
    with pytest.raises(CaptureError, match="name one with layer="):
        small().save(path, sample=0)


def test_of_several_calls_the_file_is_no_problem_and_says_so(tmp_path: Path) -> None:
    small().save(tmp_path / "run.npz")
    assert run_file.holds_several(tmp_path / "run.npz")
    with pytest.raises(ProblemError, match="several captured calls, not one problem; `convstep open "):
        Problem.load(tmp_path / "run.npz")
    small().problem(layer="0").save(tmp_path / "problem.npz")
    with pytest.raises(ProblemError, match="no captured layers"):
        Captured.load(tmp_path / "problem.npz")


def test_what_cannot_be_saved_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    with convstep.capture(torch.nn.Conv2d(1, 1, 1)) as nothing:
        pass
    path = tmp_path / "run.npz"
    path.write_bytes(b"older")
    with pytest.raises(CaptureError, match="was not called inside the block"):
        nothing.save(path)
    with pytest.raises(CaptureError, match=r"saved as \.npz, not as \.pt"):
        small().save(tmp_path / "run.pt")
    monkeypatch.setattr(run_file, "LONGEST_TEXT", 100)
    with pytest.raises(CaptureError, match="4 captured calls are more than one file holds"):
        small().save(path)
    with pytest.raises(OSError, match="No such file"):
        repeated().layer("once").problem().save(tmp_path / "gone" / "run.npz")
    assert path.read_bytes() == b"older"
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]


@SELDOM
def test_as_many_calls_as_one_file_holds_can_be_read(tmp_path: Path) -> None:
    """The directory of the zip is longer than any of a few arrays, and may be."""
    layer = small().layers[2]
    entries = held.LONGEST_READ // run_file.ENTRY + 1
    names = {f"{at}.dZ": np.zeros((), np.float32) for at in range(entries)}
    text = {"version": 1, "by": layer.by, "calls": [], "skipped": []}
    file = io.BytesIO()
    np.savez(file, **(names | {RUN: np.frombuffer(json.dumps(text).encode(), np.uint8)}))  # type: ignore[arg-type]
    assert RUN in held.Members(file)


# ---- files that somebody else wrote


def arrays_of(path: Path, *, all_of_them: bool = False) -> dict[str, Array]:
    with np.load(path, allow_pickle=False) as found:
        return {name: found[name] for name in found.files if all_of_them or name[0].isdigit() or name in "Wb"
                or name in ("A_prev", "dZ", "recorded_dW", "recorded_db", "recorded_dA_prev")}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays of a run, and its text."""
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    small().save(path)
    arrays = arrays_of(path, all_of_them=True)
    text = json.loads(arrays.pop(RUN).tobytes())
    text["calls"] = text["calls"][2:]
    text["skipped"] = [{"name": "up", "kind": "ConvTranspose2d", "reason": "is transposed", "calls": 1}]
    return {name: values for name, values in arrays.items() if name[0] in "23"}, text


def loaded(path: Path, arrays: dict[str, Array], text: Any) -> Captured:
    content = text if isinstance(text, bytes) else json.dumps(text).encode()
    np.savez(path, **(arrays | {RUN: np.frombuffer(content, np.uint8)}))
    return Captured.load(path)


def sentence_of(path: Path, arrays: dict[str, Array], text: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        loaded(path, arrays, text)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    return str(caught.value).removeprefix(str(path))


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield from places(child, (*here, key))


def changed(value: Any, place: tuple[Any, ...], to: Any) -> Any:
    if not place:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(copy[place[0]], place[1:], to)
    return copy


MUTANTS: tuple[Any, ...] = (None, True, -1, 2**70, 0.5, "", "same", "2.W", [], {}, [1, 1], [[[]]], "\x1b[2J")


@SELDOM
def test_whatever_stands_in_the_text_is_refused_in_a_sentence_or_can_be_worked_with(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path
) -> None:
    arrays, text = written
    assert len(loaded(tmp_path / "run.npz", arrays, text).layers) == 2
    said: list[str] = []
    all_places = list(places(text))
    for at, place in enumerate(all_places):
        for to in MUTANTS[at % 3 :: 3]:  # each kind of place meets each mutant: calls have the same places
            try:
                found = loaded(tmp_path / "run.npz", arrays, changed(text, place, to))
            except ProblemError as error:
                said.append(str(error))
                continue
            for layer in found.layers:
                layer.problem()
                assert "\x1b" not in "".join(details(layer, 60))
    assert len(said) > len(all_places)
    assert all(sentence.isprintable() for sentence in said)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"\xff\xfe", b"[" * 100_000, b'{"version":1e999}'])
def test_what_is_no_text_of_ours_is_damaged(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path, content: bytes
) -> None:
    said = sentence_of(tmp_path / "run.npz", written[0], content)
    assert "damaged" in said or "another version" in said


def test_a_later_version_is_named(written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path) -> None:
    said = sentence_of(tmp_path / "run.npz", written[0], written[1] | {"version": 2})
    assert "saved by another version of convstep" in said


LARGE = np.zeros(20_000_000, np.uint8)


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("2.W", np.zeros((3, 1, 1, 5), np.float32), "call 0 (2): W expects 5 channels but A_prev has 4"),
        ("2.dZ", np.zeros((2, 3, 4, 2), np.float32), "call 0 (2): dZ is 3x4x2 but this geometry gives"),
        (
            "3.dW",
            np.zeros((3, 1, 1, 4), np.float32),
            "call 1 (3): the recorded dW is 3x1x1x4 but this problem's",
        ),
        ("3.b", np.zeros(5, np.float32), "call 1 (3): b has 5 values but W has 2 filters"),
        ("2.A_prev", np.zeros((2, 3, 4, 4), np.float16), "damaged"),
        ("2.A_prev", np.zeros((2, 3, 4, 4), complex), "damaged"),
        ("2.A_prev", np.zeros((2, 3, 4, 4), "U3"), "damaged"),
        ("2.A_prev", np.zeros((2, 0, 4, 4), np.float32), "A_prev is empty"),
        ("2.A_prev", np.zeros((), np.float32), "A_prev has 0 axes"),
        ("2.dZ", LARGE.view(np.float32), "dZ has 1 axis"),
        ("2.dZ", LARGE, "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_array_claims_is_looked_at_before_any_is_unpacked(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path, name: str, array: Array, words: str
) -> None:
    arrays, text = written
    content = np.frombuffer(json.dumps(text).encode(), np.uint8)
    np.savez_compressed(tmp_path / "run.npz", **(arrays | {name: array, RUN: content}))
    tracemalloc.start()
    try:
        with pytest.raises(ProblemError) as caught:
            Captured.load(tmp_path / "run.npz")
        assert tracemalloc.get_traced_memory()[1] < LARGE.nbytes / 4
    finally:
        tracemalloc.stop()
    assert words in str(caught.value)


def test_python_objects_are_never_loaded(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path
) -> None:
    arrays = written[0] | {"2.W": np.array([{}], object)}
    assert "holds Python objects, which are never loaded" in sentence_of(
        tmp_path / "x.npz", arrays, written[1]
    )


def test_a_text_that_is_too_long_is_not_read(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_file, "LONGEST_TEXT", 100)
    assert "damaged" in sentence_of(tmp_path / "run.npz", *written)


def test_a_run_larger_than_the_memory_is_not_read(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_file, "free_memory", lambda: 1000.0)
    assert "GiB of memory are free" in sentence_of(tmp_path / "run.npz", *written)


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_a_damaged_byte_is_a_sentence_or_harmless_wherever_it_is(
    written: tuple[dict[str, Array], dict[str, Any]], tmp_path: Path, mask: int
) -> None:
    path = tmp_path / "run.npz"
    loaded(path, *written)
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), 29):
        path.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            Captured.load(path)
        except ProblemError:
            refused += 1
    assert refused > len(content) / 29 / 2
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ProblemError, match="damaged or cut off"):
        Captured.load(path)
