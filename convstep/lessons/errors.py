"""What is wrong with a lesson, and on which line."""

from __future__ import annotations

from convstep.language import tr
from convstep.printable import SentenceError


class LessonError(SentenceError, ValueError):
    """One sentence about a lesson, with the line it is on."""

    def __init__(self, sentence: str, line: int = 0, path: str = "") -> None:
        """Say what is wrong and what to do; the line counts from 1, 0 is the file as a whole."""
        place = ":".join(part for part in (path, str(line) if line else "") if part)
        super().__init__(f"{place}: {sentence}" if place else sentence)
        self.sentence, self.line, self.path = sentence, line, path

    def inside(self, path: str) -> LessonError:
        """The same, naming the file."""
        return LessonError(self.sentence, self.line, path)


def wrong(sentence: str, line: int = 0, /, **values: object) -> LessonError:
    """What is wrong on a line, in the language in use: the sentence and what to fill in, as for `tr`."""
    return LessonError(tr(sentence, **values), line)
