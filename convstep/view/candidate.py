"""The candidate beside the reference: each gradient as reference, candidate and difference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.judging import wrong_cells
from convstep.conv.step import Step, quiet
from convstep.replay.stop_kinds import Stop, Watchpoint
from convstep.replay.timeline import Timeline
from convstep.view.faces import Face, face
from convstep.view.model import Choice
from convstep.view.panel import Cell, Panel, Span
from convstep.view.scale import round_limit
from convstep.view.scene import Stage
from convstep.view.share import LISTED, Share, Stray

if TYPE_CHECKING:
    from convstep.candidate.cases import Right
    from convstep.candidate.probing import Divergence
    from convstep.candidate.stepping import Beside
    from convstep.replay.provenance import Provenance

Array = npt.NDArray[Any]

KEYS = {"dA_prev": "input_gradient", "dW": "kernel_gradient", "db": "bias_gradient"}
"""The key of each gradient's reference panel, the largest gradient first."""
MADE = {"dW": 1, "dA_prev": 2, "db": 3}
"""After how many of a step's additions each gradient has its own."""
CANDIDATE, DIFFERENCE = "candidate", "difference"
SHORT_ROLES = {"reference": "ref", CANDIDATE: "cand", DIFFERENCE: "diff"}
"""Where there is no room for the words."""


def keys_of(gradient: str) -> tuple[str, str, str]:
    """The keys of a gradient's panels: reference, candidate, difference."""
    key = KEYS[gradient]
    return key, f"{key}_{CANDIDATE}", f"{key}_{DIFFERENCE}"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the candidate has at one place of the pass, held against the reference there."""

    position: int
    """Steps executed."""
    additions: int
    """Additions made of the next step."""
    actual: dict[str, Array]
    """The candidate's gradients by name, as far as they can be shown."""
    difference: dict[str, Array]
    """The candidate's less the reference's."""
    differing: dict[str, npt.NDArray[np.bool_]]
    """Which cells are off by more than rounding."""
    problems: dict[str, str]
    """For gradients that cannot be shown, why."""
    modelled: tuple[str, ...]
    """Gradients that are the reference's with the candidate's mistake, because the candidate
    overwrites: called with a dZ cut off, it would show its last step alone."""


class CandidateStage(Stage):
    """Builds scenes of both; the candidate's side is as old as its last answer."""

    def __init__(self, timeline: Timeline, right: Right) -> None:
        """Stage a problem.

        Args:
            timeline: the reference.
            right: how large an error is rounding.
        """
        super().__init__(timeline)
        self.right = right
        self.answer: Answer | None = None
        """The candidate's last running gradients."""
        self.added: tuple[int, Beside] | None = None
        """The last step whose contribution is known, and that."""

    @property
    def gradients(self) -> tuple[str, ...]:
        """The gradients there are, the largest first."""
        return tuple(name for name in KEYS if name in self.right.gradients)

    @property
    def up_to_date(self) -> bool:
        """Whether the answer is about this place."""
        answer, timeline = self.answer, self.timeline
        place = (timeline.position, timeline.additions)
        return answer is not None and (answer.position, answer.additions) == place

    def take(self, before: Beside, after: Beside | None) -> None:
        """Hold the candidate's gradients at this place against the reference's.

        Args:
            before: the candidate at the timeline's position.
            after: the candidate one step on, where some of that step's additions are made.
        """
        timeline, said = self.timeline, Answer(0, 0, {}, {}, {}, {}, ())
        for name, running in self._running().items():
            made = after is not None and timeline.additions >= MADE[name]
            beside = after if made and after is not None else before
            if name not in beside.gradients:
                said.problems[name] = beside.problems.get(name, "it does not come back")
                continue
            actual = beside.gradients[name]
            said.actual[name] = actual
            with quiet():
                difference = np.asarray(actual - running)
                difference[(actual == running) | (np.isnan(actual) & np.isnan(running))] = 0
            said.difference[name] = difference
            said.differing[name] = wrong_cells(name, self.right, actual, np.array(running))
        self.answer = replace(
            said, position=timeline.position, additions=timeline.additions, modelled=before.modelled
        )

    def look_at(self, found: Divergence) -> None:
        """Choose the faces on which the first cell of a divergence stands."""
        if not found.cells or found.gradient == "db":
            return
        geometry, index = self._geometry, found.index
        c_out, _, _, c_k = geometry.kernel_shape
        start = index.i_c // (c_out // geometry.groups) * c_k
        first = found.cells[0]
        if found.gradient == "dW":
            own = [cell for cell in found.cells if cell[0] == index.i_c]
            cell = next((cell for cell in own if cell[-1] == 0), (own or [first])[0])
            shown = None if cell[0] == index.i_c else cell[0]
            self.choice = Choice(cell[-1] or None, shown)
        else:
            on_start = [cell for cell in found.cells if cell[-1] == start]
            channel = (on_start or [first])[0][-1]
            self.choice = Choice((channel - start) % geometry.input_shape[2] or None, None)

    def choose(self, panel: Panel, by: int) -> None:
        """Another face of a panel; the other panels show the same channels."""
        c_k = self._geometry.kernel_shape[3]
        count, current = panel.choices
        chosen = (current + by) % count
        if panel.face.name == "dA_prev":
            offset = ((self.choice.input_channel or 0) + by) % count
            self.choice = replace(self.choice, input_channel=offset)
        elif panel.face.name == "dW":
            self.choice = Choice(chosen % c_k, chosen // c_k)
        else:
            super().choose(panel, by)

    def stop_at(self, panel: Panel, cell: Cell) -> Stop | None:
        """The stop that a cell stands for; on all three panels of a gradient it is the reference's."""
        if panel.face.name == "dA_prev":
            return Watchpoint("dA_prev_pad", self._padded(panel.face.index(*cell)))
        return super().stop_at(panel, cell)

    def provenance_of(self, panel: Panel, cell: Cell) -> Provenance | None:
        """What makes a cell in the reference; None for a cell of another tensor."""
        from convstep.replay.provenance import provenance

        if panel.face.name == "dA_prev":
            return provenance(self._problem, "dA_prev_pad", self._padded(panel.face.index(*cell)))
        return super().provenance_of(panel, cell)

    def standing(self) -> str:
        """How many cells of which gradient differ at this place, in words."""
        answer = self.answer
        if answer is None or not self.up_to_date:
            return "… the candidate is at work"
        parts, said = [], False
        for name in self.gradients:
            if name in answer.problems:
                parts.append(f"{name}: {answer.problems[name]}")
            elif answer.differing[name].any():
                cells = answer.differing[name]
                parts.append(f"{name} {int(cells.sum())} of {cells.size}{'' if said else ' differ'}")
                said = True
        if not parts:
            return "agrees" if self.timeline.position == self.timeline.total else "agrees so far"
        if len(set(answer.problems.values())) == 1 and len(answer.problems) == len(self.gradients):
            return f"no gradients: {next(iter(answer.problems.values()))}"
        agreeing = [n for n in self.gradients if n not in answer.problems and not answer.differing[n].any()]
        verb = "agrees" if len(agreeing) == 1 else "agree"
        return " · ".join([*parts, *([f"{' and '.join(agreeing)} {verb}"] if agreeing else [])])

    def cell_words(self, panel: Panel, cell: Cell) -> str:
        """A cell of a gradient in both, in full; "" for other panels and where there is no answer."""
        name, answer = panel.face.name, self.answer
        if name not in KEYS or answer is None or name not in answer.actual:
            return ""
        index = panel.face.index(*cell)
        actual, difference = answer.actual[name][index], answer.difference[name][index]
        reference = self._running()[name][index] if self.up_to_date else actual - difference
        if not answer.differing[name][index]:
            return f"{panel.face.cell(*cell)} = {reference!s}, candidate {actual!s}: agrees"
        return f"{panel.face.cell(*cell)} = {reference!s}, candidate {actual!s}: off by {difference!s}"

    def shares(self) -> tuple[Share, ...]:
        """What the shown step adds in both, in the loop's order."""
        step = self.timeline.step
        known = self.added
        beside = known[1] if known is not None and known[0] == step.index else None
        right = self._contributions(step)
        blocks = self._blocks(step)
        return tuple(self._share(name, right[name], blocks[name], beside) for name in MADE if name in right)

    def _share(self, name: str, right: Array, block: _Block, beside: Beside | None) -> Share:
        share = Share(block.target, block.formula, right[block.cells].reshape(block.shape))
        if beside is None:
            return share
        if name not in beside.gradients:
            return replace(share, problem=beside.problems.get(name, "it does not come back"))
        actual = beside.gradients[name]
        wrong = wrong_cells(name, self.right, actual, right)
        inside = np.array(wrong[block.cells]).reshape(block.shape)
        wrong[block.cells] = False
        others = np.argwhere(wrong)
        return replace(
            share,
            actual=actual[block.cells].reshape(block.shape),
            differing=inside,
            strays=tuple(
                Stray(f"{name}[{', '.join(map(str, at))}]", right[tuple(at)], actual[tuple(at)])
                for at in others[:LISTED].tolist()
            ),
            elsewhere=len(others),
        )

    def _contributions(self, step: Step) -> dict[str, Array]:
        """What the step adds in the reference, each in the whole gradient's shape."""
        sample, rows, columns, channels = step.window
        crop_rows, crop_columns = self._geometry.crop
        padded = np.zeros_like(self.timeline.dA_prev_pad)
        kernels = np.zeros_like(self.timeline.dW)
        with quiet():
            batch = () if self._geometry.batch is None else (sample,)
            padded[(*batch, rows, columns, channels)] = step.kernel * step.dz
            kernels[step.i_c] = step.input_slice * step.dz
        found = {"dW": kernels, "dA_prev": padded[..., crop_rows, crop_columns, :]}
        if self.timeline.db is not None:
            db = np.zeros_like(self.timeline.db)
            db[step.i_c] = step.dz
            found["db"] = db
        return found

    def _blocks(self, step: Step) -> dict[str, _Block]:
        """Where each contribution belongs, on the faces now shown."""
        k, window = self._channel(), self._window(step)
        _, f_h, f_w, _ = self._geometry.kernel_shape
        channel = step.window[3].start + k
        rows = window.rows if window is not None else range(0)
        columns = window.columns if window is not None else range(0)
        batch = self._batch(step.loop_index)
        at = ", ".join([*map(str, batch), _range_text(rows), _range_text(columns), str(channel)])
        cells = np.ix_(*([i] for i in batch), list(rows), list(columns), [channel])
        filters = f"dW[{step.i_c}]" if self._geometry.kernel_shape[3] == 1 else f"dW[{step.i_c}, :, :, {k}]"
        return {
            "dW": _Block(filters, "x * dz", (step.i_c, slice(None), slice(None), k), (f_h, f_w)),
            "dA_prev": _Block(f"dA_prev[{at}]", "w * dz", cells, (len(rows), len(columns))),
            "db": _Block(f"db[{step.i_c}]", "dz", (slice(step.i_c, step.i_c + 1),), (1, 1)),
        }

    def _channel(self) -> int:
        return (self.choice.input_channel or 0) % self._geometry.kernel_shape[3]

    def _running(self) -> dict[str, Array]:
        """The reference's gradients as they stand, by name; live."""
        rows, columns = self._geometry.crop
        found = {"dA_prev": self.timeline.dA_prev_pad[..., rows, columns, :], "dW": self.timeline.dW}
        return found if self.timeline.db is None else {**found, "db": self.timeline.db}

    def _panels(self, step: Step, made: int) -> tuple[Panel, ...]:
        """Three panels a gradient, then what the step reads."""
        k, shown = self._channel(), self._shown_filter(step.loop_index)
        c_out, _, _, c_k = self._geometry.kernel_shape
        reads = self._panels_of(step, made, k, shown)
        around = [replace(p, stage=False) for p in reads if p.key in ("input", "kernel", "upstream")]
        around = [
            replace(p, titles=_context_titles(p), stack="" if p.key == "input" else "around") for p in around
        ]
        kernel = next(panel for panel in reads if panel.key == KEYS["dW"])
        kernel = replace(kernel, caption="", stack="", choices=(c_out * c_k, shown * c_k + k))
        found = [*self._triple(self._input_gradient(step, made)), *self._triple(kernel)]
        if self.timeline.db is not None:
            db = next(panel for panel in reads if panel.key == KEYS["db"])
            found += self._triple(replace(db, caption=""))
        return (*found, *around)

    def _input_gradient(self, step: Step, made: int) -> Panel:
        """dA_prev without the padding, the window in its own coordinates."""
        channels, window = self._geometry.input_shape[2], self._window(step)
        channel = (step.window[3].start + (self.choice.input_channel or 0)) % channels
        own = step.window[3].start <= channel < step.window[3].stop
        fixed = (*self._batch(step.loop_index), None, None, channel)
        return Panel(
            key=KEYS["dA_prev"],
            face=face("dA_prev", self._running()["dA_prev"], fixed),
            limit=self.limits["dA_prev"],
            framed=True,
            window=window if own else None,
            changed=window if own and made >= MADE["dA_prev"] else None,
            choices=(channels, channel),
        )

    def _window(self, step: Step) -> Span | None:
        """The step's window in the coordinates of dA_prev; None if it lies in the padding."""
        _, rows, columns, _ = step.window
        cropped = []
        for part, crop in zip((rows, columns), self._geometry.crop, strict=True):
            places = range(part.start, part.stop, part.step or 1)
            inside = [at - crop.start for at in places if crop.start <= at < crop.stop]
            if not inside:
                return None
            cropped.append(range(inside[0], inside[-1] + 1, part.step or 1))
        return Span(*cropped)

    def _triple(self, reference: Panel) -> tuple[Panel, Panel, Panel]:
        """A gradient's panel three times: the reference's, the candidate's, and their difference."""
        name, answer = reference.face.name, self.answer
        _, candidate_key, difference_key = keys_of(name)
        blank = np.full_like(reference.face.values, np.nan)
        side = replace(reference, changed=None, face=replace(reference.face, values=blank))
        first = replace(reference, titles=_titles(reference.face, "reference", ""))
        if answer is None or name not in answer.actual:
            note = "…" if answer is None else answer.problems[name]
            return (
                first,
                replace(side, key=candidate_key, note=note, titles=_titles(side.face, CANDIDATE, "")),
                replace(side, key=difference_key, note=note, titles=_titles(side.face, DIFFERENCE, "")),
            )
        old = "" if self.up_to_date else f" … of step {answer.position}"
        modelled = "modelled " if name in answer.modelled else ""
        actual = face(name, answer.actual[name], reference.face.fixed)
        difference = face(name, answer.difference[name], reference.face.fixed)
        cells = face(name, answer.differing[name], reference.face.fixed).values
        return (
            first,
            replace(
                side,
                key=candidate_key,
                face=actual,
                differing=cells,
                limit=max(reference.limit, round_limit(_largest(actual.values))),
                titles=_titles(side.face, modelled + CANDIDATE, old),
            ),
            replace(
                side,
                key=difference_key,
                face=difference,
                differing=cells,
                sparse=True,
                limit=round_limit(_largest(difference.values * cells)),
                titles=_titles(side.face, DIFFERENCE, old),
            ),
        )

    def _marked(self, panel: Panel) -> Panel:
        """The panel with the stops that stand on its face; those on padding are not seen."""
        if panel.face.name != "dA_prev":
            return super()._marked(panel)
        (top, _), (left, _) = self._geometry.padding
        cells = set()
        for stop in self.stops:
            if stop.enabled and isinstance(stop, Watchpoint) and stop.gradient == "dA_prev_pad":
                *batch, row, column, channel = stop.index
                cells.add(panel.face.find((*batch, row - top, column - left, channel)))
        rows, columns = panel.face.shape
        found = {at for at in cells if at is not None and 0 <= at[0] < rows and 0 <= at[1] < columns}
        return replace(panel, stops=frozenset(found)) if found else panel

    def _padded(self, index: tuple[int, ...]) -> tuple[int, ...]:
        (top, _), (left, _) = self._geometry.padding
        *batch, row, column, channel = index
        return (*batch, row + top, column + left, channel)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """The cells of a gradient to which a contribution belongs."""

    target: str
    """What they are called."""
    formula: str
    """What is added to them."""
    cells: Any
    """An index of the whole gradient."""
    shape: tuple[int, int]
    """Rows and columns."""


def _titles(shown: Face, role: str, old: str) -> tuple[str, ...]:
    """Names for a border, the longest first; that an answer is old is never left out."""
    short = f"… {role}" if old else role
    return (
        f"{shown.label}  {role}{old}",
        f"{shown.label}  {short}",
        f"{shown.label.replace(', ', ',')} {short}",
        f"{shown.name} {short}",
        f"{shown.name} {short.replace(role, SHORT_ROLES.get(role, role))}",
        short,
    )


def _context_titles(panel: Panel) -> tuple[str, ...]:
    label, caption = panel.face.label, panel.caption
    return (*([f"{label}  {caption}"] if caption else []), label, label.replace(", ", ","))


def _range_text(part: range) -> str:
    """`4:7`, or `4:9:2` with a step; `-` where there is nothing."""
    if not part:
        return "-"
    return f"{part.start}:{part.stop}" + (f":{part.step}" if part.step != 1 else "")


def _largest(values: Array) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0.0))
