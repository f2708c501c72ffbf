"""Finding: one thing that is wrong with a candidate, in words and with its proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convstep.brief import brief
from convstep.candidate.check.wording import ENOUGH, LIKELY, PROVEN, AnyFinding
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, KnownBug, Patch, Variant, both
from convstep.candidate.diagnose.mistakes.patch import ALL, shown
from convstep.frozen import frozen
from convstep.language import tr

if TYPE_CHECKING:
    from convstep.recording.facts import Alarm


@frozen(eq=False)
class Match:
    """Mistakes that give a gradient exactly as the candidate has it, on every problem tried."""

    bugs: tuple[KnownBug, ...]
    """One, or two that occur together."""
    variants: tuple[Variant, ...]
    """The member of each one's family."""
    gradient: str
    """Which gradient; "" where the match is that the candidate raises on the same problems."""
    failing: int
    """On how many of the problems the gradient is wrong, so that the match says something."""
    problems: int
    """How many problems were compared in all."""
    alone: int = 0
    """Where two occur together: the fewest problems on which one of them shows besides the other."""
    only_when: str = ""
    """The feature of the problems it was held against; "" if these are all."""

    __repr__ = brief

    @property
    def strength(self) -> str:
        """How much it says: PROVEN or LIKELY."""
        shown = min(self.failing, self.alone) if len(self.bugs) > 1 else self.failing
        return PROVEN if self.gradient and not self.only_when and shown >= ENOUGH else LIKELY

    @property
    def mistakes(self) -> Patch:
        """The mistakes as one."""
        first, *rest = (variant.mistakes for variant in self.variants)
        for other in rest:
            first = both(first, other) or first
        return first


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Finding(AnyFinding):
    """One thing that is wrong, or that was seen."""

    bug: KnownBug | None = None
    """The known bug: its lines and its explanation."""
    match: Match | None = None
    """How it was reproduced."""
    writes: tuple[Alarm, ...] = ()
    """Of inputs that are changed: the first line that does it for each of them, where it was seen."""

    @property
    def known(self) -> KnownBug | None:
        """The same as `bug`."""
        return self.bug

    @property
    def lines(self) -> tuple[str, str]:
        """The wrong lines and the right ones: as they were reproduced, else as most people write them."""
        if self.bug is None:
            return "", ""
        if self.match is not None and self.bug in self.match.bugs:
            patch = self.match.variants[self.match.bugs.index(self.bug)].mistakes
            patch = shown(patch, self.gradients or ALL)
            return patch.wrong, patch.right
        return self.bug.wrong, self.bug.right


def known(bug_id: str, seen: str) -> Finding:
    """A known bug that was watched happening."""
    bug = KNOWN_BUGS[bug_id]
    return Finding(bug_id, PROVEN, titled(bug, seen), (), bug)


def titled(bug: KnownBug, seen: str) -> str:
    """What a bug is called, and what was seen of it."""
    return tr("{title}: {seen}", title=tr(bug.title), seen=seen)
