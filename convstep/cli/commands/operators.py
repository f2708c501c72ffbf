"""`convstep operators`: the operators there are, or one of them: its backward, problems and mistakes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convstep.cli.arguments import flag, positional
from convstep.cli.console import FINE, page_width, say, say_json
from convstep.frozen import frozen
from convstep.language import tr

if TYPE_CHECKING:
    from convstep.operators.mistake import Mistake
    from convstep.operators.operator import Convention, Operator


CONV2D = "conv2d", "the convolution, which has commands of its own: convstep open digit, convstep check"
"""The one that is stepped and checked in a way of its own."""
INDENT = "    "


@frozen()
class Options:
    """What `convstep operators` is asked."""

    name: str | None = positional(
        "NAME", "show this one, or FILE.py:NAME, one of yours; by default they are listed", nargs="?"
    )
    json: bool = flag("one JSON object in place of words")


def run(options: Options) -> int:
    """List them, or show one."""
    from convstep.operators.registry import operator_named, operators

    if options.name is None:
        if options.json:
            say_json({"operators": [_summary(one) for one in operators()]})
        else:
            say(*_list([one for one in operators() if one.name != CONV2D[0]]))
        return FINE
    if options.name == CONV2D[0]:
        say_json(dict(zip(("name", "title"), CONV2D, strict=True))) if options.json else say(
            ": ".join(CONV2D)
        )
        return FINE
    from convstep.candidate.operators.file import known

    with known(options.name) as name:
        assert name is not None
        found = operator_named(name)
        if options.json:
            say_json(_plain(found))
        else:
            say("\n".join(_page(found, options.name)))
    return FINE


def _list(operators: Sequence[Operator]) -> Iterator[str]:
    listed = [(one.name, tr(one.title), str(len(one.mistakes))) for one in operators]
    names, titles = (max(len(row[at]) for row in listed) for at in (0, 1))
    names = max(names, len(CONV2D[0]))
    for name, title, mistakes in listed:
        count = f"{mistakes} known mistake" + "s" * (mistakes != "1")
        yield f"{name:<{names}}  {title:<{titles}}  {count if mistakes != '0' else ''}".rstrip()
    yield f"{CONV2D[0]:<{names}}  {CONV2D[1]}"
    yield (
        "\n`convstep operators NAME` shows one, `convstep open NAME` steps its backward, "
        "`convstep check layers.py:f` checks yours"
    )


def _page(one: Operator, called: str) -> Iterator[str]:
    """All of an operator, for a person; `called` is what the command line calls it."""
    yield f"{one.name}: {tr(one.title)}"
    yield ""
    yield f"{INDENT}convstep open {called}"
    if steppable := next((mistake.id for mistake in one.mistakes if mistake.variants), ""):
        yield f"{INDENT}convstep open {called} --mistake {steppable}"
    yield f"{INDENT}convstep check layers.py:f --operator {called}"
    for heading, function in (("Forward", one.forward), ("Backward", one.backward)):
        yield from ("", heading, "", textwrap.indent(_text(function), INDENT))
    yield from ("", "Arrays", "")
    yield from (f"{INDENT}{name}  ({_axes(axes)})" for name, axes in one.axes.items())
    if one.torch:
        yield f"{INDENT}as PyTorch has it: {one.torch}"
    if one.conventions:
        yield from ("", "Conventions: how others lay it", "")
        yield from (f"{INDENT}{each.name}: {_convention(each)}" for each in one.conventions)
    if about := _about(one):
        yield from ("", f"Problems, `convstep open {called} --case N`", "")
        yield from (f"{INDENT}{number:>2}  {each}" for number, each in enumerate(about, 1))
    if one.mistakes:
        yield from ("", f"Mistakes, `convstep open {called} --mistake ID`")
        for mistake in one.mistakes:
            yield from _mistake(mistake)
    if one.also_right:
        yield from ("", "Other numbers, and right as well")
        for mistake in one.also_right:
            yield from _mistake(mistake)


def _mistake(one: Mistake) -> Iterator[str]:
    width = page_width()
    yield ""
    yield f"{INDENT}{one.id}: {tr(one.title)}"
    more = 2 * INDENT
    yield textwrap.fill(tr(one.explanation), width, initial_indent=more, subsequent_indent=more)
    for number, variant in enumerate(one.variants, 1):
        label = tr(variant.label) if variant.label else ""
        if len(one.variants) > 1:
            yield f"{more}{one.id}:{number}{': ' * bool(label)}{label}"
        elif label:
            yield f"{more}{label}"
        for sign, lines in (("-", variant.right), ("+", variant.wrong)):
            if lines:  # what people leave out has no wrong ones
                yield textwrap.indent(textwrap.dedent(lines), f"{more}{sign} ")


def _about(one: Operator) -> list[str]:
    from convstep.candidate.operators.shown import told

    return [tr(problem.about) for problem in told(one)]


def _axes(axes: str) -> str:
    return ", ".join("…" if axis == "*" else axis for axis in axes) + "," * (len(axes) == 1 and axes != "*")


def _convention(one: Convention) -> str:
    laid = [f"{name} ({_axes(axes)})" for name, axes in one.axes.items()]
    divided = [f"{name} divided by {' and '.join(axes)}" for name, axes in one.divided.items()]
    return ", ".join(laid + divided)


def _text(function: Any) -> str:
    """A function without its docstring, which says what the headings here say."""
    from convstep.view.scene.own_lines import docstrings

    lines = _source(function).splitlines()
    left_out = docstrings(lines)
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in left_out)


def _source(function: Any) -> str:
    """A function's lines; one of a file says what they are."""
    import inspect

    told: str | None = getattr(function, "text", None)
    return textwrap.dedent(inspect.getsource(function)) if told is None else told


def _summary(one: Operator) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "gradients": list(one.gradients),
        "mistakes": [mistake.id for mistake in one.mistakes],
    }


def _plain(one: Operator) -> dict[str, Any]:
    def mistakes(listed: Sequence[Mistake]) -> list[dict[str, Any]]:
        return [
            {
                "id": mistake.id,
                "title": mistake.title,
                "explanation": mistake.explanation,
                "sources": list(mistake.sources),
                "variants": [
                    {"label": variant.label, "right": variant.right, "wrong": variant.wrong}
                    for variant in mistake.variants
                ],
            }
            for mistake in listed
        ]

    return {
        "name": one.name,
        "title": one.title,
        "forward": _source(one.forward),
        "backward": _source(one.backward),
        "upstream": list(one.upstream),
        "gradients": list(one.gradients),
        "outputs": list(one.outputs),
        "axes": dict(one.axes),
        "torch": one.torch,
        "conventions": [
            {"name": each.name, "axes": dict(each.axes), "divided": dict(each.divided)}
            for each in one.conventions
        ],
        "problems": _about(one),
        "mistakes": mistakes(one.mistakes),
        "also_right": mistakes(one.also_right),
    }
