from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from convstep.conv import held, storage
from convstep.conv.problem import Problem, ProblemError
from tests.strategies import SELDOM, problems, some

ARRAYS = ("A_prev", "W", "b", "dZ")
NUMBERS = ("stride", "padding", "dilation", "groups")


def small(**changes: Any) -> Problem:
    rng = np.random.default_rng(3)
    arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((4, 5, 2)),
        "W": rng.standard_normal((3, 2, 3, 2)),
        "b": rng.standard_normal(3),
        "dZ": rng.standard_normal((2, 2, 3)),
        "stride": (2, 3),
        "padding": ((0, 1), (1, 0)),
    }
    return Problem(**(arrays | changes))


def written(problem: Problem) -> bytes:
    file = io.BytesIO()
    storage.write(problem, file)
    return file.getvalue()


def read(content: bytes) -> Problem:
    return storage.read(io.BytesIO(content), "some.npz")


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def assert_same(first: Problem, second: Problem) -> None:
    for name in ARRAYS:
        ours, theirs = getattr(first, name), getattr(second, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            assert (ours.dtype, ours.shape, ours.tobytes()) == (theirs.dtype, theirs.shape, theirs.tobytes())
    for name in (*NUMBERS, "dZ_drawn"):
        assert getattr(first, name) == getattr(second, name), name


def sentence_of(content: bytes) -> str:
    with pytest.raises(ProblemError) as caught:
        read(content)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("some.npz")
    return str(caught.value)


@given(problems())
def test_load_gives_back_what_was_saved_bit_for_bit(problem: Problem) -> None:
    assert_same(read(written(problem)), problem)


def test_round_trip_keeps_nan_payloads_infinities_and_negative_zero(tmp_path: Path) -> None:
    odd = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e308, 0.1])
    odd.view(np.uint64)[0] |= np.uint64(12345)  # a NaN with something in its payload
    problem = small(A_prev=np.resize(odd, (4, 5, 2)), b=odd[:3])
    problem.save(tmp_path / "odd.npz")
    assert_same(Problem.load(tmp_path / "odd.npz"), problem)
    assert_same(Problem.load(str(tmp_path / "odd.npz")), problem)


def test_drawn_dZ_stays_drawn_and_stays_the_same() -> None:
    problem = small(dZ=None)
    assert problem.dZ_drawn
    assert_same(read(written(problem)), problem)
    with np.load(io.BytesIO(written(problem))) as found:
        assert set(found.files) == {"A_prev", "W", "b", *NUMBERS, "layout"}


def test_only_A_prev_and_W_are_required() -> None:
    problem = read(archive(A_prev=np.ones((3, 4, 1)), W=np.ones((2, 2, 2, 1))))
    assert problem.b is None
    assert problem.dZ_drawn
    assert (problem.stride, problem.padding, problem.groups) == ((1, 1), ((0, 0), (0, 0)), 1)


@pytest.mark.parametrize(
    ("padding", "expected"),
    [("same", ((0, 1), (1, 1))), (1, ((1, 1), (1, 1))), ((2, 1), ((2, 2), (1, 1)))],
)
def test_hyperparameters_are_read_in_every_form(padding: Any, expected: Any) -> None:
    found = read(archive(A_prev=np.ones((3, 4, 1)), W=np.ones((1, 2, 3, 1)), padding=padding, dilation=1))
    assert found.padding == expected


def test_nchw_arrays_become_channels_last() -> None:
    problem = small(A_prev=np.random.default_rng(0).standard_normal((2, 4, 5, 2)), dZ=None)
    turned = {name: np.moveaxis(getattr(problem, name), -1, 1) for name in ("A_prev", "W", "dZ")}
    numbers = {name: getattr(problem, name) for name in NUMBERS}
    found = read(archive(layout="NCHW", b=problem.b, **turned, **numbers))
    for name in ARRAYS:
        assert getattr(found, name).tobytes() == getattr(problem, name).tobytes()


def test_nchw_without_a_batch_axis_becomes_channels_last() -> None:
    problem = small()
    found = read(
        archive(
            layout="NCHW",
            A_prev=np.moveaxis(problem.A_prev, -1, 0),
            W=np.moveaxis(problem.W, -1, 1),
            dZ=np.moveaxis(problem.dZ, -1, 0),
            stride=(2, 3),
            padding=((0, 1), (1, 0)),
        )
    )
    assert found.A_prev.tobytes() == problem.A_prev.tobytes()
    assert found.dZ.tobytes() == problem.dZ.tobytes()


A_PREV, W = np.ones((3, 3, 1)), np.ones((1, 2, 2, 1))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"W": W}, ["no array 'A_prev'", "holds W"]),
        ({"A_prev": A_PREV}, ["no array 'W'", "holds A_prev"]),
        ({}, ["no array 'A_prev'", "holds nothing"]),
        ({"A_prev": A_PREV, "W": W, "strides": 2}, ["'strides'", "'stride'"]),
        ({"A_prev": A_PREV, "Dz": 1, "grups": 1}, ["'grups'", "'groups'"]),
        ({"A_prev": A_PREV, "W": W, "layout": "CHWN"}, ["'CHWN'", '"NCHW"']),
        ({"A_prev": A_PREV, "W": W, "stride": 0}, ["stride is 0", "at least 1"]),
        ({"A_prev": A_PREV, "W": np.ones((1, 5, 2, 1))}, ["5x2", "3x3", "add padding"]),
        ({"A_prev": A_PREV + 1j, "W": W}, ["complex128"]),
        ({"A_prev": A_PREV, "W": W, "stride": np.ones((2, 2))}, ["stride"]),
        ({"A_prev": A_PREV, "W": W, "padding": [1.5, 2]}, ["padding", "1.5"]),
        ({"A_prev": A_PREV, "W": W, "padding": [["a"]]}, ["padding"]),
        ({"A_prev": A_PREV, "W": W, "padding": [1]}, ["padding has 1 entry, (1,); it"]),
        ({"A_prev": A_PREV, "W": W, "padding": np.longdouble(0)}, ["padding is 0.0; it must be"]),
        ({"A_prev": A_PREV, "W": W, "padding": np.zeros((2, 2), "g")}, ["padding[0][0] is 0.0; it must be"]),
        ({"A_prev": A_PREV, "W": W, "layout": np.bytes_(b"CHWN")}, ["layout is 'CHWN'; it must be"]),
        ({"A_prev": np.ones(4), "W": W}, ["A_prev has 1 axis, shape 4; it needs 3 or 4"]),
        ({"A_prev": A_PREV, "W": W, "padding": 20_000}, ["with padding 20000 its arrays take 17.9 GiB at"]),
    ],
)
def test_a_file_that_is_no_problem_is_told_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arrays: dict[str, Any], words: list[str]
) -> None:
    monkeypatch.setattr(storage, "free_memory", lambda: 2.0**32)
    said = sentence_of(archive(**arrays))
    for word in words:
        assert word in said


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04", b"\x93NUMPY", bytes(1000)])
def test_other_formats_are_told_so(content: bytes) -> None:
    assert "not a readable .npz" in sentence_of(content)


@pytest.mark.parametrize(
    "content", [b"some text", b"", pickle.dumps({}), b"PK\x03\x04", b"\x93NUMPY", b"PK" + bytes(50)]
)
def test_nobody_is_told_what_a_library_says_of_a_damaged_file_nor_to_load_it_unsafely(content: bytes) -> None:
    said = sentence_of(content)
    known = content.startswith((b"PK\x03\x04", b"\x93NUMPY"))
    kind = "damaged or cut off" if known else "of another kind"
    assert kind in said
    for word in ("pickle", "trust", "unsafe", "zip file", "EOF", "magic"):
        assert word not in said


def test_python_objects_in_an_array_are_named() -> None:
    said = sentence_of(archive(A_prev=np.array([{}], object), W=np.ones((1, 1, 1, 1))))
    assert said.endswith(
        "an array in it holds Python objects, which are never loaded; save arrays of numbers"
    )


def test_a_single_array_is_no_problem() -> None:
    file = io.BytesIO()
    np.save(file, np.ones(3))
    assert "holds a single array" in sentence_of(file.getvalue())


class Explosive:
    exploded = False

    def __reduce__(self) -> Any:
        return setattr, (Explosive, "exploded", True)


def test_nothing_in_a_file_is_ever_unpickled() -> None:
    bomb = np.array([Explosive()], object)
    for content in (archive(A_prev=bomb, W=np.ones((1, 1, 1, 1))), pickle.dumps(Explosive())):
        assert "not a readable .npz" in sentence_of(content)
    file = io.BytesIO()
    np.save(file, bomb)
    assert "not a readable .npz" in sentence_of(file.getvalue())
    assert not Explosive.exploded


def test_a_truncated_file_is_a_problem_error_wherever_it_ends() -> None:
    content = written(small())
    for end in range(0, len(content), 7):
        sentence_of(content[:end])


def flipped(content: bytes, place: int, mask: int) -> bytes:
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


@pytest.mark.parametrize("mask", [0x01, 0x10, 0x80, 0xFF])
@pytest.mark.parametrize("compressed", [True, False])
def test_a_damaged_byte_is_a_problem_error_or_harmless_wherever_it_is(mask: int, compressed: bool) -> None:
    content = written(small()) if compressed else archive(A_prev=A_PREV, W=W, padding=((1, 1), (0, 1)))
    refused = 0
    for place in some(range(mask % 3, len(content), 3), 7):
        try:
            read(flipped(content, place, mask))
        except ProblemError:
            refused += 1
    assert refused > len(some(range(len(content)), 7)) / 10


def test_sizes_beyond_all_memory_are_a_problem_error() -> None:
    arrays = {"A_prev": np.ones((3, 3, 1)), "W": np.ones((1, 2, 2, 1))}
    for padding in (2**40, 2**62, 2**63 - 1):
        sentence_of(archive(**arrays, padding=padding))


def header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of whatever bytes, beside an `A_prev` and a `W` that are right."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in ({"A_prev": npy(A_PREV), "W": npy(W)} | members).items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


LARGE = 20_000_000
"""Bytes that are few in a zip, and more than reading may take."""


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """What is done takes no more memory than a table of names, whatever a file claims."""
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < LARGE / 4


RECORDED = {"recorded_by": npy("me"), "recorded_eps": npy(2.0**-23)}


def refused_at_once(content: bytes) -> str:
    with little_memory():
        return sentence_of(content)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (lambda: {"A_prev": header((2**62,))}, "damaged"),
        (lambda: {"A_prev": header((2**62, 2**62))}, "damaged"),
        (lambda: {"A_prev": header((-1,))}, "damaged"),
        (lambda: {"A_prev": header((2**62,), "<U0")}, "claims arrays of"),
        (lambda: {"stride": header((2**62,), "<U0")}, "'stride' claims 4,611,686,018,427,387,904 bytes"),
        (lambda: {"layout": header((), "<U100000") + bytes(400_000)}, "'layout' claims 400,000 bytes"),
        (lambda: {"A_prev": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * LARGE}, "damaged"),
        (lambda: {"A_prev": b"\x93NUMPY\x01\x00\x28\x23" + b"(" * 9000}, "damaged"),
        (lambda: {"A_prev": npy(A_PREV) + bytes(LARGE)}, "damaged"),
        (lambda: {"A_prev": b""}, "damaged"),
        (lambda: {"A_prev": npy(np.zeros((2000, 2000, 2)))}, "W expects 1 channels but A_prev has 2"),
        (lambda: {"A_prev": npy(np.zeros((1, 2000, 2000))), "layout": npy("NCHW")}, "W expects 2 channels"),
        (lambda: {"dZ": npy(np.zeros((2000, 2000, 1)))}, "dZ is 2000x2000x1 but this geometry gives"),
        (lambda: {"A_prev": npy(np.zeros((2000, 2000, 1), complex))}, "complex128"),
        (lambda: {"A_prev": npy(np.zeros((2000, 2000)))}, "A_prev has 2 axes"),
        (lambda: {"A_prev": npy(np.zeros((0, 2000, 2000)))}, "A_prev is empty"),
        (lambda: {"b": npy(np.zeros(4_000_000))}, "b has 4000000 values but W has 1 filters"),
        (
            lambda: RECORDED | {"recorded_dW": npy(np.zeros((1, 2000, 2000, 1)))},
            "recorded dW is 1x2000x2000x1",
        ),
        (
            lambda: RECORDED | {"recorded_dA_prev": npy(np.zeros(4_000_000, complex))},
            "recorded_dA_prev has dtype",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_array_claims_is_checked_before_it_is_read(
    members: Callable[[], dict[str, bytes]], words: str
) -> None:
    assert words in refused_at_once(zipped(members()))


@pytest.mark.parametrize("claimed", [100, 0xFFFFFFF0])
def test_a_zip_that_lies_about_a_size_is_damaged(claimed: int) -> None:
    true = len(header((3, 3, 1))) + LARGE
    content = zipped({"A_prev": header((3, 3, 1)) + bytes(LARGE)})
    sizes = true.to_bytes(4, "little")
    assert content.count(sizes) == 2  # beside the array, and in the directory
    assert "damaged" in refused_at_once(content.replace(sizes, claimed.to_bytes(4, "little")))


@SELDOM
@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_without_bounds_is_none_of_ours(method: int) -> None:
    assert "compressed in a way that is not read" in refused_at_once(
        zipped({"A_prev": header((3, 3, 1)) + bytes(LARGE)}, method)
    )


def test_entries_that_share_bytes_are_damaged() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, values in (("A_prev", A_PREV), ("W", W), ("more", W)):
            archive.writestr(f"{name}.npy", npy(values))
        archive.filelist[2].header_offset = archive.filelist[1].header_offset
    assert "damaged" in sentence_of(file.getvalue())


def test_a_directory_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npz"
    size = 10 << 30
    with open(path, "wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(size)
        file.write(struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 9, 9, size - 1000, 1000))
        file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1))
        file.write(struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 2**16 - 1, 2**16 - 1, *2 * [2**32 - 1], 0))
    with little_memory(), pytest.raises(ProblemError, match="claims more arrays than are looked through"):
        Problem.load(path)


def test_only_what_is_asked_for_is_read_and_the_rest_is_listed() -> None:
    content = zipped({"huge": header((LARGE // 8,)) + bytes(LARGE), "broken": b"no array"})
    with little_memory():
        assert read(content).A_prev.shape == (3, 3, 1)
    renamed = content.replace(b"A_prev.npy", b"B_prev.npy")
    with pytest.raises(ProblemError, match="unknown array 'B_prev'; did you mean 'A_prev'"):
        read(renamed)
    renamed = content.replace(b"A_prev.npy", b"pixels.npy")
    assert refused_at_once(renamed).endswith("no array 'A_prev'; it holds W, broken, huge, pixels")


def test_arrays_larger_than_the_memory_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped({"A_prev": npy(np.ones((2**10, 2**11, 1), np.float32))})
    monkeypatch.setattr(storage, "free_memory", lambda: 4 * 2**23 + 4000.0)
    assert read(content).A_prev.shape == (2**10, 2**11, 1)
    monkeypatch.setattr(storage, "free_memory", lambda: 4 * 2**23 - 1.0)
    assert "GiB; stepping through them takes 4 times as much memory" in sentence_of(content)
    assert 2**20 < held.free_memory() <= float("inf")


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.npz", "does not exist"), ("", "is a folder")],
)
def test_a_path_without_a_file_is_told_so(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        Problem.load(tmp_path / name)


def test_a_failing_save_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "held.npz"
    small().save(path)
    before = path.read_bytes()

    def fail(problem: Problem, file: Any) -> None:
        file.write(b"half of a pro")
        raise OSError("no space left")

    monkeypatch.setattr(storage, "write", fail)
    with pytest.raises(OSError, match="no space left"):
        small(dZ=None).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["held.npz"]


def test_an_interrupted_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(source: Any, target: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        small().save(tmp_path / "new.npz")
    assert os.listdir(tmp_path) == []


def test_save_writes_exactly_the_path_it_is_given(tmp_path: Path) -> None:
    small().save(tmp_path / "no_suffix")
    small().save(tmp_path / "no_suffix")
    assert os.listdir(tmp_path) == ["no_suffix"]
    assert (tmp_path / "no_suffix").stat().st_mode & 0o600 == 0o600
    with pytest.raises(OSError, match="No such file"):
        small().save(tmp_path / "missing" / "file.npz")
