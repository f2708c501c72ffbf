"""The current step as numbers: each addition, its factor, what it adds, and its cells before and after."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from convstep.language import tr
from convstep.printable import printable
from convstep.view.grid.look import NOW
from convstep.view.numbers.text import short
from convstep.view.scene.addition_forms import MATRICES, PAIRS, WHOLE, AdditionForms, Form
from convstep.view.scene.scene import Scene
from convstep.view.text.wrapping import wrap

MARKS = {"done": "✓", "next": "▶", "later": " "}
"""What stands before an addition."""


def draw_card(scene: Scene, width: int, height: int, *, products: bool = True) -> Text:
    """The step in as much detail as the room allows.

    Unless what is added is shown too (`products`), what is written has its room.
    """
    above, below, forms = _above(scene, width), _below(scene, width), _forms(scene, width, products=products)
    lines = [*above, *_as_full_as_fits(scene, forms, height - len(above) - len(below))]
    apart = [Text("")] if lines and below else []
    seen = lines[: max(height - len(below), 1)]
    return first_that_fits([[*lines, *apart, *below], [*seen, *below]], height)


def least_lines(scene: Scene, width: int) -> int | None:
    """Lines for all cells before and after in readable numbers, without what is added; None without room."""
    found = len(_above(scene, width)) + len(_below(scene, width))
    for forms in _forms(scene, width, products=False):
        whole = [form.lines for form in forms if form.rank >= PAIRS]
        if not whole:
            return None
        found += min(whole)
    return found


def title_of_step(scene: Scene, width: int, *remarks: str) -> Text:
    """The value that the step takes, named in full; of a 0 that adds nothing, a remark.

    Of a 0 that meets a NaN or an inf there comes a NaN.
    """
    if scene.taken is None:
        return Text()
    value, word = short(scene.dz, 6), scene.taken.text
    name = f"{word} = {scene.upstream} = "
    title = Text.assemble(name if len(name + value) <= width else f"{word} = ", (value, NOW))
    writes = scene.event.writes
    nothing = scene.dz == 0 and all(one.kind == "adds" and not np.any(one.value) for one in writes)
    said = remarks if nothing else ()
    title.append(next((f"  {r}" for r in said if title.cell_len + 2 + cell_len(r) <= width), ""), "dim")
    return title


def first_that_fits(forms: Iterable[list[Text]], height: int) -> Text:
    """The first form with no more lines than there is room for, or as much of the last as there is."""
    lines = list[Text]()
    for lines in forms:
        if len(lines) <= height:
            break
    card = Text("\n", no_wrap=True, overflow="crop").join(lines[: max(height, 1)])
    card.no_wrap, card.overflow = True, "crop"
    return card


def mark_of(scene: Scene, number: int) -> str:
    """What stands before an addition, by its place among the step's writes."""
    if number < scene.made:
        return MARKS["done"]
    return MARKS["next" if number == scene.made else "later"]


def _above(scene: Scene, width: int) -> list[Text]:
    """What stands above the additions."""
    title = title_of_step(scene, width, tr("adds nothing"), tr("adds 0"))
    return [] if scene.event.statements else [title]


def _below(scene: Scene, width: int) -> list[Text]:
    """What is said of few steps: where it moves nothing."""
    return [
        line
        for remark in map(printable, scene.remarks)
        for line in wrap(Text(remark, "bold" if remark.startswith("≠") else ""), width)
    ]


def _forms(scene: Scene, width: int, *, products: bool) -> list[list[Form]]:
    """The ways to show each addition."""
    found = _all_forms(scene, width)
    return found if products else [[form for form in own if not form.products] for own in found]


@functools.lru_cache(maxsize=2)
def _all_forms(scene: Scene, width: int) -> list[list[Form]]:
    """Kept because a card is measured before it is drawn."""
    return [list(AdditionForms(one, mark_of(scene, one.number), width)) for one in scene.additions]


def _as_full_as_fits(scene: Scene, forms: Sequence[Sequence[Form]], height: int) -> list[Text]:
    """The additions alike in the fullest form that fits; then each as fully, the most telling first."""
    if not forms:
        return []
    briefly = [own[0] for own in forms]
    chosen = next((found for found in _alike(forms) if _lines(found) <= height), briefly)
    order = _most_telling(scene)
    if chosen[order[0]].rank < MATRICES:  # rather all cells of one, and the others in a line each
        one_whole = _fuller(briefly, forms, order[0], height)
        chosen = one_whole if one_whole[order[0]].rank >= MATRICES else chosen
    for at in order:
        if chosen[at].rank < WHOLE:  # else rather all of them alike
            chosen = _fuller(chosen, forms, at, height)
    return _drawn(chosen, height, below_title=not scene.event.statements)


def _drawn(chosen: Sequence[Form], height: int, *, below_title: bool) -> list[Text]:
    """The forms with an empty line between them if there is room for all of these."""
    gaps = len(chosen) - (not below_title)
    apart = any(form.rank >= MATRICES for form in chosen) and _lines(chosen) + gaps <= height
    lines = list[Text]()
    for form in chosen:
        lines += [Text("")] * (apart and (below_title or bool(lines))) + form.draw()
    return lines


def _alike(forms: Sequence[Sequence[Form]]) -> Iterator[list[Form]]:
    """Each addition in its fullest form of no higher rank, for every rank, the highest first."""
    left = [sorted(own, key=_rank, reverse=True)[::-1] for own in forms]  # the first of two alike is the last
    for rank in sorted({form.rank for own in forms for form in own}, reverse=True):
        for own in left:
            while own[-1].rank > rank and len(own) > 1:
                own.pop()
        yield [own[-1] for own in left]


def _fuller(chosen: Sequence[Form], forms: Sequence[Sequence[Form]], at: int, height: int) -> list[Form]:
    """The same with one addition as fully as the others leave room for."""
    room = height - _lines(chosen) + chosen[at].lines
    fullest = max((form for form in forms[at] if form.lines <= room), key=_rank, default=chosen[at])
    return [max(fullest, form, key=_rank) if n == at else form for n, form in enumerate(chosen)]


def _rank(form: Form) -> tuple[int, ...]:
    return form.rank


def _lines(forms: Iterable[Form]) -> int:
    return sum(form.lines for form in forms)


def _most_telling(scene: Scene) -> list[int]:
    """The additions in the order in which they are shown more fully than the others.

    The latest statement comes first; so does the latest addition of a step that is under way, and the first
    of one that is not.
    """
    several, made = scene.additions, scene.made
    if scene.event.statements:
        return sorted(range(len(several)), key=lambda at: several[at].done and -at)
    latest = made - 1 if 0 < made < len(scene.event.writes) else 0
    return sorted(range(len(several)), key=lambda at: several[at].number != latest)
