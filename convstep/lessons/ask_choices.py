"""`ask line` and `ask choice`: answers that are picked."""

from __future__ import annotations

import re

from convstep.lessons.ask_block import Asked, Asking
from convstep.lessons.choices import ChoiceQuestion, LineQuestion, Option
from convstep.lessons.errors import LessonError
from convstep.lessons.fields import whole_number


def ask_line(asking: Asking) -> Asked:
    """Read a question about a line of code."""
    fields = asking.fields
    if not asking.code:
        raise LessonError("there is no code above this question; add a ```python block", fields.line)
    found = fields.need("answer")
    code = asking.code.rstrip()
    last = len(code.splitlines())
    lines = {whole_number(part.strip()) or 0 for part in found.text.split(",")}
    written = {number for number, line in enumerate(code.splitlines(), 1) if line.strip()}
    if not lines <= {*range(1, last + 1)}:
        raise LessonError(f"answer is {found.text!r}; it is a line of the code, 1 to {last}", found.line)
    if not lines <= written:
        raise LessonError(f"answer is {found.text!r}; that line is empty", found.line)
    if lines == written:
        raise LessonError("every line is a right answer; name fewer", found.line)
    right, why = fields.text("right"), ""
    if right:
        why = asking.say("why.line", line=min(lines)) + f"\n\n```python\n{right}\n```"
    common = asking.common(asking.say("ask.line"), why)
    question = LineQuestion(**common, code=code, lines=frozenset(lines), right=right)
    return question, asking.standing.stop, asking.standing.stop


def ask_choice(asking: Asking) -> Asked:
    """Read a question with options."""
    options = []
    for text, line in asking.items:
        found = re.fullmatch(r"\[([ xX])\]\s+(.+?)(?:\s+\|\s+(.+))?", text)
        if found is None:
            raise LessonError(
                f"{text!r} is no choice; write `- [ ] text | reason`, [x] for a right one", line
            )
        said, reason = (asking.filled(part or "", line) for part in (found[2], found[3]))
        options.append(Option(said, found[1] != " ", reason))
    if len(options) < 2 or not any(o.right for o in options) or all(o.right for o in options):
        raise LessonError("a choice needs a right and a wrong option at least", asking.fields.line)
    common = asking.common(asking.say("ask.choice"), "")
    question = ChoiceQuestion(**common, options=tuple(options))
    return question, asking.standing.stop, asking.standing.stop
