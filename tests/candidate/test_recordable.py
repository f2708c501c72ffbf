"""A function is recorded in a process of its own, and whatever it does there harms nobody."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import numpy as np
import pytest

from convstep.candidate.load import python2
from convstep.candidate.load.target import CandidateError
from convstep.candidate.operators import posing
from convstep.candidate.record import recorder
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.recordable import Recordable
from convstep.candidate.verdicts.marks import AGREES
from convstep.recording.record import record
from tests.candidate.conftest import Files
from tests.candidate.record.test_calling import COURSES
from tests.recording.test_packing import identical
from tests.strategies import SELDOM

LAYERS = (
    "import numpy as np\n"
    + """
def conv_forward(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    out = np.zeros((N, F, 1 + (H + 2*p - HH) // s, 1 + (W + 2*p - WW) // s))
    for f in range(F):
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, f, i, j] = np.sum(xp[:, :, i*s:i*s+HH, j*s:j*s+WW] * w[f], axis=(1, 2, 3)) + b[f]
    return out, (x, w, b, conv_param, xp)

def conv_backward(dout, cache):
    x, w, b, conv_param, xp = cache
    s, p = conv_param['stride'], conv_param['pad']
    dxp, dw, db = np.zeros_like(xp), np.zeros_like(w), dout.sum(axis=(0, 2, 3))
    for f in range(w.shape[0]):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                rows, columns = slice(i*s, i*s + w.shape[2]), slice(j*s, j*s + w.shape[3])
                for n in range(len(x)):
                    dw[f] += xp[n, :, rows, columns] * dout[n, f, i, j]
                    dxp[n, :, rows, columns] += w[f] * dout[n, f, i, j]
    dx = dxp[:, :, p:dxp.shape[2] - p, p:dxp.shape[3] - p]
    return dx, dw, db

def dies(x):
    y = x + 1
    import os
    os.kill(os.getpid(), 9)

def raises(x):
    y = np.zeros(3)
    for i in range(5):
        y[i] += x[i]
    return y

def changes(x):
    x += 1
    return x
"""
)


def test_a_convolution_is_called_as_check_does_with_the_cache_of_its_own_forward(files: Files) -> None:
    """And a function that raises, one that ends its process, and one that writes into its argument."""
    path = files.write("layers.py", LAYERS)
    found = Recordable(f"{path}:conv_backward").record()
    recording = found.recording
    assert found.how == "on a small convolution, as check calls it"
    assert (recording.name, recording.ended) == ("conv_backward", None)
    assert recording.source.line(recording.log.sites.functions[0].line).startswith("def conv_backward")
    shapes = {info.name: info.shape for info in recording.catalogue}
    assert shapes["dxp"] == shapes["xp"] == (1, 2, 7, 8)  # of stride 2 and padding 1
    recording.seek(recording.total)
    assert np.array_equal(recording.arrays["dw"], recording.result[1])

    raised = Recordable(f"{path}:raises", Arguments("raises(np.ones(5))")).record().recording
    assert raised.ended is not None
    assert raised.ended.kind == "raised"
    assert raised.source.line(raised.ended.line).strip() == "y[i] += x[i]"
    raised.seek(raised.total)
    assert raised.arrays["y"].tolist() == [1, 1, 1]

    died = Recordable(f"{path}:dies", Arguments("dies(np.ones(5))"))
    with pytest.raises(
        CandidateError, match=r"dies: .*its process was killed, perhaps because memory ran out"
    ):
        died.record()

    (alarm,) = Recordable(f"{path}:changes", Arguments(shapes=("x=3x",))).record().recording.alarms
    assert (alarm.array, alarm.text) == ("x", "x += 1")


COLUMNS = """
import numpy as np

class Dense:
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient
"""


def test_a_layer_of_an_operator_is_called_as_check_does_where_the_guess_does_not_fit(files: Files) -> None:
    """Its samples are columns, which no name says; so it is judged, run again and edited in that call."""
    function = Recordable(f"{files.write('dense.py', COLUMNS)}:Dense")
    found = function.record()
    recording = found.recording
    assert (found.how, recording.name) == ("on a small problem, as check calls it", "Dense.backward")
    recording.seek(recording.total)
    arrays = recording.arrays
    assert np.array_equal(recording.result, arrays["input_gradient"])
    assert np.array_equal(arrays["weights_gradient"], arrays["output_gradient"] @ arrays["self.input"].T)
    assert [(one.result, one.mark.kind) for one in function.judge(recording).end][:1] == [
        ("input_gradient", AGREES)
    ]
    above = np.array(arrays["output_gradient"])
    other = function.with_numbers({"output_gradient": {(1, 0): 50.0}})
    other.seek(other.total)
    assert other.arrays["output_gradient"][1, 0] == 50.0
    above[1, 0] = 50.0
    assert np.array_equal(other.arrays["weights_gradient"], above @ arrays["self.input"].T)
    files.write("dense.py", COLUMNS.replace("self.weights.T, output", "self.weights.T, 2 * output"))
    again = function.again()
    assert again is not None
    again.seek(again.total)
    assert np.array_equal(again.arrays["input_gradient"], 2 * arrays["input_gradient"])


def test_what_ends_its_process_is_not_called_in_other_ways(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posing, "posed", lambda caller: pytest.fail("it is called again"))
    text = COLUMNS.replace("self.input = input", "import os; os._exit(3)")
    with pytest.raises(CandidateError, match="it ended its process with exit code 3"):
        Recordable(f"{files.write('dense.py', text)}:Dense").record()


def test_the_numbers_are_those_of_the_same_call_in_this_process(files: Files) -> None:
    name = "max_pool_backward_naive"
    path = files.write("layers.py", "import numpy as np\n" + textwrap.dedent(COURSES[name]))
    found = Recordable(f"{path}:{name}").record()
    scope = files.load(f"layers.py:{name}").namespace
    recording = found.recording
    recording.seek(0)
    start = {each: np.array(array) for each, array in recording.arrays.items()}
    options = {"pool_height": 3, "pool_width": 3, "stride": 2}
    own = record(scope[name], start["dout"], (start["x"], options))
    assert own.total == recording.total
    for position in range(own.total + 1):
        own.seek(position)
        recording.seek(position)
        assert identical(dict(own.arrays), dict(recording.arrays))
    assert identical(own.result, recording.result)


@SELDOM
def test_a_notebook_cell_and_python_2_are_recorded_as_they_are_written(files: Files) -> None:
    book = files.notebook(
        "book.ipynb", "import numpy as np", "%matplotlib inline\ndef f(x):\n    y = x * 2\n    return y"
    )
    recording = Recordable(f"{book}:f", Arguments("f(np.ones(2))")).record().recording
    recording.seek(recording.total)
    assert (recording.source.cell, recording.event.statements[0].text) == (2, "y = x * 2")
    assert recording.result.tolist() == [2, 2]
    if not python2.is_available():
        return
    path = files.write(
        "old.py",
        "import numpy as np\ndef f(x):\n    y = np.zeros(4)\n    for i in xrange(7 / 2):\n        print i\n"
        "        y[i] += x[i]\n    return y\n",
    )
    found = Recordable(f"{path}:f", Arguments("f(np.ones(4))")).record()
    assert found.recording.result.tolist() == [1, 1, 1, 0]
    assert found.recording.source.line(5).strip() == "print i"
    assert found.recording.ended is None


@SELDOM
def test_a_loop_without_end_is_stopped_and_what_was_recorded_stays(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.write(
        "layers.py",
        "import numpy as np\ndef f(x):\n    y = np.zeros(2)\n    while True:\n        y[0] += x[0]\n",
    )
    found = Recordable(f"{path}:f", Arguments("f(np.ones(2))"), timeout=0.6).record()
    ended = found.recording.ended
    assert ended is not None
    assert ended.kind == "budget"
    assert found.recording.total > 100
    monkeypatch.setattr(recorder, "SPARE", 0.1)
    stuck = files.write("stuck.py", "import time\ndef f(x):\n    time.sleep(999)\n")
    with pytest.raises(CandidateError, match=r"it did not return within 0\.3 s|did not finish within"):
        Recordable(f"{stuck}:f", Arguments("f(1)"), timeout=0.2).record()


@SELDOM
def test_a_file_that_was_saved_is_recorded_anew_and_one_that_does_not_load_says_why(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\ndef f(x):\n    y = x + 1\n    return y\n")
    function = Recordable(f"{path}:f", Arguments(shapes=("x=3x",)))
    assert function.record().recording.total == 1
    assert function.again() is None
    path.write_text("import numpy as np\ndef f(x):\n    y = x + 1\n    z = y + 1\n    return z\n")
    again = function.again()
    assert again is not None
    assert again.total == 2
    path.write_text("def f(x):\n    y = (x\n    return y\n")
    with pytest.raises(CandidateError, match=r"mine\.py does not compile: line 2: '\(' was never closed"):
        function.again()
    assert function.again() is None
    os.unlink(path)
    assert function.again() is None  # an editor may be about to put it back
    function.close()


def test_closing_ends_what_is_being_recorded(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def f(x):\n    while True: pass\n")
    function = Recordable(f"{path}:f", Arguments("f(1)"))
    with pytest.raises(CandidateError):
        function.record(meanwhile=function.close)


def test_a_guess_that_does_not_fit_is_said_so_and_one_that_raises_in_a_loop_is_shown(files: Files) -> None:
    text = """
        import numpy as np
        def max_pool(x):
            n, = x.shape
            return x + n
        def avg_pool(x):
            out = np.zeros(3)
            for i in range(9):
                out[i] += x.sum()
            return out
    """
    path = files.write("layers.py", text)
    with pytest.raises(CandidateError) as caught:
        Recordable(f"{path}:max_pool").record()
    assert str(caught.value) == (
        "the arguments that are guessed do not fit max_pool (line 4: ValueError: too many values to unpack "
        "(expected 1)); write the call, like --call 'max_pool(x)', or give each, like --shape x=4x5"
    )
    ended = Recordable(f"{path}:avg_pool").record().recording.ended
    assert ended is not None
    assert (ended.kind, ended.line) == ("raised", 9)


def test_a_guess_with_which_no_loop_turns_shows_nothing_and_another_is_taken(files: Files) -> None:
    text = """
        import numpy as np

        def max_pool_forward(x, size, stride):
            H, W = (x.shape[0] - size) // stride + 1, (x.shape[1] - size) // stride + 1
            out = np.zeros((H, W))
            for i, j in np.ndindex(H, W):
                out[i, j] = x[i * stride : i * stride + size, j * stride : j * stride + size].max()
            return out, (x, size, stride)

        def max_pool_backward(dout, cache):
            x, size, stride = cache
            dx = np.zeros_like(x)
            for i, j in np.ndindex(*dout.shape):
                window = x[i * stride : i * stride + size, j * stride : j * stride + size]
                dx[i * stride : i * stride + size, j * stride : j * stride + size] += (
                    window == window.max()
                ) * dout[i, j]
            return dx
    """
    path = files.write("pool.py", textwrap.dedent(text))
    recording = Recordable(f"{path}:max_pool_backward").record().recording
    # its pictures have two axes; with more, none of its windows would be inside
    assert recording.result.ndim == 2
    assert recording.total == 1 + 2 * 2


@SELDOM
def test_the_same_call_is_recorded_with_other_numbers_and_what_it_was_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def f(x, cache):\n"
        "    if x[0] < 0:\n        raise ValueError('below')\n"
        "    y = x * cache['w']\n    return y\n"
    )
    call = "f(np.arange(3.0), {'w': np.ones(3, np.float32)})"
    function = Recordable(f"{path}:f", Arguments(call=call))
    first = function.record().recording
    assert first.handed_in == {"x": "x", "cache['w']": "cache['w']"}
    edited = function.with_numbers({"x": {(2,): np.float64(-5)}, "cache['w']": {(2,): np.float32(2)}})
    assert edited.result.tolist() == [0, 1, -10]
    raised = function.with_numbers({"x": {(0,): np.float64(-1)}})
    assert raised.ended is not None
    assert raised.ended.sentence == "ValueError: below"
    assert "without edited numbers" in function.judge(raised).note
    with pytest.raises(CandidateError, match=r"x\[9\] cannot be changed"):
        function.with_numbers({"x": {(9,): np.float64(1)}})
    assert function.with_numbers({}).result.tolist() == first.result.tolist()
    assert not function.edited
    function.close()
