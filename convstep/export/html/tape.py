"""Tape: the scenes of a page one after the other, each as what is different from the one before it.

A scene is written as values in slots, each slot a short name: `p` the position, `w3` the window on the third
panel, `l0.12` the twelfth line of a source. The page's script puts values into slots, and keeps what stood
there to be able to go back; so what a page has of a step is what the step changes.

| slot | what it holds |
| --- | --- |
| `p` `n` `m` | steps executed, steps in all, writes made of the step that is shown |
| `o` `r` | where it is in the loops; remarks, a line each |
| `q` | how the step's sentence begins |
| `g` | by write: its number, its heading, its words in the sentence, its tables |
| `G` | how many of them there are |
| `V` | the step's window, forward: its heading, its sum, its products |
| `P` | the panels that are shown, by their numbers |
| `t` `R` `u` | by panel: the face it shows, what the step does with its array, the part in sight |
| `w` `c` | by panel: what is framed; the changed cells (1: those of the window) |
| `i` `C` | by panel: what is not padding, and whether a line is drawn around it |
| `N` `d` `x` `k` | by panel: the cell that the step takes, how many are done, which differ, marks |
| `f` | by face: cells that are different now, `[first, "text text …", …]` in reading order |
| `S` `s` `l` | how many sources; by pane the source; by source and line what the step makes of it |
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from convstep.export.html.cells import (
    Json,
    View,
    colour_letter,
    form_of,
    packed,
    packed_table,
    role_of,
    settled,
    span_json,
    title_words,
    view_of,
    written,
)
from convstep.export.html.lines import Line, state_of
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array
from convstep.view.grid.panel import DIFFERS, Panel, Span
from convstep.view.numbers.factor import factor_text
from convstep.view.scene.build import span_on
from convstep.view.scene.scene import Addition, Scene
from convstep.view.scene.sentence import sentence_parts

AFTER = 0
"""The name of the cells after a write: "after", or "will be" until it is made."""
MOST_CELLS = 81
"""Cells of a table of the step; of more, the panels show what is changed."""


@frozen()
class Shown:
    """A scene with what a page shows beside it."""

    scene: Scene
    sources: Sequence[Sequence[Line]]
    """The lines of each pane."""
    writes: Sequence[Json] | None = None
    """What stands in place of the step's writes."""
    remarks: Sequence[str] = ()
    """What else is to be said."""
    beside: Container[str] = ()
    """The keys of panels that stand three in a row: reference, candidate, difference."""
    standing: str = ""
    """What is said of a step that writes nothing."""
    forward: Json = None
    """The same step as the forward pass makes it; None where there is no such pass."""
    walked: bool = False
    """Whether each of the writes that are still to be made is a scene of its own, and comes next."""


@dataclass(eq=False)
class _Face:
    """The cells of one face as the page has them."""

    number: int
    texts: dict[int, str] = field(default_factory=dict)
    values: Array | None = None
    written_so: object = None
    view: View | None = None


class Tape:
    """Takes scenes and keeps the differences."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Json]] = []
        """What is different at each place, by slot."""
        self.sources: list[list[list[Json]]] = []
        """Every source that occurs: its lines as `[number, indent, code]`."""
        self.faces: list[list[Json]] = []
        """Every face that occurs: its title, the factor of its numbers, its rows and columns, the characters
        of a number, the array."""
        self.whole: list[int] = []
        """The frames in which no step is under way."""
        self.staged: list[int] = []
        """By panel, where it stands: 1 with the large ones, 2 with those of a gradient, 0 below them."""
        self.size = 0
        """Roughly how many bytes the page needs for the frames."""
        self._held: dict[str, Json] = {}
        self._faces: dict[tuple[object, ...], _Face] = {}
        self._panels: dict[str, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        self._step: object = None

    def take(self, shown: Shown, about: str = "") -> None:
        """Add a scene; `about` tells its arrays from those of other runs with the same names."""
        shown = replace(shown, scene=replace(shown.scene, panels=tuple(map(settled, shown.scene.panels))))
        scene = shown.scene
        slots: dict[str, Json] = {"p": scene.position, "n": scene.total, "m": scene.made, "o": scene.place}
        slots["q"] = sentence_parts(scene)[0] or ("" if scene.additions else shown.standing)
        slots["r"] = [printable(words, None) for words in (*scene.remarks, *shown.remarks)]
        slots["V"] = shown.forward
        slots["P"] = [self.panel_number(about, panel, shown.beside) for panel in scene.panels]
        self._put_writes(
            slots, shown, about
        )  # before the cells: what they were is what they will be changed from
        patches = dict[str, Json]()
        for panel in scene.panels:
            face = self._face(about, panel)
            self._put_panel(slots, self.panel_number(about, panel), panel, face)
            if patch := _patch(panel, face):
                patches[f"f{face.number}"] = patch
        for pane, lines in enumerate(shown.sources):
            self._put_source(slots, pane, lines)
        slots["S"] = len(shown.sources)
        frame = {slot: value for slot, value in slots.items() if self._held.get(slot) != value} | patches
        self._held |= slots
        if scene.progress[1] == 0:
            self.whole.append(len(self.frames))
        self.frames.append(frame)
        self.size += sum(len(str(slot)) + len(str(value)) for slot, value in frame.items())

    @property
    def has_window(self) -> bool:
        """Whether a step has a window to be shown."""
        return any(frame.get("V") for frame in self.frames)

    def panel_number(self, about: str, panel: Panel, beside: Container[str] = ()) -> int:
        """What the page calls a panel; see `take`."""
        number = self._panels.setdefault(f"{about}:{panel.key}", len(self._panels))
        if number == len(self.staged):
            self.staged.append(2 if panel.key in beside else int(panel.stage))
        return number

    def _face(self, about: str, panel: Panel) -> _Face:
        seen = panel.face
        title = title_words(panel)
        key = about, panel.key, seen.name, seen.fixed, seen.lengths, title, panel.power
        if key not in self._faces:
            self._faces[key] = _Face(len(self._faces))
            factor = "" if panel.note else factor_text(panel.power)
            self.faces.append([title, factor, *seen.shape, form_of(panel).cell.width, seen.name])
        return self._faces[key]

    def _put_panel(self, slots: dict[str, Json], number: int, panel: Panel, face: _Face) -> None:
        face.view = view = view_of(panel, face.view)
        whole = (len(view.rows), len(view.columns)) == panel.face.shape
        slots[f"t{number}"] = [face.number, panel.note] if panel.note else face.number
        slots[f"R{number}"] = role_of(panel)
        slots[f"u{number}"] = (
            0 if whole else [view.rows.start, view.rows.stop, view.columns.start, view.columns.stop]
        )
        inside = panel.inside
        if inside is not None and (len(inside.rows), len(inside.columns)) != panel.face.shape:
            slots[f"i{number}"] = span_json(inside)
        slots[f"C{number}"] = int(panel.cropped) or None
        written = panel.now if panel.taken is None else None
        framed = panel.block if written is None or panel.window is not None else Span.single(written)
        slots[f"w{number}"] = window = span_json(framed)
        changed = span_json(panel.changed)
        slots[f"c{number}"] = 1 if changed is not None and changed == window else changed
        slots[f"N{number}"] = None if panel.taken is None else [*panel.taken]
        slots[f"d{number}"] = panel.done
        cells = [] if panel.differing is None else np.argwhere(panel.differing).tolist()
        marks = [[*cell, mark] for cell, mark in panel.marks.items()]
        if panel.differing_mark == DIFFERS:
            slots[f"x{number}"] = None if panel.differing is None else cells
        else:  # from the run without what was edited
            slots[f"x{number}"] = None
            marks += [[*cell, panel.differing_mark] for cell in cells if tuple(cell) not in panel.marks]
        slots[f"k{number}"] = marks or None

    def _put_writes(self, slots: dict[str, Json], shown: Shown, about: str) -> None:
        """The step's writes; those of the step that was shown are on the page already."""
        scene = shown.scene
        step = about, scene.event.index, [_fingerprint(one) for one in scene.additions]
        if shown.writes is None and step == self._step:
            return
        self._step = step
        found = shown.writes
        if found is None:
            words = sentence_parts(scene)[1]
            found = [
                [
                    one.number,
                    heading := " · ".join(filter(None, (one.headings[0], one.words.remark))),
                    "" if said == heading else said,
                    self._tables(shown, one, about),
                ]
                for one, said in zip(scene.additions, words, strict=True)
            ]
        slots |= {f"g{number}": one for number, one in enumerate(found)}
        slots["G"] = len(found)

    def _tables(self, shown: Shown, addition: Addition, about: str) -> list[Json]:
        """A write's factor, what is added, before and after; see `named_table`."""
        if addition.after.size > MOST_CELLS:
            return []
        known, shape = addition.known, addition.after.shape
        found = [
            named_table(name, values, known=known if np.shape(values) == shape else None)
            for name, values in (*addition.terms, *addition.operands)
            if 0 < np.size(values) <= MOST_CELLS
        ]
        if addition.factor_name:
            found.append(
                self._read(shown.scene, addition, about) or named_table(addition.factor_name, addition.factor)
            )
            found.append(named_table(addition.formula, addition.added))
        return found + self._before_and_after(shown, addition, about)

    def _read(self, scene: Scene, addition: Addition, about: str) -> Json:
        """The factor as cells that a panel shows; None where none does."""
        read = scene.event.read(addition.factor_name)
        shown = [panel for panel in scene.panels if panel.face.name == read.array]
        for panel in shown:
            span = span_on(panel.face, read.region)
            if span is not None and (
                panel.window == span or len(span.rows) * len(span.columns) == panel.face.values.size
            ):
                form, values, name = form_of(panel), addition.factor, addition.factor_name
                own = [name, factor_text(panel.power), packed(values, form), int(values.shape[1])]
                return self._cells(panel, span, values, name, about) or own
        return None

    def _before_and_after(self, shown: Shown, addition: Addition, about: str) -> list[Json]:
        """The cells before and after, as their panel writes them if one shows them."""
        scene, cells, known = shown.scene, addition.cells, addition.known
        columns = int(addition.after.shape[1])
        after, before, names = addition.after, addition.before, [tr("before"), AFTER]
        place = cells.name, cells.fixed
        here = (one for one in scene.panels if not one.note and (one.face.name, one.face.fixed) == place)
        panel = next(here, None)
        if panel is None:
            arrays = [after] if addition.new else [before, after]
            factor, texts = packed_table(*arrays, known=known)
            return [
                [name, factor, text, columns] for name, text in zip(names[-len(texts) :], texts, strict=True)
            ]
        form, factor = form_of(panel), factor_text(panel.power)
        found = [
            [name, factor, packed(one, form, known), columns]
            for name, one in zip(names, (before, after), strict=True)
        ]
        if addition.new or known is not None:
            return found[addition.new :]
        found[0] = self._cells(panel, addition.span, before, tr("before"), about) or found[0]
        if (
            found[0][1:2] == [self._face(about, panel).number]
            and _alone(scene, addition)
            and _is_seen_to(shown, panel, addition)
        ):
            found[1] = [AFTER, *found[0][1:]]
        return found

    def _cells(self, panel: Panel, span: Span, values: Array, name: str, about: str) -> Json:
        """Cells as the page has them on a face; None where it has not just these numbers."""
        face, form, columns = self._face(about, panel), form_of(panel), panel.face.shape[1]
        places = [row * columns + column for row in span.rows for column in span.columns]
        texts = [
            colour_letter(value, form.scale) + form.cell.text(value).strip()
            for value in np.asarray(values, np.float64).ravel().tolist()
        ]
        if [face.texts.get(at) for at in places] != texts:
            return None
        return [name, face.number, span_json(span)]

    def _put_source(self, slots: dict[str, Json], pane: int, lines: Sequence[Line]) -> None:
        text = tuple((line.number, line.indent, line.code) for line in lines)
        number = self._known.setdefault(text, len(self._known))
        if number == len(self.sources):
            self.sources.append([[*line] for line in text])
        slots[f"s{pane}"] = number
        for at, line in enumerate(lines):
            slots[f"l{number}.{at}"] = state_of(line) or None


def named_table(name: str, values: Array, *, known: Array | None = None) -> Json:
    """A table of the step: `[name, factor, "text …", columns]`; of cells on a face `[name, face, cells]`."""
    factor, (text,) = packed_table(values, known=known)
    return [name, factor, text, int(np.shape(values)[1])]


def _alone(scene: Scene, addition: Addition) -> bool:
    """Whether no other write of the step is to the same array."""
    return sum(write.array == addition.cells.name for write in scene.event.writes) == 1


def _is_seen_to(shown: Shown, panel: Panel, addition: Addition) -> bool:
    """Whether the page has the cells after a write on their face: now, or in one of the next scenes."""
    if not addition.done:
        return shown.walked
    rows, columns = (
        slice(part.start, part.stop, part.step) for part in (addition.span.rows, addition.span.columns)
    )
    return np.array_equal(panel.face.values[rows, columns], addition.after, equal_nan=True)


def _fingerprint(addition: Addition) -> tuple[object, ...]:
    kept = (addition.before, addition.added, addition.after)
    return addition.number, addition.headings[0], *(np.asarray(one).tobytes() for one in kept)


def _patch(panel: Panel, face: _Face) -> list[Json]:
    """The cells in sight whose text is not what the page has, as runs in reading order."""
    if panel.note or face.view is None:
        return []
    view, form, columns = face.view, form_of(panel), panel.face.shape[1]
    rows = slice(view.rows.start, view.rows.stop)
    seen = np.array(panel.face.values[rows, view.columns.start : view.columns.stop])
    told = panel.sparse or panel.known is not None
    fresh = told or face.values is None or face.written_so != (form, view)
    changed = np.ones(seen.shape, np.bool_) if fresh else _unlike(seen, face.values)
    face.values, face.written_so = seen, None if told else (form, view)
    runs, end = list[Json](), -1
    for row, column in np.argwhere(changed).tolist():
        cell = row + view.rows.start, column + view.columns.start
        at = cell[0] * columns + cell[1]
        text = written(panel, form, cell, float(seen[row, column]))
        if face.texts.get(at) == text:
            continue
        face.texts[at] = text
        if at == end:
            runs[-1] += f" {text}"
        else:
            runs += [at, text]
        end = at + 1
    return runs


def _unlike(new: Array, old: Array | None) -> Array:
    with np.errstate(invalid="ignore"):
        found: Array = ~((new == old) | ((new != new) & (old != old)))
    return found
