from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import cli
from convstep.cli import problems
from convstep.conv import storage
from convstep.conv.problem import Problem, ProblemError
from convstep.oracle.tensor_files import load_tensors
from tests.oracle.problems import random_problem

torch = pytest.importorskip("torch")

GEOMETRY: dict[str, Any] = {"stride": (1, 2), "padding": ((0, 1), (1, 0)), "dilation": 1, "groups": 2}
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
NUMPY = FLOATS | {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}


def example(**changes: Any) -> Problem:
    return random_problem(batch=2, **(GEOMETRY | changes))


def arrays_of(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("A_prev", "W", "b", "dZ")}


def tensors_of(problem: Problem) -> dict[str, Any]:
    return {name: torch.from_numpy(np.array(values)) for name, values in arrays_of(problem).items()}


def assert_same(found: Problem, problem: Problem) -> None:
    for name, values in arrays_of(problem).items():
        np.testing.assert_array_equal(getattr(found, name), values, strict=True)
    assert found.geometry == problem.geometry


def safetensors(entries: dict[str, Any], body: bytes, metadata: Any = None) -> bytes:
    header = entries if metadata is None else entries | {"__metadata__": metadata}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def safetensors_of(arrays: dict[str, Any], metadata: Any = None) -> bytes:
    """The format's own bytes, as its own library writes them."""
    entries, body = {}, b""
    for name, given in arrays.items():
        values = np.asarray(given)
        kind = next(kind for kind, dtype in NUMPY.items() if np.dtype(dtype) == values.dtype)
        end = len(body) + values.nbytes
        entries[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(body), end]}
        body += values.tobytes()
    return safetensors(entries, body, metadata)


def refused(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ProblemError) as caught:
        load_tensors(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tensors_saved_by_torch_open(tmp_path: Path, suffix: str, dtype: type) -> None:
    problem = example(dtype=dtype)
    path = tmp_path / f"conv{suffix}"
    torch.save(tensors_of(problem) | GEOMETRY, path)
    assert_same(load_tensors(path), problem)
    torch.save(tensors_of(problem) | {name: torch.tensor(value) for name, value in GEOMETRY.items()}, path)
    assert_same(load_tensors(path), problem)


def test_pytorchs_words_open_in_its_layout(tmp_path: Path) -> None:
    problem = example()
    words = {"input": "A_prev", "weight": "W", "bias": "b", "grad_output": "dZ"}
    tensors = tensors_of(problem)
    named = {word: tensors[n].movedim(-1, 1) if n != "b" else tensors[n] for word, n in words.items()}
    torch.save(named | GEOMETRY, tmp_path / "words.pt")
    assert_same(load_tensors(tmp_path / "words.pt"), problem)


def test_half_precisions_and_parameters_open(tmp_path: Path) -> None:
    problem = example(dtype=np.float32)
    tensors = {name: torch.nn.Parameter(each.bfloat16()) for name, each in tensors_of(problem).items()}
    torch.save(tensors | GEOMETRY, tmp_path / "half.pt")
    found = load_tensors(tmp_path / "half.pt")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.W, tensors["W"].detach().float().numpy())


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("executed"),))


def test_a_file_that_needs_pickle_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(tensors_of(example()) | {"more": Evil()}, "evil.pt")
    with pytest.raises(ProblemError, match=r"evil\.pt holds more than tensors, and reading that could"):
        load_tensors("evil.pt")
    torch.save(torch.nn.Conv2d(1, 1, 1), "model.pt")
    with pytest.raises(ProblemError, match=r"model\.pt holds more than tensors"):
        load_tensors("model.pt")
    assert not Path("executed").exists()


@pytest.mark.parametrize("keep", [0, 5, 500])
def test_a_damaged_file_is_refused_in_our_own_words(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.pt"
    torch.save(tensors_of(example()), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ProblemError) as caught:
        load_tensors(path)
    assert str(caught.value).endswith("torch.save: it is damaged or of another kind; save it again")


@pytest.mark.parametrize(
    ("saved", "sentence"),
    [
        (torch.ones(3), "holds a Tensor, not tensors by name"),
        ([torch.ones(3)], "holds a list, not"),
        (3, "holds an int, not"),
        (None, "holds None, not"),
        ({3: torch.ones(3)}, "not tensors by name"),
        ({}, "has no array 'A_prev'; it holds nothing"),
        ({f"layer{i}.weight": torch.ones(1) for i in range(30)}, "and 22 more"),
        ({"A_prev": torch.ones(3, 3, 1).to_sparse(), "W": torch.ones(1)}, "'A_prev' is sparse"),
        ({"A_prev": torch.ones(3, 3, 1), "W": {"a": 1}}, "W has dtype object"),
        ({"A_prev": torch.ones(3, 3, 1), "W": torch.ones(1, 1, 1, 1), "stride": "two"}, "stride is 'two'"),
        ({"A_prev": torch.ones(3, 3, 1), "W": [[1], [1, 2]]}, "'W' cannot be read as an array"),
        (
            {"A_prev": torch.ones(3, 3, 1).to(torch.float8_e4m3fn), "W": torch.ones(1)},
            "A_prev has dtype float8_e4m3fn; convert it to float32 or float64",
        ),
        (
            {
                "A_prev": torch.ones(3, 3, 1),
                "W": torch.ones(1),
                "stride": torch.ones(2).to(torch.float8_e5m2),
            },
            "stride has dtype float8_e5m2; convert it",
        ),
        (
            {"A_prev": torch.ones(1).expand(2**13, 2**13, 1), "W": torch.ones(1, 1, 1, 2)},
            "W expects 2 channels but A_prev has 1",
        ),
        (
            {"A_prev": torch.ones(1).expand(10**6, 4, 5, 1), "W": torch.ones(1, 1, 1, 1)},
            "'A_prev' claims 80,000,000 bytes, which the file does not have",
        ),
    ],
)
def test_other_contents_of_torch_files_get_a_sentence(tmp_path: Path, saved: Any, sentence: str) -> None:
    torch.save(saved, tmp_path / "made.pt")
    said = refused(tmp_path / "some.pt", (tmp_path / "made.pt").read_bytes())
    assert sentence in said
    assert said.count("some.pt") == 1, said


def test_damaged_torch_files_get_a_sentence(tmp_path: Path) -> None:
    torch.save(tensors_of(example()), tmp_path / "made.pt")
    whole = (tmp_path / "made.pt").read_bytes()
    for content in (b"", b"hello", whole[:500], whole[:-100], bytes(100), b"\x80\x02}q\x00."):
        refused(tmp_path / "some.pt", content)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_safetensors_open(tmp_path: Path, dtype: type) -> None:
    problem = example(dtype=dtype)
    path = tmp_path / "conv.safetensors"
    path.write_bytes(safetensors_of(arrays_of(problem) | {n: np.asarray(v) for n, v in GEOMETRY.items()}))
    assert_same(load_tensors(path), problem)
    as_texts = {"stride": "[1, 2]", "padding": "[[0, 1], [1, 0]]", "groups": "2", "format": "pt"}
    path.write_bytes(safetensors_of(arrays_of(problem), as_texts))
    assert_same(load_tensors(path), problem)


def test_safetensors_metadata_hold_words(tmp_path: Path) -> None:
    path = tmp_path / "same.safetensors"
    arrays = {"A_prev": np.ones((1, 4, 4)), "W": np.ones((2, 1, 3, 3))}
    path.write_bytes(safetensors_of(arrays, {"padding": "same", "layout": "NCHW"}))
    assert load_tensors(path).geometry.padding == ((1, 1), (1, 1))


def test_safetensors_of_every_kind_of_number(tmp_path: Path) -> None:
    path = tmp_path / "kinds.safetensors"
    for kind, dtype in NUMPY.items():
        image = np.arange(9).reshape(3, 3, 1).astype(dtype)
        path.write_bytes(safetensors_of({"A_prev": image, "W": np.ones((1, 1, 1, 1), dtype)}))
        np.testing.assert_array_equal(load_tensors(path).A_prev, image, err_msg=kind)
    values = torch.randn(9).bfloat16()
    entries = {
        "A_prev": {"dtype": "BF16", "shape": [3, 3, 1], "data_offsets": [0, 18]},
        "W": {"dtype": "BF16", "shape": [1, 1, 1, 1], "data_offsets": [0, 2]},
    }
    entries["W"]["data_offsets"] = [18, 20]
    body = values.view(torch.int16).numpy().tobytes() + bytes(2)
    path.write_bytes(safetensors(entries, body))
    np.testing.assert_array_equal(load_tensors(path).A_prev.reshape(-1), values.float().numpy())
    entries["W"] = {"dtype": "BOOL", "shape": [1, 1, 1, 1], "data_offsets": [18, 19]}
    assert "W has dtype bool" in refused(path, safetensors(entries, body))


def entry(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": list(shape), "data_offsets": offsets}}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "ends too early"),
        (b"\x00\x00\x00", "ends too early"),
        (struct.pack("<Q", 2**63), "claims 9223372036854775808 bytes"),
        (struct.pack("<Q", 200_000_000) + b"{}", "claims 200000000 bytes"),
        (struct.pack("<Q", 2) + b"{", "claims 2 bytes"),
        (struct.pack("<Q", 4_000_000) + b" " * 4_000_000, "claims 4,000,000 bytes, and at most 3,000,000"),
        (struct.pack("<Q", 2) + b"[]", "not a table"),
        (struct.pack("<Q", 2) + b"\xff\xff", "not JSON"),
        (struct.pack("<Q", 100_000) + b"[" * 100_000, "not JSON"),
        (safetensors({"a": 3}, b""), "lacks its dtype"),
        (safetensors({"a": {"dtype": "F32", "shape": [1]}}, b""), "lacks its dtype"),
        (safetensors(entry(offsets=[0, 4, 8]), bytes(8)), "lacks its dtype"),
        (safetensors(entry("F8_E4M3"), bytes(4)), "dtype 'F8_E4M3'; convstep reads F64"),
        (safetensors(entry(["F32"]), bytes(4)), "has the dtype"),
        (safetensors(entry(shape=[-1]), bytes(4)), "make no sense"),
        (safetensors(entry(shape=[1.0]), bytes(4)), "make no sense"),
        (safetensors(entry(shape=[True]), bytes(4)), "make no sense"),
        (safetensors(entry(shape=[1] * 40), bytes(4)), "make no sense"),
        (safetensors(entry(shape=[2**62, 2**62]), bytes(4)), "claims bytes 0 to 4"),
        (safetensors(entry(offsets=[-4, 0]), bytes(4)), "make no sense"),
        (safetensors(entry(offsets=[4, 0]), bytes(4)), "claims bytes 4 to 0"),
        (safetensors(entry(offsets=[4, 8]), bytes(4)), "claims bytes 4 to 8"),
        (safetensors(entry() | {"b": entry()["a"]}, bytes(4)), "'b' overlaps the bytes of another"),
        (safetensors(entry(), bytes(4), {"x": 3}), "metadata is not a table"),
        (safetensors(entry(), bytes(4)), "has no array 'A_prev'; it holds a"),
        (safetensors({"\x1b[2J": entry()["a"]}, bytes(4)), "it holds \\x1b[2J"),
        (safetensors(entry(), bytes(4), {"A_prev": "[[[[" * 50}), "no array 'W'"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,
)
def test_hostile_safetensors_get_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in refused(tmp_path / "some.safetensors", content)


def test_a_path_that_is_no_file_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="does not exist"):
        load_tensors(tmp_path / "missing.pt")
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(ProblemError, match="is a folder"):
        load_tensors(tmp_path / "folder.pt")


def test_commands_open_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(tensors_of(example()) | GEOMETRY, "conv.pt")
    Path("Conv.SafeTensors").write_bytes(safetensors_of(arrays_of(example(groups=1)), {"stride": "[1, 2]"}))
    assert cli.main(["compare", "conv.pt"]) == 0
    assert "gradients match PyTorch" in capsys.readouterr().out
    assert cli.main(["trace", "conv.pt", "--to", "2"]) == 0
    assert cli.main(["compare", "Conv.SafeTensors"]) == 2
    assert capsys.readouterr().err.startswith("convstep: Conv.SafeTensors: dZ is ")
    session, problem = problems.start("conv.pt", "3", [])
    assert (session.problem, session.position) == ("conv.pt", 3)
    assert_same(problem, example())


def rewritten(path: Path, method: int = zipfile.ZIP_STORED, **records: bytes) -> bytes:
    """A file of torch.save with other bytes in some records: `data_pkl`, or `data0` for the first tensor."""
    file = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(file, "w", method) as target:
        for entry in source.infolist():
            name = entry.filename.partition("/")[2].replace("/", "").replace(".", "_")
            target.writestr(entry.filename, records.get(name, source.read(entry)))
    return file.getvalue()


DAMAGED = "it is damaged or of another kind; save it again"


@pytest.mark.parametrize(
    ("method", "records", "words"),
    [
        (zipfile.ZIP_DEFLATED, {"data0": bytes(10**7)}, DAMAGED),
        (zipfile.ZIP_DEFLATED, {"data_pkl": b"\x80\x02" + b"N0" * 10**6 + b"N."}, DAMAGED),
        (
            zipfile.ZIP_STORED,
            {"data_pkl": b"\x80\x02" + b"N0" * 10**6 + b"N."},
            "more arrays than are looked",
        ),
        (zipfile.ZIP_STORED, {"data_pkl": b"\x80\x02c" + b"a" * 10**5 + b"\nb\n."}, DAMAGED),
        (zipfile.ZIP_STORED, {"data_pkl": b"\x80\x02X\xff\xff\xff\x7fabc."}, DAMAGED),
    ],
    ids=range(5),
)
def test_what_torch_save_would_not_write_is_not_given_to_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: int, records: dict[str, bytes], words: str
) -> None:
    torch.save(tensors_of(example()), tmp_path / "made.pt")
    content = rewritten(tmp_path / "made.pt", method, **records)
    monkeypatch.setattr(torch, "load", None)
    assert words in refused(tmp_path / "some.pt", content)


def test_a_zip_in_front_of_a_zip_is_not_given_to_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(tensors_of(example()), tmp_path / "made.pt")
    whole = (tmp_path / "made.pt").read_bytes()
    at = whole.index(b"PK\x06\x07") + 8  # where torch looks for the directory, and zipfile does not
    monkeypatch.setattr(torch, "load", None)
    for content in (whole + whole, whole[:at] + bytes(8) + whole[at + 8 :]):
        assert DAMAGED in refused(tmp_path / "some.pt", content)


def test_a_tensor_that_repeats_its_numbers_opens_unless_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "free_memory", lambda: float("inf"))
    path = tmp_path / "expanded.pt"
    ones = {"A_prev": torch.ones(1).expand(3, 4, 1), "W": torch.ones(1, 1, 1, 1)}
    for zipped in (True, False):
        torch.save(ones, path, _use_new_zipfile_serialization=zipped)
        np.testing.assert_array_equal(load_tensors(path).A_prev, np.ones((3, 4, 1)))
        torch.save(
            ones | {"A_prev": torch.ones(1).expand(2**15, 2**15, 1)},
            path,
            _use_new_zipfile_serialization=zipped,
        )
        assert path.stat().st_size < 3000
        sentence = refused(path, path.read_bytes())
        assert "'A_prev' claims 4,294,967,296 bytes, which the file does not have" in sentence
        assert "tensor.contiguous()" in sentence


def test_lists_that_hold_each_other_are_not_unfolded(tmp_path: Path) -> None:
    nested: Any = [1.0]
    for _ in range(60):
        nested = [nested, nested]
    path = tmp_path / "lists.pt"
    torch.save({"A_prev": nested, "W": torch.ones(1, 1, 1, 1)}, path)
    assert "'A_prev' cannot be read as an array: it lists more than 100,000" in refused(
        path, path.read_bytes()
    )
    torch.save({"A_prev": [torch.ones(1).expand(2**15, 2**15)], "W": torch.ones(1, 1, 1, 1)}, path)
    assert "'A_prev' cannot be read as an array: it holds a Tensor" in refused(path, path.read_bytes())


def test_tensors_that_nobody_asks_for_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "more.pt"
    torch.save(tensors_of(example()) | GEOMETRY | {"more": torch.ones(2**20), "text": ["a"]}, path)
    monkeypatch.setattr(storage, "free_memory", lambda: 2.0**20)
    assert_same(load_tensors(path), example())


def test_a_sparse_file_in_the_form_before_zips_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    torch.save(tensors_of(example()) | GEOMETRY, path, _use_new_zipfile_serialization=False)
    assert_same(load_tensors(path), example())
    magic = path.read_bytes()[:14]
    for begin in (magic + b"\x80\x02X\xff\xff\xff\x7f", magic + b"\x80\x02c", bytes(257) + b"ustar"):
        path.write_bytes(begin)
        os.truncate(path, 10 << 30)
        with pytest.raises(ProblemError, match=r"more than tensors|more arrays than|damaged or of another"):
            load_tensors(path)


def test_only_tensors_that_are_asked_for_are_read_of_safetensors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "free_memory", lambda: 2.0**20)
    path = tmp_path / "sparse.safetensors"
    small = {"A_prev": np.ones((1, 4, 4)), "W": np.ones((2, 1, 3, 3))}
    made = safetensors_of(small, {"layout": "NCHW"})
    header = json.loads(made[8 : 8 + int.from_bytes(made[:8], "little")])
    metadata, body = header.pop("__metadata__"), made[-(16 + 18) * 8 :]
    size = 10 << 30
    header["more"] = {"dtype": "U8", "shape": [size], "data_offsets": [len(body), len(body) + size]}
    path.write_bytes(safetensors(header, body, metadata))
    os.truncate(path, path.stat().st_size + size)
    assert load_tensors(path).total_steps == 8
    entry = header["A_prev"] = header.pop("more") | {"shape": [size, 1, 1]}
    path.write_bytes(safetensors(header, body, metadata))
    os.truncate(path, path.stat().st_size + entry["shape"][0])
    with pytest.raises(ProblemError, match=r"claims arrays of 40\.0 GiB"):
        load_tensors(path)


def test_without_torch_a_pt_file_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert "some.pt needs torch to be read" in refused(tmp_path / "some.pt", b"")
