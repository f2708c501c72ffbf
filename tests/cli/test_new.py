from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep import conv2d_backward_steps
from convstep.cli import problems
from convstep.conv.problem import Problem
from tests.cli.conftest import Refused, Run

SIZES = ["--input", "7x10x3", "--filters", "4", "--kernel", "3"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--input", "--filters", "--kernel"]),
        (["--values", "A_prev=1 2; 3 4"], ["--filters", "--kernel", "--values"]),
        (["--values", "A_prev=1 2 3; 4 5"], ["row 2 of A_prev is 2 long and row 1 is 3"]),
        (["--values", "A_prev=1 2; 3 x"], ["'x' in A_prev is no number"]),
        (["--values", "W=1/0"], ["'1/0' in W is no number"]),
        (["--values", "W=1\x1b"], ["'1\\x1b' in W is no number"]),
        (["--values", "W=-1e400", *SIZES[:2]], ["'-1e400' in W is too large; write inf"]),
        (
            ["--values", "W=inf 1e39", "--input", "1x2x1", "--dtype", "float32"],
            ["W has numbers that are too large for float32"],
        ),
        (["--values", "A=1"], ["A_prev, W, b, dZ", "A_prev=1 2 3"]),
        (["--values", "A_prev="], ["A_prev has no numbers"]),
        (["--values", "W=1 0; 0 1 | 1 0"], ["plane of 2x2 and one of 1x2"]),
        (["--values", "W=1 | 2 || 3"], ["2 channels in one filter and 1 in another"]),
        (["--values", "b=1; 2"], ["b is one row"]),
        (["--values", "W=@"], ["W=@ names no file"]),
        (["--values", "W=@none.npy"], ["none.npy: No such file"]),
        (["--values", "dZ=1", "--values", "dZ=2"], ["dZ twice"]),
        (["--values", "b=1 2", "--no-bias", *SIZES], ["--no-bias", "leave one out"]),
        (["--values", "b=1 2", *SIZES], ["b has 2 values but W has 4 filters"]),
        (["--values", "dZ=1 2", *SIZES], ["dZ is 1x2x1 but this geometry gives an output of 5x8x4"]),
        (
            ["--values", "A_prev=1 2", *SIZES],
            ["--input says 7x10x3, but A_prev has 1x2x1; leave out --input"],
        ),
        (["--values", "W=1 2", *SIZES[:4]], ["--filters says 4, but W has 1"]),
        (["--values", "A_prev=1 || 2", "--batch", "3"], ["--batch says 3, but A_prev has 2"]),
        (["--values", "W=1 || 2", "--kernel", "edge"], ["W is given twice"]),
        ([*SIZES[:4], "--kernel", "edge,bur"], ["'bur'", "did you mean blur?"]),
        ([*SIZES[:4], "--kernel", "edge"], ["--filters says 4, but W has 1"]),
        ([*SIZES, "--resize", "3x3"], ["--resize is about a picture; add --image"]),
        (["--image", "none.png", "--kernel", "3"], ["none.png: No such file"]),
        (["--image", "none.png", "--resize", "0x3"], ["--resize is 0x3", "at least 1"]),
        ([*SIZES, "--input", "7x10"], ["'7x10'", "7x10x3"]),
        ([*SIZES, "--input", "0x10x3"], ["0x10x3", "length 0"]),
        ([*SIZES, "--filters", "0"], ["filters is 0", "at least 1"]),
        ([*SIZES, "--filters", "two"], ["--filters", "'two'"]),
        ([*SIZES, "--kernel", "3x3x3"], ["--kernel", "'3x3x3'"]),
        ([*SIZES, "--kernel", "0x3"], ["kernel is 0x3", "at least 1"]),
        ([*SIZES, "--kernel", "9"], ["9x9", "7x10", "add padding"]),
        ([*SIZES, "--stride", "0"], ["stride is 0", "at least 1"]),
        ([*SIZES, "--stride", "-1"], ["stride is -1", "at least 1"]),
        ([*SIZES, "--stride", "2x0"], ["stride[1] is 0", "at least 1"]),
        ([*SIZES, "--dilation", "4"], ["spanning 9x9", "7x10"]),
        ([*SIZES, "--padding", "full"], ["'full'", "top, bottom, left, right"]),
        ([*SIZES, "--padding", "-1"], ["padding is -1", "at least 0"]),
        ([*SIZES, "--padding", "same", "--stride", "2"], ["stride 1", "stride is 2"]),
        ([*SIZES, "--groups", "2"], ["3 channels", "2 groups"]),
        ([*SIZES, "--groups", "0"], ["groups is 0", "at least 1"]),
        ([*SIZES, "--groups", "3"], ["4 filters", "3 groups"]),
        ([*SIZES, "--batch", "0"], ["batch is 0", "at least 1"]),
        ([*SIZES, "--seed", "-1"], ["seed is -1", "at least 0"]),
        ([*SIZES, "--dtype", "int8"], ["'int8'", "float32"]),
        ([*SIZES, "-o", "."], [". is a folder"]),
        ([*SIZES, "-o", "missing/new.npz"], ["missing does not exist"]),
        (["--input", "100000x100000x3", "--filters", "4", "--kernel", "3"], ["GiB", "8 GiB", "smaller"]),
        (["--input", "9x9x9", "--filters", "99999999", "--kernel", "9"], ["GiB", "smaller"]),
        ([*SIZES, "--padding", "9000"], ["GiB", "smaller"]),
        ([*SIZES, "--padding", "999999999"], ["cells", "less padding"]),
    ],
)
def test_sizes_that_make_no_sense_are_one_sentence_and_no_file(
    refused: Refused, arguments: list[str], words: list[str]
) -> None:
    said = refused("new", *arguments)
    for word in words:
        assert word in said
    assert os.listdir() == []


def test_new_saves_what_the_sizes_say(run: Run) -> None:
    ended = run("new", *SIZES)
    assert ended.code == 0
    problem = Problem.load("conv-7x10x3-4of3x3.npz")
    assert problem.A_prev.shape == (7, 10, 3)
    assert problem.W.shape == (4, 3, 3, 3)
    assert problem.b is not None
    assert problem.dtype == np.float64
    assert not problem.dZ_drawn
    assert ended.out.splitlines()[-1] == "convstep open conv-7x10x3-4of3x3.npz"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--stride", "2x1"], {"stride": (2, 1)}),
        (["--stride", "2,1"], {"stride": (2, 1)}),
        (["--stride", "2"], {"stride": (2, 2)}),
        (["--kernel", "3x5"], {"W": (4, 3, 5, 3)}),
        (["--dilation", "2", "--groups", "1"], {"dilation": (2, 2)}),
        (["--padding", "1"], {"padding": ((1, 1), (1, 1))}),
        (["--padding", "1x2"], {"padding": ((1, 1), (2, 2))}),
        (["--padding", "0,1,2,3"], {"padding": ((0, 1), (2, 3))}),
        (["--padding", "same"], {"padding": ((1, 1), (1, 1)), "dZ": (7, 10, 4)}),
        (["--padding", "valid"], {"padding": ((0, 0), (0, 0))}),
        (["--groups", "3", "--filters", "6"], {"groups": 3, "W": (6, 3, 3, 1)}),
        (["--batch", "2"], {"A_prev": (2, 7, 10, 3), "dZ": (2, 5, 8, 4)}),
        (["--batch", "1"], {"A_prev": (1, 7, 10, 3)}),
        (["--dtype", "float32"], {"dtype": np.float32}),
        (["--no-bias"], {"b": None}),
    ],
)
def test_new_understands_every_way_to_write_a_size(
    run: Run, options: list[str], expected: dict[str, Any]
) -> None:
    assert run("new", *SIZES, *options, "-o", "new.npz").code == 0
    problem = Problem.load("new.npz")
    for name, value in expected.items():
        found = getattr(problem, name)
        assert (found.shape if isinstance(found, np.ndarray) else found) == value


def test_new_draws_the_same_numbers_from_the_same_seed(run: Run) -> None:
    drawn = []
    for seed in ("1", "1", "2"):
        assert run("new", *SIZES, "--seed", seed, "-o", "new.npz", "--force").code == 0
        drawn.append(Problem.load("new.npz").W.tobytes())
    assert drawn[0] == drawn[1] != drawn[2]


def test_new_never_overwrites_unless_told_to(run: Run, refused: Refused) -> None:
    Path("mine.npz").write_text("precious")
    assert (
        refused("new", *SIZES, "-o", "mine.npz")
        == "mine.npz already exists; choose another -o or add --force"
    )
    assert Path("mine.npz").read_text() == "precious"
    assert run("new", *SIZES, "-o", "mine.npz", "--force").code == 0
    assert Problem.load("mine.npz").total_steps == 160
    assert os.listdir() == ["mine.npz"]


def test_the_command_that_new_prints_opens_the_file(run: Run) -> None:
    for name in ("digit", "a b.npz"):
        command = run("new", *SIZES, "-o", name).out.splitlines()[-1]
        path = command.removeprefix("convstep open ").strip("'")
        assert run("trace", path, "--to", "1").code == 0
    assert problems.load_problem("digit").total_steps == 256
    assert problems.load_problem("./digit").total_steps == 160


def new(run: Run, *words: str) -> Problem:
    ended = run("new", *words, "-o", "new.npz", "--force")
    assert ended.code == 0, ended.err
    return Problem.load("new.npz")


def test_values_are_the_numbers_and_the_sizes(run: Run) -> None:
    typed = new(
        run,
        *("--values", "A_prev=1 2 3; 4, 5, 6; 7 8 9"),
        *("--values", "W=1 0; 0 1/2 || 0 1; 1 0", "--values", "dZ=1 2; 3 4 | -1 0; 0 nan"),
        "--no-bias",
    )
    assert typed.A_prev[..., 0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert typed.W[..., 0].tolist() == [[[1, 0], [0, 0.5]], [[0, 1], [1, 0]]]
    assert typed.b is None
    assert typed.dZ[0, 1].tolist() == [2, 0]
    assert np.isnan(typed.dZ[1, 1, 1])
    samples = new(run, "--values", "A_prev=1 2 | 3 4 || 5 6 | 7 8", "--filters", "1", "--kernel", "1")
    assert samples.A_prev.tolist() == [[[[1, 3], [2, 4]]], [[[5, 7], [6, 8]]]]


def test_values_may_stand_in_files(run: Run) -> None:
    np.save("plane.npy", np.arange(12).reshape(3, 4))
    Path("w.csv").write_text("1,2\n3,4\n")
    found = new(run, "--values", "A_prev=@plane.npy", "--values", "W=@w.csv", "--dtype", "float32")
    assert found.A_prev[..., 0].tolist() == np.arange(12).reshape(3, 4).tolist()
    assert found.W.ravel().tolist() == [1, 2, 3, 4]
    assert found.dtype == np.float32
    np.save("objects.npy", np.array([{}]), allow_pickle=True)
    for name in ("objects.npy", "new.npz", "plane.npy.txt"):
        Path("plane.npy.txt").write_bytes(Path("plane.npy").read_bytes())
        ended = run("new", *SIZES, "--values", f"W=@{name}")
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert name in ended.err


def test_known_kernels_are_filters_in_every_channel(run: Run) -> None:
    found = new(run, "--input", "5x5x2", "--kernel", "edge,blur", "--padding", "1")
    assert found.W[0, :, :, 0].tolist() == [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
    assert (found.W[..., 0] == found.W[..., 1]).all()
    assert found.W[1, ..., 0].sum() == 1
    assert found.b is not None
    assert found.b.tolist() == [0, 0]
    apart = new(run, "--input", "5x5x2", "--kernel", "sobel-x,sobel-y", "--groups", "2")
    assert apart.W.shape == (2, 3, 3, 1)


def test_a_picture_is_the_input(run: Run) -> None:
    from PIL import Image

    grey = np.array([[0, 51, 255], [102, 0, 0]], np.uint8)
    Image.fromarray(grey).save("grey.png")
    found = new(run, "--image", "grey.png", "--kernel", "2", "--filters", "1")
    assert found.A_prev[..., 0].tolist() == (grey / 255).tolist()
    whole = new(run, "--image", "grey.png", "--kernel", "edge", "--padding", "1", "--whole")
    assert whole.A_prev[..., 0].tolist() == grey.tolist()
    Image.fromarray(grey.astype(np.uint16) * 257).save("deep.png")
    deep = new(run, "--image", "deep.png", "--channels", "3", "--kernel", "2", "--filters", "1", "--whole")
    assert (deep.A_prev == grey[..., None]).all()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save("clear.png")
    clear = new(
        run, "--image", "clear.png", "--resize", "2x3", "--channels", "3", "--kernel", "1", "--filters", "1"
    )
    assert clear.A_prev.shape == (2, 3, 3)
    assert (clear.A_prev == 1).all()  # what is transparent shows white


def test_a_picture_that_cannot_be_read_is_one_sentence(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from convstep.examples import picture

    words = ("new", "--kernel", "edge", "--image")
    noise = np.random.default_rng(0).integers(0, 256, (20, 30), np.uint8)
    Image.fromarray(noise).save("whole.png")
    Path("half.png").write_bytes(Path("whole.png").read_bytes()[:300])
    assert "half.png is a broken picture" in refused(*words, "half.png")
    Path("text.png").write_text("no")
    assert "text.png is no picture" in refused(*words, "text.png")
    said = refused(*words, "whole.png", "--input", "8x8x1")
    assert "the picture has 20x30x1; leave out --input, or add --resize 8x8" in said
    monkeypatch.setattr(picture, "MOST_PIXELS", 500)
    assert "whole.png is 20x30, 600 pixels; at most 500 are read" in refused(*words, "whole.png")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert refused(*words, "whole.png") == "--image needs Pillow; pip install 'convstep[export]'"


@pytest.mark.parametrize("sizes", [["5x5x1", "2", "3"], ["4x6x2", "3", "2"], ["3x3x1", "1", "1"]])
def test_whole_numbers_tell_every_step_apart(run: Run, sizes: list[str]) -> None:
    words = [f"{name}={size}" for name, size in zip(("--input", "--filters", "--kernel"), sizes, strict=True)]
    found = new(run, *words, "--whole")
    for values in (found.A_prev, found.W, found.dZ):
        assert np.array_equal(values, np.rint(values))
        assert 1 <= np.abs(values).min() <= np.abs(values).max() <= 9
    steps = list(conv2d_backward_steps(found.dZ, found.cache, found.stride, found.padding))
    for added in ([s.kernel * s.dz for s in steps], [s.input_slice * s.dz for s in steps]):
        apart = {(step.i_c, values.tobytes()) for step, values in zip(steps, added, strict=True)}
        assert len(apart) == found.total_steps
    assert np.array_equal(new(run, *words, "--whole").dZ, found.dZ)
