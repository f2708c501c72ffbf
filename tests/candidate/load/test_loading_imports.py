from __future__ import annotations

import os
import sys

import pytest

from convstep.candidate.load.placeholders import Missing
from tests.candidate.conftest import Files

MISSING = """\
    import h5py_missing
    import matplotlib_missing.pyplot as plt
    import a_missing.b.c
    from google_missing.colab import drive, files as colab
    from numba_missing import jit, float64
    from public_tests_missing import *
    import os.path, sys as system

    plt.rcParams["figure.figsize"] = (5.0, 4.0)
    drive.mount("/content")

    @jit
    def plain(dZ): return dZ

    @jit(float64[:](float64[:]), nopython=True)
    def configured(dZ: h5py_missing.File) -> plt.Axes: return dZ

    class Net(plt.Module, metaclass=type):
        @jit
        def backward(self, dZ): return dZ

    def calls(): return plt.plot([1])
    def counts(): return h5py_missing.x + 1
    def walks(): return [x for x in drive]
    def indexes(): return float64[:]
    def asks(): return isinstance(3, plt.Axes), system.maxsize > 3 and os.path.sep
    def deep(): return a_missing.b.c.d()
    def decorates(): return jit(3)
    def starred(): return conv_test()
    def converts():
        import numpy as np
        return np.asarray(plt)
"""


def test_imports_that_are_not_installed_complain_only_when_used(files: Files) -> None:
    files.write("mine.py", MISSING)
    loaded = files.load("mine.py:plain")
    assert loaded.function(3) == 3
    assert files.result("mine.py:configured", 3) == 3
    assert files.result("mine.py:Net.backward", 3) == 3
    assert files.result("mine.py:asks") == (False, os.path.sep)
    assert (
        "h5py_missing, matplotlib_missing, a_missing, google_missing, numba_missing and "
        "public_tests_missing are not installed, which matters only where they are used"
    ) in loaded.notes
    assert "the names of 'from public_tests_missing import *' are missing" in loaded.notes


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "calls",
            "matplotlib_missing is not installed, and the candidate uses matplotlib_missing.pyplot.plot",
        ),
        ("counts", "h5py_missing is not installed, and the candidate uses h5py_missing.x"),
        ("indexes", "numba_missing is not installed, and the candidate uses numba_missing.float64"),
        ("deep", "a_missing is not installed, and the candidate uses a_missing.b.c.d"),
        ("decorates", "numba_missing is not installed, and the candidate uses numba_missing.jit"),
        ("converts", "matplotlib_missing is not installed, and the candidate uses matplotlib_missing.pyplot"),
    ],
)
def test_using_what_is_missing_says_what_it_was(files: Files, name: str, sentence: str) -> None:
    files.write("mine.py", MISSING)
    with pytest.raises(ImportError) as caught:
        files.result(f"mine.py:{name}")
    assert str(caught.value) == sentence


def test_a_name_of_a_missing_star_import_is_explained(files: Files) -> None:
    files.write("mine.py", MISSING)
    loaded = files.load("mine.py:starred")
    with pytest.raises(NameError) as caught:
        loaded.function()
    assert loaded.hint(caught.value) == (
        "conv_test may come from 'from public_tests_missing import *', "
        "but public_tests_missing is not installed"
    )


def test_a_missing_function_cannot_be_the_candidate(files: Files) -> None:
    files.write("mine.py", MISSING)
    assert files.error("mine.py:jit") == (
        "jit is imported, but numba_missing is not installed; name a function that is there"
    )


def test_helpers_beside_the_file(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    files.write(
        "utils.py",
        "import tensorflow_missing\nprint('never')\nSIZE = 3\nweights = train()\ndef pad(): return SIZE\n",
    )
    files.write("im2col.py", "from utils import *\n")
    files.write(
        "mine.py",
        """\
        from im2col import *
        from utils import weights
        def f(): return pad()
        def g(): return weights + 1
        """,
    )
    loaded = files.load("mine.py:f")
    assert loaded.function() == 3
    assert capsys.readouterr().out == ""
    assert any(note.startswith("utils.py: tensorflow_missing is not installed") for note in loaded.notes)
    with pytest.raises(
        ImportError, match=r"weights is set at line 4 of utils.py, which did not run \(add --run-all\), and"
    ):
        files.result("mine.py:g")


def test_a_helper_that_promises_more_than_it_has(files: Files) -> None:
    files.write("helper.py", "__all__ = ['pad', 'weights']\ndef pad(): return 3\nweights = train()\n")
    files.write("mine.py", "from helper import *\ndef f(): return pad()\n")
    assert files.result("mine.py:f") == 3


def test_a_name_left_out_of_a_helper_is_explained(files: Files) -> None:
    files.write("helper.py", "scale = compute()\ndef scaled(): return scale\n")
    files.write("mine.py", "import helper\ndef f(): return helper.scaled()\n")
    loaded = files.load("mine.py:f")
    with pytest.raises(NameError) as caught:
        loaded.function()
    assert (
        loaded.hint(caught.value) == "scale is set at line 1 of helper.py, which did not run (add --run-all)"
    )


def test_a_helper_wins_over_what_has_its_name(files: Files) -> None:
    import random

    import numpy as np

    files.write("random.py", "def choose(): return 'mine'\n")
    files.write("yaml.py", "def choose(): return 'mine'\n")
    files.write("sys.py", "raise OSError\n")
    files.write("numpy.py", "raise OSError\n")
    files.write(
        "mine.py",
        """\
        import sys, numpy
        import random
        def f():
            import yaml
            return random.choose(), yaml.choose(), sys, numpy
        """,
    )
    assert files.result("mine.py:f") == ("mine", "mine", sys, np)
    assert sys.modules["random"] is random


def test_a_candidate_may_be_called_like_a_module(files: Files) -> None:
    for name in ("random", "numpy", "torch", "my-homework 2", "__main__", "class"):
        files.write(f"{name}.py", "import random, numpy\ndef f(): return 3\n")
        assert files.result(f"{name}.py:f") == 3


def test_a_package_with_relative_and_circular_imports(files: Files) -> None:
    files.write("pack/__init__.py", "from .conv import backward\nfrom . import utils\n")
    files.write("pack/utils.py", "from pack.nn.layers import SIZE, later\ndef pad(): return later()\n")
    files.write(
        "pack/conv.py",
        """\
        from .utils import pad
        from . import utils
        import pack.nn.layers as layers
        def backward(): return pad(), layers.SIZE, utils.SIZE, __name__
        """,
    )
    files.write("pack/nn/__init__.py", "")
    files.write(
        "pack/nn/layers.py",
        "from ..utils import pad\nfrom ...outside import x\nSIZE = 3\ndef later(): return pad.__name__\n",
    )
    assert files.result("pack/conv.py:backward") == ("pad", 3, 3, "pack.conv")
    assert files.result("pack/nn/layers.py:later") == "pad"
    assert files.result("pack/__init__.py:backward")[3] == "pack.conv"


def test_a_helper_that_fails_is_a_placeholder_with_a_reason(files: Files) -> None:
    files.write("broken.py", "def f(:\n")
    files.write("raises.py", "class C:\n    1 / 0\n")
    files.write("loads.py", "raise OSError('no data')\n")
    files.write(
        "mine.py",
        """\
        import broken
        from raises import C
        import loads
        def f(): return broken.f()
        def g(): return C()
        def h(): return loads.x
        """,
    )
    loaded = files.load("mine.py:f")
    assert any("broken.py: line 1 is not Python" in note for note in loaded.notes)
    assert any("C in raises.py cannot be defined: line 1: ZeroDivisionError" in note for note in loaded.notes)
    with pytest.raises(ImportError, match=r"C in raises\.py cannot be defined: line 1: ZeroDivisionError"):
        files.result("mine.py:g")
    with pytest.raises(
        ImportError,
        match=r"loads cannot be imported \(loads.py fails at line 1 with --run-all: OSError: no data;",
    ):
        files.result("mine.py:h", run_all=True).anything()


def test_a_changed_path_is_followed(files: Files) -> None:
    files.write("common/helper.py", "def pad(): return 3\nprint(undefined)\n")
    files.write(
        "hw/mine.py",
        "import sys, os\nsys.path.append('../common')\nfrom helper import pad\ndef f(): return pad()\n",
    )
    assert files.result("hw/mine.py:f") == 3
    files.write(
        "hw/own.py",
        """\
        import sys, os
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'common'))
        from helper import pad
        def f(): return pad()
        """,
    )
    assert files.result("hw/own.py:f") == 3


def test_dataclasses_and_installed_packages_below_the_folder(files: Files) -> None:
    files.write(
        "mine.py",
        """\
        from dataclasses import dataclass, field
        import json.decoder
        @dataclass
        class C:
            size: 'int' = 3
            more: list = field(default_factory=list)
        config = C(size=4)
        def f(): return config.size
        """,
    )
    assert files.result("mine.py:f") == 4


@pytest.mark.parametrize("folder", ["vendored", "env/lib/site-packages"])
def test_what_python_finds_below_the_folder_is_a_library_and_runs_whole(
    files: Files, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    files.write(f"{folder}/convlib/__init__.py", "from convlib import limits\n")
    files.write(
        f"{folder}/convlib/limits.py",
        """\
        class Limit:
            def __neg__(self): return -7
        Limit = Limit()
        least = -Limit
        """,
    )
    files.write("mine.py", "import convlib\ndef f(): return convlib.limits.least")
    monkeypatch.syspath_prepend(str(files.folder / folder))
    assert files.result("mine.py:f") == -7


def test_plots_open_no_window(files: Files) -> None:
    files.write("mine.py", "import os\ndef f(): return os.environ['MPLBACKEND']\n")
    assert files.result("mine.py:f") == "Agg"


@pytest.mark.parametrize(
    ("file", "written"),
    [
        ("lib/conv.py", "from lib.cols import pad"),
        ("lib/conv.py", "import lib.cols\npad = lib.cols.pad"),
        ("lib/conv.py", "from .cols import pad"),
        ("lib/nn/conv.py", "from lib.cols import pad"),
        ("lib/nn/conv.py", "from ..cols import pad"),
        ("lib/nn/conv.py", "from cols import pad"),
        ("layers/conv.py", "from lib.cols import *"),
        ("script.py", "from lib import cols\npad = cols.pad"),
    ],
)
def test_modules_above_the_file_and_folders_without_init(files: Files, file: str, written: str) -> None:
    files.write("project/pyproject.toml", "")
    files.write("project/lib/cols.py", "print('never')\ndef pad(): return 3\n")
    files.write(f"project/{file}", f"{written}\ndef f(): return pad()\n")
    loaded = files.load(f"project/{file}:f")
    assert loaded.function() == loaded.fresh().function() == 3
    assert loaded.notes == ("cols.py: 1 top-level statement did not run (line 1); --run-all runs it",)


def test_what_is_above_hides_no_module_and_ends_with_the_project(files: Files) -> None:
    files.write("secret.py", "raise SystemExit\n")
    for folder in ("json", "data", "numpy"):
        files.write(f"project/{folder}/tool.py", "x = 3\n")
    files.write("project/setup.cfg", "")
    files.write(
        "project/lib/mine.py",
        """\
        import json, numpy, secret
        import data.tool
        def f(): return json.dumps(data.tool.x), numpy.sqrt(4)
        def g(): return secret.x + 1
        """,
    )
    assert files.result("project/lib/mine.py:f") == ("3", 2)
    with pytest.raises(ImportError, match="secret is not installed"):
        files.result("project/lib/mine.py:g")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cv2", "mine.py needs cv2, which is not installed: pip install opencv-python"),
        ("my_helper", "mine.py needs my_helper, which is neither installed nor beside it; "
         "put it there, or install it"),
        ("broken", "mine.py needs broken.f, but f in broken.py cannot be defined: line 1: "
         "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
def test_what_is_missing_and_was_needed_says_what_to_do(files: Files, name: str, sentence: str) -> None:
    files.write("broken.py", "def f(x=1 / 0): pass\n")
    files.write("mine.py", f"from {name} import f as it\ndef f(): return it()\n")
    with pytest.raises(ImportError) as caught:
        files.result("mine.py:f")
    assert isinstance(caught.value, Missing)
    assert caught.value.sentence("mine.py") == sentence
