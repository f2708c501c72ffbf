"""Travel: from keys to positions of the timeline, near and far."""

from __future__ import annotations

from collections.abc import Callable

from convstep.language import tr
from convstep.ui.debugger.host import Handler, Handlers, Host, Job

Then = Callable[[], object]

AT_START = "this is the start: no step is executed"
"""What keys that lead back are answered with there."""


class Travel:
    """Steps, loops, places and long ways."""

    def __init__(self, host: Host, interrupted: Callable[[], None]) -> None:
        """Move a host's timeline; `interrupted` is told that somebody goes somewhere by hand."""
        self._host, self._state = host, host.state
        self._interrupted = interrupted
        self._jobs: list[Job] = []
        self._landing: list[Job] = []

    def handlers(self) -> Handlers:
        """Movement."""
        timeline = self._state.timeline
        return {
            "next": Handler(lambda: self._step_on(timeline.next() is not None)),
            "back": Handler(lambda: self._step_back(timeline.back() is not None)),
            "next-addition": Handler(lambda: self._step_on(timeline.next_write())),
            "back-addition": Handler(lambda: self._step_back(timeline.back_write())),
            "channels-end": Handler(lambda: self._ahead(0)),
            "channels-start": Handler(lambda: self._behind(0)),
            "row-end": Handler(lambda: self._ahead(1)),
            "row-start": Handler(lambda: self._behind(1)),
            "end": Handler(lambda: self.on_to(timeline.total)),
            "start": Handler(lambda: self.back_to(0)),
            "goto": Handler(self._goto),
            "next-sample": Handler(lambda: self._sample(1)),
            "previous-sample": Handler(lambda: self._sample(-1)),
            "share": Handler(self._share),
            "visited-back": Handler(lambda: self._revisit(-1)),
            "visited-forward": Handler(lambda: self._revisit(1)),
            "bookmark": Handler(self._bookmark),
            "next-bookmark": Handler(self._next_bookmark),
            "land": Handler(self._land, lambda: self.under_way),
        }

    @property
    def under_way(self) -> bool:
        """Whether a far place is looked for, or built."""
        return any(job.running and not job.cancelled for job in self._jobs)

    def to(self, position: int, then: Then | None = None) -> None:
        """Go to a position; what a far one needs is built beside the screen, and Escape stops that."""
        self.stop()
        self.arrive(position, then)

    def arrive(self, position: int, then: Then | None = None) -> None:
        """Like `to`, for what has set out by itself: nothing is stopped."""
        if self._state.stage.prepared(position):
            self._arrived(position, then)
        else:
            self.set_out(lambda job: self._prepare(job, position, then))

    def on_to(self, position: int) -> None:
        """Forward to a position; whoever stands at the end already wants to see what comes after it."""
        if self._state.at_end:
            self.stop()
            self._host.past_end()
        else:
            self.to(position)

    def back_to(self, position: int) -> None:
        """Back to a position; whoever stands at the start already is told so."""
        there = self._state.position == 0 and not self._state.timeline.made
        self.to(position, (lambda: self._host.say(tr(AT_START))) if there else None)

    def set_out(self, work: Callable[[Job], None]) -> None:
        """Do something in a thread that Escape stops, and so does the next journey."""
        self._jobs = [job for job in self._jobs if job.running]
        self._jobs.append(self._host.begin("travel", work))

    def stop(self, *, landing: bool = False) -> bool:
        """Give up a long way; whether there was one.

        `landing`: a run ends where it has come to; else the screen stays where it is.
        """
        self._interrupted()
        self._state.begin_at = 0
        running = [job for job in self._jobs if job.running]
        self._landing = running if landing else []
        for job in running:
            job.cancel()
        return bool(running)

    def lands(self, job: Job) -> bool:
        """Whether a stopped search shall end where it has come to."""
        return job in self._landing

    def begin(self) -> None:
        """Go to where the session begins, unless the person has gone anywhere."""
        position = self._state.begin_at
        if position:
            self.stop()
            self._state.begin_at = position
            self.arrive(position)

    def _prepare(self, job: Job, position: int, then: Then | None) -> None:
        for share in self._state.stage.prepare(position):
            if job.cancelled:
                return
            job.tell(self._host.say, tr("seeking … {share:.0%}   Esc stops", share=share))
        job.tell(self._arrived, position, then)

    def _arrived(self, position: int, then: Then | None) -> None:
        self._state.timeline.seek(position)
        self._host.moved()
        if then is not None:
            then()

    def _land(self) -> None:
        self.stop(landing=True)
        self._host.say(tr("stopped at step {position}", position=self._state.position))

    def _step_on(self, made: bool) -> None:
        self._interrupted()
        if made:
            self._host.moved()
        else:
            self._host.past_end()

    def _step_back(self, made: bool) -> None:
        self._interrupted()
        if made:
            self._host.moved()
        else:
            self._host.say(tr(AT_START))

    def _ahead(self, loop: int) -> None:
        """To the next position at which a loop is complete: the innermost one, or the one around it."""
        self.on_to(self._state.stage.loop_end(loop))

    def _behind(self, loop: int) -> None:
        """To the previous one."""
        self.back_to(self._state.stage.loop_start(loop))

    def _goto(self) -> None:
        from convstep.ui.dialogs.goto import ask_place

        def answered(position: int | None) -> None:
            if position is not None:
                self.to(position)

        self._host.open(ask_place(self._state.stage), answered)

    def _sample(self, by: int) -> None:
        """To the same place of another sample."""
        found = self._state.stage.in_sample(by)
        if isinstance(found, str):
            self._host.say(found)
        else:
            self.to(found)

    def _share(self) -> None:
        """One sample's share in place of the whole batch's sums, and back."""
        stage, position = self._state.stage, self._state.position
        said = stage.toggle_share()
        if not stage.prepared(position):  # built beside the screen, like a long way
            self.to(position)
            return
        self._host.show()
        self._host.rearrange()
        self._host.say(said)

    def _revisit(self, by: int) -> None:
        """Back to before the last jump, or forward again."""
        visited = self._state.visited
        position = visited.back() if by < 0 else visited.forward()
        if position is not None:
            self.to(position)
        else:
            self._host.say(
                tr(
                    "there is no earlier place to go back to"
                    if by < 0
                    else "there is no later place to go to"
                )
            )

    def _bookmark(self) -> None:
        """Set a bookmark here, or take it away."""
        mark = self._state.bookmarks.toggle(self._state.position)
        self._host.mark_timeline()
        self._host.say(tr("bookmark {label} set here", label=mark.label) if mark else tr("bookmark removed"))

    def _next_bookmark(self) -> None:
        """To the next bookmark, from the last to the first."""
        bookmarks = self._state.bookmarks
        if not len(bookmarks):
            self._host.say(tr("no bookmarks; k sets one"))
            return
        mark = bookmarks.next(self._state.position) or bookmarks.list()[0]
        self.to(mark.position, lambda: self._host.say(tr("bookmark {label}", label=mark.label)))
