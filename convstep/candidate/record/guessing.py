"""Small arguments for operators that many people write, by what their functions and parameters are called.

A guess says what each parameter is given: x, weights, a dict of options. The forward of the same file
makes the cache from it; where there is none, the cache is what the courses put into it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from convstep.candidate.call.words import roles_of
from convstep.candidate.record.filling import KEPT, NOTHING, Lookup, upstream
from convstep.frozen import frozen

X = (
    "x a_prev a x_in inp input net_input flat inputs input_data in_data data features image images img z xs "
    "x_t xt"
)
"""What the input is called."""
W = "w weight weights theta kernel kernels filters"
B = "b bias biases"


@frozen(eq=False)
class Guess:
    """What the parameters of an operator's functions are given."""

    operator: str
    """What the operator is called in a sentence."""
    values: Mapping[str, Any]
    """By the parameter's name in lower case."""
    out: tuple[int, ...]
    """The shape of its output, and so of the gradient from above."""
    cache: Any = field(default=NOTHING)
    """What its backward gets where no forward makes it."""
    sure: bool = True
    """Whether the name of the operator says what its arrays are like."""
    kinds: bool = False
    """Whether it is one of several kinds of targets, of which a loss may mean any."""
    varied: bool = False
    """Whether parameters have other numbers than they have by default."""
    narrow: bool = False
    """Whether its numbers are of one sign, for what takes no others: many a mistake does not show there."""

    def lookup(self) -> Lookup:
        """Looks up what a parameter is given."""
        return lambda name: self.values.get(name.lower().strip("_"), NOTHING)

    def kept(self, source: str) -> Any:
        """The cache: the parts that a source unpacks it into, if all are known by name; else the course's."""
        if unpacked := _UNPACKED.search(source):
            parts = [self.lookup()(name) for name in re.findall(r"\w+", unpacked[1])]
            if not any(part is NOTHING for part in parts):
                return tuple(parts)
        return self.cache


_UNPACKED = re.compile(rf"^[ \t]*\(?(\w+(?:, *\w+)+)\)? *= *(?:{KEPT.pattern})[ \t]*(?:#.*)?$", re.M | re.I)
"""A line that takes the cache apart: `x, size, stride = cache`."""


@frozen()
class Asked:
    """Who is to be called."""

    name: str
    """Its name, with that of its class."""
    parameters: frozenset[str]
    """Those of the function, its forward and its class, in lower case."""
    defaults: Mapping[str, Any]
    source: str
    """Its text; "" if unknown."""
    inputs: tuple[str, ...] = ()
    """The parameters of its forward and its class, as listed; what else it takes, the forward makes."""
    sizes: tuple[str, ...] = ()
    """Those of its class as listed."""
    text: str = ""
    """That of its forward and its own."""

    @property
    def channels_last(self) -> bool:
        """Whether pictures have their channels last, as far as names say it."""
        said = re.search(
            r"hparameters|n_H|\(\s*m\s*,|, *n?_?[hw]\w*, *n?_?[hw]\w*, *n?_?c\w*\)? *= *\S*\.shape",
            self.source,
        )
        named = {"hparameters", "kernel_shape", "a_prev"} & self.parameters
        first = re.search(r"\bN\w*, *C\w*, *H\w*, *W\w*\)? *= *\S*\.shape", self.source)
        return bool(said or named) and not first


def guesses(asked: Asked) -> Iterator[Guess]:
    """What could be given, likeliest first; nothing for an operator that is not known by name."""
    for pattern, make in _OPERATORS:
        if re.search(pattern, asked.name, re.I):
            for guess in make(asked):
                yield replace(guess, values=distinct_of(guess.values, asked.inputs))
            return


def distinct_of(values: Mapping[str, Any], inputs: Sequence[str]) -> dict[str, Any]:
    """The same without the inputs that are given an array which another one has: `a` beside `x`."""
    arrays = [name for name in inputs if isinstance(values.get(name.strip("_")), np.ndarray)]
    first = {id(values[name.strip("_")]): name for name in reversed(arrays)}
    second = {name.strip("_") for name in arrays if name not in first.values()}
    return {name: value for name, value in values.items() if name not in second}


def known(name: str) -> bool:
    """Whether a function's name says which operator it is."""
    return any(re.search(pattern, name, re.I) for pattern, _ in _OPERATORS)


def whole(*shape: int, seed: int = 1) -> Any:
    """Whole numbers from -4 to 4."""
    return np.random.default_rng([seed, *shape]).integers(-4, 5, shape).astype(np.float64)


def distinct(*shape: int) -> Any:
    """Whole numbers, no two the same: no window has two maxima."""
    size = int(np.prod(shape))
    return np.random.default_rng([2, *shape]).permutation(size).reshape(shape).astype(np.float64)


def small(*shape: int, seed: int = 3) -> Any:
    """Quarters from -1 to 1, for functions that saturate."""
    return whole(*shape, seed=seed) / 4


def given(*pairs: tuple[str, Any]) -> dict[str, Any]:
    """Values by name, from several names for each."""
    return {name: value for names, value in pairs for name in names.split()}


def _pool(asked: Asked) -> Iterator[Guess]:
    average = re.search(r"av(g|erage)|mean", asked.name, re.I)
    if re.search(r"global|(?<![a-z])gap(?![a-z])", asked.name, re.I):  # no windows, and no square
        for picture in ((2, 4, 5, 3), (2, 3, 4, 5))[:: 1 if asked.channels_last else -1]:
            yield Guess("global pooling", given((X, distinct(*picture))), picture)
        return
    said = re.search(r"mode\s*==\s*[\"'](avg|average|mean)[\"']", asked.source)
    mode = (said[1] if said else "average") if average else "max"
    default = next((asked.defaults[name] for name in ("stride", "strides") if name in asked.defaults), None)
    last, first = (1, 0, 0, 2), (1, 2, 0, 0)
    batched = (last, first) if asked.channels_last else (first, last)
    # windows that overlap show more, and some functions take windows that tile alone;
    # what knows no channels would take its maxima over all of them, so none comes before two
    lines = re.search(r"(?i)\bn\w*, *c\w*, *[ltw]\w*\)? *= *\S*\.shape", asked.source)
    lyings = ((2, 3, 0),) if lines else (*batched, (0, 0), (0, 0, 2))
    for lying, (size, k, s) in itertools.product(lyings, ((5, 3, 2), (4, 2, 2))):
        step = default[0] if isinstance(default, (tuple, list)) and default else default
        step = step if isinstance(step, int) and step > 0 else s
        n = (size - k) // step + 1
        x, out = (tuple(length or filled for length in lying) for filled in (size, n))
        options = given(
            ("pool_height pool_width f", k), ("stride", step), ("pad", 0), ("mode", mode),
            ("pool_size kernel_size", k), ("pool_stride", step), ("padding", 0),
        )  # fmt: skip
        values = given(
            (X, distinct(*x)),
            ("x_shape input_shape in_shape shape", x),
            ("pool_param pool_params hparameters hparams param", options),
            ("pool_h pool_w pool_height pool_width ph pw f k ksize kernel_size filter_size kernel size", k),
            ("kernel_shape pool_size pool_shape", (k, k)),
            ("stride strides s", (step, step) if "kernel_shape" in asked.parameters else step),
            ("pad padding p", 0),
            ("mode", mode),
        )
        if "p" in asked.defaults:  # a size or a padding, as its default says
            values.pop("p", None)
        own = {"f": k, "stride": step} if lying == last else options
        yield Guess("average pooling" if average else "max pooling", values, out, (values["x"], own))


def _norm(asked: Asked) -> Iterator[Guess]:
    name = asked.name.lower()
    group, spatial = "group" in name, "spatial" in name or "2d" in name
    word = (
        "group normalization"
        if group
        else "layer normalization"
        if re.search("layer|ln", name)
        else "batch normalization"
    )
    channels = 4 if group else 3
    rows, picture = (3 if group else 4, channels), (2, channels, 2, 3)
    sizes = (picture, rows) if group or spatial else (rows, picture)
    flat = (channels,)
    for size, each in ((picture, (1, channels, 1, 1)), *((one, flat) for one in sizes))[not group :]:
        x = whole(*size)
        values = given(
            (X, x),
            ("gamma g scale w weight", np.array([1.0, 2.0, -1.0, 3.0])[:channels].reshape(each)),
            ("beta b shift bias", np.array([0.0, 1.0, 2.0, -1.0])[:channels].reshape(each)),
            ("bn_param ln_param gn_param param params", {"mode": "train", "eps": 1e-5}),
            ("eps epsilon", 1e-5),
            ("mode", "train"),
            ("train train_flg train_flag training is_training", True),
            ("momentum", 0.9),
            ("g groups n_groups num_groups group", 2)
            if group
            else ("num_features dim n_features d c channels n size features", channels),
        )
        yield Guess(word, values, x.shape)


def _linear(asked: Asked) -> Iterator[Guess]:
    rows = given(
        (X, whole(2, 3)),
        (W, whole(3, 4, seed=4)),
        (B, whole(4, seed=5)),
        ("activation", "relu"),
        ("rng", np.random.RandomState(0)),
        ("in_features input_dim input_size in_dim n_in d_in", 3),
        ("out_features output_dim output_size out_dim n_out d_out", 4),
    )
    columns = rows | given(
        ("a_prev a x", whole(3, 2)), ("w", whole(4, 3, seed=4)), ("b", whole(4, 1, seed=5))
    )
    by_column = re.search(r"A_prev|n_x|\bm\b *=", asked.source) or "a_prev" in asked.parameters
    for values, out in ((columns, (4, 2)), (rows, (2, 4)))[:: 1 if by_column else -1]:
        cache = (values["x"], values["w"], values["b"])
        # of the output's activation: the linear part's cache, and Z
        both = (cache, whole(*out, seed=6)) if "activation" in asked.parameters else cache
        yield Guess("a linear layer", values, out, both)


def _elementwise(asked: Asked) -> Iterator[Guess]:
    x = upstream((3, 4), 1)
    values = given(
        (X, x), ("alpha slope negative_slope", 0.1), ("p dropout_ratio ratio rate keep_prob", 0.5),
        ("dropout_param", {"mode": "train", "p": 0.5, "seed": 1}), ("train_flg training", True),
    )  # fmt: skip
    yield Guess(
        _word(asked.name, "relu sigmoid tanh gelu elu swish silu softplus dropout"), values, x.shape, x
    )


def _word(name: str, words: str) -> str:
    return next((word for word in words.split() if word in name.lower()), "an activation")


def _loss(asked: Asked) -> Iterator[Guess]:
    if {"w", "x", "y"} <= asked.parameters:  # the scores are x @ w
        values = given(
            (X, small(3, 5)), (W, small(5, 4, seed=4)), ("y labels", np.array([0, 3, 1])), ("reg", 0.5)
        )
        yield Guess("a classifier's loss", values, ())
    if {"x", "y", "mask"} <= asked.parameters:  # over time
        mask = np.array([[1, 1, 0], [1, 0, 1]], bool)
        values = given((X, small(2, 3, 4)), ("y", np.array([[0, 3, 1], [2, 2, 0]])), ("mask", mask))
        yield Guess("a softmax loss", values, ())
    labels, scores = np.array([0, 3, 1]), whole(3, 4)
    hot = np.eye(4)[labels]
    both = {"y", "t"} <= asked.parameters
    probabilities = np.array([0.5, 0.25, 0.125, 0.125]) * np.ones((3, 1))
    for target in (labels, hot):
        values = given(
            (f"{X} scores logits score", scores),
            ("y labels label target targets t y_true" if not both else "t", target),
            ("predictions probs probabilities p y_hat yhat y_pred s a softmax_output", probabilities),
            *((("y", probabilities),) if both else ()),
        )
        if asked.inputs and not re.search(
            "loss|entropy|svm", asked.name, re.I
        ):  # y is what its forward returns
            values = {name: value for name, value in values.items() if name in asked.inputs}
        yield Guess("a softmax loss" if "loss" in asked.name.lower() else "softmax", values, (3, 4), scores)


def _embedding(asked: Asked) -> Iterator[Guess]:
    words, table = np.array([[0, 2, 0], [1, 2, 3]]), whole(4, 2)
    values = given(
        (f"{X} idx index indices ids tokens words", words), (f"{W} table embedding emb", table),
        ("v vocab vocab_size num_embeddings num_weights n_words", 4), ("d dim embedding_dim", 2),
    )  # fmt: skip
    yield Guess("an embedding", values, (2, 3, 2), (words, table))


def _recurrent(asked: Asked) -> Iterator[Guess]:
    lstm, name = "lstm" in asked.name.lower(), asked.name.lower()
    step = re.search("step|cell", name)
    word = ("an LSTM step" if step else "an LSTM") if lstm else ("an RNN step" if step else "an RNN")
    times = 4 if lstm else 3 if "gru" in name else 1
    gates = "f i c o" if lstm else ""
    weights = {f"W{gate}": small(4, 7, seed=at + 5) for at, gate in enumerate(gates.split())}
    weights |= {f"b{gate}": small(4, 1, seed=at + 9) for at, gate in enumerate(gates.split())}
    weights |= {"Wax": small(4, 3, seed=5), "Waa": small(4, 4, seed=6), "ba": small(4, 1, seed=7)}
    weights |= {"Wya": small(2, 4, seed=8), "Wy": small(2, 4, seed=8), "by": small(2, 1, seed=9)}
    asked_for = {key: one for key, one in weights.items() if re.search(rf"[\"']{key}[\"']", asked.text)}
    if "parameters" in asked.parameters or re.search(r"\bWax\b|\bWf\b", asked.source):
        values = given(
            (X, small(3, 2) if step else small(3, 2, 3)),
            ("a_prev a0 h_prev", small(4, 2, seed=4)), ("c_prev", small(4, 2, seed=5)),
            ("parameters params", asked_for or weights),
        )  # fmt: skip
        yield Guess(word, values, (4, 2) if step else (4, 2, 3))
        return
    parts = given(
        ("wx w_x wxh w_xh wih w_ih w", small(3, 4 * times, seed=6)),
        ("wh w_h whh w_hh u", small(4, 4 * times, seed=7)),
        (f"{B} bh b_h bhh b_hh", small(4 * times, seed=8)),
        ("bx b_x bih b_ih", small(4 * times, seed=9)),
    )
    keys = dict.fromkeys(re.findall(r"\w+\[[\"'](\w+)[\"']\]", asked.text))
    held = {key: parts[key.lower()] for key in keys if key.lower() in parts}
    for one in dict.fromkeys((bool(step) or "gru" in name, not step)):
        values = parts | given(
            (X, small(2, 3) if one else small(2, 3, 3)),
            ("prev_h h_prev h0 h h_prev_t", small(2, 4, seed=4)),
            ("prev_c c_prev c0 c", small(2, 4, seed=5)),
            ("p params parameters weights", held),
            ("input_size input_dim in_dim n_in n_x d_in input_features d", 3),
            ("hidden_size hidden_dim hid_dim n_hidden n_h n_a d_h units", 4),
        )
        yield Guess(word, values, (2, 4) if one else (2, 3, 4))
    yield Guess(word, {**values, **given((X, small(3, 2, 3)))}, (3, 2, 4))  # time first


def _attention(asked: Asked) -> Iterator[Guess]:
    values = given(
        ("q query queries", small(3, 4, seed=4)), ("k key keys", small(3, 4, seed=5)),
        ("v value values", small(3, 4, seed=6)), (X, small(3, 4)), ("mask", None),
        ("n_embd d_model embed_dim embd_dim emb_dim model_dim dim hidden_size d n_embed", 4),
        ("n_head n_heads num_heads heads h num_head", 2), ("dropout", 0.0),
    )  # fmt: skip
    for x in (small(2, 3, 4), small(3, 4)) if asked.sizes else (small(3, 4),):
        yield Guess("attention", values | given((X, x)), x.shape)


_KERNELS = ("kernel", "kernels", "filter", "filters", "weight", "weights", "w", "k")
_DEPTH, _POINT = (
    " ".join([*stems, *(f"{stem}_{word} {word}_{stem}" for stem in stems for word in _KERNELS)])
    for stems in (("dw", "depth", "depthwise"), ("pw", "point", "pointwise"))
)
"""What the kernels of a depthwise and of a pointwise convolution are called."""


def _conv(asked: Asked) -> Iterator[Guess]:
    options = {"stride": 1, "pad": 1}
    pair = any(isinstance(asked.defaults.get(name), tuple) for name in ("stride", "strides"))
    sides, kept = isinstance(asked.defaults.get("kernel_size"), tuple), asked.defaults.get("padding")
    common = given(
        ("conv_param hparameters hparams", options), ("stride strides s", (1, 1) if pair else 1),
        ("pad padding p", 1), ("padding", kept if isinstance(kept, str) else 1),
        ("activation", lambda value: value),
        ("in_channels c_in cin in_ch in_c n_in channels num_channels in_channel", 2),
        ("out_channels c_out cout out_ch out_c n_out num_filters n_filters filters out_channel", 2),
        ("kernel_size", (3, 3) if sides else 3), ("filter_size ksize k f", 3),
        ("rng", np.random.RandomState(0)), ("in_shape input_shape", (2, 4, 4)),
        (_DEPTH, whole(2, 3, 3, seed=6)), (_POINT, whole(3, 2, seed=7)),
    )  # fmt: skip
    sizes = {"n": 2, "c": 2, "h": 4, "w": 5, "f": 3, "kh": 3, "kw": 2}
    told = {"n", "c", "h", "w"} <= asked.parameters
    if told or asked.parameters & {"in_shape", "input_shape"}:  # pictures that are rows of numbers
        rows = whole(2 * 2 * 4 * 5) if told else whole(2, 32)
        yield Guess("a convolution", common | given((X, rows)) | (sizes if told else {}), rows.shape)
    x, w, b = (1, 2, 4, 4), (2, 2, 3, 3), (2,)
    if re.search(r"separab|(?<![a-z])pw(?![a-z])|point_?wise", f"{asked.name} {asked.text}", re.I):
        last = given(
            (X, whole(1, 4, 5, 2)), (B, whole(3, seed=5)), (_POINT, whole(2, 3, seed=7)),
            (_DEPTH, whole(3, 3, 2, seed=6)),
        )  # fmt: skip
        first = given((X, whole(1, 2, 4, 5)), (B, whole(3, seed=5)))
        for values in (first, last)[:: -1 if asked.channels_last else 1]:
            yield Guess("a separable convolution", common | values, (1, 3, 2, 3))
    batched = (x, w, b), ((1, 4, 4, 2), (3, 3, 2, 2), (1, 1, 1, 2))
    single = ((4, 4, 2), (2, 3, 3, 2), b), ((4, 4), (3, 3), ()), ((6,), (3,), ())
    deep = ((2, 2, 4, 5), (2, 3, 3), b), ((2, 4, 5, 2), (3, 3, 2), b)
    depthwise = deep[:: -1 if asked.channels_last else 1] if "depth" in asked.name.lower() else ()
    for shapes in (*depthwise, *batched[:: -1 if asked.channels_last else 1], *single):
        arrays = [whole(*shape, seed=at + 3) for at, shape in enumerate(shapes)]
        values = common | given((X, arrays[0]), (W, arrays[1]), (B, arrays[2]))
        yield Guess("a convolution", values, shapes[0], (*arrays, options))
    yield from _with_others(asked, common)


_MASK = (1.0, 0.0, 1.0, 1.0, 0.0)


def _with_others(asked: Asked, common: Mapping[str, Any]) -> Iterator[Guess]:
    """A convolution with one or two tensors more: a mask, or a scale of each filter or input channel."""
    lying = ((2, 2, 5, 6), (3, 2, 3, 3), 1), ((2, 5, 6, 2), (3, 3, 2, 3), -1)
    single = ((2, 5, 6), (3, 2, 3, 3), 0), ((5, 6), (3, 3), None)
    needed = [name for name in asked.inputs if name not in asked.defaults and name != "ctx"]
    said = {name: (*roles_of(name), "")[0] for name in needed}
    for x, w, axis in (*lying[:: -1 if asked.channels_last else 1], *single):
        filters, channels = ((), ()) if axis is None else ((3,), (2,))
        arrays = {"A_prev": whole(*x), "W": whole(*w, seed=4), "b": whole(*filters, seed=5)}
        meant = arrays | {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}
        known = {**common, **given((X, arrays["A_prev"]), (W, arrays["W"]), (B, arrays["b"]))}
        for name, role in said.items():  # a mask is a kernel to some, where nothing else is one
            if name not in known and role in meant and list(said.values()).count(role) == 1:
                known[name] = meant[role]
        others = [name for name in needed if name not in known]
        if not 0 < len(others) < 3:
            return
        masks = [re.search("mask|keep|prun", name) is not None for name in others]
        of_filters = {filters, (*filters, 1, 1)[: len(w)]}
        shapes = [
            (w, *of_filters, channels, x, ()) if mask else (*of_filters, channels, w, x, ()) for mask in masks
        ]
        for picked in itertools.product(*map(dict.fromkeys, shapes)):
            added = {
                name: np.resize(_MASK, shape) if mask else np.asarray(small(*shape, seed=at + 7) + 0.125)
                for at, (name, mask, shape) in enumerate(zip(others, masks, picked, strict=True))
            }
            # what is called a mask and fits the kernels is one of these
            sure = all(masks) and {*picked} == {w}
            yield Guess("a convolution", known | added, x, sure=sure)


Make = Callable[[Asked], Iterator[Guess]]
_OPERATORS: Sequence[tuple[str, Make]] = (
    ("pool", _pool),
    (r"norm(?!s)|(?<![a-z])(bn|ln|gn)(?![a-z])", _norm),
    ("embed", _embedding),
    ("lstm|rnn|gru", _recurrent),
    ("attention|attn", _attention),
    (r"softmax|cross_?entropy|svm_loss", _loss),
    (r"affine|linear|dense|fully|(?<![a-z])fc(?![a-z])", _linear),
    ("relu|sigmoid|tanh|gelu|elu|swish|silu|softplus|dropout", _elementwise),
    ("conv(?!er|ex|ent|ey|in)|depthwise", _conv),
)
"""Operators by what their functions are called; the first that fits counts."""
