"""`convstep new`: a random problem of the sizes on the command line."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convstep.cli.arguments import flag, option
from convstep.cli.console import FINE, say
from convstep.cli.outputs import check_output, keep_existing, writing
from convstep.examples.drawn import Sizes, draw_problem
from convstep.examples.sizes import input_shape, number, number_or_pair, padding, pair
from convstep.printable import printable

if TYPE_CHECKING:
    from convstep.conv.geometry import Padding, Pair

USE = "draw a random problem and save it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Sizes):
    """What `convstep new` is asked."""

    input: tuple[int, int, int] = option("HxWxC", "e.g. 7x10x3", type=input_shape, required=True)
    filters: int = option("N", "output channels", type=number, required=True)
    kernel: Pair = option("3|3x5", "rows x columns", type=pair, required=True)
    stride: int | Pair = option("2|2x1", "default 1", type=number_or_pair, default=1)
    padding: str | int | Pair | Padding = option(
        "P", "1, 1x2, top,bottom,left,right, same or valid; default 0", type=padding, default=0
    )
    dilation: int | Pair = option("2|2x1", "default 1", type=number_or_pair, default=1)
    groups: int = option("N", "channel groups, default 1", type=number, default=1)
    batch: int | None = option("N", "samples; by default there is no batch axis", type=number)
    dtype: str = option(None, "default float64", choices=("float32", "float64"), default="float64")
    seed: int = option("N", "the same seed draws the same numbers; default 0", type=number, default=0)
    bias: bool = flag("without a bias b", "--no-bias", action="store_false")
    output: str | None = option("FILE", "by default named after the sizes", "-o", "--output")
    force: bool = flag("overwrite an existing file")


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
