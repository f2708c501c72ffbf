"""The Chinese catalogue: every sentence of the program, with the same places to fill in, and no other."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path

import numpy as np

import convstep
from convstep.candidate.call.processes import CRASHES
from convstep.candidate.check.laid import LAYINGS
from convstep.candidate.check.wording import VERBS
from convstep.candidate.diagnose.evidence import MOVES, REARRANGED, RIGHT_SLICE, SLICES
from convstep.candidate.diagnose.forward_forms import ACTIVATIONS, CROPPED, FORMS
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from convstep.candidate.diagnose.patterns import FEATURES
from convstep.candidate.load.python2 import SYNTAX_SIGNS
from convstep.candidate.operators.pattern import FEATURES as PATTERN_FEATURES
from convstep.candidate.report import OWN_NUMBERS
from convstep.candidate.survey.table import COUNTS, HEADINGS
from convstep.candidate.verdict import SIZES
from convstep.cli.commands.export import DRAWN, WRITTEN
from convstep.conv.provenance import CAUSES
from convstep.expr.language import REFUSED
from convstep.expr.text import COMPLAINTS, UNREADABLE
from convstep.language import catalogue, speak, tr
from convstep.operators.registry import operators
from convstep.oracle.numeric import NAME, SLACK
from convstep.oracle.service import DIED
from convstep.oracle.wording import DIFFERING, MATCHING, NOT_FINITE, UNCHECKED
from convstep.ui import courses as learning
from convstep.ui import layers_screen as layers
from convstep.ui.commands import COMMANDS
from convstep.ui.debugger.panels import CARDS_SHOWN, SHOWN
from convstep.ui.debugger.travel import AT_START
from convstep.ui.dialogs.help import MARKS
from convstep.ui.dialogs.skipped import TIMES
from convstep.view.candidate.candidate_panels import SHORT_ROLES
from convstep.view.candidate.diagnosis import MORE
from convstep.view.panels.conv2d_cells import WITHOUT_BATCH
from convstep.view.panels.layer_order import FORWARD_REVERSED, MAP_ORDERS, ORDERS
from convstep.view.panels.layers import COLUMNS
from convstep.view.verdicts import BRIEF, BRIEFEST, DIFFERS, LONG, MATCHES
from tests.language.words import english_words
from tests.strategies import SELDOM

PACKAGE = Path(convstep.__file__).parent
ZH = catalogue("zh")


SAYING = ("tr", "wrong")
"""Functions that take an English sentence and say it in the language in use."""


def trees(*words: str) -> Iterator[tuple[str, ast.Module]]:
    """Each file of the package; or those alone in which one of the words stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not words or any(word in text for word in words):
            yield str(path.relative_to(PACKAGE)), ast.parse(text)


TABLES: dict[str, Iterable[str]] = {
    "ui/commands.py": [
        text
        for command in COMMANDS
        for text in (command.label, command.help, command.group, command.otherwise)
        if text
    ],
    "ui/screens/help.py": [meaning for _, meaning in MARKS],
    "expr/text.py": (UNREADABLE, *COMPLAINTS.values()),
    "expr/language.py": REFUSED.values(),
    "replay/provenance.py": [sentence for pair in CAUSES.values() for sentence in pair],
    "oracle/service.py": (DIED,),
    "oracle/numeric.py": (NAME, SLACK),
    "cli/export.py": (DRAWN, WRITTEN),
    "oracle/wording.py": [
        *(sentence for sentences in (*MATCHING.values(), *DIFFERING.values()) for sentence in sentences),
        *NOT_FINITE,
        *UNCHECKED,
    ],
    "candidate/processes.py": CRASHES.values(),
    "candidate/check/laid.py": tuple(laying.words for laying in LAYINGS),
    "candidate/verdict.py": ("wrong", *VERBS.values(), *SIZES),
    "candidate/report.py": OWN_NUMBERS.values(),
    "candidate/survey/table.py": (*COUNTS.values(), *HEADINGS.values()),
    "candidate/operators/pattern.py": PATTERN_FEATURES,
    "candidate/patterns.py": [feature.words for feature in FEATURES],
    "candidate/evidence.py": [
        *(sentence for pair in (*MOVES.values(), *SLICES.values(), RIGHT_SLICE) for sentence in pair),
        *(sentence for sentence, _ in REARRANGED),
    ],
    "candidate/forward_forms.py": [
        *(form.words for form in (CROPPED, *FORMS)),
        *(activation.words for activation in ACTIVATIONS if activation.words),
    ],
    "candidate/load/python2.py": [sign for sign in SYNTAX_SIGNS if sign[0].isalpha()],
    "view/scene.py": (WITHOUT_BATCH,),
    "view/beside.py": [word for roles in SHORT_ROLES.items() for word in roles],
    "view/verdicts.py": (*filter(None, (*LONG, *BRIEF, *BRIEFEST)), MATCHES, DIFFERS),
    "view/panels/layers.py": [column.title for column in COLUMNS if english_words(column.title)],
    "view/layer_order.py": [*(order.words for order in (*ORDERS, *MAP_ORDERS)), FORWARD_REVERSED],
    "view/diagnosis.py": (MORE,),
    "ui/debugger/panels.py": (*SHOWN.values(), *CARDS_SHOWN.values()),
    "ui/debugger/travel.py": (AT_START,),
    "ui/screens/skipped.py": TIMES.values(),
    "ui/screens/layers.py": [what for _, what in layers.KEYS],
    "ui/screens/learning.py": [*(what for _, what in learning.KEYS), "open"],
    "candidate/mistakes": [
        *(sentence for bug in KNOWN_BUGS.values() for sentence in (bug.title, bug.explanation)),
        *(
            variant.label
            for bug in KNOWN_BUGS.values()
            for variant in bug.variants
            if english_words(variant.label)
        ),
    ],
    "operators": [
        sentence
        for one in operators()
        for sentence in (
            *([one.title] if english_words(one.title) else ()),
            *filter(None, (problem.about for problem in islice(one.problems(np.random.default_rng(0)), 20))),
        )
    ],
    "operators/mistakes": [
        sentence
        for one in operators()
        for mistake in (*one.mistakes, *one.also_right)
        for sentence in (mistake.title, mistake.explanation, *(way.label for way in mistake.variants))
        if sentence
    ],
}
"""Sentences that `tr` takes from a table when it shows them, by where the table is."""

IN_CODE = {*TABLES["candidate/mistakes"], *TABLES["operators/mistakes"]}
"""Those whose Chinese stands beside them in the code, in longer literals."""


def spoken_sentences() -> dict[str, str]:
    """By sentence, the file in which `tr` says it."""
    found = {sentence: path for path, table in TABLES.items() for sentence in table}
    for path, tree in trees(*(f"{name}(" for name in SAYING), "caption"):
        nodes = list(ast.walk(tree))
        for node in nodes:
            if isinstance(node, ast.Call) and named(node.func) in SAYING:
                first = node.args[0]
                assert not isinstance(first, ast.JoinedStr), (
                    f"{path}:{node.lineno} tr cannot look up an f-string"
                )
                found |= dict.fromkeys(literals(first, nodes), path)
            elif isinstance(node, ast.keyword) and node.arg == "caption":  # a panel says it through `tr`
                found |= dict.fromkeys(filter(None, literals(node.value, nodes)), path)
    return found


def named(function: ast.expr) -> str:
    """What is called: a name, or a method of `self`."""
    if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "self":
        return function.attr
    return getattr(function, "id", "")


def literals(node: ast.expr, nodes: Sequence[ast.AST]) -> Iterator[str]:
    """What an expression can be: a literal, one of several, or a name that a file's nodes give some."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        for side in (node.body, node.orelse):
            assert isinstance(side, ast.Constant | ast.IfExp), f"line {node.lineno}: one of some literals"
            yield from literals(side, nodes)
    elif isinstance(node, ast.Name):
        for given in nodes:
            if (
                isinstance(given, ast.Assign)
                and getattr(given.targets[0], "id", "") == node.id
                and isinstance(given.value, ast.Constant | ast.IfExp)
            ):
                yield from literals(given.value, nodes)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_sentence_is_in_the_catalogue() -> None:
    missing = {text: path for text, path in spoken_sentences().items() if text not in ZH}
    assert not missing


@SELDOM
def test_every_entry_is_said_somewhere() -> None:
    literals = {
        node.value
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not ZH.keys() - literals - IN_CODE


def test_a_translation_fills_in_the_same_values() -> None:
    assert not [text for text in ZH if fields(ZH[text]) != fields(text)]


def test_a_translation_leaves_no_english_but_names_of_code() -> None:
    left = {text: english_words(re.sub(r"{[^}]*}", " ", said)) for text, said in ZH.items()}
    assert {text: words for text, words in left.items() if words} == {}


def test_a_sentence_stands_in_one_room_only() -> None:
    text = files("convstep.language").joinpath("zh.toml").read_text(encoding="utf-8")
    keys = [line.split('" = "')[0] for line in text.splitlines() if line.startswith('"')]
    beside = IN_CODE & ZH.keys()
    assert not beside & set(keys)
    assert len(keys) == len(set(keys)) == len(ZH) - len(beside)


def test_lines_of_chinese_are_joined_without_a_space() -> None:
    assert not [text for text in IN_CODE if re.search("[\u3000-\uffef] [\u3000-\uffef]", ZH[text])]


@SELDOM
def test_what_the_catalogue_lacks_is_said_in_english() -> None:
    speak("zh")
    assert tr("nobody says {this}", this="!") == "nobody says !"
