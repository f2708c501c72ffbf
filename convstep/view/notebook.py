"""What a notebook shows of a thing: the grids, tables and words of the screen as HTML.

No scripts, nothing that is loaded from elsewhere, and all text is escaped. A cell with a colour of its own
has ink of its own, and everything else takes the page's, so that light and dark pages can both be read.
What colours say stands in lines and words as well, as some viewers drop the style.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.printable import printable, printable_lines
from convstep.steps.event import Event
from convstep.steps.number_text import short
from convstep.view.grid.panel import Panel, title_of
from convstep.view.numbers.factor import common_power
from convstep.view.numbers.scale import STEPS, Scale, round_limit
from convstep.view.numbers.text import CellFormat, full, is_whole
from convstep.view.panels.conv2d import MEASURED
from convstep.view.panels.problem_words import place_text, problem_facts
from convstep.view.panels.stage import Stage

if TYPE_CHECKING:
    from convstep.candidate.verdict import Verdict
    from convstep.conv.problem import Problem
    from convstep.conv.step import Step
    from convstep.oracle.captured import Captured
    from convstep.oracle.comparison import Comparison
    from convstep.view.scene.scene import Scene

CELLS: Final = 11
"""Rows and columns of a grid at the most; of more, it shows those around the step."""
ROWS: Final = 50
"""Of a table."""
BYTES: Final = 40_000
"""Of a table or a report, whatever is written in it; what comes after that is counted."""
NAME: Final = 80
"""Characters of a name."""
SENTENCE: Final = 1000
"""The same of a sentence."""
NUMBER: Final = 6
"""Columns of a number in a grid."""


def html(thing: Any) -> str:
    """A problem, a step, a timeline, a comparison, a verdict or a capture, as HTML of less than 100 kB."""
    draw = next(_DRAWN[kind.__name__] for kind in type(thing).__mro__ if kind.__name__ in _DRAWN)
    return f'<div class="convstep"><style>{_style()}</style>{"".join(draw(thing))}</div>'


def _problem(problem: Problem) -> Iterator[str]:
    yield _head("Problem", *problem_facts(problem), tr("{count} steps", count=f"{problem.total_steps:,}"))
    given = [panel for panel in _scene(Timeline(problem, 0)).panels if not panel.running]
    yield _grids(given)
    yield _foot(tr("framed: where the first step is"), *_about(given))
    yield _foot("convstep.debug(problem)", "convstep.compare(problem)", "convstep.Timeline(problem)")


def _step(step: Step) -> Iterator[str]:
    place, total = place_text(step.loop_index, step.run.geometry), step.run.geometry.total_steps
    counted = tr("step {number} of {total}", number=f"{step.index + 1:,}", total=f"{total:,}")
    yield _head("Step", counted, place, f"dz = {full(step.dz)}")
    panels = _scene(_PassOf(step)).panels
    yield _grids(panels)
    yield _foot(*_marks(), *_about(panels), tr("running arrays are live: these are their values now"))


def _timeline(timeline: Timeline) -> Iterator[str]:
    scene = _scene(timeline)
    at = tr("position {position} of {total}", position=f"{scene.position:,}", total=f"{scene.total:,}")
    yield _head("Timeline", at, f"{scene.place} ({scene.state})", f"dz = {short(scene.dz)}")
    yield _grids(scene.panels)
    yield _foot(*_marks(), *_about(scene.panels))


def _comparison(comparison: Comparison) -> Iterator[str]:
    from convstep.view.verdicts import comparison_rows

    headings, *rows = comparison_rows(comparison)
    yield _head("✓" if comparison.ok else "✗", comparison.verdict)
    yield _table(headings, rows)
    yield _foot(comparison.tolerance_text, comparison.note)


def _verdict(verdict: Verdict) -> Iterator[str]:
    from convstep.candidate.report import report

    first, *lines = report(verdict).split("\n")
    yield _head("✓" if verdict.ok else "✗", first)
    shown = _within(map(_line, lines))
    yield f"<pre>{''.join(shown)}</pre>"
    if len(lines) > len(shown):
        yield _foot(tr("{count} more lines: print(verdict)", count=len(lines) - len(shown)))


def _captured(captured: Captured) -> Iterator[str]:
    from convstep.view.panels.layers import captured_words, columns_of, title_of

    layers, skipped = captured.layers, captured.skipped
    yield _head("Captured", captured_words(layers) if layers else captured.why_nothing)
    if layers:
        columns = columns_of(layers)
        rows = [[title_of(each), *(column.text(each) for column in columns)] for each in layers[:ROWS]]
        yield _table([tr("layer"), *(tr(column.title) for column in columns)], rows, len(layers))
    if len(layers) > 1:
        from convstep.view.panels.layer_map import map_text

        yield f"<pre>{escape(map_text(layers, skipped, most=ROWS))}</pre>"
    if skipped:
        yield _head(tr("{count} not opened", count=len(skipped)))
        told = [[one.name, one.kind, str(one.calls), one.reason] for one in skipped[:ROWS]]
        yield _table([tr("layer"), "", tr("calls"), tr("reason")], told, len(skipped))
    yield _foot("captured.rows()", "captured.problem(layer=…)", "convstep.debug(captured)")


_DRAWN: Final[Mapping[str, Callable[[Any], Iterator[str]]]] = {
    "Problem": _problem,
    "Step": _step,
    "Timeline": _timeline,
    "Comparison": _comparison,
    "Verdict": _verdict,
    "Captured": _captured,
}
"""By the name of the class, as importing all of them takes time."""


class _PassOf(Timeline):
    """The pass that a step belongs to, on the step's own arrays: to be looked at, never moved."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.run.problem, 0)
        self._run, self._position = step.run, step.index + 1
        self._running = {name: getattr(step, name) for name in self._running}

    @property
    def event(self) -> Event:
        """The step, of which nobody has kept what it overwrote."""
        event = super().event
        return replace(event, made=len(event.writes))


def _scene(timeline: Timeline) -> Scene:
    """What the screen would show; nothing is measured, as a grid's colours go by what is shown of it."""
    return Stage(timeline, dict.fromkeys(MEASURED, 1.0)).scene()


def _marks() -> tuple[str, str]:
    return tr("framed: where the step is"), tr("underlined: what it adds to")


def _about(panels: Iterable[Panel]) -> Iterator[str]:
    """What else the grids need to be read."""
    if any(panel.inside is not None and _outside(panel) for panel in panels):
        yield tr("pale: padding")


def _outside(panel: Panel) -> bool:
    assert panel.inside is not None
    return (len(panel.inside.rows), len(panel.inside.columns)) != panel.face.shape


def _grids(panels: Iterable[Panel]) -> str:
    return f'<div class="grids">{"".join(map(_grid, panels))}</div>'


def _grid(panel: Panel) -> str:
    """A face, or the part of it around the step, with its rows and columns numbered."""
    rows, columns = _seen(panel)
    shown = panel.face.values[rows.start : rows.stop, columns.start : columns.stop]
    most = float(np.abs(shown[np.isfinite(shown)]).max(initial=0.0))
    whole = is_whole(shown)
    power = common_power(most, NUMBER, whole=whole)
    written = CellFormat.fitting(NUMBER, most, whole=whole, power=power)
    scale = Scale(round_limit(most))
    title = title_of(replace(panel, unit=power), NAME)
    lines = [_row("", [f"<th>{column}</th>" for column in columns])] if len(columns) > 1 else []
    for row, values in zip(rows, shown, strict=True):
        numbered = zip(columns, values, strict=True)
        cells = [_cell(panel, (row, column), value, scale, written) for column, value in numbered]
        lines.append(_row(str(row), cells))
    part = tr(
        "rows {rows}" if panel.listed else "rows {rows}, columns {columns}",
        rows=_of(rows, panel, 0),
        columns=_of(columns, panel, 1),
    )
    below = "" if shown.shape == panel.face.shape else f"<div>{_text(part)}</div>"
    return f"<div><b>{_text(title)}</b><table>{''.join(lines)}</table>{below}</div>"


def _row(label: str, cells: Sequence[str]) -> str:
    return f"<tr><th>{label}</th>{''.join(cells)}</tr>"


def _cell(
    panel: Panel, cell: tuple[int, int], value: np.floating[Any], scale: Scale, written: CellFormat
) -> str:
    """One number, with its place and all its digits where the mouse rests on it."""
    marks = {
        "w": panel.window is not None and cell in panel.window,
        "c": panel.changed is not None and cell in panel.changed,
        "o": panel.now == cell,
        "z": panel.inside is not None and cell not in panel.inside,
    }
    heat = [] if marks["z"] else _heat(float(value), scale)  # pale ink is only read on the page's own ground
    classes = " ".join([*heat, *(name for name, on in marks.items() if on)])
    name = f' class="{classes}"' if classes else ""
    text = written.text(value).strip()
    return f'<td{name} title="{_text(f"{panel.face.cell(*cell)} = {full(value)}")}">{_text(text)}</td>'


def _heat(value: float, scale: Scale) -> list[str]:
    """The class of a value's colour; none for zero and what looks like it."""
    if not np.isfinite(value):
        return ["q" if np.isnan(value) else "i" if value > 0 else "j"]
    step = scale.bucket(value)
    return [f"{'p' if step > 0 else 'm'}{abs(step)}"] if step else []


def _seen(panel: Panel) -> tuple[range, range]:
    """Rows and columns that are shown."""
    span = panel.window or panel.changed
    cell = panel.now or panel.near
    along = [(span.rows, span.columns)[axis] if span else None for axis in (0, 1)]
    if span is None and cell is not None:
        along = [range(at, at + 1) for at in cell]
    first, second = (_around(wanted, count) for wanted, count in zip(along, panel.face.shape, strict=True))
    return first, second


def _around(wanted: range | None, count: int) -> range:
    """Up to `CELLS` places of so many, with what is wanted in the middle, or its beginning."""
    if count <= CELLS or wanted is None:
        return range(min(count, CELLS))
    spare = max(CELLS - (wanted[-1] + 1 - wanted[0]), 0)
    start = min(max(wanted[0] - spare // 2, 0), count - CELLS)
    return range(start, start + CELLS)


def _of(shown: range, panel: Panel, axis: int) -> str:
    return tr("{first} to {last} of {count}", first=shown[0], last=shown[-1], count=panel.face.shape[axis])


def _head(first: str, *others: str) -> str:
    return f"<p><b>{_text(first)}</b> {' · '.join(_text(each, None) for each in others)}</p>"


def _foot(*parts: str) -> str:
    said = " · ".join(_text(part, None) for part in parts if part)
    return f"<p>{said}</p>" if said else ""


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]], count: int = 0) -> str:
    """Rows of text, and how many more there are."""
    title = "".join(f"<th>{_text(heading)}</th>" for heading in headings)
    lines = _within("".join(f"<td>{_text(text, 4 * NAME)}</td>" for text in row) for row in rows)
    more = tr("{count} more", count=count - len(lines)) if count > len(lines) else ""
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in (title, *lines))}</table>{_foot(more)}"


def _within(pieces: Iterable[str]) -> list[str]:
    """As many of them as there is room for."""
    sizes = 0
    shown = []
    for piece in pieces:
        sizes += len(piece.encode())
        if sizes > BYTES:
            break
        shown.append(piece)
    return shown


def _line(text: str) -> str:
    """A line of a report; code is marked as wrong or right."""
    shown = escape(printable_lines(text, 2 * NAME))
    kind = {"wrong": "bad", "right": "good", "fix": "good"}.get(text.strip().partition("  ")[0])
    return f'<span class="{kind}">{shown}</span>\n' if kind and text.startswith("    ") else f"{shown}\n"


def _text(text: str, longest: int | None = NAME) -> str:
    return escape(printable(text, SENTENCE if longest is None else longest))


@functools.cache
def _style() -> str:
    """Colours by theme, and how grids and tables look; once in every output, as each stands alone."""
    light, dark = (f"{{{_colours(dark)}}}" for dark in (False, True))
    plain = "background:none!important;border:0"
    return (
        f".convstep{light}@media(prefers-color-scheme:dark){{.convstep{dark}}}"
        f"[data-jp-theme-light=true] .convstep,.vscode-light .convstep{light}"
        f"[data-jp-theme-light=false] .convstep,.vscode-dark .convstep,html[theme=dark] .convstep{dark}"
        ".convstep p{margin:.3em 0}"
        ".convstep .grids{display:flex;flex-wrap:wrap;gap:1em}.convstep .grids td{min-width:3em}"
        f".convstep table{{border-collapse:collapse;margin:.2em 0;font:12px/1.4 monospace;{plain}}}"
        f".convstep tr{{{plain}}}"
        ".convstep th,.convstep td{border:0;padding:1px 5px;text-align:right;white-space:nowrap}"
        ".convstep th{font-weight:normal;opacity:.7}"
        ".convstep :not(.grids *)>tr>*{text-align:left}"
        ".convstep pre{font:12px/1.4 monospace;margin:.3em 0;white-space:pre-wrap}"
        ".convstep pre{background:none;color:inherit}"
        ".convstep .bad{border-left:3px solid #d33}.convstep .good{border-left:3px solid #2a2}"
        + "".join(f".convstep .{name}{{background:var(--{name});color:var(--{name}k)}}" for name in _values())
        + ".convstep .z{opacity:.65}.convstep .w{outline:1px solid;outline-offset:-1px}"
        ".convstep .o{outline:2px solid;outline-offset:-1px;font-weight:bold}"
        ".convstep .c{text-decoration:underline}"
    )


def _colours(dark: bool) -> str:
    scale = Scale(1.0, dark)
    return "".join(
        f"--{name}:{scale.background(value)};--{name}k:{scale.foreground(value)};"
        for name, value in _values().items()
    )


def _values() -> dict[str, float]:
    """A value of each colour, by its class."""
    sides = {"p": 1.0, "m": -1.0}
    steps = {
        f"{name}{k}": sign * (k / STEPS) ** 2 for name, sign in sides.items() for k in range(1, STEPS + 1)
    }
    return {**steps, "q": np.nan, "i": np.inf, "j": -np.inf}
