from __future__ import annotations

import os
from pathlib import Path

import pytest

from convstep.cli import parse
from convstep.cli.problems import layer_in, named_problem, start
from convstep.conv.problem import Problem
from convstep.replay.session import Session, save
from tests.captures import repeated, small
from tests.cli.conftest import Refused, Run


@pytest.mark.parametrize("content", ["", '{"version": 1, "problem": 5}', '{"version": 1, "problem": "x"}'])
def test_a_session_that_cannot_be_read_is_named_once(refused: Refused, content: str) -> None:
    Path("a\x1b.json").write_text(content)
    for command in ("open", "compare", "trace"):
        assert refused(command, "a\x1b.json").count("json: ") == 1
    Path("b.json").write_text('{"version": 1, "problem": "b.json", "position": 0}')
    assert refused("compare", "b.json").startswith("b.json: b.json is not a readable .npz file")


def test_a_session_stands_for_its_problem_wherever_one_is_asked_for(run: Run) -> None:
    save(Session("rectangle", position=2), "a.json")
    for command in (
        ["compare", "{}"],
        ["trace", "{}", "--to", "2"],
        ["export", "{}", "-oa.svg", "--steps=1"],
    ):
        ended, plain = (run(*[word.format(name) for word in command]) for name in ("a.json", "rectangle"))
        assert ended == plain
        assert ended.code == 0


@pytest.mark.parametrize("command", ["open", "compare", "trace", "export"])
def test_a_damaged_file_is_one_sentence(refused: Refused, command: str) -> None:
    Path("damaged.npz").write_bytes(Path(__file__).read_bytes()[:500])
    options = ["--steps", "1", "-o", "out.svg"] if command == "export" else []
    assert "damaged.npz is not a readable .npz file" in refused(command, "damaged.npz", *options)


COMMANDS = [
    ("open", "{}.npz"), ("open", "{}.json"), ("compare", "{}.pt"), ("trace", "{}.safetensors"),
    ("check", "{}.py:f"), ("check", "{}.ipynb:f"), ("learn", "{}.md"), ("export", "{}.md", "-o", "new.svg"),
    ("export", "{}.npz", "--steps", "1:2", "-o", "new.svg"),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command))
def test_what_is_no_file_is_never_waited_for(refused: Refused, command: tuple[str, ...]) -> None:
    suffix = command[1].partition(".")[2].partition(":")[0]
    os.mkfifo(f"pipe.{suffix}")
    os.symlink("/dev/zero", f"device.{suffix}")
    for name in ("pipe", "device"):
        said = refused(*(word.format(name) for word in command))
        assert f"it is a {name}, and only regular files are read" in said
        assert said.startswith(f"{name}.{suffix}")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["open", "digit", "--break", "dy > 1"], ["--break", "dy"]),
        (["open", "digit", "--break", "watch dW[9,0,0,0]"], ["9", "3"]),
        (["open", "missing.json"], ["missing.json", "does not exist"]),
        (["export", "digit", "--steps", "1", "-o", "x.svg", "--why", "W[0]"], ["--why"]),
    ],
)
def test_stops_sessions_and_cells_that_cannot_be_are_refused(
    run: Run, given: list[str], said: list[str]
) -> None:
    ended = run(*given)
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert all(piece in ended.err for piece in said)


def test_a_layer_of_a_run_is_a_problem_for_every_command(run: Run, in_folder: Path) -> None:
    problem, name = small().problem(layer="1"), "run.npz:1"
    assert f"All {problem.W.size + 4 + problem.A_prev.size} gradients match" in run("compare", name).out
    assert run("trace", name, "--to", "1").out.startswith(f"step 1/{problem.total_steps} ")
    assert run("export", name, "--steps", "3", "-o", "x.svg").code == 0
    (in_folder / "mine.py").write_text("def backward(dZ, cache, stride, padding):\n    return 1\n")
    assert "convstep debug needs a terminal" in run("debug", "mine.py:backward", name).err
    assert "convstep open needs a terminal" in run("open", name).err


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("run.npz:1",), "run.npz:1"),
        (("run.npz", "--layer", "1"), "run.npz:1"),
        (("run.npz", "--layer=1", "--call", "0"), "run.npz:1:0"),
        (("run.npz:1", "--call", "0"), "run.npz:1:0"),
    ],
)
def test_a_layer_can_be_chosen_in_any_way_for_every_command(
    words: tuple[str, ...], name: str, in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(in_folder)
    for command in (["compare"], ["trace"], ["open"], ["debug", "mine.py:f"], ["export", "-oa.svg"]):
        assert parse([*command, *words])[1].problem == name
    assert named_problem(name)[1].dZ.tobytes() == small().problem(layer="1").dZ.tobytes()


def test_a_call_is_counted_from_the_first_and_the_last_is_the_default(in_folder: Path) -> None:
    path = str(in_folder / "twice.npz")
    calls = [layer for layer in repeated().layers if layer.name == "twice"]
    for name, call in ((f"{path}:twice:1", calls[1]), (f"{path}:twice", calls[-1])):
        session, problem = start(name, None, [])
        assert session.problem == name
        assert problem.dZ.tobytes() == call.dZ.tobytes()


def test_a_session_of_a_layer_finds_its_file_beside_it(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(Session("run.npz:1", position=4), in_folder / "here.session.json")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    session, problem = start(str(in_folder / "here.session.json"), None, [])
    assert session.position == 4
    assert problem.dZ.tobytes() == small().layer("1").dZ.tobytes()


def test_a_file_whose_name_has_a_colon_is_a_file(in_folder: Path) -> None:
    path = in_folder / "run.npz:1"
    small().problem(layer="3").save(path)
    assert layer_in(str(path)) == (str(path), "")
    assert start(str(path), None, [])[1].W.tobytes() == small().layer("3").convolution.W.tobytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "run.npz", "--steps", "1", "-o", "x.svg"), "several captured calls"),
        (
            ("compare", "run.npz:9"),
            "'9' is not among the layers to capture; the conv layers are",
        ),
        (("compare", "twice.npz", "--layer", "frozen"), "'frozen' ran without gradients"),
        (
            ("compare", "run.npz", "--layer", "1", "--call", "3"),
            "call 3 of '1' does not exist; it",
        ),
        (("compare", "run.npz", "--call", "0"), "--call counts the calls of a layer; add --layer NAME"),
        (("compare", "run.npz", "--layer", "1", "--call", "-1"), "'-1' is not a number of up to 9 digits"),
        (("compare", "run.npz", "--layer", ""), "--layer is empty"),
        (("compare", "digit", "--layer", "1"), "digit is not such a file"),
        (("debug", "mine.py:f", "--layer", "1"), "--layer and --call are about a PROBLEM"),
        (("compare", "gone.npz:1"), "gone.npz:1 does not exist; check the path"),
        (("compare", "problem.npz:1"), "problem.npz holds no captured layers"),
        (("open", "run.npz"), "convstep open needs a terminal; `convstep compare run.npz` works without one"),
        (
            ("open", "run.npz", "--goto", "3"),
            "--goto, --break and --forward are about one layer; add --layer NAME",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    refused: Refused, in_folder: Path, words: tuple[str], said: str
) -> None:
    small().problem(layer="0").save(in_folder / "problem.npz")
    assert said in refused(*words)


def test_a_single_call_is_opened_as_the_problem_it_is(run: Run, in_folder: Path) -> None:
    assert "All " in run("compare", "one.npz").out
    assert run("compare", "one.npz").out == run("compare", "one.npz", "--layer", "2").out
    assert Problem.load(in_folder / "one.npz").total_steps == small().layer("2").dZ.size
