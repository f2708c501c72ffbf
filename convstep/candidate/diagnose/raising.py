"""What a candidate raises, on which problems, and which known mistakes would raise it there."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from convstep.candidate.call.outcome import RAISED, RETURNED
from convstep.candidate.call.returned import meaning
from convstep.candidate.check.grade import Result
from convstep.candidate.check.wording import LIKELY, OTHERS, SEEN, called, count
from convstep.candidate.diagnose.findings import Finding, Match, titled
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS, KnownBug, Patch, Variant, both, variants_of
from convstep.candidate.diagnose.reproduce import agrees, all_flawed, explains_raising
from convstep.language import tr
from convstep.steps.cells import Array


def about_raising(
    results: Sequence[Result],
    raising: Sequence[Result],
    besides: dict[str, Patch],
    over: Callable[[], bool],
) -> list[Finding]:
    """A finding for each kind of exception, never proven; `besides` is said too if it raises as well."""
    kinds: dict[tuple[str, int], list[Result]] = {}
    if all(explains_raising(result, besides) for result in raising):
        return []
    for result in raising:
        kind = result.outcome.message.partition(":")[0], result.outcome.line
        kinds.setdefault(kind, []).append(result)
    ordered = sorted(kinds.values(), key=len, reverse=True)
    together = raising_matches(results, [result for alike in ordered for result in alike], besides, over)
    if len(kinds) > 1 and together:  # one mistake may raise at several lines
        return _likely(together, _raised([*itertools.chain(*ordered)], len(results)))
    found: list[Finding] = []
    for alike in ordered:
        if all(explains_raising(result, besides) for result in alike):
            continue
        seen = _raised(alike, len(results))
        if "output from dtype('float" in seen and "to dtype('int" in seen:
            bug = KNOWN_BUGS["integer-truncation"]
            refused = tr("NumPy refuses to add a fraction to them; {seen}", seen=seen)
            found.append(Finding(bug.id, LIKELY, titled(bug, refused), (), bug))
            continue
        likely = _likely(raising_matches(results, alike, besides, over), seen)
        found += likely or [_order_refused(alike, seen) or Finding("raises", SEEN, seen)]
    return found


def _order_refused(alike: Sequence[Result], seen: str) -> Finding | None:
    """A finding if PyTorch refuses the gradients because, by their shapes, two are in each other's place."""
    for result in alike:
        problem, said = result.right.problem, re.findall(r"\[([\d, ]+)\]", result.outcome.message)
        given = [_sizes(str(array.shape)) for array in (problem.A_prev, problem.W)]
        named = [_sizes(sizes) for sizes in said]
        if "returned an invalid gradient" not in result.outcome.message or named not in (given, given[::-1]):
            return None
    bug = KNOWN_BUGS["wrong-order"]
    return Finding(bug.id, LIKELY, titled(bug, seen), (), bug)


def _raised(alike: Sequence[Result], tried: int) -> str:
    """The sentence for an exception: what, on how many problems, at which line."""
    outcome = alike[0].outcome
    words = tr(
        "it raises on every problem: {message}"
        if len(alike) == tried
        else "it raises on {failing} of {problems}: {message}",
        failing=len(alike),
        problems=count(tried),
        message=outcome.message,
    )
    if not outcome.line:
        return words
    return tr("{seen}, at {place}: `{text}`", seen=words, place=outcome.place, text=outcome.line_text)


def _likely(matches: Sequence[Match], seen: str) -> list[Finding]:
    """Known mistakes that raise on the same problems: one, and at most `OTHERS` that would do as well."""
    by_bug = {match.bugs[0].id: match for match in reversed(matches)}
    found: list[Finding] = []
    for bug_id in dict.fromkeys(match.bugs[0].id for match in matches):
        match = by_bug[bug_id]
        message = tr(
            "{bug}: {seen}; this mistake raises on the same problems, and the numbers on the others do not "
            "speak against it",
            bug=called(match.bugs[0], match.variants[0].label),
            seen=seen,
        )
        names = match.variants[0].gradients
        found.append(Finding(bug_id, LIKELY, message, names, match.bugs[0], match, alternative=bool(found)))
    return found[: 1 + OTHERS]


def raising_matches(
    results: Sequence[Result],
    raising: Sequence[Result],
    besides: Mapping[str, Patch],
    over: Callable[[], bool],
) -> list[Match]:
    """Single mistakes that raise on exactly these problems, the likeliest first.

    What they raise must be of the candidate's kind, and be said in the same words or raised where the
    gradient that they spoil is written. On the problems where the candidate returns, their numbers must
    be the candidate's. Where it returns on none there is nothing to compare, and nothing matches.
    """
    returned = [result for result in results if result.outcome.kind == RETURNED]
    if not raising or not returned:
        return []
    ordered = [*raising, *returned]
    # one who reads a single size off the kernel raises there as well, and means square kernels
    squares_only = all(map(_oblong, raising)) and not any(map(_oblong, returned))
    found = []
    for bug, variant in itertools.takewhile(lambda _: not over(), _all_variants()):
        changed = {
            name: both(besides[name], variant.mistakes) if name in besides else variant.mistakes
            for name in variant.gradients
        }
        made = {name: mistakes for name, mistakes in changed.items() if mistakes is not None}
        if len(made) == len(changed) and all(_raises_alike(result, made) for result in ordered):
            match = Match((bug,), (variant,), "", len(raising), len(ordered))
            likeness = _likeness(raising, made)
            at_home = _on_its_line(raising[0], match)
            if likeness == 3 or (not squares_only and (likeness == 2 or (likeness == 1 and at_home))):
                found.append((likeness, at_home, match))
    return [match for *_, match in sorted(found, key=lambda entry: (-entry[0], not entry[1]))]


def _oblong(result: Result) -> bool:
    _, f_h, f_w, _ = result.right.problem.geometry.kernel_shape
    return f_h != f_w


def _on_its_line(result: Result, match: Match) -> bool:
    """Whether the line that raised assigns to a gradient that the mistake spoils."""
    target = result.outcome.line_text.partition("=")[0]
    targets = [target] if "[" in target else target.split(",")
    words = [re.search(r"[A-Za-z]\w*", each) for each in targets]
    made = [word[0] for word in words if word and not meaning(f"d{word[0]}")]  # `x = np.pad(x, …)` makes none
    return any(meaning(word) in match.variants[0].gradients for word in made)


def _all_variants() -> Iterator[tuple[KnownBug, Variant]]:
    seen = set()
    for name in ("dA_prev", "dW", "db"):
        for bug, variant in variants_of(name):
            if (bug.id, variant) not in seen:
                seen.add((bug.id, variant))
                yield bug, variant


def _raises_alike(result: Result, mistakes: Mapping[str, Patch]) -> bool:
    """Whether mistakes raise where the candidate does, and agree where it does not."""
    made = _made(result, mistakes)
    raises = any(isinstance(values, str) for values in made.values())
    if result.outcome.kind == RAISED or raises:
        return raises and result.outcome.kind == RAISED
    return all(agrees(name, result, values) for name, values in made.items())


INVALID = re.compile(r"returned an invalid gradient .*got \[([\d, ]*)\]")
"""What PyTorch raises of a gradient of another shape."""


def _made(result: Result, mistakes: Mapping[str, Patch]) -> dict[str, Array | str]:
    """What mistakes make, as `all_flawed` has it; PyTorch's words for a shape that it does not take."""
    made, message = all_flawed(result, mistakes), result.outcome.message
    told = INVALID.search(message)
    if told is None:
        return made
    shape = sorted(map(int, filter(None, told[1].split(", "))))  # in whatever layout
    misshapen = {
        name
        for name, values in made.items()
        if not isinstance(values, str) and values.shape != result.right.gradients[name].shape
        if sorted(values.shape) == shape
    }
    return {name: message if name in misshapen else values for name, values in made.items()}


def _likeness(raising: Sequence[Result], mistakes: Mapping[str, Patch]) -> int:
    """How much what mistakes raise is like what the candidate raises: 0 if some is of another kind.

    1 if its words differ, or the candidate names the same sizes whatever the problem, as these mistakes do
    not; 2 if its words mostly agree, 3 if its sizes do.
    """
    pairs = []
    for result in raising:
        kind = result.outcome.message.partition(":")[0]
        said = [text for text in _made(result, mistakes).values() if isinstance(text, str)]
        alike = [text for text in said if text.partition(":")[0] == kind]
        if not alike:
            return 0
        theirs = result.outcome.message
        pairs.append((next((text for text in alike if _words(text) == _words(theirs)), alike[0]), theirs))
    if all(_sizes(ours) == _sizes(theirs) != [] for ours, theirs in pairs):
        return 3
    constant = len({theirs for _, theirs in pairs}) == 1 < len({ours for ours, _ in pairs})
    same = sum(_words(one) == _words(other) for one, other in pairs)
    return 1 if constant or 2 * same < len(pairs) else 2


def _words(text: str) -> str:
    """An exception's message without the sizes it names."""
    return re.sub(r"[\d(),\s]+", "", text)


def _sizes(text: str) -> list[str]:
    """The sizes that a text names, in no order; those of 1 come and go with a batch."""
    return sorted(size for size in re.findall(r"\d+", text) if size != "1")
