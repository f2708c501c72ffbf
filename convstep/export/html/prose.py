"""A page of a lesson as HTML: what it tells, its question with hints, and what is said once that is answered.

Lessons are anybody's: their Markdown may have no HTML of its own, and nothing in it is loaded.
"""

from __future__ import annotations

import functools
import re
from html import escape
from math import isfinite

from markdown_it import MarkdownIt

from convstep.export.html.cells import Json
from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.ask_edit import EditQuestion
from convstep.lessons.document import Block
from convstep.lessons.lesson import Lesson, Page
from convstep.lessons.questions import (
    CellsQuestion,
    ChoiceQuestion,
    LineQuestion,
    Question,
    ShapeQuestion,
    StepQuestion,
    ValueQuestion,
)
from convstep.lessons.words import say, sentences
from convstep.view.grid.panel import Cell

_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)


def page_section(lesson: Lesson, number: int) -> str:
    """One page of a lesson, counted from 0."""
    page, language = lesson.pages[number], lesson.language
    question = page.question
    shown = question.code if isinstance(question, LineQuestion) else None
    # code that is asked about stands among the answers, a line each
    before = [_block(block) for block in page.before if shown is None or block.text.rstrip("\n") != shown]
    after = [_block(block) for block in page.after]
    counted = f"{number + 1}/{len(lesson.pages)}"
    parts = [f'<h2 tabindex="-1">{inline(page.title)} <small>{counted}</small></h2>', *before]
    if question is not None:
        parts.append(_question(question, f"q{number}"))
        answer = "".join([*_answer(question), *after])
        parts.append(f'<div class="answer" hidden>{answer}</div>')
    else:
        parts += after
    title = escape(page.title)
    return (
        f'<section class="told page" data-page="{number}" lang="{"zh-Hans" if language == "zh" else "en"}" '
        f'aria-label="{title}" hidden>{"".join(parts)}</section>'
    )


@frozen()
class Picks:
    """Where cells are marked on a page."""

    panel: int
    """On which panel."""
    cells: list[Cell]
    """The right ones, as rows and columns of its face."""
    others: list[Cell]
    """Those that stand for cells of another array: nobody marks them."""


def judging(page: Page, picks: Picks | None = None) -> Json:
    """What a page's script needs to judge as `Question.judge` does; None without a question."""
    question = page.question
    if question is None:
        return None
    language = question.language

    def said(*keys: str) -> dict[str, str]:
        return {key: sentences()[language][key] for key in keys}

    found: dict[str, Json] = {
        "kind": question.kind,
        "right": say(language, "right"),
        "wrong": say(language, "wrong"),
    }
    if isinstance(question, ValueQuestion):
        known = {"unchanged": question.before, "added": question.added, "sign": -question.value}
        found |= {
            "value": question.value,
            "tolerance": question.tolerance,
            "known": [
                [name, value] for name, value in known.items() if value is not None and isfinite(value)
            ],
            "says": said("not.number", *(f"wrong.value.{name}" for name in known)),
        }
    elif isinstance(question, ShapeQuestion):
        found |= {
            "shape": [*question.shape],
            "name": question.name,
            "others": [[name, [*shape]] for name, shape in question.others],
            "error": say(language, "not.shape", text="{text}", example=question.example),
            "says": said(*_OF_SHAPES),
        }
    elif isinstance(question, StepQuestion):
        nest = question.geometry.nest
        found |= {
            "steps": sorted(question.steps),
            "counts": [*nest.counts],
            "spoken": len(nest.spoken),
            "total": nest.total,
            "error": say(language, "not.step", text="{text}", example=question.example),
        }
    elif isinstance(question, EditQuestion):
        return {**found, "kind": "shown"}  # nothing is computed anew here
    elif isinstance(question, CellsQuestion):
        if picks is None:  # no panel has them: the answer can be looked at
            return {**found, "kind": "shown"}
        found |= {
            "panel": picks.panel,
            "cells": picks.cells,
            "others": picks.others,
            "says": said("not.cells", "wrong.cells"),
        }
    elif isinstance(question, ChoiceQuestion):
        found["options"] = [option.right for option in question.options]
    elif isinstance(question, LineQuestion):
        found |= {"lines": sorted(question.lines), "says": said("wrong.line")}
    return found


_OF_SHAPES = (
    "wrong.shape.axis", "wrong.shape.axes", "wrong.shape.axis.asked", "wrong.shape.axes.asked",
    "wrong.shape.other", "wrong.shape.order", "wrong.shape.size", "wrong.shape.sizes",
)  # fmt: skip


def _question(question: Question, name: str) -> str:
    """Prompt, the answer's place, hints and buttons."""
    language = question.language
    hints = "".join(
        f'<p class="hint" hidden><b>{escape(say(language, "hint", number=number))}</b>{inline(hint)}</p>'
        for number, hint in enumerate(question.hints, 1)
    )
    more = f'<button type="button" class="more-hints">{escape(tr("hint"))}</button>' if question.hints else ""
    return (
        f"<form><fieldset><legend>{inline(question.prompt)}</legend>{_field(question, name)}"
        f'<p><button type="submit">{escape(say(language, "answer"))}</button> {more} '
        f'<button type="button" class="solution">{escape(say(language, "key.solution"))}</button></p>'
        f'<div class="hints" aria-live="polite">{hints}</div>'
        f'<p class="verdict" role="status" aria-live="polite"></p></fieldset></form>'
    )


def _field(question: Question, name: str) -> str:
    if isinstance(question, ChoiceQuestion):
        return "".join(
            f'<label><input type="radio" name="{name}" value="{number}"> {inline(option.text)}</label>'
            f'<p class="reason" data-option="{number}" hidden>{inline(option.reason)}</p>'
            for number, option in enumerate(question.options, 1)
        )
    if isinstance(question, LineQuestion):
        return "".join(
            f'<label class="code"><input type="radio" name="{name}" value="{number}"'
            f"{' disabled' if question.is_empty(number) else ''}> {number:>2}  "
            f"<code>{escape(line)}</code></label>"
            for number, line in enumerate(question.code.splitlines(), 1)
        )
    if isinstance(question, EditQuestion):
        return f"<p><small>{escape(say(question.language, 'edit.page'))}</small></p>"
    if isinstance(question, CellsQuestion):
        return f"<p>{escape(tr('click the cells, or reach them with Tab and mark them with Enter'))}</p>"
    how = escape(question.how)
    return (
        f'<label><small>{how}</small><br><input type="text" name="{name}" maxlength="500" autocomplete="off" '
        f'spellcheck="false"></label>'
    )


def _answer(question: Question) -> list[str]:
    """The answer, and what the numbers and the lesson say about it."""
    parts = (
        []
        if isinstance(question, ChoiceQuestion)
        else [f'<p class="given"><b>{inline(question.given)}</b></p>']
    )
    if isinstance(question, ChoiceQuestion):
        right = [option for option in question.options if option.right]
        parts += [f"<p><b>{inline(option.text)}</b></p>{markdown(option.reason)}" for option in right]
    return [*parts, markdown(question.explanation), markdown(question.why)]


def _block(block: Block) -> str:
    if not block.fenced:
        return markdown(block.text)
    return f"<pre><code>{escape(block.text.rstrip())}</code></pre>"


def markdown(text: str) -> str:
    """Markdown as HTML; pictures are their descriptions, and links lead nowhere by themselves."""
    return _markdown().render(_COMMENT.sub("", text)) if text else ""


def inline(text: str) -> str:
    """The same within a line."""
    found = markdown(text).strip()
    single = re.fullmatch(r"<p>((?:(?!</p>).)*)</p>", found, re.DOTALL)
    return single[1] if single else found


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
