"""Random functions over arrays: loops, views of views, writes of every kind, helpers, exceptions."""

from __future__ import annotations

import re
from random import Random

MODULE = """
import itertools

import numpy as np


def helper(u, i):
    s = 0.0
    for q in u:
        s = s + q
    return s + u[i]


def change(a, k):
    b = a[::-1]
    b[0] += k
    a *= 0.5


def rows(a):
    for i in range(len(a)):
        yield i, a[i]


def function(x, y, v, k, box):
    count = [0]

    def nested(u, k):
        for i in range(len(u)):
            u[i] += k
            count[0] += 1
        return u

{body}
    return x, y, v, k, box, count, {m}, {v}
"""
EXPRESSIONS = {
    "index": ["0", "1", "2", "-1", "-2", "{loop} % 3"],
    "part": [":", "1:", ":-1", "::2", "::-1", "-2:"],
    "cell": ["{m}[{index}, {index}]", "{m}[{index}][{index}]", "{v}[{index}]"],
    "op": ["=", "=", "+=", "-=", "*="],
    "n": [
        *("2", "-1", "{name}", "{cell}", "{m}.sum()", "np.max({v})", "helper({v}, {index})", "{loop}"),
        *("float({cell} > 0)", "(lambda q: q * 2)({cell})", "sum(q for q in {v})"),
    ],
    "new m": [
        *(
            "{m} + {n}",
            "{m} * {m}",
            "np.maximum({m}, {n})",
            "np.zeros((3, 4))",
            "{m}.copy()",
            "{m} - {v}[:, None]",
        ),
        *(
            "np.where({m} > {n}, {m}, 0)",
            "{m}[::-1]",
            "{m}[:, ::-1]",
            "{m}",
            "{m}.ravel().reshape(3, 4)",
            "{m}.T.T",
        ),
    ],
    "new v": [
        *(
            "{m}[:, {index}]",
            "{v} * 0.5",
            "{v}[::-1]",
            "{m}.mean(axis=1)",
            "np.full(3, {n})",
            "{m}.T[{index}]",
        ),
        *("{v}[np.argsort({v})]", "np.array([{cell} + q for q in {v}])"),
    ],
}
STATEMENTS = [
    *("{cell} {op} {n}", "{cell} {op} {n}", "{m}[{part}, {part}] {op} {n}", "{m}[{index}] {op} {n}"),
    *("{m}[:, {index}] {op} {new v}", "{m} += {n}", "{m} *= {m}", "{v} -= {v}", "{m}[{m} > {n}] {op} {n}"),
    *("{m}[[0, 2, 0], [3, 1, 3]] {op} {n}", "np.add({m}, {n}, out={m})", "{v}.sort()", "{v}.fill({n})"),
    *("np.add.at({m}, ([0, 1, 0], [1, 1, 1]), {n})", "np.copyto({m}, {m})", "change({m}[{part}], {n})"),
    *("{m}.flat[7] = {n}", "np.put({m}, [0, 5], {n})", "nested({v}, {n})", "np.fill_diagonal({m}, {n})"),
    *("box['w'] = {m}", "box['w'] += {n}", "box['w'][{index}] -= 1", "{cell}, {cell} = {cell}, {cell}"),
    *(
        "{cell} = {cell} = {n}",
        "m1 = {new m}",
        "m2 = {new m}",
        "m3 = {new m}",
        "v1 = {new v}",
        "v2 = {new v}",
    ),
    *("k = {n}", "name = {n}", "{m} = {new m}", "{v} = {new v}", "del name; name = 0"),
]
BLOCKS = {
    "for {i} in range({times}):": "",
    "for {i}, row in enumerate({m}):": "row[{index}] {op} {n}",
    "for p, q in zip({v}, {m}):": "q[1] {op} p",
    "for {i}, row in rows({m}):": "row[0] {op} 2",
    "for {i}, _ in itertools.product(range(2), repeat=2):": "{cell} {op} {n}",
    "for {i}, _ in np.ndindex(2, 2):": "{cell} {op} {n}",
    "while ({i} := {i} + 1) < {times}:": "if {n} > {n}: break",
    "if {n} > {n}:": "",
    "try:": "{m}[9, 0] {op} {n}",
}


class Writer:
    """Writes one function."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []
        self.loops: list[str] = ["k"]

    def module(self) -> str:
        """The source of a module with the function and its helpers."""
        for start in ("m1 = {new m}", "m2 = x", "m3 = y[::-1]", "v1 = v", "v2 = y[:, 1]", "name = 0"):
            self.write(1, start.replace("{new m}", "x * 2"))
        for _ in range(self.random.randint(2, 7)):
            self.statement(1)
        return MODULE.format(body="\n".join(self.lines), m=self.filled("{m}"), v=self.filled("{v}"))

    def statement(self, depth: int) -> None:
        """One statement, at times with others in it."""
        if depth > 3 or self.random.random() < 0.7:
            self.write(depth, self.random.choice(STATEMENTS))
            return
        head, last = self.random.choice(list(BLOCKS.items()))
        loop = f"i{depth}"
        if head.startswith("while"):
            self.write(depth, f"{loop} = 0")
        self.write(depth, head.replace("{i}", loop).replace("{times}", str(self.random.randint(0, 3))))
        self.loops.append(loop if "{i}" in head else "k")
        for _ in range(self.random.randint(1, 3)):
            self.statement(depth + 1)
        self.write(depth + 1, last or "pass")
        self.loops.pop()
        if head == "try:":
            self.write(depth, self.random.choice(["except IndexError:", "finally:"]))
            self.write(depth + 1, self.random.choice(STATEMENTS))

    def write(self, depth: int, template: str) -> None:
        """One line."""
        self.lines.append("    " * depth + self.filled(template))

    def filled(self, template: str) -> str:
        """A template with all its places filled."""
        while found := re.search(r"{([a-z ]+)}", template):
            template = template[: found.start()] + self.choice(found[1]) + template[found.end() :]
        return template

    def choice(self, place: str) -> str:
        """What stands in a place."""
        names = {"m": ["x", "y", "m1", "m2", "m3"], "v": ["v", "v1", "v2"], "name": ["k", "name"]}
        if place == "loop":
            return self.loops[-1] if self.loops[-1] != "k" else "1"
        return self.random.choice(names.get(place) or EXPRESSIONS[place])
