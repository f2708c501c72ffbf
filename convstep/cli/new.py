"""`convstep new`: a random problem of the sizes on the command line."""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import dataclass
from typing import Any

from convstep.cli.console import FINE, say
from convstep.cli.outputs import check_output, keep_existing, writing
from convstep.examples.drawn import Sizes, draw_problem
from convstep.examples.sizes import input_shape, number, number_or_pair, padding, pair
from convstep.printable import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Sizes):
    """What `convstep new` is asked: sizes, and a file."""

    output: str | None
    force: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `convstep new`."""

    def add(name: str, kind: Any, default: Any, metavar: str, help_text: str) -> None:
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=help_text)

    parser.add_argument("--input", type=input_shape, required=True, metavar="HxWxC", help="e.g. 7x10x3")
    parser.add_argument("--filters", type=number, required=True, metavar="N", help="output channels")
    parser.add_argument("--kernel", type=pair, required=True, metavar="3|3x5", help="rows x columns")
    add("--stride", number_or_pair, 1, "2|2x1", "default 1")
    add("--padding", padding, 0, "P", "1, 1x2, top,bottom,left,right, same or valid; default 0")
    add("--dilation", number_or_pair, 1, "2|2x1", "default 1")
    add("--groups", number, 1, "N", "channel groups, default 1")
    add("--batch", number, None, "N", "samples; by default there is no batch axis")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float64", help="default float64")
    add("--seed", number, 0, "N", "the same seed draws the same numbers; default 0")
    parser.add_argument("--no-bias", dest="bias", action="store_false", help="without a bias b")
    parser.add_argument("-o", "--output", metavar="FILE", help="by default named after the sizes")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(options: Options) -> int:
    """Draw standard-normal numbers and save them; the same options draw the same ones."""
    path = _default_name(options) if options.output is None else options.output
    check_output(path)
    keep_existing(path, "-o", options.force)
    problem = draw_problem(options)
    with writing(path):
        problem.save(path)
    # a bare name would be looked up among the bundled problems
    opened = path if os.path.dirname(path) or os.path.splitext(path)[1] else os.path.join(".", path)
    say(f"{printable(path, None)}: {problem!r}, {problem.total_steps} steps")
    say(printable(f"convstep open {shlex.quote(opened)}", None))
    return FINE


def _default_name(sizes: Sizes) -> str:
    """A file name that says the shapes: `conv-7x10x3-4of3x3.npz`."""
    kernel = "x".join(map(str, sizes.kernel))
    return f"conv-{'x'.join(map(str, sizes.input))}-{sizes.filters}of{kernel}.npz"
