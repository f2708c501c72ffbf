"""The ways of making a layer, running it forward and running it back that its signatures allow."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from convstep.candidate.call.call import BROUGHT, Call
from convstep.candidate.call.containers import root_of
from convstep.candidate.call.layouts import Layouts, sides_of
from convstep.candidate.call.outcome import Candidate, Outcome
from convstep.candidate.call.signatures import makers_of, methods_of
from convstep.conv.geometry import Geometry, Padding
from convstep.language import tr

RATE = 0.375
"""The learning rate of a layer that updates itself: so large that a gradient that was made from kernels
already updated shows, and nobody's mean, as 1/2 would be."""
HANDED = "put into the input"
"""The key of a gradient that is kept on what a forward was handed, and not returned."""
RULES = ("half", "one", "tf", "alx")
"""Paddings that layers make by themselves: half a kernel on each side; one; what makes ceil(size / stride),
the odd cell last; what keeps the size at any stride."""
FULL = r"(?i)\bfull\b|\b[fk]\w*(?:\[\d\])? ?- ?1\b"
"""How a source pads by a kernel less one on each side: another rule, tried last where this is said."""
_PICTURES = (("NCHW", ""), ("NHWC", ""), ("CHW", ""), ("HWC", ""), ("HW", ""), ("HW", "HWC"), ("HW", "CHW"))
_MORE_PICTURES = (("NHW", "NHWC"), ("NHW", "NCHW"), ("NHW", ""), ("CHWN", ""), ("HWCN", ""))
_FLAT_PICTURES = (
    *(("N(CHW)", ""), ("N(HWC)", "")),  # first: what reshapes its input takes it either way
    *(("NCHW", "N(CHW)"), ("NHWC", "N(HWC)"), ("(NCHW)", ""), ("(NHWC)", "")),
    *(("NCHW", "NC(HW)"), ("NHWC", "N(HW)C"), ("CHW", "C(HW)"), ("HWC", "(HW)C"), ("CHW", "(CHW)")),
    *(("NCHW", "(NHW)C"), ("NHWC", "(NHW)C"), ("N(CHW)", "NCHW"), ("N(HWC)", "NHWC")),
)
_SIZED = frozenset(("in_channels", "input_shape", "W", "hparameters"))
"""Roles that say how many input channels there are."""
_KERNELS = ("OIHW", "HWIO", "OHWI", "IOHW", "HW", "OHW", "HWO", "HWOI", "IHWO")


def ways(candidate: Candidate) -> Iterator[tuple[Call, str]]:
    """How a layer class may be called, the likeliest first, each with how its author would write it.

    `CannotCall` if it has no forward or no backward.
    """
    forward, backwards = methods_of(candidate)
    makers = list(dict.fromkeys(makers_of(candidate)))
    owner = candidate.name.partition(".")[0]
    pictures = _PICTURES if "CHWN" not in candidate.source else _PICTURES + _MORE_PICTURES
    told = Call("layer", forward=forward, rate=RATE, pairs=True, depthwise=candidate.depthwise)
    for listed in (pictures, _MORE_PICTURES, _FLAT_PICTURES):
        for maker, backward in itertools.product(makers, backwards):
            call = replace(told, maker=maker, backward=backward)
            reason = _words(call, owner)
            says = replace(call, backward=None).says
            if candidate.tensors and "W" in says and not re.search(r"\bnp\.", candidate.source):
                call = replace(call, tensors=True)  # it keeps the kernels that it is handed
            kernels = _KERNELS if "W" in says else ("OIHW",)
            strides = (1,) if says & {"stride", "stride:pair"} else (1, 2, 3)
            for s, rule, (A, Z), W in itertools.product(
                strides, _rules(call, candidate.source), listed, kernels
            ):
                yield replace(call, layouts=Layouts(A, W, "O", Z), stride=s, rule=rule), reason
    written = [c for c in (3, 1) if re.search(rf"(?<![\w.]){c}(?![\w.])", candidate.source)]
    for maker, backward, c in itertools.product(makers, backwards, written):
        call = replace(told, maker=maker, backward=backward, channels=c)
        if _SIZED.isdisjoint(role.partition(":")[0] for role in replace(call, backward=None).says):
            for rule, (A, Z) in itertools.product(_rules(call, candidate.source), _PICTURES[:4]):
                yield replace(call, layouts=Layouts(A, "OIHW", "O", Z), rule=rule), _words(call, owner)


def _rules(call: Call, source: str) -> tuple[str, ...]:
    """The rules by which a layer may choose its own padding, given what it is told."""
    if call.worded:
        return RULES
    if any(role.startswith(("padding", "hparameters")) for role in replace(call, backward=None).says):
        return ("",)
    return ("", *RULES, *(("full",) if re.search(FULL, source) else ()))


def settled(call: Call, reason: str, outcome: Outcome) -> tuple[Call, str]:
    """The call with what the first one found: where what is kept, and how it lies there; and the reason.

    Both are as `ways` has them, and the outcome is of a call that returned.
    """
    found = dict(entry.partition(" ")[::2] for entry in outcome.places)
    layouts = call.layouts or Layouts()
    layouts = replace(layouts, W=found.pop("W-layout", layouts.W), b=found.pop("b-layout", layouts.b))
    done = replace(call, layouts=layouts, places=tuple(found.items()))
    A = ", ".join(map("*".join, sides_of(layouts.A)))
    parts = [tr("pictures ({axes})", axes=A)]
    if "in_channels:chain" in call.says:
        parts.append(tr("one convolution in it"))
    if call.stride > 1:
        parts.append(tr("a stride of {stride} of its own", stride=call.stride))
    if "dilation:less" in call.says:
        parts.append(tr("told a dilation of 0 where it is 1 here"))
    if "W" in found:
        parts.append(tr("kernels {place} ({axes})", place=found["W"], axes=axes_of(layouts.W)))
    read = [found[name] for name in ("dW", "db") if name in found and not found[name].startswith("returned")]
    if found.get("dW") == "change":
        read = [
            tr(
                "the change of {place} divided by the learning rate {rate:g}",
                place=found.get("W", "W"),
                rate=float(found.get("rate", RATE)),
            )
        ]
    back = [where for name, where in found.items() if name[:1] == "d" and where.startswith("returned")]
    read += [tr("what backward returns")] * any(HANDED not in where for where in back)
    read += [tr("what it puts into the input")] * any(HANDED in where for where in back)
    if not call.backward:
        read = [tr("PyTorch's autograd")]
    if read:
        parts.append(tr("gradients from {places}", places=tr(", ").join(read)))
    return done, "; ".join((reason, tr(", ").join(parts)))


def told_more(reason: str, call: Call, more: Call, candidate: Candidate) -> str:
    """The reason of a call that was found to take more, or less, than it was told."""
    if call.maker is None:
        return reason
    owner = candidate.name.partition(".")[0]
    return reason.replace(_words(call, owner), _words(more, owner))


def changes(outcome: Outcome) -> list[str]:
    """The gradients that were read as the change of what they belong to."""
    return [each.partition(" ")[0] for each in outcome.places if each.endswith(" change")]


def kernel_of(call: Call) -> tuple[int, int] | None:
    """The one size that kernels were found to have; None before that."""
    sizes = dict(call.places).get("kernel", "").split("x")
    return (int(sizes[0]), int(sizes[1])) if len(sizes) == 2 else None


def padding_of(rule: str, geometry: Geometry) -> Padding | None:
    """The padding that a rule makes of a problem's sizes; None where authors would differ."""
    if geometry.dilation != (1, 1) and rule != "one":
        return None  # half of the kernel, or of what it spans
    ends: list[tuple[int, int]] = []
    for n, f, s in zip(geometry.input_shape[:2], geometry.kernel_shape[1:3], geometry.stride, strict=True):
        if rule == "half":
            if f % 2 == 0:
                return None
            ends.append((f // 2, f // 2))
        elif rule in ("low", "high"):  # as half, and the odd cell of an even kernel's last or first
            ends.append(((f - 1) // 2, f // 2) if rule == "low" else (f // 2, (f - 1) // 2))
        elif rule == "full":
            ends.append((f - 1, f - 1))
        elif rule == "one":
            ends.append((1, 1))
        elif rule == "tf":
            total = max((-(-n // s) - 1) * s + f - n, 0)
            ends.append((total // 2, total - total // 2))
        else:
            total = (n - 1) * s + f - n
            if total % 2:
                return None
            ends.append((total // 2, total // 2))
    return ends[0], ends[1]


def told_same(call: Call, geometry: Geometry) -> bool:
    """Whether a call that tells its padding by a word or a flag tells it to pad.

    Where its rule makes no padding (a 1x1 kernel), either may be told: every other size is told to pad.
    """
    if geometry.padding != ((0, 0), (0, 0)):
        return True
    rule = call.rule or ("half" if geometry.stride == (1, 1) else "")
    comes_to_nothing = rule and padding_of(rule, geometry) == geometry.padding
    return bool(comes_to_nothing) and sum(geometry.input_shape) % 2 == 0


def _words(call: Call, owner: str) -> str:
    """The calls as their author would write them."""
    assert call.maker is not None
    assert call.forward is not None
    made, forth = (
        ", ".join(dict.fromkeys(root_of(name) for name, _ in method.given if name and "self." not in name))
        for method in (call.maker, call.forward)
    )
    shown = f"{call.forward.name}({forth or 'x'})" if call.forward.name != "__call__" else f"layer({forth})"
    if call.backward is None:
        return tr("made as {maker}, then {forward}", maker=f"{owner}({made})", forward=shown)
    back = ", ".join(dict.fromkeys(root_of(name) for name, _ in call.backward.given))
    if call.backward.name in BROUGHT:
        out, named = BROUGHT[call.backward.name]
        shown = f"{out}{shown}"
        return tr(
            "made as {maker}, then {forward} and {backward}",
            maker=f"{owner}({made})",
            forward=shown,
            backward=f"{named}()",
        )
    return tr(
        "made as {maker}, then {forward} and {backward}",
        maker=f"{owner}({made})",
        forward=shown,
        backward=f"{call.backward.name}({back})",
    )


def axes_of(layout: str) -> str:
    """A layout of kernels as people write it: (F, C, K, K)."""
    words = {"O": "F", "I": "C", "H": "K", "W": "K"}
    return ", ".join("*".join(words[axis] for axis in side) for side in sides_of(layout))
