"""`ask line` and `ask choice`: answers that are picked."""

from __future__ import annotations

import re

from convstep.lessons.ask_block import AskBlock, Asked
from convstep.lessons.choices import ChoiceQuestion, LineQuestion, Option
from convstep.lessons.errors import wrong
from convstep.lessons.fields import whole_number
from convstep.lessons.lesson import Standing


def ask_line(block: AskBlock[Standing]) -> Asked:
    """Read a question about a line of code."""
    fields = block.fields
    if not block.code:
        raise wrong("there is no code above this question; add a ```python block", fields.line)
    found = fields.need("answer")
    code = block.code.rstrip()
    last = len(code.splitlines())
    lines = {whole_number(part.strip()) or 0 for part in found.text.split(",")}
    written = {number for number, line in enumerate(code.splitlines(), 1) if line.strip()}
    if not lines <= {*range(1, last + 1)}:
        sentence = "answer is {text!r}; it must be a line of the code, 1 to {last}"
        raise wrong(sentence, found.line, text=found.text, last=last)
    if not lines <= written:
        raise wrong("answer is {text!r}; that line is empty", found.line, text=found.text)
    if lines == written:
        raise wrong("every line would be a right answer; name fewer", found.line)
    right, why = fields.text("right"), ""
    if right:
        why = block.say("why.line", line=min(lines)) + f"\n\n```python\n{right}\n```"
    common = block.common(block.say("ask.line"), why)
    question = LineQuestion(**common, code=code, lines=frozenset(lines), right=right)
    return question, block.placed.place, block.placed.place


def ask_choice(block: AskBlock[Standing]) -> Asked:
    """Read a question with options."""
    options = []
    for text, line in block.items:
        found = re.fullmatch(r"\[([ xX])\]\s+(.+?)(?:\s+\|\s+(.+))?", text)
        if found is None:
            sentence = "{text!r} is not a choice; write `- [ ] text | reason`, [x] for a right one"
            raise wrong(sentence, line, text=text)
        said, reason = (block.filled(part or "", line) for part in (found[2], found[3]))
        options.append(Option(said, found[1] != " ", reason))
    if len(options) < 2 or not any(o.right for o in options) or all(o.right for o in options):
        raise wrong("a choice needs at least one right and one wrong option", block.fields.line)
    common = block.common(block.say("ask.choice"), "")
    question = ChoiceQuestion(**common, options=tuple(options))
    return question, block.placed.place, block.placed.place
