"""Editing: another number in a cell of what the run begins with, and everything after it computed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convstep.language import tr
from convstep.printable import printable
from convstep.replay.edits import Edit, Edits, number_of, plain, same
from convstep.steps.cells import cell_text
from convstep.ui.debugger.host import Handler, Handlers, Host, Job

if TYPE_CHECKING:
    from convstep.ui.modes.mode import Mode
    from convstep.view.scene.staged import Input, Staged


class Editing:
    """Asks for a number, begins the run anew with it where it stood, and takes edits back."""

    def __init__(self, host: Host, mode: Mode) -> None:
        """Edit the run of a host; the mode knows how that begins anew."""
        self._host, self._state, self._mode = host, host.state, mode
        self._job: Job | None = None
        self._warned: Edits | None = None
        """The edits that somebody was told are not saved."""

    def handlers(self) -> Handlers:
        """What is done with inputs."""
        return {
            "edit": Handler(self._ask, self._on_input),
            "undo-edit": Handler(self._undo),
            "redo-edit": Handler(self._redo),
        }

    def set(self, found: Input, text: str) -> None:
        """Give an input's cell a number, as it is typed.

        A ValueError says in one sentence that it is none, or that the array cannot hold it.
        """
        number = number_of(text, found.number.dtype)
        if same(number, found.number):
            self._host.say(tr("{cell} is that already", cell=_name(found)))
            return
        edit = Edit(found.array, found.cell, found.number, number)
        said = tr("{edit}: Δ marks what it changes · U takes it back", edit=printable(edit.text))
        ahead = tr("{edit}: Δ will mark what it changes · U takes it back", edit=printable(edit.text))
        self.begin_anew(self._state.edits.with_edit(edit), said, ahead)

    def begin_anew(self, edits: Edits, said: str, ahead: str = "") -> None:
        """Begin the run anew with all edits, where it stands, and say so.

        `ahead` is said instead where no other number shown has changed yet.
        """
        if self._job is not None and self._job.running:
            self._host.say(tr("it is being recorded with the number before; wait until that is done"))
        elif self._mode.anew.runs_code(edits.numbers):
            self._host.say(tr("recording it anew …"))
            self._job = self._host.begin("edit", lambda job: self._record(job, edits, said, ahead))
        else:
            try:
                stage = self._mode.anew.stage(edits.numbers)
            except ValueError as error:
                self._host.say(str(error))
            else:
                self._take(stage, edits, said, ahead)

    def forget(self) -> None:
        """Go back to the numbers there were, and to no edit at all; of a run that needs no recording then."""
        state = self._state
        if self._job is not None and self._job.running:
            self._job.cancel()  # what it is to show is about a page that was left
            self._job = None
        if state.edits.numbers:
            self.begin_anew(Edits(), "")
        state.edits = Edits()

    def lets_go(self) -> bool:
        """Whether the person may leave; who has edits that no file has is told so once."""
        edits = self._state.edits
        if not self._state.unsaved or self._warned is edits or self._mode.why_not_saved():
            return True
        self._warned = edits
        self._host.say(tr("the edited numbers are not saved: w saves them, the same key again leaves"))
        return False

    def _on_input(self) -> bool:
        """Whether the keys are on a panel of an input."""
        place = self._host.looked_at_cell()
        return place is not None and self._state.stage.input_at(*place) is not None

    def _ask(self) -> None:
        place = self._host.pointed_cell()
        found = None if place is None else self._state.stage.input_at(*place)
        why_not = self._mode.anew.why_not or (found if isinstance(found, str) else "")
        if found is None or isinstance(found, str) or why_not:
            self._host.say(why_not)
            return
        from convstep.ui.dialogs.prompt import PromptScreen

        cell, before = printable(_name(found)), plain(found.number)
        runs = printable(self._mode.anew.runs)

        def meaning(text: str) -> str:
            number = number_of(text, found.number.dtype)
            if same(number, found.number):
                return tr("{cell} stays what it is.", cell=cell)
            return tr(
                "{cell} becomes {number}, and {function} runs again."
                if runs
                else "{cell} becomes {number}, and all after it is computed anew.",
                cell=cell,
                number=plain(number),
                function=runs,
            )

        def parse(text: str) -> str:
            number_of(text, found.number.dtype)
            return text

        def answered(text: str | None) -> None:
            if text is not None:
                self.set(found, text)

        hint = tr("A number, or a sum of some: 0.5, -3/4, nan.")
        title = tr("What if {cell} were …", cell=cell).replace("[", r"\[")
        self._host.open(PromptScreen(title, before, hint, parse, meaning, text=before), answered)

    def _undo(self) -> None:
        edits = self._state.edits
        if not edits.made:
            self._host.say(tr("no number is edited: Enter on a cell of an input edits one"))
            return
        edit = edits.made[-1]
        back = Edit(edit.array, edit.cell, edit.after, edit.before)
        said = tr("{edit} again · Ctrl+R makes the edit again", edit=printable(back.text))
        self.begin_anew(edits.back(), said)

    def _redo(self) -> None:
        edits = self._state.edits
        if not edits.undone:
            self._host.say(tr("no edit was taken back"))
            return
        said = tr("{edit} · U takes it back", edit=printable(edits.undone[-1].text))
        self.begin_anew(edits.on(), said)

    def _record(self, job: Job, edits: Edits, said: str, ahead: str) -> None:
        try:
            stage = self._mode.anew.stage(edits.numbers)
        except ValueError as error:
            job.tell(self._host.say, tr("nothing is changed: {reason}", reason=error))
        else:
            job.tell(self._take, stage, edits, said, ahead)

    def _take(self, stage: Staged, edits: Edits, said: str, ahead: str) -> None:
        """Show the new run where the one before it stood."""
        state, made = self._state, self._state.timeline.made
        heading = state.begin_at  # a far place that it is on the way to
        position = min(heading, stage.run.total) if heading else self._mode.anew.place_in(stage)
        if position != (heading or state.position):
            moved = tr("now at step {position}", position=position)
            made, said, ahead = 0, f"{said} · {moved}", ahead and f"{ahead} · {moved}"
        state.edits = edits

        def arrived() -> None:
            for _ in range(0 if heading else made):
                state.timeline.next_write()
            if made:
                self._host.show()
            marked = any(one.differing is not None for one in state.scene.panels)
            if words := said if marked else ahead or said:
                self._host.say(words)

        there = stage.prepared(position)
        self._host.restage(stage, position if there else 0)
        self._mode.anew.shown()
        if there:
            arrived()
        else:  # what a far place needs is built beside the screen
            state.begin_at = position
            self._host.travel.arrive(position, arrived)


def _name(found: Input) -> str:
    return cell_text(found.array, found.cell)
