"""Rows of a made-up course."""

from __future__ import annotations

from convstep.candidate.survey.row import MISSING, RIGHT, UNCALLED, WRONG, Mistake, Row
from convstep.candidate.survey.surveying import Survey

CROP = Mistake("[p:-p] at padding 0", "At p = 0 the slice is | empty <b>*.", "dx[p:-p]", "dx[p : p + H]")


def wrong(submission: str, file: str = "", **more: object) -> Row:
    told = {
        "name": "conv_backward",
        "line": 10,
        "operator": "conv2d",
        "convention": "cs231n",
        "mistakes": ("crop-zero-slice",),
        "mistake_line": 14,
        "says": "is wrong on 12 of 48 problems: wrong only when padding is 0",
        "mistake": CROP,
        "command": ("convstep", "debug"),
        **more,
    }
    return Row(file or f"hw/{submission}/layers.py", verdict=WRONG, submission=submission, **told)  # type: ignore[arg-type]


def course() -> Survey:
    said = "is right: all gradients agree on 48 problems"
    rows = [
        wrong("alice"),
        wrong("bob", mistakes=("unknown",), mistake=Mistake(), mistake_line=0),
        Row("hw/carol/a.py", "f_backward", RIGHT, "carol", line=3, operator="conv2d", says=said),
        Row("hw/carol/b.py", "g_backward", UNCALLED, "carol", line=4, cell=2, says="fits no convention"),
        wrong("dora").of("dora", "hw/dora/layers.py", "alice"),
        Row("hw/=eve.py", "", MISSING, "=eve.py", says="it defines no backward"),
        wrong("fin | *x*", "hw/fin`/l.py", flags=("--timeout", "2"), mistakes=("crop-zero-slice", "db-mean")),
    ]
    return Survey("hw", rows, submissions=6)
