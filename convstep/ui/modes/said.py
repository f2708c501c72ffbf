"""What the author's own forward says of a recorded function: beside its lines, on the timeline."""

from __future__ import annotations

from collections.abc import Callable

from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Verdicts
from convstep.language import tr
from convstep.printable import printable
from convstep.ui.debugger.host import Handler, Handlers, Host
from convstep.ui.debugger.state import State
from convstep.view.panels.recording import RecordingStage
from convstep.view.scene.said import SIGNS, draw_said


class Said:
    """Shows it, and goes from one place that differs to the next."""

    def __init__(self, state: State, host: Callable[[], Host], line: Callable[[], int]) -> None:
        """Nothing is said yet; `host` is the screen, once there is one, `line` which line is looked at."""
        self._state, self._host, self._line = state, host, line

    @property
    def _stage(self) -> RecordingStage:
        assert isinstance(self._state.stage, RecordingStage)
        return self._state.stage

    @property
    def verdicts(self) -> Verdicts | None:
        """What is said of what is shown; None while that is not known."""
        return self._stage.verdicts

    def handlers(self) -> Handlers:
        """What can be asked."""
        return {
            "diagnosis": Handler(self.show),
            "next-divergence": Handler(lambda: self._seek(1)),
            "previous-divergence": Handler(lambda: self._seek(-1)),
        }

    def take(self, verdicts: Verdicts, *, by_torch: bool = False) -> None:
        """Show all that was found out; `by_torch`: what is new in it is what PyTorch has."""
        host = self._host()
        before = self.verdicts.end if by_torch and self.verdicts is not None else ()
        known = {one.result for one in before if one.mark.kind == DIFFERS}
        self._stage.verdicts = verdicts
        host.show(keep_said=True)
        host.mark_timeline()
        differing = [
            printable(one.result or "return")
            for one in verdicts.end
            if one.mark.kind == DIFFERS and one.result not in known
        ]
        if differing:
            names = ", ".join(differing)
            host.say(
                tr(
                    "≠ {names}: not what PyTorch has; d says how"
                    if by_torch
                    else "≠ {names}: not the slopes of its own forward; d says how",
                    names=names,
                )
            )

    def marks(self, place_of: Callable[[int], int]) -> dict[int, tuple[int, str]]:
        """Where it differs, and at the end whether it does, by column of the timeline."""
        verdicts, total = self.verdicts, self._state.timeline.total
        if verdicts is None:
            return {}
        found: dict[int, tuple[int, str]] = {}
        kinds = [one.mark.kind for one in verdicts.end if one.mark.kind != UNKNOWN]
        if kinds:
            found[place_of(total)] = total, SIGNS[DIFFERS if DIFFERS in kinds else AGREES]
        for position in self._differing(verdicts):
            found[place_of(position)] = position, SIGNS[DIFFERS]
        return found

    def show(self) -> None:
        """All that is said, and how it was found out."""
        from convstep.ui.dialogs.paragraphs import ParagraphsScreen

        verdicts, host = self.verdicts, self._host()
        if verdicts is None:
            host.say(tr("its own forward has not been asked yet, or nobody asks it here"))
            return
        recording = self._stage.recording
        words = draw_said(verdicts, recording.source.lines, self._line(), recording.position)
        title = tr("what is said of {name}, and how it was found out", name=printable(recording.name))
        host.open(ParagraphsScreen(title, words, opened_with="d", wide=True), lambda _: None)

    def _seek(self, by: int) -> None:
        verdicts, host = self.verdicts, self._host()
        if verdicts is None:
            host.say(tr("its own forward has not been asked yet, or nobody asks it here"))
            return
        here = self._state.position
        ahead = [at for at in self._differing(verdicts) if (at > here if by > 0 else at < here)]
        if ahead:
            host.travel.to(ahead[0] if by > 0 else ahead[-1])
        elif by > 0:
            host.say(tr("no later position is known at which it differs"))
        else:
            host.say(tr("no earlier position is known at which it differs"))

    def _differing(self, verdicts: Verdicts) -> list[int]:
        return [position for position, mark in verdicts.positions.items() if mark.kind == DIFFERS]
