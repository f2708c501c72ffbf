"""Where the debugger stands on a page, and whether what the page points at can be seen there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from convstep.conv.layout import GRADIENTS
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.frozen import frozen
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field, Fields, whole_number
from convstep.lessons.lesson import COMPARISON, WHAT_IF, WHY, PagePlace
from convstep.lessons.tensors import (
    Cells,
    Index,
    parse_cell,
    parse_cells,
    read_setting,
    shapes,
)
from convstep.replay.edits import Numbers, put
from convstep.replay.places import parse_place
from convstep.steps.cells import Array

PLACE_KEYS = ("at", "additions", "mark", "focus", "open", "what-if", "values", "card", "channel", "filter")
MODES = ("numbers", "heat", "both")
CARDS = ("step", "window")
"""What can be seen of a step: its additions, or its window forward above backward."""

Face = tuple[int | None, ...]


@frozen(eq=False)
class Placed:
    """A place with the debugger really there."""

    problem: Problem
    place: PagePlace
    timeline: Timeline
    """At that place."""

    @property
    def subject(self) -> Convolution:
        """The problem."""
        return Convolution(self.problem, "")

    @property
    def here(self) -> Timeline:
        """What its numbers are taken from."""
        return self.timeline

    @property
    def next_step(self) -> int | None:
        """The number of the step that would be executed next; None at the end."""
        return self.place.position if self.place.position < self.timeline.total else None

    def added_to(self, gradient: str) -> int:
        """How many steps have made their addition to a gradient, one that is under way included."""
        return self.place.position + (self.place.additions > GRADIENTS.index(gradient))

    def shown_face(self, tensor: str) -> Face:
        """The face of a tensor that the debugger shows here."""
        geometry, index = self.problem.geometry, self.timeline.step.loop_index
        batch = () if geometry.batch is None else (index.i_n,)
        k, shown = self.place.input_channel or 0, self.place.output_channel
        filter_ = index.i_c if shown is None else shown
        if tensor in ("b", "db"):
            return (None,)
        if tensor in ("W", "dW"):
            return (filter_, None, None, k)
        last = filter_ if tensor == "dZ" else geometry.channels(index.i_c).start + k
        return (*batch, None, None, last)


@frozen(eq=False)
class Convolution:
    """A convolution that a lesson steps through; see `Subject`."""

    problem: Problem
    name: str
    recording: None = None
    """None: it is no recording."""
    runs_code = False
    """It takes its numbers from arrays alone."""

    @property
    def inputs(self) -> dict[str, Array]:
        """`A_prev`, `W`, `b` and `dZ`."""
        return inputs_of(self.problem)

    def with_numbers(self, numbers: Numbers) -> Convolution:
        """The same with other numbers in some cells."""
        return replace(self, problem=edited_problem(self.problem, numbers)) if numbers else self

    def stand(self, place: PagePlace) -> Placed:
        """Go to a place."""
        return go_to(self.problem, place)

    def read_place(self, fields: Fields, last: PagePlace) -> PagePlace:
        """Read a `stop` block."""
        return read_place(fields, self.problem, last)


def inputs_of(problem: Problem) -> dict[str, Array]:
    """The arrays that a problem begins with."""
    found = {name: getattr(problem, name) for name in ("A_prev", "W", "b", "dZ")}
    return {name: array for name, array in found.items() if array is not None}


def edited_problem(problem: Problem, numbers: Numbers) -> Problem:
    """The problem with other numbers in some cells of these."""
    return problem.with_arrays(**{name: put(getattr(problem, name), own) for name, own in numbers.items()})


def go_to(problem: Problem, place: PagePlace) -> Placed:
    """Go there."""
    timeline = Timeline(problem)
    timeline.seek(place.position)
    for _ in range(place.additions):
        timeline.next_write()
    return Placed(problem, place, timeline)


def read_place(fields: Fields, problem: Problem, last: PagePlace) -> PagePlace:
    """Read a `stop` block, in which what is left out is as on the page before; or LessonError."""
    fields.check_keys(PLACE_KEYS, several=("mark",))
    position, additions, given = last.position, last.additions, last.given
    if found := fields.get("at"):
        position, additions, given = _position(found.text, problem, found.line), 0, True
    if found := fields.get("additions"):
        count = 2 if problem.b is None else 3
        if position == problem.total_steps:
            raise wrong("there is no next step of which additions could be made; stop earlier", found.line)
        if found.text not in map(str, range(count)):
            sentence = "additions is {text!r}; it must be 0 to {last}"
            raise wrong(sentence, found.line, text=found.text, last=count - 1)
        additions = int(found.text)
    marks = tuple(
        parse_cells(part, problem, mark.line)
        for mark in fields.values.get("mark", [])
        for part in mark.text.split(";")
    )
    place = PagePlace(
        position,
        given,
        additions,
        marks,
        focus=_focus(fields, problem),
        mode=read_mode(fields),
        card=_one_of(fields, "card", CARDS) or last.card,
    )
    return showing(_opening(place, fields, problem), problem, _faces(place, fields, problem), fields.line)


def showing(place: PagePlace, problem: Problem, faces: Sequence[tuple[str, Face]], line: int) -> PagePlace:
    """The place with the channel and filter of these faces in sight; LessonError if they contradict."""
    placed = go_to(problem, place)
    index, geometry = placed.timeline.step.loop_index, problem.geometry
    first = geometry.channels(index.i_c).start
    for tensor, face in faces:
        filter_ = channel = None
        if tensor in ("A_prev_pad", "dA_prev_pad"):
            channel = channel if face[-1] is None else face[-1] - first
        elif tensor == "dZ":
            filter_ = filter_ if face[-1] is None else face[-1]
        elif tensor in ("W", "dW"):
            filter_ = filter_ if face[0] is None else face[0]
            channel = channel if face[-1] is None else face[-1]
        sample = face[0] if geometry.batch is not None and tensor not in ("W", "dW", "b", "db") else None
        if sample not in (None, index.i_n):
            sentence = "this is in sample {sample}, but the loop is in sample {own}"
            raise wrong(sentence, line, sample=sample, own=index.i_n)
        if channel is not None and not 0 <= channel < geometry.kernel_shape[3]:
            sentence = "filter {filter} does not see this channel; stop at a step of its group"
            raise wrong(sentence, line, filter=index.i_c)
        for old, new in ((place.input_channel, channel), (place.output_channel, filter_)):
            if old is not None and new not in (None, old):
                raise wrong("these cells are in several channels or filters; mark cells of one face", line)
        if channel is not None:
            place = replace(place, input_channel=channel)
        if filter_ is not None:
            place = replace(place, output_channel=filter_)
    return place


def face_of(tensor: str, index: Index) -> Face:
    """The face on which a cell is seen: rows and columns are free, all else is held."""
    if tensor in ("b", "db"):
        return (None,)
    if tensor in ("W", "dW"):
        return (index[0], None, None, index[3])
    return (*index[:-3], None, None, index[-1])


def face_name(tensor: str, face: Face) -> str:
    """A face as NumPy writes it: `dA_prev_pad[:, :, 0]`."""
    return f"{tensor}[{', '.join(':' if held is None else str(held) for held in face)}]"


def panel_of(tensor: str, field: Field, problem: Problem) -> str:
    """The tensor that a field names, if it has a panel; else LessonError."""
    panels = [name for name in shapes(problem) if name != "b"]
    if tensor not in panels:
        sentence = "there is no panel {name!r}; the panels are {names}"
        raise wrong(sentence, field.line, name=field.text, names=", ".join(panels))
    return tensor


def on_face(index: Index, face: Face) -> bool:
    """Whether a cell is on a face."""
    return all(held in (None, at) for held, at in zip(face, index, strict=True))


def _position(text: str, problem: Problem, line: int) -> int:
    try:
        return parse_place(text, problem.geometry)
    except ValueError as error:
        raise LessonError(f"at: {error}", line) from error


def _faces(place: PagePlace, fields: Fields, problem: Problem) -> list[tuple[str, Face]]:
    """What has to be seen: one face per marked block, then what is asked for by number."""
    found = [(cells.tensor, _shared_face(cells)) for cells in place.marks]
    geometry = problem.geometry
    counts = {"channel": geometry.kernel_shape[3], "filter": geometry.kernel_shape[0]}
    for key, count in counts.items():
        if wish := fields.get(key):
            number = whole_number(wish.text)
            if number is None or number >= count:
                sentence = "{key} is {text!r}; it must be 0 to {last}"
                raise wrong(sentence, wish.line, key=key, text=wish.text, last=count - 1)
            held: Face = (None, None, None, number) if key == "channel" else (number, None, None, None)
            found.append(("W", held))
    return [face for face in found if face[0] not in ("b", "db")]


def _shared_face(cells: Cells) -> Face:
    """The one face of all these cells; an axis along which they differ is left free."""
    face = face_of(cells.tensor, cells.indices[0])
    return tuple(
        held if held is None or all(index[axis] == held for index in cells.indices) else None
        for axis, held in enumerate(face)
    )


def _focus(fields: Fields, problem: Problem) -> str:
    found = fields.get("focus")
    return "" if found is None else panel_of(found.text, found, problem)


def read_mode(fields: Fields) -> str:
    """How a `stop` block wants values to be shown; "" if it does not say."""
    return _one_of(fields, "values", MODES)


def _one_of(fields: Fields, key: str, known: Sequence[str]) -> str:
    """A word of a block; "" if it is not there."""
    found = fields.get(key)
    if found is not None and found.text not in known:
        sentence = "{key} is {text!r}; it must be one of {known}"
        raise wrong(sentence, found.line, key=key, text=found.text, known=", ".join(known))
    return found.text if found else ""


def _opening(place: PagePlace, fields: Fields, problem: Problem) -> PagePlace:
    found, other = fields.get("open"), fields.get("what-if")
    if found is not None and other is not None:
        raise wrong("a page has either `open` or `what-if`; remove one", other.line)
    if other is not None:
        return replace(place, opens=WHAT_IF, what_if=read_setting(WHAT_IF, other, inputs_of(problem)))
    if found is None:
        return place
    word, _, cell = found.text.partition(" ")
    if found.text == COMPARISON:
        return replace(place, opens=COMPARISON)
    if word != WHY:
        sentence = "open is {text!r}; it must be `comparison` or `why dW[0, 0, 0, 0]`"
        raise wrong(sentence, found.line, text=found.text)
    gradient, index = parse_cell(cell, problem, found.line)
    if gradient not in GRADIENTS:
        sentence = "{name} is not a gradient; `why` takes a cell of {names}"
        raise wrong(sentence, found.line, name=gradient, names=", ".join(GRADIENTS))
    return replace(place, opens=WHY, why=(gradient, index))
