"""What an import loads is a promise: start-up time, and who may know whom, hang on it."""

from __future__ import annotations

import functools
import graphlib
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from convstep.cli.commands import COMMANDS
from tests.strategies import SELDOM
from tests.waiting import GENEROUS

HEAVY = ("numpy", "rich", "textual", "torch")


def loaded(*statements: str) -> set[str]:
    """The heavy packages that a fresh interpreter holds after these statements."""
    script = "\n".join(
        ["import sys", *statements, f"print('loaded', *(m for m in {HEAVY} if m in sys.modules))"]
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=GENEROUS, check=True
    )
    return set(ended.stdout.splitlines()[-1].split()[1:])


def test_loads_nothing_heavy() -> None:
    assert not loaded(
        "import convstep",
        "import convstep; dir(convstep); convstep.__version__",
        "import convstep.cli",
        "from convstep.cli import main; assert main(['--version']) == 0",
        "from convstep.cli import main; assert main(['examples']) == 0",
        "from convstep.cli import main; assert main(['--help']) == 0",
        "from convstep.cli import main; assert main(['opne']) == 2",
        "import convstep.examples",
    )


def test_loads_numpy_alone() -> None:
    assert {"numpy"} == loaded(
        "import convstep.conv.backward",
        "import convstep.conv.forward",
        "import convstep.conv.storage",
        "import convstep.conv.timeline",
        "import convstep; convstep.Problem, convstep.Timeline, convstep.conv2d_backward",
        "import convstep; convstep.compare",
        "import convstep; convstep.capture, convstep.Captured, convstep.CaptureError, convstep.load_tensors",
        "from convstep.oracle.safetensors import read_safetensors",
        "import convstep; convstep.check, convstep.assert_correct, convstep.Verdict, convstep.CandidateError",
        "import convstep; assert convstep.check(convstep.conv2d_backward, timeout=30).ok",
        "from convstep.cli import main; assert main(['trace', 'one-window', '--format', 'jsonl']) == 0",
    )


@pytest.mark.parametrize("command", ["check {}", "check {}:conv_backward", "debug {}:conv_backward"])
def test_the_candidates_interpreter_starts_before_numpy_is_imported_here(
    command: str, tmp_path: Path
) -> None:
    """It takes as long to start as we take for our own imports, so that a verdict comes a third earlier."""
    (tmp_path / "mine.py").write_text("def conv_backward(dout, cache): ...\n")
    words = [word.format(tmp_path / "mine.py") for word in command.split()]
    first = "lambda event, _: event == 'subprocess.Popen' and (print('loaded', *sys.modules), sys.exit())"
    assert "numpy" not in loaded(
        f"sys.addaudithook({first})", f"from convstep.cli import main; main({words})"
    )


def test_listing_lessons_loads_no_screen() -> None:
    listing = "from convstep.cli import main; assert main(['learn', '--list']) == 0"
    assert loaded(listing) <= {"numpy", "rich"}


def test_version_loads_neither_argparse_nor_typing() -> None:
    statement = (
        "from convstep.cli import main; main(['--version']);"
        "assert not {'argparse', 'typing', 'importlib.metadata', 'dataclasses'} & sys.modules.keys()"
    )
    assert loaded(statement) == set()


@SELDOM
def test_the_screen_loads_no_reader_of_metadata() -> None:
    """It takes a tenth of the time to the first frame, and only a crash asks for the version."""
    statement = "import convstep.ui.app, convstep.ui.running; assert 'importlib.metadata' not in sys.modules"
    assert "textual" in loaded(statement)


def test_the_screen_of_a_problem_loads_what_its_first_frame_shows_and_no_more() -> None:
    """What a key needs is loaded by that key, and PyTorch's process while the frame is looked at."""
    statement = (
        "import convstep.cli.commands.open, convstep.cli.problems, convstep.ui.app;"
        "rooms = ('candidate', 'export', 'lessons', 'operators', 'oracle', 'recording', 'view.lesson');"
        "later = tuple(f'convstep.{room}' for room in rooms) + ('argparse', 'convstep.cli.candidates');"
        "found = [name for name in sys.modules if name.startswith(later)];"
        "assert not found, found"
    )
    assert loaded(statement) == {"numpy", "rich", "textual"}


def test_the_public_names_are_all_there() -> None:
    import convstep

    for name in convstep.__all__:
        # a room that is a function as well: `convstep.operators`
        assert getattr(convstep, name).__name__.removeprefix("convstep.") == name
    assert set(convstep.__all__) < set(dir(convstep))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = convstep.nothing


@functools.cache
def imports() -> dict[str, set[str]]:
    """What each module imports at once, inside a function or for its types alone; and the commands, which
    `convstep.cli.which` loads by their names.
    """
    graph = grimp.build_graph("convstep", cache_dir=None)
    found = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    found["convstep.cli.which"] |= {f"convstep.cli.commands.{name}" for name in COMMANDS}
    return found


SAVED = {f"convstep.conv.{name}" for name in ("problem", "storage", "nchw")}
"""A problem is saved and loaded by its own methods: these may know each other."""


def test_there_is_no_circle_even_of_deferred_imports_and_those_for_types() -> None:
    graph = {
        module: names - (SAVED if module in SAVED else set())
        for module, names in imports().items()
        if module != "convstep"  # it names the home of each public name
    }
    graphlib.TopologicalSorter(graph).prepare()  # or a CycleError that names the circle


def test_a_command_knows_no_other_command() -> None:
    commands = {f"convstep.cli.commands.{name}" for name in COMMANDS}
    assert not {module: known for module in commands if (known := imports()[module] & commands)}
