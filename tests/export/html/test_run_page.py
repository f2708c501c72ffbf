"""A run as a page, driven in Chromium: keys step both ways, and every number is the one Python writes."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.cli import main
from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from convstep.examples import catalog
from convstep.examples.catalog import load
from convstep.export.formats import ExportError
from convstep.export.html.cells import form_of, settled
from convstep.export.html.page import Page, page_html
from convstep.export.html.runs import MOST_STEPS, check_steps, run_tape
from convstep.view.numbers.text import short
from convstep.view.panels.stage import Stage
from convstep.view.scene.scene import Scene
from convstep.view.scene.staged import Staged
from tests.export.html.browser import Browser
from tests.strategies import SELDOM

SHOWN = """[...document.querySelectorAll("figure[data-panel]")].map((figure) => [
  figure.querySelector("caption").firstChild.textContent,
  [...figure.querySelectorAll("tbody tr")].map(
    (row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent)),
])"""
"""Titles and numbers of all tables on the page."""
SEEN = """[...document.querySelectorAll("#replay *")].map(
  (one) => [one.className, one.textContent, one.disabled])"""
"""All that changes on it."""


def page_of(stage: Staged, positions: range, path: Path, name: str = "a run") -> Path:
    path.write_text(page_html(Page(name, [], run_tape(stage, positions), ["loop.py"])), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def digit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "digit.html"
    assert main(["export", "digit", "-o", str(path)]) == 0
    return path


def tables(scene: Scene) -> dict[str, list[list[str]]]:
    """What a page must show of a scene's small faces, by their titles."""
    found = {}
    for panel in map(settled, scene.panels):
        form, values = form_of(panel), panel.face.values
        title = " ".join(f"{panel.face.label} {panel.factor}".split())
        inside = panel.inside
        found[title] = [
            [
                "·" if not value and inside and (row, at) not in inside else form.cell.text(value).strip()
                for at, value in enumerate(each)
            ]
            for row, each in enumerate(values.tolist())
        ]
    return found


def shown(browser: Browser) -> dict[str, list[list[str]]]:
    return {" ".join(title.split()): rows for title, rows in browser.ask(SHOWN)}


def at(browser: Browser) -> str:
    text: str = browser.ask("document.querySelector('#sentence b').textContent")
    return text


@SELDOM
def test_the_digit_is_small_and_asks_nobody_for_anything(browser: Browser, digit: Path) -> None:
    text = digit.read_text(encoding="utf-8")
    assert len(text.encode()) <= 300_000
    assert not re.search(r"(?:src|href)=|@import|url\(", text)
    browser.open(digit)
    assert browser.requests == []
    assert browser.complaints == []
    policy = browser.ask("document.querySelector('meta[http-equiv]').content")
    assert policy.startswith("default-src 'none';")


def test_keys_step_both_ways_and_come_back_to_the_same_page(browser: Browser, digit: Path) -> None:
    browser.open(digit)
    first = browser.ask(SEEN)
    browser.press("n", " ", "ArrowRight")
    assert at(browser) == "step 3/256"
    browser.press("N", "ArrowLeft")
    assert at(browser) == "step 1/256"
    browser.press("Backspace")
    assert at(browser) == "before step 1/256"
    browser.press("s", "s")
    assert at(browser) == "step 0/256"
    done = "[...document.querySelectorAll('#sentence .done')].map((one) => one.textContent)"
    assert browser.ask(done) == ["dW[0] += x * dz", "dA_prev_pad[0:3, 0:3] += w * dz"]
    browser.press("S", "n", "f")
    assert at(browser) == "step 4/256"
    browser.press("f", "F")
    assert at(browser) == "step 4/256"
    browser.press("End")
    assert at(browser) == "step 256/256"
    browser.press("g")
    browser.type("137")
    browser.press("Enter")
    assert at(browser) == "step 137/256"
    assert browser.ask("document.querySelector('#slider').value") == "137"
    browser.press("Home")
    assert browser.ask(SEEN) == first


@SELDOM
def test_every_number_is_what_python_writes_of_the_arrays(browser: Browser, digit: Path) -> None:
    stage = Stage.on(catalog.load("digit"))
    browser.open(digit)
    for position in [256, *random.Random(19).sample(range(257), 8), 0]:
        browser.ask(f"goTo({position})")
        stage.run.seek(position)
        assert shown(browser) == tables(stage.scene()), position


@SELDOM
def test_a_step_has_its_cells_before_and_after(browser: Browser, digit: Path) -> None:
    stage = Stage.on(catalog.load("digit"))
    browser.open(digit)
    read = """[...document.querySelectorAll(".write")].map(
      (write) => [...write.querySelectorAll("figure")].slice(-2).map(
        (figure) => [...figure.querySelectorAll("td")].map((cell) => cell.textContent)))"""
    for position, writes in ((137, 3), (137, 1), (20, 2), (1, 3)):
        stage.run.seek(position - 1)
        before = {name: np.array(stage.run.arrays[name]) for name in ("dW", "dA_prev_pad", "db")}
        for _ in range(writes):
            stage.run.next_write()
        scene = stage.scene()
        browser.ask(f"goTo({position - 1})")
        browser.press(*"s" * writes)
        for addition, (was, now) in zip(scene.additions, browser.ask(read), strict=True):
            region = scene.event.writes[addition.number].region
            panel = next(one for one in scene.panels if one.face.name == addition.cells.name)
            form = form_of(settled(panel)).cell
            assert was == [
                form.text(value).strip() for value in before[panel.face.name][region].ravel().tolist()
            ]
            assert now == [form.text(value).strip() for value in addition.after.ravel().tolist()]


def test_marks_say_what_the_step_does(browser: Browser, digit: Path) -> None:
    browser.open(digit)
    browser.ask("goTo(137)")

    def marked(name: str, kind: str) -> list[list[int]]:
        found: list[list[int]] = browser.ask(f"""
          [...[...document.querySelectorAll("figure")].find((one) => one.textContent.startsWith("{name}"))
            .querySelectorAll("td.{kind}")].map((cell) => [cell.dataset.row, cell.dataset.column].map(Number))
        """)
        return found

    window = [[row, column] for row in range(4, 7) for column in range(2, 5)]
    assert marked("A_prev_pad", "window") == window
    assert marked("A_prev_pad", "changed") == []
    assert marked("dA_prev_pad", "changed") == window
    assert marked("dZ", "now") == [[4, 2]]
    assert marked("db", "now") == []  # it is written, not taken
    assert marked("db", "window") == [[0, 0]]
    assert len(marked("W[0]", "window")) == len(marked("dW[0]", "window")) == 9
    assert marked("dA_prev_pad", "ct") == [[1, column] for column in range(1, 9)]  # the crop line
    assert marked("dA_prev_pad", "cr") == [[row, 8] for row in range(1, 9)]
    assert marked("A_prev_pad", "ct") == []
    assert len(marked("dZ", "todo")) == 64 - 8 * 4 - 3
    lines = browser.ask("[...document.querySelectorAll('.source li')].map((one) => one.textContent)")
    assert [line for line in lines if line.startswith("for i_")] == [
        "for i_h in range(h_o):4/8",
        "for i_w in range(w_o):2/8",
        "for i_c in range(c_o):0/4",
    ]


@pytest.mark.parametrize("dark", [True, False])
def test_everything_can_be_read_in_both_schemes(browser: Browser, digit: Path, dark: bool) -> None:
    browser.open(digit, dark=dark)
    browser.ask("goTo(137)")
    assert poor(browser) == []
    browser.click("#theme")
    assert poor(browser) == []


def poor(browser: Browser) -> list[Any]:
    """Texts whose contrast with what is behind them is below 4.5. Source: WCAG 2.2, contrast (minimum)."""
    found: list[Any] = browser.ask("""(() => {
      const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
      const linear = (one) => (one <= 10.31475 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
      const light = ([red, green, blue]) =>
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
      const ground = (one) => {
        for (let at = one; at; at = at.parentElement) {
          const [red, green, blue, alpha = 1] = parts(getComputedStyle(at).backgroundColor);
          if (alpha > 0) return [red, green, blue];
        }
        return [255, 255, 255];
      };
      const found = [];
      for (const one of document.querySelectorAll("body *")) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !one.checkVisibility() || one.matches("script, :disabled")) continue;
        const both = [light(parts(getComputedStyle(one).color)), light(ground(one))].sort((a, b) => b - a);
        const contrast = (both[0] + 0.05) / (both[1] + 0.05);
        if (contrast < 4.5) found.push([one.tagName, one.className, one.textContent.slice(0, 20), contrast]);
      }
      return found;
    })()""")
    return found


@SELDOM
def test_who_listens_or_has_no_mouse_is_served(browser: Browser, digit: Path) -> None:
    browser.open(digit)
    assert browser.ask("document.querySelector('#sentence').getAttribute('aria-live')") == "polite"
    unnamed = """[...document.querySelectorAll("button, input")].filter(
      (one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim())).length"""
    assert browser.ask(unnamed) == 0
    assert browser.ask("[...document.querySelectorAll('#replay table')].every((one) => one.caption)")
    scopes = "[...document.querySelectorAll('figure[data-panel] th')].every((one) => one.scope)"
    assert browser.ask(scopes)
    browser.look((390, 844))
    browser.ask("goTo(137)")
    assert browser.ask("document.documentElement.scrollWidth <= innerWidth"), "a phone scrolls one way"
    browser.look(media="print")
    assert browser.ask("getComputedStyle(document.querySelector('#bar')).display") == "none"


def test_a_function_is_stepped_on_its_authors_lines(browser: Browser, tmp_path: Path) -> None:
    source = "\n".join([
        "import numpy as np",
        *[""] * 5,
        "def leaky(dout, x):",
        "    dx = np.zeros_like(x)",
        "    for i in range(len(x)):",
        "        if x[i] > 0:  # </script><b>",
        "            dx[i] = dout[i]",
        "    return dx",
    ])  # fmt: skip
    path = tmp_path / "mine.py"
    path.write_text(source)
    page = tmp_path / "mine.html"
    call = "leaky(np.array([1.0, 2, 3]), np.array([1.0, -1, 4]))"
    assert main(["export", f"{path}:leaky", "--call", call, "-o", str(page)]) == 0
    browser.open(page)
    browser.press("End")
    assert browser.complaints == []
    header = browser.ask("document.querySelector('header').textContent")
    assert "dout (3,) · x (3,)" in header, "what it was called with, and no arrays of one step"
    lines = browser.ask("[...document.querySelectorAll('.source .code')].map((one) => one.textContent)")
    assert lines[3].startswith("if x[i] > 0:  # </script><b>")
    numbers = shown(browser)
    assert [row[0] for row in numbers["dx"]] == ["1", "0", "3"]
    browser.press("Home", "ArrowRight")
    heading = browser.ask("document.querySelector('.write h3').textContent")
    assert heading == "✓ dx = np.zeros_like(x) · new: dx (3,)", "what the numbers below it are"
    lefts = browser.ask(
        "[...document.querySelectorAll('.source .code')].map((one) => one.getBoundingClientRect().left)"
    )
    assert len(set(lefts)) == 1, "lines 9 and 10 begin in the same column"


def test_what_others_wrote_stays_words(browser: Browser, tmp_path: Path) -> None:
    evil = "</script><script>document.title = 'taken'</script>{{data}}<img src=x onerror=alert(1)>\u202e"
    path = page_of(Stage.on(catalog.load("rectangle")), range(2), tmp_path / "evil.html", evil)
    browser.open(path)
    assert browser.ask("document.title") == browser.ask("document.querySelector('h1').textContent")
    assert browser.ask("document.title").startswith("</script><script>document.title")
    assert browser.ask("document.querySelectorAll('h1 *, script:not([id]) ~ script').length") == 0
    assert (browser.requests, browser.complaints) == ([], [])


@SELDOM
def test_of_a_large_face_the_part_around_the_step_is_seen(browser: Browser, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((60, 70, 1)), rng.standard_normal((1, 3, 3, 1)), None, None)
    stage = Stage.on(problem)
    path = page_of(stage, range(2000, 2081), tmp_path / "large.html")
    browser.open(path)
    assert path.stat().st_size < 300_000
    for position in (2080, 2000, 2041):
        browser.ask(f"goTo({position})")
        stage.run.seek(position)
        scene = stage.scene()
        for panel in map(settled, scene.panels):
            if panel.window is None:
                continue
            title = f"{panel.face.label} {panel.factor}".strip()
            part, form = browser.ask(_window(title)), form_of(panel)
            span = panel.window
            wanted = (
                panel.face.values[span.top : span.bottom + 1, span.left : span.right + 1].ravel().tolist()
            )
            assert part == [form.cell.text(value).strip() for value in wanted]


def _window(title: str) -> str:
    return f"""Array.from([...document.querySelectorAll("figure[data-panel]")].find((figure) =>
      figure.querySelector("caption").firstChild.textContent === {json.dumps(title)})
      .querySelectorAll(".window"), (cell) => cell.textContent)"""


def test_too_many_steps_are_refused_before_any_is_taken() -> None:
    check_steps(range(MOST_STEPS + 1))
    with pytest.raises(ExportError, match=r"5,000 steps are too many .* like --steps 7:2007"):
        check_steps(range(7, 5008))


def test_a_picture_option_is_refused_for_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "digit", "--compare", "-o", str(tmp_path / "x.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "x.html").exists()


@SELDOM
def test_the_window_of_a_step_is_shown_forward_above_backward(browser: Browser, digit: Path) -> None:
    browser.open(digit)
    assert "The numbers of this page are fixed" in browser.ask("document.querySelector('footer').textContent")
    assert browser.ask("document.querySelector('.forward')") is None
    browser.press("V", *"nnnnn")
    problem = load("digit")
    Z = conv2d_forward(problem.A_prev, problem.W, problem.b, 1, 1)["Z"]
    words = browser.ask("document.querySelector('.forward').innerText")
    assert "Z[0, 1, 0] = sum(x * w) + b" in words
    assert f"= {short(Z[0, 1, 0], 5)}" in words
    products = browser.ask("[...document.querySelectorAll('.forward td')].map((one) => one.textContent)")
    assert len(products) == 9
    order = "[...document.querySelectorAll('#writes h2')].map((one) => one.textContent)"
    assert browser.ask(order) == ["forward", "this step"]
    assert poor(browser) == []
    browser.click("#window")
    assert browser.ask("document.querySelector('.forward')") is None


def test_where_there_is_no_window_there_is_no_key_for_it(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "relu.html"
    assert main(["export", "relu", "-o", str(page)]) == 0
    browser.open(page)
    assert browser.ask("document.getElementById('window').hidden")
    browser.press("V")
    assert browser.ask("document.querySelector('.forward')") is None
    assert browser.complaints == []


@SELDOM
def test_a_candidate_stands_beside_the_reference_where_they_part(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(WRONG)
    page = tmp_path / "mine.html"
    assert main(["export", "--candidate", f"{path}:conv2d_backward", "-o", str(page)]) == 0
    browser.open(page)
    assert browser.complaints == []
    said: Mapping[str, str] = {
        "told": browser.ask("document.querySelector('.told').textContent"),
        "at": at(browser),
        "current": browser.ask("document.querySelector('.source .current').textContent"),
    }
    assert "stride-ignored" in said["told"]
    number = re.search(r"First divergence: step (\d+)", said["told"])
    assert number is not None
    assert said["at"].startswith(f"step {number[1]}/")
    assert "at = slice(i_h, i_h + f)" in said["current"]
    assert browser.ask("document.querySelectorAll('#stage .differs').length") > 0
    differing = browser.ask("document.querySelectorAll('#stage .differs').length")
    browser.press("N")
    assert browser.ask("document.querySelectorAll('#stage .differs').length") == 0
    browser.press("s")
    assert browser.ask("document.querySelectorAll('#sentence .done').length") == 1, "one addition of the step"
    assert browser.ask("document.querySelector('#sentence .next') !== null")
    assert poor(browser) == []
    browser.press("s", "s")
    assert at(browser) == said["at"]
    assert browser.ask("document.querySelectorAll('#stage .differs').length") == differing
    browser.press("S", "N")
    assert browser.ask("document.querySelectorAll('#stage .differs').length") == 0
    assert poor(browser) == []
    assert len(page.read_bytes()) < 300_000


WRONG = """import numpy as np

def conv2d_backward(dZ, cache, stride, padding):
    A_prev, W, b = cache["A_prev"], cache["W"], cache["b"]
    f = W.shape[1]
    A = np.pad(A_prev, ((padding, padding), (padding, padding), (0, 0)))
    dA, dW, db = np.zeros_like(A), np.zeros_like(W), np.zeros_like(b)
    for i_h in range(dZ.shape[0]):
        for i_w in range(dZ.shape[1]):
            for i_c in range(dZ.shape[2]):
                at = slice(i_h, i_h + f), slice(i_w, i_w + f)
                dW[i_c] += A[at] * dZ[i_h, i_w, i_c]
                dA[at] += W[i_c] * dZ[i_h, i_w, i_c]
                db[i_c] += dZ[i_h, i_w, i_c]
    h, w = A_prev.shape[:2]
    return dW, db, dA[padding : padding + h, padding : padding + w]
"""
