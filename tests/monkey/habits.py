"""What the monkey likes to do: scripts from a seed, the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.monkey.inputs import CHARACTERS, NAMED, QUITTING, WAIT, Script, kind

Habit = Callable[[Random, tuple[int, int]], list[str]]

LARGEST = 400, 150
USUAL = (60, 16), (200, 50)
"""The smallest and the largest screen of most sessions."""
KEYS = """
n N s S f F l L e ) ( end home c C t T x } {
b B v ] [ u + - m z tab shift+tab o i enter escape k K
> < d a h A p P r R y w ? g / . , alt+left alt+right
up down left right pageup pagedown home end space shift+up shift+down
"""
MOVES, LOOKS, AROUND, ARROWS = (line.split() for line in KEYS.split("\n") if line)
"""What steps, what changes the view, what opens and answers, and what leads around in lists and faces."""
CONDITIONS = [
    "abs(dz) > 0.1 and i_c == 2", "isnan(dA)", "4,*,1", "watch dW[0, 0, 0, 0]", "max(abs(dW)) > 10",
    "i_c == 1 hits 3", "position > 5", "1", "dz", "((((", "dz ** dz ** dz", "watch dA[99]", "hits 0",
    "x" * 99, "not " * 30, "窗口", "\u202eabs",
]  # fmt: skip
PLACES = [
    "0", "1", "7", "50%", "100%", "4,2,1", "0,0,0,0", "-1", "1e400", "9" * 40, "999%", "*,1,1", "٣", "0x10",
    "nan", ",,,", " ",
]  # fmt: skip
FILES = [
    "a.json", "./b.json", ".", "..", "../c.json", "sub/d.json", "~", "~nouser/e.json", "~/f.json", "/",
    "/etc/g.json", "/proc/1/root/x/h.json", "/dev/null/i.json", "/dev/full", "n" * 256 + ".json",
    "x/" * 40 + "j", "名字.json", "r\u202eosj.json", "-", "--", "a b 'c' \"d\".json", "$(k).json", "%s{x}",
    "*.json", "con", "a.npz", "\\l",
]  # fmt: skip
COMMANDS = ["theme", "stop", "save", "help", "screenshot", "nord", "compare", "go", "zzz", "q", "关", "a", ""]
ANSWERS = [
    "0", "1", "-0.25", "3x3x1", "(3, 3, 1)", "x * dz", "1/0", "9**9**9", "1e999", "nan", "٣", "",
    "dW[0,0,0,0]", "abc",
]  # fmt: skip
SEARCHED = {
    "/": CONDITIONS, "g": PLACES, "w": FILES, "ctrl+p": COMMANDS, "a": ANSWERS,
    "?": ["n", "next"], "B": ["d", " "],
}  # fmt: skip
"""What is typed after a key that opens a field or a list."""
PASTES = [
    "one line", "two\nlines\n", "\r\n\r\n", "\t\t", "\x1b]0;x\x07", "\x1b[31mred", "\x00\x01\x02",
    "窗口，步长", "\u202eabc\u202c", "e\u0301\u0301\u0301", "👩\u200d👩\u200d👧\u200d👦", "\ufeff",
    "w" * 5000, "n\n" * 200, "q", "../x.json", "\ud7ff", " ",
]  # fmt: skip
RAW = [
    "\x1b[I", "\x1b[O", "\x1b[97;5u", "\x1b[27u", "\x1b[?2026;2$y", "\x1b[?2048;0$y", "\x1b[10;10R", "\x1b[",
    "\x1bO", "\x1b\x1b", "\x1b\x1b[A", "\x1b[999;999;999z", "\x1b[<0;1M", "\x1b[<64;-5;-5M",
    "\x1b]11;rgb:00/00/00\x07", "\x1b[200~never ended", "\x1b[201~", "\x80\x9f", "\u0301", "é", "中", "\x1bé",
]  # fmt: skip
"""What terminals say without being asked, what they say wrongly, and what no keyboard has."""


def script(app: str, abouts: tuple[str, ...], seed: str, keys: int) -> Script:
    """A session of about so many keys.

    Args:
        app: one of `apps.APPS`.
        abouts: what it can open.
        seed: decides everything.
        keys: how many keys, at least.
    """
    rng = Random(f"{app} {seed}")
    size, about, language = _size(rng), rng.choice(abouts), rng.choice(("en", "en", "zh"))
    live, patient = rng.random() < 0.4, rng.random() < 0.8
    # in a lesson the first page would be the usual one
    words = ["p"] * rng.randint(0, 9) if app in ("learn", "hunt") else []
    pressed, left = 0, 0
    while pressed < keys:
        for word in rng.choices(HABITS, WEIGHTS)[0](rng, size):
            words.append(word)
            pressed += kind(word) == "keys"
            left -= 1
            if left < 0:
                words.append(WAIT)
                left = min(int(rng.expovariate(0.35)), 40)
    return Script(app, about, size, (*words, WAIT), language, live, patient)


def _size(rng: Random) -> tuple[int, int]:
    if rng.random() < 0.25:
        width, height = LARGEST
        # small ones oftener than large ones, which take their time
        return 1 + int((width - 1) * rng.random() ** 3), 1 + int((height - 1) * rng.random() ** 3)
    if rng.random() < 0.3:
        return rng.choice([(80, 24), (120, 40), (60, 16), (59, 15), (59, 40), (120, 15), (170, 45)])
    (least_x, least_y), (most_x, most_y) = USUAL
    return rng.randint(least_x, most_x), rng.randint(least_y, most_y)


def _one_of(keys: list[str], most: int = 3) -> Habit:
    return lambda rng, size: [rng.choice(keys) for _ in range(rng.randint(1, most))]


def _again(rng: Random, size: tuple[int, int]) -> list[str]:
    return [rng.choice(MOVES + LOOKS + AROUND + ARROWS)] * rng.randint(2, 12)


def _typed(rng: Random, size: tuple[int, int]) -> list[str]:
    opener = rng.choice(list(SEARCHED))
    text = rng.choice(SEARCHED[opener])
    text = text[: rng.randint(0, len(text))] if rng.random() < 0.15 else text
    first = [["ctrl+u"], ["home"], ["end"], []][rng.randrange(4)]
    last = rng.choice(("enter", "enter", "enter enter", "escape", "tab enter", "down enter", "")).split()
    return [opener, *first, *([f"text:{text}"] if text else []), *last]


def _pasted(rng: Random, size: tuple[int, int]) -> list[str]:
    opener = [rng.choice(list(SEARCHED))] if rng.random() < 0.6 else []
    return [*opener, f"paste:{rng.choice(PASTES)}", *rng.choice(([], ["enter"], ["escape"]))]


def _pointed(rng: Random, size: tuple[int, int]) -> list[str]:
    def place() -> str:
        width, height = LARGEST if rng.random() < 0.1 else size
        return f"{rng.randint(0, width)},{rng.randint(0, height)}"

    name = rng.choice(["click"] * 4 + ["move"] * 2 + ["right", "double", "up", "down", "drag"])
    words = [f"{name}:{place()}" + (f",{place()}" if name == "drag" else "")]
    return words * rng.choice((1, 1, 1, 4))


def _resized(rng: Random, size: tuple[int, int]) -> list[str]:
    return ["resize:{}x{}".format(*_size(rng)) for _ in range(rng.choice((1, 1, 1, 3)))]


def _paused(rng: Random, size: tuple[int, int]) -> list[str]:
    return [rng.choice(["pause:0.02", "pause:0.1"])]


def _broken(rng: Random, size: tuple[int, int]) -> list[str]:
    word = rng.choice([w for w in NAMED if len(NAMED[w]) > 2])
    return [rng.choice(("cut", "cut", "cut-late")), word]


def _breath(rng: Random, size: tuple[int, int]) -> list[str]:
    return ["breath"]


def _raw(rng: Random, size: tuple[int, int]) -> list[str]:
    said = rng.choice(RAW)
    # else all that follows would be pasted
    return [f"raw:{said}", *(["n", "w", "raw:\x1b[201~"] if "\x1b[200~" in said else [])]


_SAFE = [key for key in [*NAMED, *CHARACTERS] if key not in QUITTING]
_OFTEN: list[tuple[Habit, float]] = [
    (_one_of(MOVES), 18), (_one_of(LOOKS), 18), (_one_of(AROUND), 12), (_one_of(ARROWS, 6), 14),
    (_one_of(_SAFE), 10), (_one_of(["enter", "escape"]), 12), (_again, 4), (_typed, 10), (_pasted, 2),
    (_pointed, 8), (_resized, 1.2), (_paused, 0.6), (_broken, 2), (_breath, 4), (_raw, 1),
    (_one_of(list(QUITTING), 1), 0.3),
]  # fmt: skip
HABITS = [habit for habit, _ in _OFTEN]
WEIGHTS = [weight for _, weight in _OFTEN]
"""How often the monkey does each, among 117 things."""
