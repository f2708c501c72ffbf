"""Vocabulary: what the parameters, keys and attributes of somebody's operator mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from convstep.candidate.call.words import making_roles, roles_of
from convstep.candidate.record.filling import KEPT
from convstep.candidate.verdicts.naming import is_upstream
from convstep.frozen import frozen
from convstep.operators.operator import Operator

HELD = re.compile(
    r"(.*_)?(h?y?p?e?r?_?params?|h?params?|parameters|hparameters|hyperparameters|config|cfg|conf|options|opts?|args"
    r"|settings|kwargs|weights_dict)"
)
"""A dict or an object that holds options, or weights, or both."""
TRAINING = re.compile(r"(is_|in_)?train(ing|_flg|_flag|_mode)?|is_train\w*")
_GRADIENT = re.compile(
    r"(?:nabla|deltas?|gradients?|grads?|d_?(?:l|loss|e|j|c|out)_?d_?|g|d|partial)_?(?P<what>.+)"
    r"|(?P<before>.+?)_?(?:gradients?|grads?|deltas?|derivatives?|g)"
)
_BARE = re.compile(r"d|g|grads?|gradients?|deltas?|derivatives?|nabla|grad_?dict|grad_?params")
_SIZES = {
    "in_channels": "in", "out_channels": "out", "in_h": "H", "in_w": "W", "batch": "N",
    "kernel_size": "kernel", "kernel_h": "kernel[0]", "kernel_w": "kernel[1]", "input_shape": "shape",
    "activation": "activation", "initializer": "initializer", "optimizer": "optimizer", "rate": "rate",
    "seed": "seed", "rng": "rng", "name": "name", "dtype": "dtype", "zero": "zero", "flag": "flag",
    "format": "format", "use_bias": "flag",
}  # fmt: skip
"""Roles of a constructor's parameters, as `call.words` knows them, and what they are here."""
_IN = (
    "in_features in_dim input_dim input_size in_size n_in d_in num_inputs vocab_size vocab num_embeddings "
    "n_vocab voc_size num_words n_words num_weights inputs in_units input_units input_features"
)
_WIDE = "num_features n_features features dim d_model dims hidden_dim"
"""How wide x is; of words, which have no width, how wide what they become is."""
_OUT = (
    "out_features out_dim output_dim output_size out_size n_out d_out num_outputs units n_units hidden_size "
    "hidden embedding_dim emb_dim embed_dim embedding_size embed_size outputs out_units output_units "
    "output_features"
)


@frozen()
class Vocabulary:
    """The words of one operator."""

    roles: Mapping[str, str] = field(default_factory=dict)
    """By spelling, in lower case without underscores around: an array, an option, or `size[0]`."""
    arrays: tuple[str, ...] = ()
    """Which roles are arrays that the forward takes."""
    options: tuple[str, ...] = ()
    """Which are options."""
    upstream: tuple[str, ...] = ()
    """The gradients from above."""
    outputs: tuple[str, ...] = ()
    """What the forward returns."""
    gradients: tuple[str, ...] = ()
    """What the backward returns."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """By spelling as well, parts of arrays (`wx[0]`), and what theirs joins of ours."""
    joined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By what theirs joins, the arrays of ours."""

    @classmethod
    def of(cls, operator: Operator, options: tuple[str, ...]) -> Vocabulary:
        """The words of an operator."""
        arrays = tuple(name for name in operator.axes if name not in operator.outputs)
        roles: dict[str, str] = {}
        for name in (*arrays, *options, *operator.outputs, *operator.upstream):
            roles.setdefault(plain(name), name)
        joined = {name: each for one in operator.conventions for name, each in one.joined.items()}
        parts: dict[str, str] = {}
        for role, words in operator.words.items():
            base, _, item = role.partition("[")
            for word in words.split():
                apart = base in joined or (item and base in arrays)
                (parts if apart else roles).setdefault(plain(word), role)
        told = arrays, options, operator.upstream, operator.outputs, operator.gradients
        return cls(roles, *told, parts, joined)

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary that JSON makes of `as_plain`."""
        plainly: dict[str, Any] = {
            name: value if isinstance(value, dict) else tuple(value) for name, value in said.items()
        }
        return cls(**plainly)

    def as_plain(self) -> dict[str, Any]:
        """What JSON can say."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def apart(self) -> Vocabulary:
        """The words of parts alone; the gradient of one is `dwx[0]`."""
        return Vocabulary(self.parts, gradients=tuple({f"d{role}" for role in self.parts.values()}))

    def role(self, name: str) -> str:
        """What a name means; "" if it is none of the operator's words.

        >>> Vocabulary({"x": "x", "aprev": "x"}, ("x",)).role("A_prev")
        'x'
        """
        word = plain(name)
        return self.roles.get(word) or self.roles.get(word.rstrip("0123456789"), "") or self._common(name)

    def _common(self, name: str) -> str:
        """What a name means in any operator."""
        known = {"A_prev": self.arrays[:1], "W": ("w", "gamma"), "b": ("b", "beta"), "kernel_size": ("size",)}
        known |= {"stride": ("stride",), "padding": ("padding",), "dilation": ("dilation",)}
        for role in roles_of(name) if name != "self" else ():  # a layer is none of its arrays
            for meant in known.get(role, ()):
                if meant in (*self.arrays, *self.options):
                    return meant
        if plain(name) in ("scaler", "scales") and "gamma" in self.arrays:
            return "gamma"
        if plain(name) in ("intercept", "offset") and "beta" in self.arrays:
            return "beta"
        if "size" in self.options:
            sides = [role for role in making_roles(name) if role in ("kernel_h", "kernel_w")]
            return f"size[{int(sides[0] == 'kernel_w')}]" if sides else ""
        return ""

    def making(self, name: str) -> str:
        """What a constructor's parameter means that is none of the operator's words: a size, a flag."""
        word = plain(name)
        if word == "normalizedshape":
            return "shape[-1]"
        if word in (plain(each) for each in _WIDE.split()):
            return "in" if f"d{self.arrays[0]}" in self.gradients else "out"
        if word in (plain(each) for each in _IN.split()) or (word == "d" and "gamma" in self.arrays):
            return "in"
        if word in (plain(each) for each in _OUT.split()):
            return "out"
        if TRAINING.fullmatch(name.lower()):
            return "training"
        return next((_SIZES[role] for role in making_roles(name) if role in _SIZES), "")

    def gradient(self, label: str) -> str:
        """Which gradient a label names: `dA_prev`, `dLdW`, `grads['b']`, `W.grad`; "" if none.

        >>> words = Vocabulary({"x": "x", "w": "w", "weight": "w"}, ("x", "w"), gradients=("dx", "dw"))
        >>> [words.gradient(each) for each in ("dLdW", "grads['W']", "weight.grad", "w", "loss")]
        ['dw', 'dw', 'dw', '', '']
        """
        parts = [each for each in re.split(r"[.\[\]'\"]+", label) if each and not each.isdigit()]
        if not parts:
            return ""
        last, before = parts[-1], parts[:-1]
        if (found := self._gradient(last)) is not None:
            return found
        bare = [bool(_BARE.fullmatch(each.lower().strip("_"))) for each in parts]
        if bare[-1] and before:
            alone = self.gradients[0] if len(self.gradients) == 1 and before == ["self"] else ""
            return self._of(before[-1]) or alone
        return self._of(last) if any(bare[:-1]) else ""

    def _gradient(self, word: str) -> str | None:
        flat = plain(word)
        exact = {plain(name): name for name in self.gradients}
        if flat in exact:
            return exact[flat]
        if "[" in self.roles.get(flat, ""):  # Wg is no gradient of W
            return None
        snake = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", word.strip("_")).lower()
        for text in (snake, flat):
            if (found := _GRADIENT.fullmatch(text)) and (name := self._of(found["what"] or found["before"])):
                return name
        return None

    def _of(self, word: str) -> str:
        """The gradient by the array that a word names."""
        role = self.role(word)
        return f"d{role}" if f"d{role}" in self.gradients else ""


def plain(name: str) -> str:
    """A name as it is looked up: in lower case, without underscores."""
    return name.lower().replace("_", "")


def keeps(name: str) -> bool:
    """Whether a parameter is what a forward keeps for its backward."""
    return KEPT.fullmatch(name.lower()) is not None


def holds(name: str) -> bool:
    """Whether a parameter is a dict of options or of weights."""
    return HELD.fullmatch(name.lower().strip("_")) is not None


def comes_from_above(name: str) -> bool:
    """Whether a parameter's name says that it is the gradient from above."""
    return is_upstream(name) and not keeps(name) and not holds(name)


def own_word(path: tuple[str, ...]) -> str:
    """The last piece of a path that is a name of its own."""
    words = [re.sub(r"^\['?(.*?)'?\]$", r"\1", piece) for piece in path]
    inner = ("data", "value", "val", "array", "arr", "param", "tensor")
    while len(words) > 1 and (words[-1].isdigit() or words[-1].lower() in inner):
        words.pop()
    return words[-1]
