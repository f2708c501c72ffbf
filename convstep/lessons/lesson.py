"""A lesson, understood: pages, where the debugger stands on each, and what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from convstep.frozen import frozen
from convstep.lessons.document import Block
from convstep.lessons.questions import POINTS, Question
from convstep.lessons.tensors import Cells, Index

if TYPE_CHECKING:
    import numpy.typing as npt

    from convstep.conv.problem import Problem
    from convstep.conv.timeline import Timeline
    from convstep.lessons.expressions import Here
    from convstep.lessons.fields import Fields
    from convstep.recording.recording import Recording
    from convstep.replay.edits import Numbers

COMPARISON = "comparison"
"""What a place may open: the comparison with PyTorch."""
WHY = "why"
"""Another thing: the steps that make a cell."""
WHAT_IF = "what-if"
"""The third one: the same with another number in a cell."""


@frozen()
class PagePlace:
    """Where the debugger stands, and what it points at."""

    position: int = 0
    """Steps executed."""
    given: bool = False
    """Whether the lesson says so; else a candidate is opened where it first goes wrong."""
    additions: int = 0
    """How many additions of the next step are made as well, 0 to 2."""
    marks: tuple[Cells, ...] = ()
    """Cells to point at."""
    input_channel: int | None = None
    """Offset of the input channel to show within the step's group; None follows the loop."""
    output_channel: int | None = None
    """The filter to show; None follows the loop."""
    focus: str = ""
    """The tensor whose panel has the cursor and comes to the front on a small screen; "" leaves it."""
    opens: str = ""
    """`COMPARISON`, `WHY`, `WHAT_IF`, or ""."""
    why: tuple[str, Index] | None = None
    """The gradient and the cell that `WHY` is about."""
    what_if: tuple[str, Index, str] | None = None
    """The input, the cell and the number, as it is written, that `WHAT_IF` is about."""
    mode: str = ""
    """How values are shown: numbers, heat or both; "" leaves it."""
    card: str = ""
    """What is seen of a convolution's step: its additions, or its window; "" leaves it."""


class Standing(Protocol):
    """A place of a lesson, with the run really there."""

    @property
    def place(self) -> PagePlace:
        """Where."""

    @property
    def subject(self) -> Subject:
        """What is stepped through."""

    @property
    def here(self) -> Timeline | Here:
        """What its numbers are taken from."""


class Subject(Protocol):
    """What the pages of a lesson step through: a convolution, or the recording of a function."""

    @property
    def name(self) -> str:
        """What to call it."""

    @property
    def problem(self) -> Problem | None:
        """The convolution; None if it is something else."""

    @property
    def recording(self) -> Recording | None:
        """The recording; None if it is something else."""

    @property
    def inputs(self) -> Mapping[str, npt.NDArray[Any]]:
        """The arrays of which cells can be set, by name, as they begin."""

    @property
    def runs_code(self) -> bool:
        """Whether the lesson's own code runs again for other numbers."""

    def with_numbers(self, numbers: Numbers) -> Subject:
        """The same with other numbers in some cells of its inputs, or itself; ValueError if it cannot be."""

    def stand(self, place: PagePlace) -> Standing:
        """Go to a place."""

    def read_place(self, fields: Fields, last: PagePlace) -> PagePlace:
        """Read a `stop` block, in which what is left out is as on the page before; or LessonError."""


@frozen()
class Page:
    """One screenful of a lesson."""

    title: str
    line: int
    subject: Subject
    """What the debugger is opened on."""
    candidate: str
    """The source of a backward to stand beside the reference, "" without."""
    before: tuple[Block, ...]
    """The narration, its numbers filled in."""
    place: PagePlace
    """Where the debugger stands."""
    question: Question | None
    after: tuple[Block, ...]
    """What is said once the question is answered or given up."""
    place_after: PagePlace
    """Where the debugger stands then."""

    @property
    def problem(self) -> Problem:
        """The convolution that the debugger is opened on; asked only where it is one."""
        assert self.subject.problem is not None
        return self.subject.problem


@frozen()
class Lesson:
    """A walkthrough."""

    path: str
    """Its file, as given."""
    key: str
    """Under which progress is kept: the same for both languages of a bundled lesson."""
    title: str
    summary: str
    """What it is about, one or two sentences."""
    language: str
    """One of `LANGUAGES`."""
    order: int
    """Its place in the course, 0 for a lesson of one's own."""
    hunt: bool
    bug: str
    """The known bug of a hunt, "" without."""
    pages: tuple[Page, ...] = field(repr=False)
    """In order, at least one."""

    @property
    def command_name(self) -> str:
        """What opens it on the command line: a bundled name, or its file."""
        return self.path if self.key != self.path.removesuffix(".md") else self.key

    @property
    def questions(self) -> tuple[Question, ...]:
        """All that is asked."""
        return tuple(page.question for page in self.pages if page.question is not None)

    @property
    def most_points(self) -> int:
        """What who makes no mistake gets."""
        return POINTS * len(self.questions)
