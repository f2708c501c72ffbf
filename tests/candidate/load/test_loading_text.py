from __future__ import annotations

import ast
import json
import traceback
from collections.abc import Callable

import pytest

from convstep.candidate.load import document, parsing, python2
from convstep.candidate.load.parsing import parse_quietly
from tests.candidate.conftest import Files

GOOD = "def f():\n    return 3\n"


def test_a_notebook_with_commands(files: Files) -> None:
    files.notebook(
        "hw.ipynb",
        """\
        %matplotlib inline
        !pip install numpy
        %load_ext autoreload
        import numpy as np
        np.zeros?
        ?np.ones""",
        "%%time\nif True:\n    !ls\n    SIZE = 3\nfiles = !ls\nx = (10\n%SIZE)",
        "%%bash\nrm -rf nothing",
        "    def conv_backward(dZ):\n        return dZ + SIZE, x\n    conv_backward(1, 2, 3)",
    )
    loaded = files.load("hw.ipynb:conv_backward")
    assert loaded.function(1) == (4, 1)
    assert (loaded.cell, loaded.first_line) == (4, 1)
    assert loaded.file == str(files.folder / "hw.ipynb")
    assert "cell 3 is %%bash and was left out" in loaded.notes
    assert any(
        note.startswith("notebook commands were left out: %matplotlib inline, ") for note in loaded.notes
    )


def test_a_traceback_shows_the_cells_line(files: Files) -> None:
    files.notebook("hw.ipynb", "a = 1", "def f():\n    # a remark\n    return 1 / 0")
    with pytest.raises(ZeroDivisionError) as caught:
        files.result("hw.ipynb:f")
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno) == (f"{files.folder / 'hw.ipynb'}:cell 2", 3)
    assert frame.line == "return 1 / 0"


def test_names_left_out_of_a_notebook_have_their_cell(files: Files) -> None:
    files.notebook("hw.ipynb", "import math", "\nW = train()\ndef f(): return W")
    loaded = files.load("hw.ipynb:f")
    with pytest.raises(NameError) as caught:
        loaded.function()
    assert (
        loaded.hint(caught.value)
        == "W is set at cell 2, line 1 of hw.ipynb, which did not run (add --run-all)"
    )


def test_the_third_notebook_format(files: Files) -> None:
    cell = {"cell_type": "code", "input": "def f():\n    return 3", "language": "python"}
    files.write("old.ipynb", json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}))
    assert files.result("old.ipynb:f") == 3


def test_what_is_no_notebook(files: Files) -> None:
    files.write("a.ipynb", "not json")
    assert files.error("a.ipynb:f") == "a.ipynb is not a notebook: line 1: Expecting value"
    for content, said in {
        '{"a": "\n"}': "line 1: Invalid control character",
    }.items():
        files.write("a.ipynb", content)
        assert files.error("a.ipynb:f") == f"a.ipynb is not a notebook: {said}"
    files.write("b.ipynb", "[1, 2]")
    assert files.error("b.ipynb:f").startswith("b.ipynb is not a notebook: it has no list of cells; ")
    files.write("c.ipynb", b"\xff\xfe\x00")
    assert files.error("c.ipynb:f") == "c.ipynb is not a notebook: it is not UTF-8 text"
    files.notebook("d.ipynb")
    assert files.error("d.ipynb:f") == "d.ipynb has no f; it defines no functions"


def test_a_notebook_runs_all_in_its_folder(files: Files) -> None:
    files.write("data/size.txt", "3")
    files.notebook(
        "data/hw.ipynb", "size = int(open('size.txt').read())", "def f(): return size", "print(size)"
    )
    assert files.result("data/hw.ipynb:f", run_all=True) == 3
    files.notebook("data/bad.ipynb", "def f(): pass", "\nf()\nf(1)")
    assert files.error("data/bad.ipynb:f", run_all=True).startswith(
        "bad.ipynb fails at cell 2, line 2 with --run-all"
    )


def test_run_all_passes_over_notebook_commands(files: Files) -> None:
    files.write("mine.py", "get_ipython().run_line_magic('matplotlib', 'inline')\ndef f(): return 3\n")
    assert files.result("mine.py:f", run_all=True) == 3
    files.notebook("hw.ipynb", "%matplotlib inline\ndisplay(3)\ndef f(): return 3")
    assert files.result("hw.ipynb:f", run_all=True) == 3


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that Python is asked to parse."""
    texts: list[str] = []

    def noted(text: str) -> ast.Module:
        texts.append(text)
        return parse_quietly(text)

    monkeypatch.setattr(document, "parse_quietly", noted)
    return texts


def test_of_a_large_notebook_only_the_source_is_parsed_and_once(files: Files, parsed: list[str]) -> None:
    picture = [{"output_type": "display_data", "data": {"image/png": "A" * 500_000}}]
    files.notebook("hw.ipynb", *["def f():\n    return 3"] * 12, outputs=picture)
    assert files.result("hw.ipynb:f") == 3
    assert parsed == ["def f():\n    return 3"] * 12


def test_cells_that_are_no_python(files: Files) -> None:
    files.notebook(
        "hw.ipynb",
        """\
        def helper():
            return 3

        Here we compute the gradient, as in the lecture.
        It isn't hard.

        SIZE = 4""",
        "s = 'unterminated\ndef f():\n    return helper() + SIZE",
        "def broken(:\n    pass",
    )
    loaded = files.load("hw.ipynb:f")
    assert loaded.function() == 7
    assert "cell 1, lines 4 to 5 are not Python and were left out: line 4: invalid syntax" in loaded.notes
    assert "cell 2, line 1 is not Python and was left out: unterminated string literal" in loaded.notes
    assert files.error("hw.ipynb:broken") == "hw.ipynb does not compile: cell 3, line 1: invalid syntax"


def test_typographic_characters(files: Files) -> None:
    files.write("mine.py", "\u200bNAME = ‘it’ + “works”\ndef f():\n\u00a0\u00a0\u00a0 return NAME, 3 − 1\n")
    loaded = files.load("mine.py:f")
    assert loaded.function() == ("itworks", 2)
    assert "typographic quotes, dashes or spaces were read as plain ones" in loaded.notes
    files.write("text.py", "def f():\n    return 'it’s “so”'\n")
    assert files.result("text.py:f") == "it’s “so”"
    files.write("both.py", "def f():\n    return 'it’s'\nx = “three”\n")
    assert files.result("both.py:f") == "it’s"


def test_a_file_that_does_not_compile_keeps_what_does(files: Files) -> None:
    files.write(
        "mine.py",
        """\
        %matplotlib inline
        get_ipython().magic('matplotlib inline')
        def f():
            return 3

        def conv_backward(dZ):
            x = 'unterminated
            return x

        @property
        def g(): return '''
        a text that starts in the first column
        '''
        values = [
        1,
        2,
        ]
        try:
            import math
        except ImportError:
            math = None
        x = (
        """,
    )
    loaded = files.load("mine.py:f")
    assert loaded.function() == 3
    assert loaded.namespace["values"] == [1, 2]
    assert "math" in loaded.namespace
    assert "g" in loaded.namespace
    assert (
        files.error("mine.py:conv_backward")
        == "mine.py does not compile: line 7: unterminated string literal"
    )
    assert "line 22 is not Python and was left out: '(' was never closed" in loaded.notes


def test_twice_as_much_prose_is_twice_the_work_and_no_more(files: Files, parsed: list[str]) -> None:
    attempts = []
    for pages in (1, 2):
        prose = "It isn't python (at all.\n" * 100 * pages + '"""\n' + "more prose\n" * 20 * pages
        files.write("mine.py", f"{GOOD}\n{prose}")
        parsed.clear()
        assert len(files.load("mine.py:f").notes) < 6
        attempts.append(len(parsed))
    once, twice = attempts
    assert 100 < once < twice < 2.2 * once


def test_mixed_tabs_are_pythons_own_error(files: Files) -> None:
    files.write("mine.py", "def f():\n\tif True:\n        return 3\n")
    assert files.error("mine.py:f").startswith("mine.py does not compile: line 3: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"# -*- coding: latin-1 -*-\ndef f(): return 'caf\xe9'\n", "café"),
        (b"\xef\xbb\xbfdef f(): return 'caf\xc3\xa9'\n", "café"),
        (b"def f(): return 'caf\xe9'\n", "café"),
        ("def f(): return 'café'\n".encode("utf-16"), "café"),
        (b"# coding: nonsense\ndef f(): return 3\n", 3),
        (b"def f():\r\n    return 3\r\n", 3),
        (b"def f():\r    return 3\r", 3),
        (b"def f(): return 3\n\n\nx = '\x00'\n", 3),
        (b"from __future__ import annotations\ndef f(): return 3", 3),
        (b"def f(): return '\\d'\n", "\\d"),
    ],
)
def test_encodings_and_line_ends(files: Files, content: bytes, expected: object) -> None:
    files.write("mine.py", content)
    loaded = files.load("mine.py:f")
    assert loaded.function() == expected
    unannounced = content == b"def f(): return 'caf\xe9'\n"
    assert ("the file is not utf-8; it was read as Latin-1" in loaded.notes) == unannounced


NAME_ERROR, FLOAT = (
    "NameError: name 'xrange' is not defined",
    "TypeError: slice indices must be integers or None",
)


def test_python_2_is_tried_where_it_would_help(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(
        "old.py",
        "import math\ndef f(x):\n    print 'x', x\n    return x / 2\ndef g():\n    return xrange(3)\n",
    )
    read = "read as Python 2, where / of whole numbers gives a whole number"
    loaded = files.load("old.py:f")
    assert (loaded.function(3), loaded.notes) == (1, (read,))
    loaded = files.load("old.py:g")
    assert "line 3 looks like Python 2 (a print statement); add --python2" in loaded.notes
    other = loaded.otherwise(f"it failed\n{NAME_ERROR}")
    assert other is not None
    assert (other.function(), other.notes) == (range(3), (read,))
    assert other.otherwise(NAME_ERROR) is None
    files.write("divides.py", "def g(x):\n    return x / 2\n")
    loaded = files.load("divides.py:g")
    other = loaded.otherwise(FLOAT)
    assert (loaded.function(3), other and other.function(3)) == (1.5, 1)
    assert loaded.otherwise("NameError: name 'helper' is not defined") is None
    assert loaded.otherwise("ValueError: something else") is None
    monkeypatch.setattr(python2, "is_available", lambda: False)
    how = "to have it read as Python 2: pip install 'convstep[python2]'"
    assert loaded.otherwise(FLOAT) is None
    assert files.error("old.py:f").endswith(f"it looks like Python 2 (a print statement); {how}")
    loaded = files.load("old.py:g")
    with pytest.raises(NameError) as caught:
        loaded.function()
    assert loaded.hint(caught.value) == f"xrange is Python 2; {how}"
    python2._converter.cache_clear()
    assert files.error("old.py:f", python2=True) == how


def test_a_file_that_cannot_be_read(files: Files) -> None:
    path = files.write("mine.py", GOOD)
    loaded = files.load("mine.py:f")
    path.unlink()
    assert loaded.fresh().function() == 3


NO_SUCH = "is not a notebook: a number in it is too long, or its lists are nested too deeply"
NOTEBOOK = '{"nbformat": 4, "cells": [%s]}'


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "hw.py",
            lambda: "x = " + "1+" * 10**6 + "1",
            "it has 2,000,005 bytes, and at most 2,000,000 are read",
        ),
        (
            "hw.ipynb",
            lambda: " " * 50_000_000 + "1",
            "it has 50,000,001 bytes, and at most 50,000,000 are read",
        ),
        ("hw.ipynb", lambda: "[" * 100_000, NO_SUCH),
        ("hw.ipynb", lambda: "[" * 100_000 + "]" * 100_000, NO_SUCH),
        ("hw.ipynb", lambda: NOTEBOOK % ("1" * 10**6), NO_SUCH),
        ("hw.ipynb", lambda: NOTEBOOK % ("[]," * 2_000_000 + "[]"), "it holds too much; clear its outputs"),
        (
            "hw.ipynb",
            lambda: NOTEBOOK % ",".join(['{"cell_type": "code", "source": "1"}'] * 5001),
            "has 5,001 code cells of 5,001 characters; at most 5,000 and 2,000,000 are read",
        ),
        (
            "hw.ipynb",
            lambda: NOTEBOOK % json.dumps({"cell_type": "code", "source": "#" * 2_000_001}),
            "has 1 code cells of 2,000,001 characters; at most 5,000",
        ),
    ],
    ids=range(8),
)
def test_a_file_that_is_longer_than_anybody_writes_is_refused(
    files: Files, name: str, text: Callable[[], str], words: str
) -> None:
    files.write(name, text().encode())
    assert words in files.error(f"{name}:f")


@pytest.mark.parametrize(
    "expression",
    ["(" * 10**5, "1+" * 10**5 + "1", "-" * 10**5 + "1", "1" * 10**5],
    ids=["brackets", "additions", "signs", "digits"],
)
def test_an_expression_without_end_is_left_out_and_the_rest_is_read(files: Files, expression: str) -> None:
    files.write("hw.py", f"x = {expression}\n\n{GOOD}")
    loaded = files.load("hw.py:f")
    assert loaded.function() == 3
    assert any("line 1 is not Python and was left out" in note for note in loaded.notes)


@pytest.mark.parametrize("line", ["%a\n", "x = (\n", "a b\n", "x\\\n"], ids=range(4))
def test_a_long_text_that_is_no_python_is_given_up(
    files: Files, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(parsing, "_MOST_TRIED", 300_000)
    files.write("hw.py", GOOD + line * 3000)
    assert "too many of its lines are not Python" in files.error("hw.py:f")
