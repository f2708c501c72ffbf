"""Make the bundled problems again, or check that they are what this makes.

    python -m convstep.examples.make            writes them
    python -m convstep.examples.make --check    compares; exit code 1 if one differs

Images are the digit, kernels the trained filters, wherever shapes allow it. The rest is standard normal from
a fixed seed, rounded to two decimals: short enough to follow on paper, and the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from convstep.conv.problem import Problem
from convstep.examples import train_digit
from convstep.examples.catalog import load
from convstep.steps.cells import Array

HERE = Path(__file__).parent
CLASSIFIER = HERE / "digit_classifier.npz"

TOLERANCE = 1e-8
"""For trained numbers: another machine sums in another order, and training carries that along."""


def one_window(digit: Problem) -> Problem:
    """Step 116 of the digit by itself: the window around pixel (3, 5), filter 0, the largest |dZ|."""
    i_h, i_w, i_c = 3, 5, 0
    image = digit.A_prev[i_h - 1 : i_h + 2, i_w - 1 : i_w + 2]
    dZ = digit.dZ[i_h, i_w, i_c].reshape(1, 1, 1)
    return Problem(image, digit.W[[i_c]], _bias(digit)[[i_c]], dZ)


def one_hot(digit: Problem) -> Problem:
    """The digit, with a single dZ; at 0.5 the window and the kernel come out halved."""
    dZ = np.zeros_like(digit.dZ)
    dZ[3, 4, 1] = 0.5
    return Problem(digit.A_prev, digit.W, digit.b, dZ, padding=1)


def no_padding(digit: Problem) -> Problem:
    """The digit's inner windows with the dZ they have there; the outer ring is gone."""
    return Problem(digit.A_prev, digit.W, digit.b, digit.dZ[1:-1, 1:-1])


def stride_2(digit: Problem) -> Problem:
    """Three windows fill seven of eight cells, in both directions."""
    dZ = _drawn(np.random.default_rng(1), 3, 3, 4)
    return Problem(digit.A_prev, digit.W, digit.b, dZ, stride=2)


def rectangle(_: Problem) -> Problem:
    """Sides, channels and filters all differ: 7x10x3 -> 4x5x4."""
    rng = np.random.default_rng(2)
    A_prev, W, b = _drawn(rng, 7, 10, 3), _drawn(rng, 4, 3, 3, 3), _drawn(rng, 4)
    return Problem(A_prev, W, b, _drawn(rng, 4, 5, 4), stride=2, padding=1)


def dilated(digit: Problem) -> Problem:
    """Two of the trained filters, every other cell."""
    dZ = _drawn(np.random.default_rng(3), 6, 6, 2)
    return Problem(digit.A_prev, digit.W[:2], _bias(digit)[:2], dZ, padding=1, dilation=2)


def depthwise(_: Problem) -> Problem:
    """As many groups as channels: 6x8x3 -> 6x8x3."""
    rng = np.random.default_rng(4)
    A_prev, W, b = _drawn(rng, 6, 8, 3), _drawn(rng, 3, 3, 3, 1), _drawn(rng, 3)
    return Problem(A_prev, W, b, _drawn(rng, 6, 8, 3), padding=1, groups=3)


def same(digit: Problem) -> Problem:
    """Six rows of the digit under a 4x2 kernel: rows padded by 1 and 2, columns by 0 and 1."""
    rng = np.random.default_rng(5)
    W, b = _drawn(rng, 2, 4, 2, 1), _drawn(rng, 2)
    return Problem(digit.A_prev[1:7], W, b, _drawn(rng, 6, 8, 2), padding="same")


DERIVED = {
    "one-window": one_window,
    "one-hot": one_hot,
    "no-padding": no_padding,
    "stride-2": stride_2,
    "rectangle": rectangle,
    "dilated": dilated,
    "depthwise": depthwise,
    "same": same,
}
"""How each problem but the digit itself is made, given the digit."""


def write(folder: Path = HERE) -> None:
    """Train, and write every problem and the digit's classifier under `folder`."""
    network = train_digit.train()
    digit = train_digit.digit_problem(network)
    (folder / "problems").mkdir(exist_ok=True)
    for name, problem in {"digit": digit, **{name: make(digit) for name, make in DERIVED.items()}}.items():
        problem.save(folder / "problems" / f"{name}.npz")
    np.savez_compressed(folder / CLASSIFIER.name, allow_pickle=False, **train_digit.digit_classifier(network))


def check() -> list[str]:
    """What differs between bundled and fresh files, trained numbers by more than `TOLERANCE`."""
    network = train_digit.train()
    digit = load("digit")
    with np.load(CLASSIFIER, allow_pickle=False) as archive:
        bundled = dict(archive)
    found = [
        *_differences("digit", _fields(digit), _fields(train_digit.digit_problem(network)), TOLERANCE),
        *_differences(CLASSIFIER.stem, bundled, train_digit.digit_classifier(network), TOLERANCE),
    ]
    for name, make in DERIVED.items():
        found += _differences(name, _fields(load(name)), _fields(make(digit)), 0.0)
    return found


def _differences(
    name: str, bundled: dict[str, Array], fresh: dict[str, Array], tolerance: float
) -> list[str]:
    if bundled.keys() != fresh.keys():
        return [f"{name}: holds {', '.join(bundled)}, should hold {', '.join(fresh)}"]
    found = []
    for field, expected in fresh.items():
        given = bundled[field]
        if given.shape != expected.shape or given.dtype != expected.dtype:
            found.append(
                f"{name}: {field} is {given.dtype} {given.shape}, should be {expected.dtype} {expected.shape}"
            )
        elif not np.allclose(given, expected, rtol=0, atol=tolerance):
            found.append(f"{name}: {field} is off by up to {np.max(np.abs(given - expected)):.2g}")
    return found


def _fields(problem: Problem) -> dict[str, Array]:
    """Everything that `Problem.save` writes."""
    fields = ("A_prev", "W", "b", "dZ", "stride", "padding", "dilation", "groups")
    return {field: np.asarray(getattr(problem, field)) for field in fields}


def _bias(digit: Problem) -> Array:
    assert digit.b is not None
    return digit.b


def _drawn(rng: np.random.Generator, *shape: int) -> Array:
    """Standard normal, two decimals; adding 0.0 turns a rounded -0.0 into 0.0."""
    values: Array = np.round(rng.standard_normal(shape), 2) + 0.0
    return values


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m convstep.examples.make", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--check", action="store_true", help="compare with the bundled files, write nothing")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    found = check()
    sys.stdout.writelines(f"{line}\n" for line in found or ["every bundled problem is as made here"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
