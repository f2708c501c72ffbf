"""One step of an LSTM: four gates, a cell that remembers, and what it shows of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from convstep.operators.mistake import Mistakes
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem


def sigmoid(a: Array) -> Array:
    """Between 0 and 1; its derivative is `s * (1 - s)`."""
    s: Array = 1 / (1 + np.exp(-a))
    return s


def lstm_step_forward(
    x: Array, prev_h: Array, prev_c: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array]:
    """What the cell keeps of its past, and what it takes in.

    Args:
        x: `(N, D)`, the input of this step.
        prev_h: `(N, H)`, what was shown before.
        prev_c: `(N, H)`, what was remembered before.
        wx: `(D, 4H)`, of the gates i, f, o and of the candidate g, side by side.
        wh: `(H, 4H)`.
        b: `(4H,)`.

    Returns:
        next_h, next_c, each `(N, H)`.
    """
    a = x @ wx + prev_h @ wh + b
    a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)
    next_c = f * prev_c + i * g
    next_h = o * np.tanh(next_c)
    return next_h, next_c


def lstm_step_backward(
    dnext_h: Array,
    dnext_c: Array,
    x: Array,
    prev_h: Array,
    prev_c: Array,
    wx: Array,
    wh: Array,
    b: Array,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """The forward's lines from last to first; the cell is reached on two paths, which add up.

    The arguments are the forward's, and dnext_h, dnext_c, as its outputs, from the next step; the gradients
    are as x, prev_h, prev_c, wx, wh, b.
    """
    a = x @ wx + prev_h @ wh + b
    a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)
    next_c = f * prev_c + i * g
    shown = np.tanh(next_c)
    do = dnext_h * shown
    dc = dnext_c + dnext_h * o * (1 - shown**2)
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    da_i = di * i * (1 - i)
    da_f = df * f * (1 - f)
    da_o = do * o * (1 - o)
    da_g = dg * (1 - g**2)
    da = np.hstack([da_i, da_f, da_o, da_g])
    dx = da @ wx.T
    dprev_h = da @ wh.T
    dwx = x.T @ da
    dwh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dwx, dwh, db


def small() -> OperatorProblem:
    """Two samples of two numbers, a cell of two."""
    arrays = {
        "x": np.array([[1, 0], [-1, 2]], float),
        "prev_h": np.array([[0, 1], [1, -1]], float),
        "prev_c": np.array([[1, -1], [0, 2]], float),
        "wx": np.array([[1, 0, -1, 0, 1, 1, 0, -1], [0, 1, 1, -1, 0, 1, 1, 0]], float),
        "wh": np.array([[0, 1, 0, 1, -1, 0, 1, 0], [1, 0, -1, 0, 0, 1, 0, 1]], float),
        "b": np.zeros(8),
    }
    upstream = {"dnext_h": np.array([[1, 2], [-1, 1]], float), "dnext_c": np.array([[0, 1], [1, -2]], float)}
    return OperatorProblem(arrays, upstream)


def problems(rng: np.random.Generator) -> Iterator[OperatorProblem]:
    """See `Operator.problems`."""
    told: tuple[tuple[str, int, int, int], ...] = (
        ("two samples", 2, 3, 2),
        ("one sample", 1, 3, 2),
        ("a cell of one number", 3, 2, 1),
        ("as many inputs as cells", 2, 3, 3),
        ("as many samples as inputs and cells", 3, 3, 3),
        ("as many samples as gates", 8, 3, 2),
        ("as many inputs as gates", 2, 4, 1),
    )
    for about, N, D, H in told:
        yield _problem(rng, about, N, D, H)
    while True:
        yield _problem(rng, "", *(int(n) for n in rng.integers(1, 5, 3)))


def _problem(rng: np.random.Generator, about: str, N: int, D: int, H: int) -> OperatorProblem:
    shapes = {
        "x": (N, D),
        "prev_h": (N, H),
        "prev_c": (N, H),
        "wx": (D, 4 * H),
        "wh": (H, 4 * H),
        "b": (4 * H,),
    }
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    upstream = {name: rng.standard_normal((N, H)) for name in ("dnext_h", "dnext_c")}
    return OperatorProblem(arrays, upstream, about=about)


def _other_orders() -> str:
    """Every order of the gates but the right one, those of two that change places first."""
    right = "ifog"
    orders = sorted(itertools.permutations(right), key=lambda order: sum(map(str.__ne__, order, right)))
    return "\n".join(
        "  - da = np.hstack([da_i, da_f, da_o, da_g])\n"
        f"  + da = np.hstack([{', '.join(f'da_{gate}' for gate in order)}])\n"
        for order in orders[1:]
    )


def _of_some_gates() -> tuple[str, str]:
    """Patches of one gate's db, summed over cells, and of dprev_h, where some weights are not transposed."""
    gates = "da_i, da_f, da_o, da_g"
    summed = (
        f"  + db = np.hstack([each.sum(axis=int(k == {at})) for k, each in enumerate([{gates}])])\n"
        f"  # over cells, at one gate, {'ifog'[at]} | 对细胞，只在一个门 {'ifog'[at]}\n"
        for at in range(4)
    )
    some = (places for count in range(1, 4) for places in itertools.combinations(range(4), count))
    parts = f"enumerate(zip([{gates}], np.split(wh, 4, 1), strict=True))"
    turned = (
        f"  + dprev_h = sum(each @ (w if k in {places} else w.T) for k, (each, w) in {parts})\n"
        f"  # in dprev_h, at some gates: {', '.join('ifog'[at] for at in places)}"
        f" | dprev_h 里，在这些门：{'、'.join('ifog'[at] for at in places)}\n"
        for places in some
    )
    return "".join(summed), "".join(turned)


_SUMMED, _TURNED_SOME = _of_some_gates()

MISTAKES = Mistakes(
    """
dc-path-missing: what reaches the cell through next_h is missing  [jinzishuai/learn2deeplearn#44]
    next_c is used twice: by the next step, and by this step's next_h = o * tanh(next_c). Its gradient is dnext_c plus
    dnext_h * o * (1 - tanh(next_c)**2). At the last step dnext_c is 0, and only the second is left.
  少了经过 next_h 到细胞的那条路:
    next_c 用了两次：下一步用它，这一步的 next_h = o * tanh(next_c) 也用它。它的梯度是 dnext_c 加上 dnext_h * o *
    (1 - tanh(next_c)**2)。最后一步的 dnext_c 是 0，只剩后一项。
  + dc = dnext_c
  # everywhere | 处处如此
  + df = dnext_c * prev_c
  # at the forget gate | 在遗忘门
  + di = dnext_c * g
  # at the input gate | 在输入门
  + dg = dnext_c * i
  # at the candidate | 在候选值
  + dprev_c = dnext_c * f
  # in dprev_c | 在 dprev_c 里

dnext-c-missing: dnext_c, from the next step, is missing  [cthorey/CS231#1]
    next_c goes to the next step too, and what that sends back is dnext_c. In a test of the last step, where dnext_c is
    0, nothing shows.
  少了下一步传来的 dnext_c:
    next_c 也传给了下一步，下一步传回来的就是 dnext_c。只测最后一步的话 dnext_c 是 0，什么也看不出来。
  + dc = dnext_h * o * (1 - shown**2)
  # everywhere | 处处如此
  + df = (dc - dnext_c) * prev_c
  # at the forget gate | 在遗忘门
  + di = (dc - dnext_c) * g
  # at the input gate | 在输入门
  + dg = (dc - dnext_c) * i
  # at the candidate | 在候选值
  + dprev_c = (dc - dnext_c) * f
  # in dprev_c | 在 dprev_c 里

sigmoid-derivative-missing: a gate's sigmoid is not differentiated  [CaptainE/RNN-LSTM-in-numpy#1; nicklashansen/rnn_lstm_from_scratch#1]
    A gate is sigmoid(a), so da = dgate * gate * (1 - gate). Without the factor the gradient of that gate's weights is
    at least four times too large.
  有一个门没有对 sigmoid 求导:
    门是 sigmoid(a)，所以 da = dgate * gate * (1 - gate)。漏了这个因子，这个门的权重的梯度至少大了三倍。
  + da_i = di
  # at the input gate | 在输入门
  + da_f = df
  # at the forget gate | 在遗忘门
  + da_o = do
  # at the output gate | 在输出门
  + da_i = di
  + da_f = df
  + da_o = do
  # at all gates | 三个门都是
  + da_i = di * (1 - i)
  # half of it, at the input gate | 只有一半，在输入门
  + da_i = di * i
  # the other half, at the input gate | 另一半，在输入门
  + da_f = df * (1 - f)
  # half of it, at the forget gate | 只有一半，在遗忘门
  + da_f = df * f
  # the other half, at the forget gate | 另一半，在遗忘门
  + da_o = do * (1 - o)
  # half of it, at the output gate | 只有一半，在输出门
  + da_o = do * o
  # the other half, at the output gate | 另一半，在输出门

tanh-derivative-missing: the slope of a tanh is missing or wrong
    tanh stands twice in a step: in the candidate g, and where the cell is shown. The derivative of tanh(z) is
    1 - tanh(z)**2.
  漏了或者写错了一个 tanh 的斜率:
    一步里有两个 tanh：候选值 g，以及展示细胞的地方。tanh(z) 的导数是 1 - tanh(z)**2。
  + da_g = dg
  # at the candidate | 在候选值
  + dc = dnext_c + dnext_h * o
  # where the cell is shown | 在展示细胞的地方
  + da_g = dg * (1 - g)
  # a square is missing, at the candidate | 少了平方，在候选值
  + dc = dnext_c + dnext_h * o * (1 - shown)
  # a square is missing, where the cell is shown | 少了平方，在展示细胞的地方
  + dc = dnext_c + dnext_h * o * (1 - next_c**2)
  # made from the cell itself, not from its tanh | 用的是细胞本身，而不是它的 tanh
  - dc = dnext_c + dnext_h * o * (1 - shown**2)
  + dc = dnext_c + dnext_h * o * shown
  # tanh itself for its slope | 用 tanh 自己代替了它的斜率
  + da_g = dg * (1 - np.tanh(g) ** 2)
  # tanh is taken twice, at the candidate | 取了两次 tanh，在候选值

gates-order: the gates are put together in another order
    wx, wh and b hold the gates side by side, in one order; the gradients have to be put together in the same one. In
    another, only dprev_c is right.
  各个门拼起来的顺序不对:
    wx、wh、b 里各个门按一个顺序并排放着，梯度也要按同样的顺序拼起来。顺序不对，就只有 dprev_c 是对的。
"""
    + _other_orders()
    + """
  + df = dc * g
  + di = dc * prev_c
  # two of them before their slopes, the input gate's and the forget gate's | 在乘斜率之前，输入门和遗忘门对调了

forget-gate-uses-next-c: the forget gate is given the new cell
    next_c = f * prev_c + i * g, so what f was multiplied by is prev_c. next_c is at hand in the cache and has the same
    shape, which is how it gets there.
  遗忘门用了新的细胞:
    next_c = f * prev_c + i * g，与 f 相乘的是 prev_c。next_c 就在缓存里，形状也一样，所以容易拿错。
  + df = dc * next_c

dprev-c-without-forget: dprev_c lacks the forget gate
    next_c = f * prev_c + i * g, so dprev_c is dc * f. Without f everything is remembered for ever, as far as the
    gradient knows.
  dprev_c 漏了遗忘门:
    next_c = f * prev_c + i * g，所以 dprev_c 是 dc * f。漏了 f，从梯度看，什么都永远记得。
  + dprev_c = dc
  # it is left out | 漏了
  + dprev_c = dc * i
  # the input gate stands there | 写成了输入门

db-wrong-axis: db is summed over the wrong axis
    The bias is added for each sample, so its gradient is the sum over samples, axis 0.
  db 沿错误的轴求和:
    每个样本都加了同一个偏置，所以它的梯度是对样本（第 0 轴）求和。
  + db = da.sum(axis=1)
  # over gates | 对门
  + db = np.hstack([each.sum(axis=1) for each in np.split(da, 4, axis=1)])
  # over cells, gate by gate | 对细胞，逐个门
"""
    + _SUMMED
    + """\
  + db = da.mean(axis=0)
  # the mean over samples | 对样本取了平均
  + db = da
  # it is not summed | 没有求和
  + db = da.sum(axis=0, keepdims=True)
  # an axis too many | 多了一个轴

transposes-swapped: the wrong factor is transposed
    x @ wx gives dx = da @ wx.T and dwx = x.T @ da. Shapes show it, unless sizes are alike.
  转置错了:
    由 x @ wx 得到 dx = da @ wx.T，dwx = x.T @ da。尺寸相同时形状看不出来。
  + dprev_h = (wh @ da.T)
  # dprev_h comes out transposed | dprev_h 是转置的
  + dprev_h = sum(each @ w for each, w in zip(np.split(da, 4, 1), np.split(wh, 4, 1), strict=True))
  # in dprev_h, gate by gate, nothing is transposed | dprev_h 里逐个门都没有转置
"""
    + _TURNED_SOME
    + """\
  + dx = (wx @ da.T)
  # dx comes out transposed | dx 是转置的
  + dx = da @ wx
  # in dx nothing is transposed | dx 里没有转置
  + dwx = da.T @ x
  # dwx comes out transposed | dwx 是转置的
  + dwh = da.T @ prev_h
  # dwh comes out transposed | dwh 是转置的
  + dwh = x.T @ da
  # dwh is made from x | dwh 用的是 x

writes-into-dnext-c: the caller's dnext_c is changed  [12 of 22 course repositories]
    dnext_c += ... adds into the array that the caller handed in. What is returned does not show it, but whoever uses
    dnext_c afterwards, or calls the backward twice with it, gets other numbers. Write dc = dnext_c + ....
  改动了调用者的 dnext_c:
    dnext_c += ... 加进的是调用者传进来的数组。从返回的梯度里看不出来，但之后再用 dnext_c，或者用它再调用一次反向传播，
    得到的就是别的数了。请写成 dc = dnext_c + ...。
""",
    lstm_step_backward,
)


def _from_columns(arrays: dict[str, Array]) -> dict[str, object]:
    """As the deep learning specialisation has it: samples in columns, one weight a gate over `[a_prev, x]`."""
    wx, wh, b = (np.split(arrays[name], 4, axis=-1) for name in ("wx", "wh", "b"))
    parameters: dict[str, Array] = {}
    for number, gate in enumerate("ifoc"):
        parameters[f"W{gate}"] = np.hstack([wh[number].T, wx[number].T])
        parameters[f"b{gate}"] = b[number][:, None]
    H = arrays["prev_h"].shape[1]
    parameters |= {"Wy": np.zeros((2, H)), "by": np.zeros((2, 1))}
    columns = {"xt": arrays["x"].T, "a_prev": arrays["prev_h"].T, "c_prev": arrays["prev_c"].T}
    return {**columns, **_kept_in_columns(arrays), "parameters": parameters}


def _kept_in_columns(arrays: dict[str, Array]) -> dict[str, Array]:
    """What the specialisation's forward keeps besides, for a backward that stands alone."""
    z = arrays["x"] @ arrays["wx"] + arrays["prev_h"] @ arrays["wh"] + arrays["b"]
    i, f, o, g = np.split(z, 4, axis=1)
    i, f, o, g = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-o)), np.tanh(g)
    next_c = f * arrays["prev_c"] + i * g
    kept = {"it": i, "ft": f, "ot": o, "cct": g, "c_next": next_c, "a_next": o * np.tanh(next_c)}
    return {name: array.T for name, array in kept.items()}


def _to_rows(gradients: dict[str, Array]) -> dict[str, Array]:
    """The gradients of such parameters as those of ours."""
    H = gradients["da_prev"].shape[0]
    weights = [gradients[f"dW{gate}"] for gate in "ifoc"]
    return {
        "dx": gradients["dxt"].T,
        "dprev_h": gradients["da_prev"].T,
        "dprev_c": gradients["dc_prev"].T,
        "dwx": np.hstack([w[:, H:].T for w in weights]),
        "dwh": np.hstack([w[:, :H].T for w in weights]),
        "db": np.concatenate([gradients[f"db{gate}"].ravel() for gate in "ifoc"]),
    }


def _gate_words() -> dict[str, str]:
    """What the weights are called where each gate has its own."""
    called = {"wx": "wx{} w{}x wi{}", "wh": "wh{} w{}h u{}", "w": "w{}", "b": "b{} bias_{}"}
    gates = ("i", "f", "o", "g c cbar ct ctilde")
    return {
        f"{name}[{at}]": " ".join(form.format(gate) for form in forms.split() for gate in letters.split())
        for name, forms in called.items()
        for at, letters in enumerate(gates)
    }


_COLUMNS = {
    "x": "DN", "prev_h": "HN", "prev_c": "HN", "wx": "GD", "wh": "GH", "b": "G1", "next_h": "HN", "next_c": "HN",
}  # fmt: skip
_TURNED = {"wx": "GD", "wh": "GH"}

OPERATOR = Operator(
    name="lstm-step",
    title="one step of an LSTM",
    forward=lstm_step_forward,
    backward=lstm_step_backward,
    gradients=("dx", "dprev_h", "dprev_c", "dwx", "dwh", "db"),
    outputs=("next_h", "next_c"),
    axes={
        "x": "ND",
        "prev_h": "NH",
        "prev_c": "NH",
        "wx": "DG",
        "wh": "HG",
        "b": "G",
        "next_h": "NH",
        "next_c": "NH",
    },
    torch=(
        "(lambda order: torch.lstm_cell(x, (prev_h, prev_c), wx.T[order], wh.T[order], b[order], torch.zeros_like(b)))"
        "(torch.arange(len(b)).view(4, -1)[[0, 1, 3, 2]].flatten())"
    ),
    small=small,
    problems=problems,
    conventions=(
        Convention(
            "coursera",
            lay=_from_columns,
            read=_to_rows,
            upstream={"dnext_h": "da_next", "dnext_c": "dc_next"},
        ),
        Convention("torch", _TURNED),
        *(
            Convention(f"{name} over {words}", axes, joined={"w": members})
            for name, axes in (("rows", {}), ("turned", _TURNED), ("columns", _COLUMNS))
            for words, members in (("h, x", ("wh", "wx")), ("x, h", ("wx", "wh")))
        ),
    ),
    blocks={"G": "ifog"},
    called=r".*lstm(?!.*(forward_?all|sequence|layer))",
    words={
        "x": "x_t xt input inputs inp",
        "prev_h": "h_prev h a_prev hprev h_prev_t ht_1 h0",
        "prev_c": "c_prev c cprev c0",
        "wx": "w_x wxh w_ih w_xh weight_ih",
        "wh": "w_h whh w_hh weight_hh",
        "b": "bias",
        "dnext_h": "dh_next dh da_next dhnext dh_t",
        "dnext_c": "dc_next dc dcnext dc_t",
        "w": "w weight weights kernel",
        **_gate_words(),
    },
    mistakes=MISTAKES,
)
