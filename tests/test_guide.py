"""The guide has what the program has: commands, keys, names, blocks of lessons; its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import convstep
from convstep.candidate.call.conventions import CONVENTIONS
from convstep.cli import parse
from convstep.cli.commands import COMMANDS
from convstep.cli.console import UsageError
from convstep.cli.problems import start
from convstep.lessons.ask_kinds import COMMON, KINDS
from convstep.lessons.page_place import PLACE_KEYS
from convstep.lessons.reading import FRONT_KEYS
from tests.guide import GUIDE, PAGES, ROOT, block, part, text_of, written

named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


@named
def test_lists_that_the_program_writes_are_those_it_has_now(page: Path) -> None:
    assert text_of(page) == written(text_of(page)), "run python -m tests.guide"


@named
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, heading in LINK.findall(text_of(page)):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert target.is_relative_to(ROOT), path
        if heading:
            assert heading in headings(target), heading


def headings(page: Path) -> list[str]:
    """The anchors that a forge gives a page's headings."""
    found = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in found]


def test_readme_leads_to_every_page() -> None:
    linked = {path for path, _ in LINK.findall(text_of(ROOT / "README.md"))}
    assert {str(page.relative_to(ROOT)) for page in GUIDE} < linked


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_a_page_of_the_guide_begins_with_what_it_is_about(page: Path) -> None:
    title, gap, summary, below, *_ = text_of(page).splitlines()
    assert title.startswith("# ")
    assert (gap, below) == ("", "")
    assert re.fullmatch(r"[A-Z`].{40,180}\.", summary)


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_code_in_the_guide_fits_a_terminal_of_80_columns(page: Path) -> None:
    for _, code in re.findall(r"^(````?)\w+\n(.*?)^\1$", text_of(page), re.DOTALL | re.MULTILINE):
        assert max(map(len, code.splitlines())) <= 76


def commands() -> list[str]:
    """Every command line that a page shows, in blocks and between words."""
    found: list[str] = []
    for page in PAGES:
        text = text_of(page)
        for shown in re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            lines = shown.replace("\\\n", " ").splitlines()
            found += [line for line in lines if line.startswith("convstep")]
        found += re.findall(r"`(convstep(?: [^`\n]+)?)`", text)
        found += re.findall(r"# (convstep \w+ [\w.:/ -]*\w)", text)
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_every_command_that_is_shown_is_one(command: str) -> None:
    words = shlex.split(re.sub(r"\[(\w+)\]", r"\1", command), comments=True)[1:]
    if words[1:] and "--help" not in words:
        parse(words)  # or a UsageError
    else:
        assert {*words} <= {*COMMANDS, "COMMAND", "--help", "--version"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_there_with_all_its_options(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse([command, "--help"])
    options = set(re.findall(r"^  (?:-\w.*, )?(--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    shown = block("commands")
    lines = re.findall(rf"^convstep {command}\b.*\n(?: .*\n)*", shown, re.MULTILINE)
    assert lines
    assert options - {"--help", "--output"} <= set(re.findall(r"--[a-z][\w-]+", "".join(lines)))


def test_every_way_of_calling_with_a_name_is_there() -> None:
    assert re.findall(r"^- \*\*(\w+)\*\*", part("conventions"), re.MULTILINE) == list(CONVENTIONS)


def test_every_stop_that_is_shown_can_be_set() -> None:
    shown = [text for text in re.findall("`([^`]+)`", part("stops")) if text != "hits 3"]
    assert len(shown) >= 5
    session, _ = start("digit", None, shown)
    assert len(session.stops) == len(shown)


def test_every_word_of_a_condition_is_there() -> None:
    (sentence,) = re.findall(r"^A condition is about .*$", text_of(page_of("screen")), re.MULTILINE)
    with pytest.raises(UsageError, match=r"there are ([\w, ]+)") as refused:
        start("digit", None, ["word == 1"])
    words = set(re.findall(r"\w+", str(refused.value).partition("there are ")[2]))
    assert words == set(re.findall(r"\w+", " ".join(re.findall("`([^`]+)`", sentence))))


def page_of(topic: str) -> Path:
    return ROOT / "convstep" / "guide" / f"{topic}.md"


def test_every_key_of_a_lesson_is_there() -> None:
    text = text_of(page_of("lessons"))
    front, blocks = text.split("## Blocks of a page")
    for key in FRONT_KEYS:
        assert re.search(rf"`(?:[^`]*\W)?{key}\b", front, re.IGNORECASE) or key == "bug", key
    assert re.findall(r"^- `(\w+):`(?: and `(\w+):`)?", blocks, re.MULTILINE)
    stop, asks = blocks.split("The questions;")
    assert set(re.findall(r"`([\w-]+):`", stop)) == set(PLACE_KEYS)
    assert {*COMMON} <= set(re.findall(r"`(\w+):`", asks.partition("\n- ")[0]))
    for kind, (keys, _) in KINDS.items():
        (line,) = re.findall(rf"^- `ask {kind}`: .*$", asks, re.MULTILINE)
        assert {*keys} <= set(re.findall(r"`(\w+):", line)), kind


def test_every_public_name_is_there() -> None:
    names = text_of(page_of("python")).partition("## All public names")[2]
    assert set(convstep.__all__) == set(re.findall(r"`(\w+)`", names)) - {"ValueError", "AssertionError"}


def test_every_room_of_the_house_is_named() -> None:
    house = text_of(ROOT / ".github" / "CONTRIBUTING.md").partition("## Rules")[0]
    rooms = {path.name for path in (ROOT / "convstep").iterdir() if path.is_dir() and path.name.isalpha()}
    assert set(re.findall(r"^\| `(\w+)/`", house, re.MULTILINE)) == rooms


def test_every_picture_is_shown_and_made_by_a_command() -> None:
    made = text_of(ROOT / ".ci" / "screenshots")
    shown = {path for page in PAGES for path in re.findall(r"screenshots/([\w.-]+)\)", text_of(page))}
    pictures = {path.name for path in (ROOT / "screenshots").iterdir()}
    assert pictures == shown
    for picture in pictures:
        assert re.sub(r"-\d{4}(?=\.)", "", picture) in made, picture
