"""A case as code: reading it gives the same bits, and what cannot be written is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convstep.snippet import MOST_CELLS, Check, Snippet, SnippetError, importing

NUMBERS = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    NUMBERS
    | st.floats()
    | st.integers()
    | st.text()
    | st.none()
    | st.booleans()
    | st.floats(width=32).map(np.float32),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "snippet", "exec"), names)
    return names


def is_the_same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, np.generic):
        wanted = wanted.item()
    if isinstance(wanted, np.ndarray):
        same = type(found) is np.ndarray and (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        # of a NaN the code says that it is one, and not which
        bits = found.tobytes() == wanted.tobytes()
        return same and (bits or bool(np.array_equal(found, wanted, equal_nan=True)))
    if type(found) is not type(wanted):
        return False
    if isinstance(wanted, (tuple, list)):
        return len(found) == len(wanted) and all(map(is_the_same, found, wanted))
    if isinstance(wanted, dict):
        return list(found) == list(wanted) and all(map(is_the_same, found.values(), wanted.values()))
    return repr(found) == repr(wanted)


@given(VALUES)
def test_what_is_given_is_read_back_as_it_was(value: Any) -> None:
    for as_test in (False, True):
        code = Snippet("f", ["a case"], [], {"value": value}, ["global kept; kept = value"]).text(
            as_test=as_test
        )
        names = run(code)
        if as_test:
            names["test_f"]()
        assert is_the_same(names["kept"], value)


def test_many_numbers_are_kept_in_a_file_that_the_code_loads(tmp_path: Path) -> None:
    many, few = np.random.default_rng(0).standard_normal((MOST_CELLS, 2)), np.arange(3)
    made = Snippet(
        "f", [], [], {"cache": (many, {"n": few})}, ["x = cache[0] * 2"], [Check("x", "x", many * 2, 0)]
    )
    assert made.large
    path = str(tmp_path / "a 'quoted' name.npz")
    made.save(path)
    code = made.text(beside=path)
    assert len(code) < 1000
    names = run(code)
    assert names["cache"][0].tobytes() == many.tobytes()
    assert names["cache"][1]["n"].tolist() == [0, 1, 2]
    assert not Snippet("f", [], [], {"x": few}, []).large


def test_a_result_that_is_off_fails_and_names_it() -> None:
    right = np.array([1.0, np.nan, np.inf])
    made = Snippet("f", [], [], {"x": right + np.array([1e-9, 0, 0])}, [], [Check("x", "dW", right, 1e-8)])
    run(made.text())
    made = Snippet(
        "Conv.f", [], [], {"x": right + np.array([1e-7, 0, 0])}, [], [Check("x", "dW", right, 1e-8)]
    )
    with pytest.raises(AssertionError, match="dW"):
        run(made.text(as_test=True))["test_Conv_f"]()


@pytest.mark.parametrize("value", [object(), np.array([object()]), np.array([1j]), np.array(["a"]), {1}])
def test_what_cannot_be_written_is_one_sentence(value: Any) -> None:
    with pytest.raises(SnippetError, match=r"x.* is of type \S+, which cannot be written as code"):
        Snippet("f", [], [], {"x": (1, value)}, []).text()


def test_a_name_is_imported_from_wherever_its_file_is(tmp_path: Path) -> None:
    (tmp_path / "my lib" / "pkg").mkdir(parents=True)
    (tmp_path / "my lib" / "pkg" / "__init__.py").touch()
    (tmp_path / "my lib" / "pkg" / "tool.py").write_text("VALUE = 7\n")
    inside, odd = tmp_path / "my lib" / "pkg" / "mine.py", tmp_path / "my-own.py"
    inside.write_text(
        "from .tool import VALUE\nclass A:\n    @staticmethod\n    def f():\n        return VALUE\n"
    )
    odd.write_text("def g():\n    return 7\n")
    code = "\n".join([*importing(str(inside), "A.f"), *importing(str(odd), "g"), "assert A.f() == g() == 7"])
    subprocess.run([sys.executable, "-c", code], check=True, cwd="/")
    with pytest.raises(SnippetError, match=r"my-own\.py is no file that Python imports"):
        importing(str(odd), "*")
