"""A file is read and walked once, as long as it says the same."""

from __future__ import annotations

import ast
import linecache
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from convstep.recording.source import LONG, Source, SourceText

TEXT = """class Layer:
    @staticmethod
    def f(x):
        return x

def f(x):
    return 2 * x
"""


def code_at(line: int) -> CodeType:
    """The code of an `f` that begins at a line."""
    names: dict[str, FunctionType] = {}
    exec(compile("\n" * (line - 1) + "def f(x): pass", "layers.py", "exec"), names)
    return names["f"].__code__


def test_what_is_recorded_again_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "layers.py"
    path.write_text(TEXT)
    first = Source.read(str(path))
    assert first is not None
    assert first.text.lines == tuple(TEXT.splitlines())
    assert [one.name for line in (2, 6) if (one := first.definition(code_at(line)))] == ["Layer.f", "f"]
    with monkeypatch.context() as patched:
        patched.setattr(ast, "parse", None)
        patched.setattr(ast, "iter_child_nodes", None)
        again = Source.read(str(path))
        assert again is first
        assert again.definition(code_at(6)) is not None
    path.write_text(TEXT.replace("2 * x", "3 * x"))
    linecache.checkcache(str(path))
    changed = Source.read(str(path))
    assert changed is not None
    assert changed.text.line(7) == "    return 3 * x"


SPREAD = """\
def f(x, w):  # two arrays
    dx = (  # the sum
        x
        - "# no comment"
        + w[0, :]
    )
    for i in range(
        len(x),
    ):
        dx[i] += w; w *= 2
    total = x \\
        + w
    return dx
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (1, "def f(x, w):"),
        (2, 'dx = (x - "# no comment" + w[0, :])'),
        (5, 'dx = (x - "# no comment" + w[0, :])'),
        (8, "for i in range(len(x),):"),
        (10, "dx[i] += w; w *= 2"),
        (12, "total = x + w"),
        (13, "return dx"),
        (99, ""),
    ],
)
def test_a_statement_over_several_lines_is_quoted_whole(line: int, said: str) -> None:
    assert SourceText("spread.py", tuple(SPREAD.splitlines())).statement(line) == said


def test_a_very_long_statement_ends_in_an_ellipsis() -> None:
    lines = ("x = [", *(f"    {number}," for number in range(100)), "]")
    said = SourceText("long.py", lines).statement(1)
    assert said.startswith("x = [0, 1, 2,")
    assert said.endswith(" …")
    assert len(said) <= LONG + 2


def test_of_what_is_not_python_the_line_is_quoted() -> None:
    assert SourceText("two.py", ("x = (", "print x")).statement(2) == "print x"
