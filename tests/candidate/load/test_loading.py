from __future__ import annotations

import linecache
import traceback

import numpy as np
import pytest

from convstep.candidate.load.selection import is_stub
from tests.candidate.conftest import Files

HOMEWORK = """\
    '''Course homework.'''
    import numpy as np

    np.random.seed(1)
    EPSILON = 1e-8
    SHAPE: tuple = (3, 4)
    KERNEL = np.array([[1, 2], [3, 4]]).reshape(4)
    W = np.random.randn(3, 3)
    cache = train(W)

    def conv_backward(dZ, cache):
        return dZ + EPSILON

    def uses_left_out():
        return W.sum()

    print("never")
    for _ in range(3):
        raise SystemExit
    with open("nowhere.txt") as file:
        data = file.read()
    while True:
        pass
    assert False
    raise RuntimeError
    if __name__ == "__main__":
        hparams = input("never")
"""


def test_only_imports_definitions_and_simple_constants_run(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    files.write("mine.py", HOMEWORK)
    loaded = files.load("mine.py:conv_backward")
    assert loaded.function(1.0, None) == 1 + 1e-8
    assert loaded.kind == "function"
    assert loaded.namespace["SHAPE"] == (3, 4)
    assert loaded.namespace["KERNEL"].tolist() == [1, 2, 3, 4]
    assert "W" not in loaded.namespace
    assert loaded.left_out == {"W": 8, "cache": 9, "_": 18, "file": 20, "data": 20, "hparams": 26}
    assert any(
        note.startswith("10 top-level statements did not run (line 4, line 8,") for note in loaded.notes
    )
    assert capsys.readouterr().out == ""


def test_a_name_that_was_left_out_is_explained(files: Files) -> None:
    files.write("mine.py", HOMEWORK)
    loaded = files.load("mine.py:uses_left_out")
    with pytest.raises(NameError) as caught:
        loaded.function()
    assert loaded.hint(caught.value) == "W is set at line 8 of mine.py, which did not run (add --run-all)"
    assert loaded.hint(ValueError("other")) is None


def test_a_constant_that_is_computed_later_is_not_used_stale(files: Files) -> None:
    files.write("mine.py", "stride = 1\nrate = 3\ndef f(): return stride\nstride = compute()\nrate += 1\n")
    loaded = files.load("mine.py:f")
    assert loaded.left_out == {"stride": 4}
    assert loaded.namespace["rate"] == 4


@pytest.mark.parametrize(
    "line",
    [
        "x = collections.namedtuple('P', 'a b')",
        "x = typing.TypeVar('T')",
        "x = typing.Tuple[int, ...]",
        "x = lambda dZ: print(dZ)",
        "x = [n ** 2 for n in range(3)]",
        "x = {'stride': 2, 'pad': -1 if 3 > 2 else 0}",
        "x = f'{3:d}' + 'a b'.split()[0]",
        "x = Config(3)",
        "x = np.float32",
        "x = np.pi / 2",
        "x = np.random.RandomState(7)",
        "a, (b, *x) = 1, (2, 3)",
        "x = staticmethod(Config)",
        "Config.backward = x = lambda self: 3",
    ],
)
def test_what_only_makes_a_value_runs(files: Files, line: str) -> None:
    header = "import collections, typing, dataclasses\nimport numpy as np\n"
    record = "@dataclasses.dataclass\nclass Config:\n    stride: int = 1\n"
    files.write("mine.py", f"{header}{record}{line}\ndef f(): pass\n")
    loaded = files.load("mine.py:f")
    assert "x" in loaded.namespace, loaded.left_out


@pytest.mark.parametrize(
    "line",
    [
        "x = open('f')",
        "x = np.random.rand(3)",
        "x = f()",
        "x = np.load('w.npy')",
        "x = undefined",
        "x = 1 / 0",
    ],
)
def test_what_works_or_fails_is_left_out(files: Files, line: str) -> None:
    files.write("mine.py", f"import numpy as np\ndef f(): raise SystemExit\n{line}\nnp.mine = 3\n")
    loaded = files.load("mine.py:f")
    assert loaded.left_out == {"x": 3}
    assert not hasattr(np, "mine")


def test_conditions_and_attempts_are_entered(files: Files) -> None:
    files.write(
        "mine.py",
        """\
        import sys
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import nothing_at_all
        if sys.version_info[0] < 3:
            from itertools import izip as pairs
        else:
            pairs = zip
        try:
            import cupy_missing as xp
        except ImportError:
            import math as xp
        try:
            unicode
        except NameError:
            unicode = str
        try:
            from missing_cython import col2im
        except ImportError:
            print("build it first")
            sys.exit(1)
        if ask():
            answer = 3
        def f(): return pairs, xp.pi, unicode
        def g(): return col2im(3)
        """,
    )
    loaded = files.load("mine.py:f")
    assert loaded.function()[0] is zip
    assert loaded.function()[2] is str
    assert "answer" in loaded.left_out
    with pytest.raises(
        ImportError, match=r"missing_cython is not installed, and the candidate uses missing_cython\.col2im"
    ):
        files.result("mine.py:g")


def test_run_all_executes_everything(files: Files) -> None:
    files.write("mine.py", "total = 0\nfor n in range(4):\n    total += n\ndef f(): return total\n")
    assert files.result("mine.py:f", run_all=True) == 6


def test_run_all_says_where_it_failed(files: Files) -> None:
    files.write("mine.py", "def train():\n    return 1 / 0\n\nx = train()\ndef f(): pass\n")
    assert files.error("mine.py:f", run_all=True) == (
        "mine.py fails at line 2 with --run-all: ZeroDivisionError: division by zero; "
        "fix it, or check without --run-all"
    )
    files.write("ends.py", "import sys\nsys.exit(3)\n")
    assert "ends.py fails at line 2 with --run-all: SystemExit: 3" in files.error("ends.py:f", run_all=True)


def test_source_and_lines_are_the_files_own(files: Files) -> None:
    path = files.write(
        "mine.py",
        """\
        import functools

        @functools.lru_cache
        def f(x):
            # why
            return 1 / x

        g = lambda x: x
        """,
    )
    loaded = files.load("mine.py:f")
    assert loaded.source == "@functools.lru_cache\ndef f(x):\n    # why\n    return 1 / x"
    assert (loaded.file, loaded.first_line, loaded.cell) == (str(path), 3, None)
    with pytest.raises(ZeroDivisionError) as caught:
        loaded.function(0)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].line == "return 1 / x"
    assert linecache.getline(str(path), 6) == "    return 1 / x\n"
    assert files.load("mine.py:g").source == "g = lambda x: x"


def test_fresh_forgets_what_was_kept(files: Files) -> None:
    files.write("helper.py", "calls = []\n")
    files.write(
        "mine.py",
        """\
        import helper
        total = 0
        def f():
            global total
            total += 1
            helper.calls.append(1)
            return total, len(helper.calls)
        """,
    )
    loaded = files.load("mine.py:f")
    assert [loaded.function(), loaded.function()] == [(1, 1), (2, 2)]
    again = loaded.fresh()
    assert [again.function(), loaded.function(), again.fresh().function()] == [(1, 1), (3, 3), (1, 1)]


def test_removed_numpy_names_are_back(files: Files) -> None:
    files.write(
        "mine.py",
        """\
        import numpy as np
        def f():
            return np.zeros(2, np.float), np.product([2, 3]), np.asscalar(np.ones(1)), np.Inf
        """,
    )
    zeros, product, scalar, infinity = files.result("mine.py:f")
    assert (zeros.dtype, product, scalar, infinity) == (np.float64, 6, 1.0, np.inf)
    assert any(
        note.startswith("np.float (line 3) no longer exists in NumPy")
        for note in files.load("mine.py:f").notes
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return float(b[0]) + int(b[1]) + math.pow(b[2], 2)", 5),
        ("db[0] = b[2]\ndb[1] += b[1]\nreturn db.tolist()", [2, 1, 0]),
        ("db[0], db[1] = b[2], b[1][None]\nreturn db.tolist()", [2, 1, 0]),
        ("db[0:2] = b[2]\nreturn db.tolist()", [2, 2, 0]),
        ("order = []\ndb[order.append('index') or 0] = order.append('value') or b[1]\nreturn order",
         ["value", "index"]),
        ("table = {}\ntable['db'] = b[1]\nreturn table['db'].shape", (1,)),
        ("return isinstance(db[0], float), float('3'), type(3.0) is float", (True, 3.0, True)),
        ("return float(b)", "TypeError"),
        ("db[0] = b", "ValueError"),
        ("db[0] = [3, 4]", "ValueError"),
        ("db[9] = b[1]", "IndexError"),
    ],
)  # fmt: skip
def test_an_array_of_one_element_is_a_number_where_older_numpys_took_it(
    files: Files, body: str, expected: object
) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    header = "import math\nimport numpy as np\n"
    files.write("mine.py", f"{header}def f():\n    b, db = np.arange(4.0)[:, None], np.zeros(3)\n{lines}")
    refused = "ValueError: setting an array element with a sequence."
    loaded = files.load("mine.py:f").otherwise(refused)
    assert loaded is not None
    assert loaded.notes == (
        "NumPy 2.4 refuses to take an array of one element for a number; older ones took it",
    )
    if isinstance(expected, str):
        with pytest.raises((TypeError, ValueError, IndexError)) as caught:
            loaded.function()
        assert type(caught.value).__name__ == expected
    else:
        assert loaded.function() == expected
    assert loaded.otherwise(refused) is None


@pytest.mark.parametrize(
    ("text", "unwritten"),
    [
        ("def f(x): pass", True),
        ("def f(x):\n    ...", True),
        ("def f(x):\n    'Later.'", True),
        ("def f(x): return None, None", True),
        ("def f(x):\n    raise NotImplementedError('todo')", True),
        (
            "def f(dout, cache):\n    dx, dw = None, None\n    x, w = cache\n    # TODO\n    return dx, dw",
            True,
        ),
        ("    @staticmethod\n    def f(x):\n        dx = dw = None\n        return [dx, dw]", True),
        ("class C:\n    def forward(self, x): return x\n    def backward(self, d): pass", True),
        ("class C:\n    def forward(self, x): pass\n    def backward(self, d): return d", False),
        ("class C: pass", False),
        ("def f(x): return x", False),
        ("def f(x):\n    dx = None\n    dx = x\n    return dx", False),
        ("def f(x):\n    if x: raise NotImplementedError", False),
        ("def f(x):\n    raise ValueError", False),
        ("f = lambda x: None", False),
        ("print 'old'", False),
        ("", False),
    ],
)
def test_what_is_not_written_yet(text: str, unwritten: bool) -> None:
    assert is_stub(text) is unwritten
