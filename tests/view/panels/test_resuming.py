"""Sessions held against their problem: what it lacks is refused in one sentence, all else comes back."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.cli.problems import load_session, start
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.printable import SentenceError
from convstep.records import MOST_ENTRIES
from convstep.replay.session import SavedStop, Session, SessionError, View, load, save
from convstep.replay.visited import Bookmark
from convstep.ui.debugger.screen import DebuggerScreen
from convstep.ui.debugger.state import State
from convstep.ui.modes.mode import Mode
from convstep.view.grid.drawing import draw_header, draw_line
from convstep.view.grid.look import MODES, PRECISIONS, Look
from convstep.view.grid.panel import Cell
from convstep.view.grid.places import lay_out_in_unit
from convstep.view.layout.arrange import arrange
from convstep.view.panels import conv2d_cells
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.panels.resuming import resumed
from convstep.view.panels.stage import Stage
from tests.strategies import tried
from tests.view.grid.test_drawing import ROLES

DIGIT = catalog.load("digit")
"""256 steps, 8x8 places of 4 channels, one input channel."""


def sentence(session: Session, problem: Problem = DIGIT) -> str:
    with pytest.raises(SessionError) as refused:
        resumed(session, problem.geometry, problem.b is not None)
    assert "\n" not in str(refused.value)
    return str(refused.value)


LACKING: list[tuple[Session, str]] = [
    (
        Session("digit", view=View({"output": 4})),
        "the view's face of output is 4, but digit has faces 0 to 3",
    ),
    (Session("digit", view=View({"input": 1})), "the view's face of input is 1, but digit has face 0 only"),
    (
        Session("digit", view=View({"depth": 0})),
        'the view has a face of "depth"; digit has faces of input and of output',
    ),
    (
        Session("digit", view=View(mode="sparkle")),
        'the view\'s mode is "sparkle"; the modes are both, numbers and heat',
    ),
    (
        Session("digit", view=View(card="joker")),
        'the view\'s card is "joker"; the cards are step and window',
    ),
    (Session("digit", view=View(precision=10)), "the view's precision is 10; it goes from -4 to 9"),
    (Session("digit", view=View(precision=-5)), "the view's precision is -5; it goes from -4 to 9"),
    (
        Session("digit", stops=(SavedStop("i_c == 1"), SavedStop("9,9,9"))),
        'the session\'s stop 2, "9,9,9": i_h is 9, but it goes from 0 to 7',
    ),
    (
        Session("digit", stops=(SavedStop("watch dW[4,0,0,0]"),)),
        'the session\'s stop 1, "watch dW[4,0,0,0]": dW[4, 0, 0, 0] does not exist: index 0 is 4, '
        "but it goes from 0 to 3",
    ),
    (
        Session("digit", stops=(SavedStop("* hits 0"),)),
        "the session's stop 1, \"* hits 0\": hits is '0'; it must be a whole number, at least 1",
    ),
    (
        Session("digit", bookmarks=(Bookmark(3, "a"), Bookmark(257, "edge"))),
        'the session holds bookmark "edge" at position 257 but digit has 256 steps; '
        "it was saved from another problem",
    ),
]


@pytest.mark.parametrize(("session", "said"), LACKING, ids=[said[:40] for _, said in LACKING])
def test_what_the_problem_lacks_is_named_in_the_sessions_words(session: Session, said: str) -> None:
    assert sentence(session) == said


def test_a_stop_on_a_bias_that_is_not_there_is_refused() -> None:
    session = Session("digit", stops=(SavedStop("watch db[0]"),))
    bare = Problem(DIGIT.A_prev, DIGIT.W, None, DIGIT.dZ, padding=1)
    assert (
        sentence(session, bare)
        == 'the session\'s stop 1, "watch db[0]": there is no db: the problem has no bias'
    )
    assert resumed(session, DIGIT.geometry, bias=True).stops


def test_a_long_stop_and_a_hidden_character_make_no_long_and_no_strange_sentence() -> None:
    said = sentence(Session("digit", stops=(SavedStop("1," * 2000 + "‮1"),)))
    assert len(said) < 500
    assert said.isprintable()


def test_what_the_command_line_gets_from_a_session_is_not_called_break(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    save(Session("digit", stops=(SavedStop("9,9,9"),)), path)
    with pytest.raises(SentenceError) as refused:
        start(str(path), None, ["i_c == 1"])
    assert str(refused.value) == (
        f'{path}: the session\'s stop 1, "9,9,9": i_h is 9, but it goes from 0 to 7'
    )
    save(Session("digit", stops=(SavedStop("*"),) * MOST_ENTRIES), path)
    for more, said in (
        ("9,9,9", "--break: i_h is 9, but it goes from 0 to 7"),
        ("i_c\t== 1", "--break: a stop's text holds the character U+0009"),
        ("i_c == 1", f"--break: it has {MOST_ENTRIES + 1} stops, and at most {MOST_ENTRIES} are read"),
    ):
        with pytest.raises(SentenceError) as refused:
            start(str(path), None, [more])
        assert str(refused.value).startswith(said)


def test_a_name_that_no_session_can_hold_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    DIGIT.save("two\nlines.npz")
    with pytest.raises(SentenceError, match=r"^the name of the file two\\nlines\.npz holds a character"):
        load_session("two\nlines.npz")


def test_faces_seen_beside_a_candidate_come_back_within_their_group() -> None:
    """There the faces of the input go on beyond a group's channels: such sessions were saved."""
    rng = np.random.default_rng(0)
    grouped = Problem(rng.random((4, 4, 6)), rng.random((4, 2, 2, 3)), None, None, groups=2)
    found = resumed(Session("g.npz", view=View({"input": 5, "output": 3})), grouped.geometry, bias=False)
    assert found.choice == Choice(2, 3)
    assert sentence(Session("g.npz", view=View({"input": 6})), grouped).endswith("g.npz has faces 0 to 5")


@pytest.mark.parametrize("field", ["stops", "bookmarks", "view", "position", "problem"])
@pytest.mark.parametrize(
    "value", ["[" * 300 + "]" * 300, f"[{'0,' * 100_000}0]", f"[{'[],' * 2000}[]]", "9" * 5000, "-1", "NaN"]
)
def test_no_depth_no_length_and_no_number_leads_to_more_than_a_sentence(
    tmp_path: Path, field: str, value: str
) -> None:
    path = tmp_path / "mine.json"
    fields = {"version": "1", "problem": '"digit"', "position": "0"} | {field: value}
    path.write_text(f"{{{', '.join(f'{json.dumps(name)}: {one}' for name, one in fields.items())}}}")
    with pytest.raises(SentenceError) as refused:
        load_session(str(path))
    assert len(str(refused.value)) < len(str(path)) + 200


# --- any session, of any problem ------------------------------------------------------------


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Problem]:
    """By name: bundled ones, and one with a batch, groups and no bias in a file."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("problems") / "batch.npz"
    Problem(rng.random((2, 5, 4, 4)), rng.random((4, 2, 3, 2)), None, None, groups=2, stride=(2, 1)).save(
        path
    )
    return {"batch": Problem.load(path), str(path): Problem.load(path)} | {
        name: catalog.load(name) for name in ("digit", "rectangle", "depthwise", "one-window")
    }


TEXTS = (
    "*", "4,2,1", "7,7,3", "1,*,1", "9,9,9", "256", "1,1,1,1", "dW[0, 1, 1, 0]", "watch db[1]", "i_n == 1",
    "watch dA_prev_pad[1, 2, 3, 0]", "abs(dz) > 0.1 hits 3", "isnan(dA)", "x[0, 1, 2] > 0", "i_c == 3",
    "* hits 1000000000", "not (", "", " ", "\t", "‮", "九", "a" * 5000, "__import__('os')",
)  # fmt: skip
NAMES = (
    "version", "problem", "position", "stops", "bookmarks", "view", "text", "enabled", "hits", "label",
    "faces", "mode", "precision", "input", "output", "theme", "zoom", "", "é",
)  # fmt: skip
NUMBERS = (-(10**30), -1, 0, 1, 3, 4, 9, 10, 36, 255, 256, 257, 1001, 2**31, 2**53, 2**63, 10**40)
LEAVES = (
    st.none()
    | st.booleans()
    | st.sampled_from(NUMBERS)
    | st.floats()
    | st.sampled_from((*TEXTS, *NAMES, *MODES, "digit", "rectangle", "depthwise", "no-such", "/", "."))
    | st.text(max_size=4)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner)
    ),
    max_leaves=6,
).map(copy.deepcopy)
STOPS = st.builds(SavedStop, st.sampled_from(TEXTS[:4]), st.booleans(), st.integers(0, 3))
BOOKMARKS = st.builds(
    Bookmark, st.integers(0, 36), st.sampled_from(("1", "2", " ", "边缘", "שלום", "a" * 4096, "e\u0301"))
)
SESSIONS = st.builds(
    Session,
    problem=st.sampled_from(("digit", "rectangle", "depthwise", "batch", "one-window")),
    position=st.integers(0, 36),
    stops=st.lists(STOPS, max_size=4).map(tuple),
    bookmarks=st.lists(BOOKMARKS, max_size=4).map(tuple),
    view=st.builds(
        View,
        st.dictionaries(st.sampled_from(("input", "output")), st.integers(0, 3)),
        st.sampled_from(("", *MODES)),
        st.sampled_from(PRECISIONS),
    ),
)


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    return [above, *(place for key, one in inner for place in places(one, (*above, key)))]


@st.composite
def contents(draw: st.DrawFn, session: Session) -> Any:
    """A session's JSON value with up to three things done to it."""
    saved: Any = json.loads(json.dumps(plain(session)))
    for _ in range(draw(st.integers(0, 3), label="changes")):
        place = draw(st.sampled_from(places(saved)))
        if not place:
            saved = draw(st.just(saved) | VALUES)
            continue
        holder = saved
        for key in place[:-1]:
            holder = holder[key]
        what = draw(st.sampled_from(("set", "set", "set", "drop", "add", "twice", "nest")))
        if what == "set":
            holder[place[-1]] = draw(VALUES)
        elif what == "drop":
            del holder[place[-1]]
        elif what == "nest":
            holder[place[-1]] = [[holder[place[-1]]]]
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES))] = draw(VALUES)
        else:
            holder.append(copy.deepcopy(holder[place[-1]]) if what == "twice" else draw(VALUES))
    return saved


def plain(session: Session) -> dict[str, Any]:
    return {
        "version": 1,
        "problem": session.problem,
        "position": session.position,
        "stops": [{"text": s.text, "enabled": s.enabled, "hits": s.hits} for s in session.stops],
        "bookmarks": [{"position": b.position, "label": b.label} for b in session.bookmarks],
        "view": {"faces": session.view.faces, "mode": session.view.mode, "precision": session.view.precision},
    }


def draw_all(screen: DebuggerScreen) -> None:
    """Draw the panels at two sizes, every line."""
    for width, height in ((120, 36), (60, 13)):
        scene = screen.state.stage.scene()
        look = Look(ROLES, screen.state.values)
        for panel in scene.panels:
            room = arrange(width, height, scene.panels, panel.key).places.get(panel.key)
            if room is None:
                continue
            precision = 0 if screen.state.values == "heat" else screen.state.precision
            shown, layout = lay_out_in_unit(panel, room.width - 2, room.height - 2, precision=precision)
            draw_header(shown, layout, 0, room.width - 2, look)
            for y in range(layout.height):
                draw_line(shown, layout, y, 0, room.width - 2, look)


def brought_back(session: Session, problem: Problem) -> DebuggerScreen:
    screen = DebuggerScreen(Mode(State(Stage.on(problem), "any", session.problem)))
    screen.asking.resume(session)
    screen.timeline.seek(session.position)
    return screen


@given(SESSIONS.flatmap(contents))
@settings(max_examples=tried(500))
def test_a_session_is_refused_in_one_sentence_or_opens_and_comes_back(
    problems: dict[str, Problem], tmp_path_factory: pytest.TempPathFactory, saved: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    if isinstance(saved, dict) and saved.get("problem") == "batch":
        saved["problem"] = next(name for name in problems if name.endswith("batch.npz"))
    path.write_text(json.dumps(saved))
    try:
        session, problem = load_session(str(path))
    except SentenceError as error:
        said = str(error)
        assert said.startswith(str(path))
        assert "\n" not in said
        assert len(said) < len(str(path)) + 500
        assert "--break" not in said
        return
    screen = brought_back(session, problem)
    draw_all(screen)
    for move in (screen.timeline.next, screen.timeline.back, screen.timeline.back):
        move()
    draw_all(screen)
    screen.timeline.seek(session.position)
    kept = screen.asking.session()
    assert (kept.position, len(kept.stops)) == (session.position, len({*map(str, screen.state.stops)}))
    save(kept, path)
    again, _ = load_session(str(path))
    assert (again, load(path)) == (kept, kept)
    assert brought_back(again, problem).asking.session() == kept


@given(SESSIONS)
@settings(max_examples=tried(200))
def test_a_session_of_its_own_problem_always_opens(problems: dict[str, Problem], session: Session) -> None:
    """What the screen itself saves: its faces, its stops, any position."""
    problem = problems[session.problem]
    geometry, total = problem.geometry, problem.total_steps
    screen = DebuggerScreen(Mode(State(Stage.on(problem), "any", session.problem)))
    screen.timeline.seek(min(session.position, total))
    for mark in session.bookmarks:
        if mark.position <= total:
            screen.state.bookmarks.toggle(mark.position)
    for panel in screen.state.stage.scene().panels:
        for _ in range(session.position % 5):
            screen.state.stage.turn(panel, 1)
            stop = conv2d_cells.stop_at(panel, Cell(0, 0), problem.geometry)
            if stop is not None and screen.state.stage.steps_of(stop):
                screen.state.stops.add(stop)
    kept = screen.asking.session()
    found = resumed(kept, geometry, problem.b is not None)
    assert found.stops == screen.state.stops.list()
    screen.state.choice = found.choice
    assert View(screen.state.stage.kept_faces(), found.mode, found.precision) == kept.view
