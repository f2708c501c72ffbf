"""What is wrong with a candidate, in words, as a part of a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.printable import printable, printable_lines
from convstep.view.candidate.diagnosis import how_sure, subtitle
from convstep.view.panels.problem_words import problem_facts

if TYPE_CHECKING:
    from convstep.candidate.diagnose.findings import Finding
    from convstep.candidate.step.probing import Divergence
    from convstep.candidate.step.stepping import CandidateTimeline
    from convstep.candidate.verdict import Verdict


def candidate_facts(candidate: CandidateTimeline) -> list[str]:
    """The verdict in a few words, and the problem."""
    return [subtitle(candidate.verdict), *problem_facts(candidate.problem)]


def diagnosis_html(verdict: Verdict, found: Divergence | None) -> str:
    """The verdict, where the two part first on the problem that is shown, and what explains it."""
    from convstep.candidate.report import divergence_words

    parts = [_paragraph(tr("{sentence}.", sentence=verdict.headline), "strong")]
    result = verdict.failing_result
    if found is not None and result is not None:
        words = divergence_words(found, result.right.problem.geometry)
        parts.append(_paragraph(tr("First divergence: {words}", words=words)))
    if verdict.own is not None:
        from convstep.candidate.report import own_report

        parts += [_paragraph(words) for words in own_report(verdict.own)]
    for finding in verdict.diagnosis:
        if not finding.alternative:
            parts += _finding(finding)
    parts += [_paragraph(note) for note in verdict.notes]
    return f'<section class="told" aria-label="{escape(tr("diagnosis"))}">{"".join(parts)}</section>'


def _finding(finding: Finding) -> list[str]:
    wrong, right = finding.lines
    patch = [*(("removed", f"- {line}") for line in wrong.splitlines()),
             *(("added", f"+ {line}") for line in right.splitlines())]  # fmt: skip
    lines = "\n".join(f'<span class="{kind}">{_text(line)}</span>' for kind, line in patch)
    return [
        f"<h2>{_text(finding.id)} <small>{_text(how_sure(finding))}</small></h2>",
        _paragraph(finding.message),
        f"<pre>{lines}</pre>" if lines else "",
        "" if finding.bug is None else _paragraph(tr(finding.bug.explanation)),
    ]


def _paragraph(words: str, tag: str = "") -> str:
    inside = _text(words)
    return f"<p>{f'<{tag}>{inside}</{tag}>' if tag else inside}</p>"


def _text(words: str) -> str:
    return escape(printable_lines(words) if "\n" in words else printable(words, None))
