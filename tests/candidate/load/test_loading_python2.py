from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.candidate.conftest import Files


def value(files: Files, body: str, *arguments: Any, header: str = "") -> Any:
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    files.write("old.py", f"{header}import numpy as np\ndef f(*args):\n{indented}")
    return files.result("old.py:f", *arguments, python2=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("print 'a',\nprint >>None, 'b'\nreturn 3", 3),
        ("try:\n    raise ValueError, 'no'\nexcept ValueError, e:\n    return str(e)", "no"),
        ("return `3`", "3"),
        ("return 3 <> 4", True),
        ("return [i for i in xrange(3)]", [0, 1, 2]),
        ("return range(2) + [7]", [0, 1, 7]),
        ("return map(lambda x: x, [1]), zip([1], [2]), filter(None, [0, 1])", ([1], [(1, 2)], [1])),
        ("return {1: 2}.has_key(1), {1: 2}.keys(), [v for _, v in {1: 2}.iteritems()]", (True, [1], [2])),
        ("return reduce(lambda a, b: a + b, [1, 2]), unicode('a'), long(3), unichr(97)", (3, "a", 3, "a")),
        ("return isinstance('a', basestring)", True),
        ("exec 'x = 3' in args[0]\nreturn args[0]['x']", 3),
        ("return 0777, 10L, ur'a'", (511, 10, "a")),
        ("return (lambda (a, b): a + b)((1, 2))", 3),
        (
            "import cPickle, itertools\nreturn list(itertools.izip([1], [2])), cPickle.dumps and 1",
            ([(1, 2)], 1),
        ),
    ],
)
def test_the_syntax_and_the_names(files: Files, body: str, expected: object, capsys: Any) -> None:
    assert value(files, body, {}) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 7 / 2, -7 / 2, True / 2, 7 / 2.0, 7.0 / 2", (3, -4, 0, 3.5, 3.5)),
        ("return (5 + 2 * 1 - 3) / 2 + 1", 3),
        ("x = 7\nx /= 2\nreturn x", 3),
        ("x = 7.0\nx /= 2\nreturn x", 3.5),
        ("return np.int64(7) / np.int32(2), np.float32(7) / 2", (3, 3.5)),
        (
            "return (np.arange(4) / 2).tolist(), (np.arange(4) / 2.0).tolist()",
            ([0, 0, 1, 1], [0, 0.5, 1, 1.5]),
        ),
        ("x = y = np.arange(4)\nx /= 2\nreturn y.tolist()", [0, 0, 1, 1]),
        ("x = y = np.ones(2)\nx /= 2\nreturn y.tolist()", [0.5, 0.5]),
        ("x = np.arange(6).reshape(2, 3)\nx[1, 1:] /= 2\nreturn x.tolist()", [[0, 1, 2], [3, 2, 2]]),
        ("x = {'a': 7}\nx['a'] /= 2\nreturn x", {"a": 3}),
        ("class C: pass\nc = C()\nc.n = 7\nc.n /= 2\nreturn c.n", 3),
        ("calls = []\nx = [7]\nx[calls.append(1) or 0] /= 2\nreturn x, calls", ([3], [1])),
        ("return 7 // 2, 8 % 3", (3, 2)),
    ],
)
def test_integers_divide_to_integers(files: Files, body: str, expected: object) -> None:
    assert value(files, body) == expected


def test_true_division_where_the_author_asked_for_it(files: Files) -> None:
    assert value(files, "return 7 / 2", header="from __future__ import division, print_function\n") == 3.5
    assert (
        value(files, "return 7 / 2", header="from __future__ import (print_function,\n    division)\n") == 3.5
    )


def test_division_at_top_level_and_in_helpers(files: Files) -> None:
    files.write("pack/__init__.py", "")
    files.write("pack/sizes.py", "HALF = 7 / 2\nprint 'never'\n")
    files.write("pack/old.py", "import sizes\nPAD = (3 - 1) / 2\ndef f(): return sizes.HALF, PAD\n")
    assert files.result("pack/old.py:f", python2=True) == (3, 1)


def test_lines_stay_where_they_are(files: Files) -> None:
    files.write(
        "old.py",
        """\
        import numpy as np
        def g((a, b)):
            return a

        def f(x):
            print x
            y = g((x, 1)) / 2
            return y / 0
        """,
    )
    loaded = files.load("old.py:f", python2=True)
    assert loaded.first_line == 5
    assert loaded.source == "def f(x):\n    print x\n    y = g((x, 1)) / 2\n    return y / 0"
    with pytest.raises(ZeroDivisionError) as caught:
        loaded.function(3)
    lines = []
    trace = caught.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == loaded.file:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    assert lines == [8]


def test_what_is_neither_python(files: Files) -> None:
    files.write("old.py", "def f():\n    print 'x'\n\ndef g():\n    x = = 3\n    print 'x'\n")
    assert files.load("old.py:f", python2=True).function() is None
    assert files.error("old.py:g", python2=True).startswith("old.py does not compile: line 5: ")
    assert files.error("old.py:g").endswith("it looks like Python 2 (a print statement)")


def test_python_3_is_read_as_well(files: Files) -> None:
    files.write(
        "new.py", "def f(*, a: int = 3):\n    match a:\n        case 3:\n            return f'{a}', a / 2\n"
    )
    assert files.result("new.py:f", python2=True) == ("3", 1)


def test_run_all_runs_python_2(files: Files) -> None:
    files.write(
        "old.py", "total = 0\nfor n in xrange(5):\n    total += n / 2\nprint total\ndef f(): return total\n"
    )
    assert files.result("old.py:f", run_all=True, python2=True) == 4


def test_notebooks_of_python_2(files: Files) -> None:
    files.notebook(
        "old.ipynb",
        "%matplotlib inline\nprint 'x'",
        "def f():\n    print 'y'\n    return np_half(3)",
        "np_half = lambda x: x / 2",
    )
    assert files.result("old.ipynb:f", python2=True) == 1


def test_arrays_keep_their_type(files: Files) -> None:
    halves = value(files, "return args[0] / args[1]", np.arange(4), np.array([2, 2, 2, 2]))
    assert halves.dtype.kind == "i"
