"""A candidate before it is called, the outcome of one call, and the error if no call works."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from convstep.brief import brief
from convstep.candidate.load.names import line_words
from convstep.candidate.load.target import CandidateError
from convstep.frozen import frozen
from convstep.language import tr
from convstep.printable import SENTENCE, printable
from convstep.steps.cells import Array

NAMES = ("dW", "db", "dA_prev")
"""The gradients, in the article's order."""

RETURNED, REFUSED, RAISED, HUNG, DIED = "returned", "refused", "raised", "hung", "died"
"""How a call ends: with a result, with the candidate's own `raise` on a size it does not take,
with any other exception, not within its time, or with its process."""

UNCLEARED = "uncleared"
"""Among the places of an outcome: its gradients add up over calls, and nothing in its file speaks of that."""
OUT_OF_MEMORY, CLOSED = 87, 88
"""The exit codes of a process that has no memory left even to say so, or no way to say anything."""


@frozen()
class Candidate:
    """What loading a candidate found out; all of it plain text and numbers."""

    name: str
    """What it is called: "conv_backward", "Conv.backward"."""
    kind: str
    """ "function", "method", "class" or "autograd" (a `torch.autograd.Function`)."""
    parameters: tuple[str, ...]
    """Names of the positional parameters, without `self`."""
    required: int
    """How many of them have no default."""
    variadic: bool = False
    """Whether it takes any number of arguments."""
    forward: str = ""
    """Name of the forward it is paired with in the same file; "" if none was found."""
    tensors: bool = False
    """Whether it works on PyTorch tensors."""
    file: str = ""
    """Where it is defined; "" if unknown."""
    first_line: int = 0
    """Its first line in that file; 0 if unknown."""
    source: str = ""
    """Its text; "" if unknown."""
    notes: tuple[str, ...] = ()
    """What loading left out, in sentences."""
    methods: tuple[str, ...] = ()
    """Of a class: its constructor and methods as they are written, without `self`; "@" before static ones."""
    compiles: bool = False
    """Whether it compiles its functions when they are first called, which may take long."""
    keywords: tuple[str, ...] = ()
    """Its parameters that go by name only."""
    keywords_required: tuple[str, ...] = ()
    """Which of them have no default."""
    forward_parameters: tuple[str, ...] = ()
    """The parameters of that forward, those that go by name only last."""
    forward_required: tuple[str, ...] = ()
    """Which of them have no default."""
    forward_source: str = ""
    """Its text; "" if unknown."""
    tape: str = ""
    """The class of an autograd that its file has, whose outputs know their way back; "" if it has none."""
    engine: bool = False
    """Whether it is a class with operators and without a forward, as the nodes of an autograd are."""
    options: tuple[str, ...] = ()
    """The class of its file whose objects are its hyperparameters, and the fields that it is told."""

    __repr__ = brief

    @property
    def depthwise(self) -> bool:
        """Whether its name says that each channel has a kernel of its own."""
        whole = not re.search(r"separab|point_?wise", f"{self.name} {self.source}", re.I)
        # dw_conv(x, dy) makes dw
        back = self.kind != "function" or re.search("back|bwd|grad|prop|vjp", self.name, re.I)
        said = r"depth_?wise|dw_?conv" if back else r"depth_?wise"
        return whole and re.search(said, self.name, re.I) is not None

    @property
    def needed(self) -> tuple[str, ...]:
        """Its parameters that have no default."""
        return (*self.parameters[: self.required], *self.keywords_required)


@frozen(eq=False)
class Outcome:
    """What one call of a candidate came to."""

    kind: str
    """One of RETURNED, REFUSED, RAISED, HUNG, DIED."""
    returned: tuple[Array, ...] = ()
    """What came back, flat, in the order and the layout it came in."""
    labels: tuple[str, ...] = ()
    """The gradients' names, where the candidate named them itself (a dict); else empty."""
    gradients: Mapping[str, Array] = field(default_factory=dict)
    """By name, in our layout where the number of axes allows it; one that did not come is missing."""
    message: str = ""
    """Why there is no result: the exception, or a sentence."""
    line: int = 0
    """The author's line that raised, not an adapter's or a helper's; 0 if unknown."""
    line_text: str = ""
    """That line."""
    file: str = ""
    """The file it is in; "" if unknown."""
    cell: int = 0
    """The code cell of the notebook it is in, from 1; 0 for a file."""
    lacks: str = ""
    """What this call needed and loading could not give it, a sentence: no verdict on the candidate."""
    notes: tuple[str, ...] = ()
    """How its files had to be read for this call, in sentences."""
    changed: tuple[str, ...] = ()
    """Names of the inputs that were changed in place."""
    printed: str = ""
    """The end of what it printed."""
    warnings: tuple[str, ...] = ()
    """Warnings it caused, each once."""
    beyond: int = 0
    """The line that made a view which reaches beyond its array (see `views`); 0 if none did."""
    memory: int = 0
    """Bytes its process holds after the call; 0 if unknown."""
    Z: Array | None = None
    """What its own forward made of the problem, in our layout, when that was called."""
    places: tuple[str, ...] = ()
    """What a layer holds where: "W weights", and how it lies there: "W-layout OIHW"."""
    forward_message: str = ""
    """Why its own forward could not be used."""
    ours: bool = False
    """Whether what was raised is a mistake of this program, which says nothing of the candidate."""

    __repr__ = brief

    @property
    def place(self) -> str:
        """The line that raised, for a sentence: "line 5" or "cell 3, line 5"; "" if unknown."""
        return line_words(self.line, self.cell)

    @property
    def not_begun(self) -> bool:
        """Whether a call did not even begin: it has other parameters."""
        # as it is shown: before and after it came through a pipe the answer is the same
        said = printable(self.forward_message or self.message, SENTENCE)
        if self.forward_message:
            return "TypeError" in said and "argument" in said
        return self.kind == RAISED and not self.line and "argument" in said


def not_tried(said: str) -> str:
    """Why a call counts as refused whose own forward raised, given what that said."""
    return tr("not tried: its own forward raises there: {message}", message=said)


@frozen()
class Attempt:
    """One way of calling that was tried."""

    how: str
    """What was called with what, as its author would write it."""
    message: str
    """What came of it: the exception, or what is wrong with the result."""
    line: int = 0
    """The candidate's line that raised; 0 if unknown."""
    line_text: str = ""
    """That line."""
    place: str = ""
    """The same line for a sentence: "line 5" or "cell 3, line 5"; "" if unknown."""

    __repr__ = brief

    @classmethod
    def of(cls, how: str, outcome: Outcome, message: str = "") -> Attempt:
        """What came of a call; the message says what is wrong with what came back."""
        return cls(how, outcome.message or message, outcome.line, outcome.line_text, outcome.place)


class CannotCall(CandidateError):
    """No way was found to call a candidate, which is no verdict on it: why, what to do, what was tried."""

    def __init__(self, sentence: str, candidate: Candidate, tried: Sequence[Attempt] = ()) -> None:
        """Say who cannot be called, and what was tried, the likeliest first."""
        super().__init__(sentence)
        self.candidate = candidate
        self.tried = tuple(tried)

    def __repr__(self) -> str:
        """The sentence, and how many ways of calling were tried."""
        return f"{super().__repr__()[:-1]}, tried={len(self.tried)})"
