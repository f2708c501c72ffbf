"""The front door of stops: the kinds, their texts, the list, and the search for the next one."""

from __future__ import annotations

from convstep.replay.search import Found as Found
from convstep.replay.search import Progress as Progress
from convstep.replay.search import search as search
from convstep.replay.stop_kinds import Breakpoint as Breakpoint
from convstep.replay.stop_kinds import ConditionStop as ConditionStop
from convstep.replay.stop_kinds import LineStop as LineStop
from convstep.replay.stop_kinds import Stop as Stop
from convstep.replay.stop_kinds import Watchpoint as Watchpoint
from convstep.replay.stop_list import Stops as Stops
from convstep.replay.stop_text import parse_stop as parse_stop
