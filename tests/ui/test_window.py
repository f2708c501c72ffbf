"""`V`: the step's window forward above backward, in every mode, and in lesson 1."""

from __future__ import annotations

from convstep.lessons import course
from convstep.view.layout.arrange import CARD
from tests.strategies import SELDOM
from tests.ui.driving import opened
from tests.ui.learning import opened_lesson

RULES = ("dw = x * dy", "dx = w * dy", "db = dy")
WHY_NOT = "forward above backward is shown in the backward pass of conv2d, without a candidate"


def lit(text: str) -> list[str]:
    """What stands before each of the three rules."""
    return [text[text.index(rule) - 2] for rule in RULES]


@SELDOM
async def test_v_turns_the_card_and_s_lights_the_three_one_after_the_other() -> None:
    async with opened(position=136) as session:
        text = "\n".join(session.part(CARD))
        assert "before" in text
        assert "y = sum" not in text
        await session.press("V")
        text = "\n".join(session.part(CARD))
        assert "y = sum(x * w) + b" in text
        assert "before" not in text
        assert "forward above backward" in session.text
        for made in (1, 2):
            await session.press("s")
            marks = ["✓" if n < made else "▶" if n == made else " " for n in range(3)]
            assert lit("\n".join(session.part(CARD))) == marks
        y = session.part(CARD)[1:3]
        await session.press("s")
        assert lit("\n".join(session.part(CARD))) == ["✓"] * 3
        assert session.part(CARD)[1:3] == y
        await session.press("S")
        assert lit("\n".join(session.part(CARD)))[2] == "▶"
        await session.press("D", "V")
        assert WHY_NOT in session.text  # the forward pass has its sum on the card anyway
        assert "np.sum(x * w)" in "\n".join(session.part(CARD))
        await session.press("D", "V")
        assert "before" in "\n".join(session.part(CARD))
        await session.resize(80, 24)
        session.debugger.state.tab = "upstream"
        session.debugger.rearrange()
        await session.press("V")
        assert CARD in session.visible()
        assert lit("\n".join(session.part(CARD))) == ["✓"] * 3
        await session.resize(200, 50)
        session.debugger.state.card = ""
        session.debugger.show()
        await session.settle()
        text = "\n".join(session.part(CARD))
        assert "before" in text
        assert "y = sum(x * w) + b" in text
        assert session.stale_cells() == []


async def test_lesson_1_shows_its_window_and_hides_what_it_asks_for() -> None:
    lesson = course.open_lesson("01-one-window", "en")
    async with opened_lesson(lesson) as learner:
        assert "y = sum" not in "\n".join(learner.part(CARD))
        await learner.press("V")
        assert "y = sum(x * w) + b = …" in "\n".join(learner.part(CARD))
        await learner.press("p", "p")
        text = "\n".join(learner.part(CARD))
        assert "y = sum(x * w) + b = …" in text
        assert lit(text) == ["▶", " ", " "]
        assert text.count("·") == 13
        await learner.answer("3")
        text = "\n".join(learner.part(CARD))
        assert lit(text) == ["✓", "▶", " "]
        assert "= 1 - 2 = -1" in text
        assert text.count("·") == 7
        await learner.press("P", "P")
        assert "y = sum" not in "\n".join(learner.part(CARD))
