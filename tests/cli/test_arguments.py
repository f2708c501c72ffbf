"""Any argument at any place: an exit code, at most one sentence, and nothing that a terminal obeys."""

from __future__ import annotations

import errno
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from convstep import cli
from convstep.cli import parse
from tests.cli.conftest import Refused, Run
from tests.strategies import SELDOM, THOROUGH, some
from tests.test_printable import obeyed

LONG = 5000
STRANGE = [
    *(
        "",
        "-",
        "--",
        "---",
        "--frob",
        "-x",
        " ",
        "\n",
        "a\nb",
        "\t",
        ".",
        "..",
        "/",
        ":",
        ":f",
        "{",
        "{x}",
        "%s",
        "%",
    ),
    *("\x1b]0;x\x07", "\x00", "a\x00b.npz", "\ud800", "x\udce9.npz", "\u202egnp.exe", "\u2028", "\x9b2J"),
    *("４", "1_000", "+3", "1e3", "nan", "inf", "-inf", "-1", "-1,0,0", "-0.5", "0x10", "1.", ".5", "9" * 18),
    *("9" * LONG, "9" * 400 + "%", "x" * LONG, ",".join("1" * 20_000), "x".join("1" * 20_000), "(" * 3000),
    *(
        "x" * LONG + ending
        for ending in (".npz", ".json", ".pt", ".safetensors", ".md", ".py", ".py:f", ".svg")
    ),
    *(
        "\x00.py:f",
        "\x1b.py:f",
        "\ud800:f",
        "watch dW[" + "9" * LONG + "]",
        "i_c == " + "9" * LONG,
        "a" * 300 + "/b",
    ),
]
"""Arguments as nobody types them, by accident or on purpose; no path of them is one that exists."""

NEW = ("new", "--input=5x5x1", "--filters=1", "--kernel=2", "--force")
COMMANDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("open", "digit"): ("--goto", "--break"),
    ("compare", "none.npz"): ("--json",),
    ("trace", "digit", "--to=1"): ("--from", "--to", "--format"),
    ("check", "none.py:f"): (
        *("--convention", "--timeout", "--adapter", "--run-all", "--python2", "--save", "--json", "--force"),
    ),
    ("debug", "none.py:f"): ("--goto", "--convention", "--timeout", "--adapter", "--run-all", "--python2"),
    ("learn", "none.md"): ("--lang", "--list"),
    ("examples",): (),
    ("export", "none.npz", "-onone.svg"): (
        *(
            "--steps",
            "--lang",
            "-o",
            "--output",
            "--compare",
            "--why",
            "--diagnosis",
            "--candidate",
            "--size",
        ),
        *("--seconds", "--convention", "--timeout", "--adapter", "--run-all", "--python2"),
    ),
    ("serve", "none.npz"): ("--port", "--host"),
    ("help", "none"): (),
    NEW: (
        *("--input", "--filters", "--kernel", "--stride", "--padding", "--dilation", "--groups", "--batch"),
        *("--dtype", "--seed", "-o", "--output", "--force", "--no-bias"),
    ),
}
"""What is typed as it should be, as far as that takes no time, and the options of the command."""


def vectors(strange: str) -> Iterator[tuple[str, ...]]:
    """A strange argument alone, at every place and as every option's value, in each way to write one."""
    yield (strange,)
    for words, options in COMMANDS.items():
        yield words[0], strange
        yield words[0], "--", strange
        yield *words, strange
        yield words[0], strange, *words[1:]
        for option in options:
            yield *words, option, strange
            yield words[0], option, strange, *words[1:]
            yield *words, f"{option}={strange}" if option.startswith("--") else f"{option}{strange}"


def in_use(host: str, port: int) -> None:
    raise OSError(errno.EADDRINUSE, "Address already in use")


@pytest.mark.parametrize("strange", STRANGE, ids=lambda text: ascii(text[:12]))
def test_any_argument_at_any_place_is_answered(
    run: Run, strange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a server that starts would go on until somebody ends it
    monkeypatch.setattr("convstep.ui.serving.listening", in_use)
    share = 1 if THOROUGH else 24  # other ones for each
    for vector in itertools.islice(vectors(strange), STRANGE.index(strange) % share, None, share):
        ended = run(*vector)
        said = [argument[:30] for argument in vector]
        assert ended.code in (0, 1, 2), said
        assert obeyed((ended.out + ended.err).replace("\n", "")) == [], said
        if ended.code == 2:
            assert (ended.out, ended.err.count("\n")) == ("", 1), said
            assert ended.err.startswith("convstep: "), said
            assert len(ended.err) <= 500, said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["open", ""], ["no example is called ''"]),
        (["open", "a\nb"], ["no example is called 'a\\nb'"]),
        (["open", "a\nb.npz"], ["a\\nb.npz does not exist"]),
        (["trace", "digit", "--to=--"], ["--to: expected one argument", "convstep trace --help"]),
        (["trace", "digit", "--to", "--"], ["--to: expected one argument"]),
        (["trace", "digit", "--to"], ["--to: expected one argument"]),
        (["open", "digit", "--goto=--"], ["--goto: expected one argument"]),
        (["open", "digit", "--goto", "-1"], ["--goto", "'-1' is not a place"]),
        (["open", "digit", "--goto", "-1,0,0"], ["--goto", "'-1,0,0' is not a place"]),
        (["open", "digit", "--break=--"], ["--break: expected one argument"]),
        (["check", "f.py:g", "--timeout=--"], ["--timeout: expected one argument"]),
        (["check", "f.py:g", "--timeout", "-1"], ["--timeout", "'-1' is not a number of seconds"]),
        (["check", "f.py:g", "--save", ""], ["--save is empty", "file name"]),
        (["check", "f.py:g", "--save", "--json"], ["--save: expected one argument"]),
        ([*NEW, "-o", ""], ["-o is empty", "file name"]),
        ([*NEW, "-o--"], ["-o: expected one argument"]),
        ([*NEW, "--stride", str(2**59)], ["--stride", "is not a number or a pair of up to 9 digits each"]),
        ([*NEW, "--input", f"5x5x{2**59}"], ["--input", "channels, each of up to 9 digits"]),
        ([*NEW, "--padding", str(2**59)], ["--padding", "is not a padding of up to 9 digits"]),
        (["check", "f.py:g", "--timeout", str(2**64)], ["--timeout", "seconds from 0.001 to 999999.999"]),
        (["export", "-oa.svg", "--size", f"{2**64}x40"], ["--size", "larger than any screen"]),
        (["export", "-oa.svg", "--steps", str(2**64)], ["--steps", "steps of up to 9 digits"]),
        (["examples", "x"], ["unrecognized arguments: x; see"]),
        (["examples", "--", "x"], ["unrecognized arguments: x; see"]),
        (["compare", "digit", "--json=x"], ["--json takes no value; leave out '=x'"]),
        (["learn", "--list=1"], ["--list takes no value; leave out '=1'"]),
        (["compare", "digit", "-hx"], ["-h takes no value; leave out 'x'"]),
        (["debug", "digit", "mine.py:f"], ["digit does not name a function"]),
        ([*NEW, "--filters=４"], ["--filters", "'４' is not a whole number"]),
        (["compare", "digit", "--", "--json"], ["unrecognized arguments: --json"]),
        (["compare", "--", "--json"], ["no example is called '--json'"]),
        (["compare", "--", "--"], ["unrecognized arguments: --"]),
        (["compare", "\x1b]0;x\x07.npz"], ["\\x1b]0;x\\x07.npz does not exist"]),
        (["compare", "a\x00b"], ["'a\\x00b' holds a character that no argument can have"]),
        (["check", "x" * LONG + ".py:f"], ["xxx…xxx", "File name too long"]),
        (["trace", "digit", "--format", "x" * LONG], ["--format", "…", "'text', 'jsonl'"]),
    ],
    ids=lambda value: " ".join(value)[:40].encode("unicode_escape").decode(),
)
def test_what_is_wrong_with_it_is_said(refused: Refused, arguments: list[str], words: list[str]) -> None:
    said = refused(*arguments)
    for word in words:
        assert word in said


def parsed(*words: str) -> Any:
    return parse(words)[1]


TARGET = [["mine.py:f"], ["digit"], ["--timeout", "1"], ["--convention=alx"], ["--run-all"], ["--goto", "-1"]]


@pytest.mark.parametrize("order", some(itertools.permutations(range(4)), 5))
def test_options_and_the_rest_stand_in_any_order(order: tuple[int, ...]) -> None:
    """`TARGET PROBLEM` stay in their order, which says which is which."""
    options = [TARGET[2], TARGET[3], TARGET[4], TARGET[5]]
    shuffled = [options[at] for at in order]
    whole = parsed("debug", "mine.py:f", "digit", *itertools.chain(*options))
    for first, second in itertools.combinations_with_replacement(range(len(options) + 1), 2):
        words = [*shuffled[:first], TARGET[0], *shuffled[first:second], TARGET[1], *shuffled[second:]]
        assert parsed("debug", *itertools.chain(*words)) == whole
    assert (whole.target, whole.problem, whole.calling.timeout, whole.goto) == (
        "mine.py:f",
        "digit",
        1,
        "-1",
    )


def test_two_dashes_end_the_options() -> None:
    found = parsed("debug", "--run-all", "--", "--goto", "-x.npz")
    assert (found.calling.run_all, found.target, found.problem, found.goto) == (
        True,
        "--goto",
        "-x.npz",
        None,
    )
    assert parsed("export", "digit", "-o", "a.svg", "--steps", "1").output == "a.svg"
    assert [parsed("export", f"-o{sign}a.svg").output for sign in ("", "=")] == ["a.svg", "a.svg"]
    assert parsed("open", "--break", "a=b", "--break=c=d", "digit").breaks == ["a=b", "c=d"]


@SELDOM
def test_a_file_with_a_strange_name_is_named_without_its_codes(run: Run) -> None:
    name = "\x1b]0;x\x07\u202e\udce9\n.npz"
    made = run("new", *NEW[1:], "-o", name)
    assert made.code == 0
    assert Path(name).exists()
    assert "\\x1b]0;x\\x07\\u202e\\udce9\\n.npz: Problem(" in made.out
    for command in (["compare", name], ["trace", name, "--to", "1"], ["compare", name, "--json"]):
        ended = run(*command)
        assert (ended.code, ended.err) == (0, "")
        assert obeyed((made.out + ended.out).replace("\n", "")) == []


@SELDOM
def test_a_candidate_s_message_is_shown_and_not_obeyed(run: Run) -> None:
    Path("mine.py").write_text(
        "def conv_backward(dZ, cache):\n"
        "\tprint('\\x1b[31m\\u202e' + '\\x07' * 10**5)\n"
        "\tif cache[3]['pad'] == 1: raise ValueError('\\x1b]0;x\\x07' + 'long' * 10**5)\n"
        "\treturn cache[:3]\n"
    )
    ended = run("check", "mine.py:conv_backward", "--convention", "coursera")
    assert (ended.code, ended.err) == (1, "")
    assert obeyed(ended.out.replace("\n", "")) == []
    assert "ValueError: \\x1b]0;x\\x07longlong" in " ".join(ended.out.split())
    assert "it prints: \\x07" in ended.out
    assert len(ended.out) < 4000


def test_what_one_waits_for_is_named_without_its_codes(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(cli.console, "has_terminal", lambda: True)
    monkeypatch.setattr("convstep.waiting.say", lambda words, terminal: said.append(words))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    refused("open", "\x1b[2J.npz")
    assert said == ["loading \\x1b[2J.npz …"]
