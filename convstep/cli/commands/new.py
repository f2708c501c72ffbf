"""`convstep new`: a problem of sizes, values, a picture and named kernels; what is not given is random."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from convstep.cli.arguments import flag, option
from convstep.cli.console import FINE, UsageError, say
from convstep.cli.outputs import check_new, writing
from convstep.examples.drawn import Sizes, draw_problem
from convstep.examples.sizes import input_shape, kernel, number, number_or_pair, padding, pair
from convstep.printable import printable

if TYPE_CHECKING:
    import numpy.typing as npt

    from convstep.conv.geometry import Padding, Pair

    Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `convstep new` is asked."""

    input: tuple[int, int, int] | None = option("HxWxC", "e.g. 7x10x3", type=input_shape)
    filters: int | None = option("N", "output channels", type=number)
    kernel: Pair | tuple[str, ...] | None = option(
        "3|3x5|NAMES",
        "rows x columns, or known kernels, one a filter and the same in every channel: identity, edge, blur, "
        "sharpen, emboss, sobel-x, sobel-y, like edge,blur",
        type=kernel,
    )
    values: list[str] = option(
        "NAME=NUMBERS",
        "A_prev, W, b or dZ in numbers, 'A_prev=1 2 3; 4 5 6', or from a file, W=@FILE.npy or @FILE.csv; "
        "; stands between rows, | between channels, || between the filters of W or samples; repeatable",
        action="append",
        default=[],
    )
    image: str | None = option(
        "FILE.png", "a picture as A_prev, 0 (black) to 1 (white); with --whole, 0 to 255"
    )
    channels: int | None = option(
        None, "of the picture: 1 grey (default), 3 colour", choices=(1, 3), type=int
    )
    resize: Pair | None = option("HxW", "scale the picture to this height and width", type=pair)
    stride: int | Pair = option("2|2x1", "default 1", type=number_or_pair, default=1)
    padding: str | int | Pair | Padding = option(
        "P", "1, 1x2, top,bottom,left,right, same or valid; default 0", type=padding, default=0
    )
    dilation: int | Pair = option("2|2x1", "default 1", type=number_or_pair, default=1)
    groups: int = option("N", "channel groups, default 1", type=number, default=1)
    batch: int | None = option("N", "samples; by default there is no batch axis", type=number)
    dtype: str = option(None, "default float64", choices=("float32", "float64"), default="float64")
    seed: int = option("N", "the same seed draws the same numbers; default 0", type=number, default=0)
    whole: bool = flag("draw whole numbers of one digit, such that no two steps of a filter add the same")
    bias: bool = flag("without a bias b", "--no-bias", action="store_false")
    output: str | None = option("FILE", "by default named after the sizes", "-o", "--output")
    force: bool = flag("overwrite an existing file")


def run(options: Options) -> int:
    """Save what is given, and draw the rest; the same options draw the same numbers."""
    if options.output is not None:
        check_new(options.output, "-o", options.force)
    given = _given(options)
    sizes = _sizes(options, given)
    path = _default_name(sizes) if options.output is None else options.output
    check_new(path, "-o", options.force)
    problem = draw_problem(sizes, given=given)
    with writing(path):
        problem.save(path)
    # a bare name would be looked up among the bundled problems
    opened = path if os.path.dirname(path) or os.path.splitext(path)[1] else os.path.join(".", path)
    say(f"{printable(path, None)}: {problem!r}, {problem.total_steps} steps")
    say(printable(f"convstep open {shlex.quote(opened)}", None))
    return FINE


def _given(options: Options) -> Arrays:
    """The arrays that are not drawn, laid out as a problem's; raises UsageError or ProblemError."""
    from convstep.conv import validation
    from convstep.examples.kernels import check_names, filters_of
    from convstep.examples.picture import picture
    from convstep.examples.typed import array_of

    given: Arrays = {}
    for text in options.values:
        name, values = array_of(text)
        if name in given:
            raise UsageError(f"--values gives {name} twice; leave one out")
        given[name] = validation.array(name, values)
    if not options.bias and "b" in given:
        raise UsageError("--values gives b, and --no-bias says that there is none; leave one out")
    if options.image is None and (options.channels or options.resize):
        raise UsageError(
            f"--{'channels' if options.channels else 'resize'} is about a picture; add --image FILE"
        )
    if options.image is not None:
        if "A_prev" in given:
            raise UsageError("A_prev is given twice, by --image and by --values; leave one out")
        given["A_prev"] = picture(options.image, options.channels or 1, options.resize, whole=options.whole)
    if _named(options.kernel):
        if "W" in given:
            raise UsageError("W is given twice, by --kernel and by --values; leave one out")
        check_names(options.kernel)
        channels = given["A_prev"].shape[-1] if "A_prev" in given else (options.input or (1, 1, 1))[2]
        given["W"] = filters_of(options.kernel, max(channels // max(options.groups, 1), 1))
        if options.bias and "b" not in given:  # what is known by its name adds nothing else
            given["b"] = validation.array("b", [0.0] * len(options.kernel))
    return given


def _named(kernel: Pair | tuple[str, ...] | None) -> TypeGuard[tuple[str, ...]]:
    return kernel is not None and isinstance(kernel[0], str)


def _sizes(options: Options, given: Arrays) -> Sizes:
    """The sizes that options and arrays agree on; UsageError if they do not, or leave one open."""
    x, w = given.get("A_prev"), given.get("W")
    kernel = None if _named(options.kernel) else options.kernel
    found: dict[str, Any] = {"input": options.input, "filters": options.filters, "kernel": kernel}
    found["batch"] = options.batch
    followed: dict[str, Any] = {}
    if x is not None:
        followed["input"] = x.shape[-3:]
        if x.ndim == 4 or options.batch is not None:
            followed["batch"] = x.shape[0] if x.ndim == 4 else 1
    if w is not None:
        followed |= {"filters": w.shape[0], "kernel": w.shape[1:3]}
    for name, value in followed.items():
        if found[name] not in (None, value):
            said, is_ = (_text(each) for each in (found[name], value))
            resize = f", or add --resize {'x'.join(map(str, found['input'][:2]))}" if options.image else ""
            of = "A_prev" if name in ("input", "batch") else "W"
            raise UsageError(
                f"--{name} says {said}, but {'the picture' if options.image and of == 'A_prev' else of} "
                f"has {is_}; leave out --{name}{resize if name == 'input' else ''}"
            )
    found |= followed
    if found["batch"] == 1 and x is not None and x.ndim == 3:
        given["A_prev"] = x[None]
    if found["filters"] is None:
        several = next((given[name].shape[-1] for name in ("b", "dZ") if name in given), None)
        found["filters"] = several
    if missing := [LACKING[name] for name in LACKING if found[name] is None]:
        raise UsageError(
            f"not all sizes are known; add {' and '.join(missing)}, or what they follow from: "
            "--values, --image, a named --kernel"
        )
    same = ("stride", "padding", "dilation", "groups", "dtype", "seed", "bias")
    return Sizes(**found, telling=options.whole, **{name: getattr(options, name) for name in same})


LACKING = {"input": "--input 7x10x3", "filters": "--filters 4", "kernel": "--kernel 3"}
"""What may be added where a size is not known."""


def _text(size: int | tuple[int, ...]) -> str:
    return str(size) if isinstance(size, int) else "x".join(map(str, size))


def _default_name(sizes: Sizes) -> str:
    """A file name that says the shapes: `conv-7x10x3-4of3x3.npz`."""
    kernel = "x".join(map(str, sizes.kernel))
    return f"conv-{'x'.join(map(str, sizes.input))}-{sizes.filters}of{kernel}.npz"
