"""Sites: the places of a source at which a running function is noted, known before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from convstep.frozen import frozen


class Kind(Enum):
    """What happens at a site."""

    READ = auto()
    """Cells of an array are read by a subscript; payload `(array, *parts)`."""
    WRITE = auto()
    """Cells are written by a subscript; payload `(array, *parts, before, after)`, bytes."""
    WHOLE = auto()
    """All cells of an array are written in place, as by `x += …`; payload `(array, before, after)`."""
    SCATTERED_READ = auto()
    """Not used by a site of its own: see READ."""
    SCATTERED = auto()
    """Cells have changed, found by comparing; payload `("cells", storage, items, before, after)`."""
    BIND = auto()
    """A variable is set; payload the value."""
    STORE = auto()
    """Something that is no variable is set, as `grads['dW']`; payload `(name, value)`."""
    CALL = auto()
    """A function begins; payload the values of its parameters."""
    RETURN = auto()
    """It is left, in whatever way; payload None, of a generator the entry with which its call began."""
    ENTER = auto()
    """A loop begins; payload how many turns it will take, or None."""
    TURN = auto()
    """A turn of a loop begins; payload the values of its variables."""
    CHECK = auto()
    """The condition of a `while` is about to be looked at; payload None."""
    ELEMENT = auto()
    """A comprehension has made an element; payload the values of its variables."""
    USE = auto()
    """A statement that sets nothing has used what it names; payload None."""
    EXIT = auto()
    """A loop has ended; payload None."""
    YIELD = auto()
    """A generator hands something out; payload the entry with which its call began."""
    RESUME = auto()
    """It goes on; payload the same."""


WRITES = frozenset({Kind.WRITE, Kind.WHOLE, Kind.SCATTERED})
"""What changes cells."""


@frozen()
class LoopSite:
    """A loop of the source."""

    number: int
    names: tuple[str, ...]
    """Its variables; none for a `while`."""
    line: int
    innermost: bool
    """Whether no other loop stands in it."""
    enter: int
    """The site at which it begins."""
    turn: int
    """The site at which each turn begins; of a comprehension, at which it ends."""
    exit: int
    """The site after it; -1 for a comprehension."""


@frozen()
class StatementSite:
    """A statement of the source."""

    number: int
    line: int
    """Its first line, as the file counts."""
    last_line: int
    """Its last line; of a statement with a body, that of its head."""
    text: str
    """As it is written, on one line."""
    function: int
    loops: tuple[int, ...]
    """The loops around it in that function, outermost first."""
    loads: tuple[str, ...] = ()
    """The names in it whose values it uses, other than by a subscript, in their order: `dout`, `self.W`."""
    alone: bool = False
    """Whether it is a step of its own: it stands in no innermost loop, and in no generator."""


@frozen()
class FunctionSite:
    """A function of the source."""

    number: int
    name: str
    """As it is defined, with the classes and functions around it: `Conv.backward`."""
    line: int
    last_line: int
    parameters: tuple[str, ...]
    call: int
    """The site at which it begins."""
    leave: int
    """The site at which it is left."""
    generator: bool


@frozen()
class Site:
    """One place at which something is noted."""

    number: int
    """Its place in the list, and what stands for it in the log."""
    kind: Kind
    statement: int
    """The statement it belongs to; of a function or a loop, its head."""
    text: str = ""
    """READ and WRITE: what is subscripted. WHOLE and BIND: the variable. WRITE and WHOLE: see `value`."""
    value: str = ""
    """What is written, as the source has it: `mask * dout[n, c, i, j]`."""
    operator: str = ""
    """`+=` and the like, `=`; of a call that has changed cells, `call`."""
    template: tuple[Part, ...] = ()
    """READ and WRITE: the index."""
    single: bool = False
    """READ and WRITE: whether the index is written without a comma."""
    through: bool = False
    """READ: whether it only leads to another subscript, or to a shape."""
    named: bool = False
    """READ: whether what it gives gets a name; a view is then not read, but named."""
    loop: int = -1
    """ENTER, CHECK, TURN, ELEMENT, EXIT: which loop."""
    function: int = -1
    """CALL, RETURN: which function."""
    names: tuple[str, ...] = ()
    """TURN, ELEMENT, CALL: the variables whose values the payload has."""


@frozen()
class Part:
    """One entry of an index: a slice's three numbers, or a single one; each constant or open."""

    sliced: bool
    values: tuple[Hole | int | None, ...]
    """Start, stop and step, or the one number; None is a missing number, or a new axis."""
    ellipsis: bool = False


@frozen()
class Hole:
    """Stands for a number that is known when the code runs."""

    place: int
    """Among those of the index, from 0."""


@dataclass(slots=True)
class Sites:
    """All that is known of a source before it runs."""

    sites: list[Site] = field(default_factory=list)
    statements: list[StatementSite] = field(default_factory=list)
    loops: list[LoopSite] = field(default_factory=list)
    functions: list[FunctionSite] = field(default_factory=list)
