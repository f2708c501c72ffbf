"""Functions whose results say in which order, and how often, each part was evaluated."""
import numpy as np


def index_with_side_effect(x):
    order = []

    def at(k):
        order.append(k)
        return k

    x[at(0)] = x[at(1)] + x[at(2)]
    x[at(3)] += x[at(0)]
    x[at(1), ] -= at(2)
    x[at(0):at(2)] = at(5)
    x[at(2)], x[at(3)] = at(6), at(7)
    return order, x


def augmented_order(a):
    log = []

    def f():
        log.append('f')
        return 1

    def g():
        log.append('g')
        a[1] = 100.0        # after a[f()] was read: its change is lost
        return 2

    a[f()] += g()
    return log, a


def augmented_view_order(a):
    def g():
        a[0] = 100.0        # the target is a view: the change is kept
        return 2

    a[0:2] += g()
    return a


def array_expression(a):
    log = []

    def arr():
        log.append('arr')
        return a

    def key():
        log.append('key')
        return slice(1, None)

    def value():
        log.append('value')
        return 3

    arr()[key()] = value()
    arr()[key()] += value()
    arr()[key()][key()] *= value()
    (arr() if value() else None)[0] = value()
    return log, a


def walrus_index(n):
    x = np.zeros(n)
    i = -1
    x[i := i + 1] = i
    x[i := i + 1] = i + 10
    while i < n - 1:
        x[i := i + 1] += (i := i + 0) * 2
    y = x[(j := 2):(j + 1)]
    y += j
    return x, i, j


def rhs_before_target(x):
    i = 0
    i, x[i] = 3, 9          # the new i is used
    x[i], i = i, 0
    i = x[i] = 2            # left to right: i first, then x[2]
    return x, i


def rebinding_in_rhs(x):
    y = x

    def swap():
        nonlocal x
        x = np.zeros(3)
        return 5

    x[0] = swap()            # the right-hand side first: the new x
    y[1] += swap()
    x[1] += swap()           # but here the old x is loaded first
    return x, y


def pops(x):
    todo = [2, 0, 1]
    while todo:
        x[todo.pop()] = len(todo)
    todo = [0, 1, 2, 3]
    x[todo.pop()] += todo.pop() if todo else 0
    x[todo.pop(0)], *rest = todo, x[todo.pop(0)], todo
    return x, todo, rest


def next_index(x):
    it = iter(range(10))
    x[next(it)] += x[next(it)] * x[next(it)]
    x[next(it)] = next(it)
    return x, next(it)


def exception_in_subscript(x):
    seen = []

    def note(v):
        seen.append(v)
        return v

    try:
        x[note(99)] = note(1)
    except IndexError:
        seen.append('index')
    try:
        x[note(99)] += note(2)      # fails before the right-hand side
    except IndexError:
        seen.append('before')
    try:
        x[note(0)] = [note(1), note(2), note(3)]
    except ValueError:
        seen.append('value')
    try:
        x[note(0)] = 1 / note(0)
    except ZeroDivisionError:
        seen.append('zero')
    try:
        x['a'][note(1)] = 0
    except IndexError as e:
        seen.append(str(e)[:20])
    return seen, x


def partly_done(x):
    """the first target is written, the second fails"""
    try:
        x[0], x[50] = 1, 2
    except IndexError:
        pass
    try:
        a = x[1] = b = x[60] = 5
    except IndexError:
        pass
    try:
        x[2], x[3] = [7, 8, 9]
    except ValueError:
        pass
    return x, a, b


def short_circuit(x):
    calls = 0

    def touch(k):
        nonlocal calls
        calls += 1
        x[k] += 1
        return x[k]

    ok = touch(0) > 100 and touch(1) > 0 or touch(2) > 0
    chain = 0 < touch(0) < -5 < touch(1)
    one = touch(1) if ok else touch(2)
    assert touch(3), touch(3)
    return calls, ok, chain, one, x


def arguments_order(x):
    log = []

    def t(v):
        log.append(v)
        return v

    def f(*a, **k):
        return len(a) + len(k)

    r = f(x[t(0)], *[x[t(1)]], x[t(2)], k=x[t(3)], **{'z': x[t(0)]})
    d = {t('a'): x[t(1)], t('b'): x[t(2)]}
    x[t(0)] = x[t(1)] if t(False) else x[t(2)]
    return r, log, list(d)


def index_changes_array(x):
    def grow():
        x[:] = 7
        return 0

    y = x[1] + x[grow()] + x[1]
    z = x[1:] * 1
    x[grow()] = 1
    return y, z, x


def dict_views(n):
    d = {'a': np.zeros(n)}
    keys = iter(['a', 'a', 'b', 'a'])
    d[next(keys)] += 1
    d[next(keys)][0] += 5
    try:
        d[next(keys)] += 1
    except KeyError as e:
        failed = e.args[0]
    d.setdefault('c', d[next(keys)])[1] = -1
    return d, failed, d['c'] is d['a']


class Counting:
    """an attribute that counts how often it is read"""

    def __init__(self, data):
        self._data, self.reads, self.writes = data, 0, 0

    @property
    def data(self):
        self.reads += 1
        return self._data

    @data.setter
    def data(self, value):
        self.writes += 1
        self._data = value


def property_reads(x):
    c = Counting(x)
    c.data[0] = 1
    c.data[1] += 1
    c.data += 1
    c.data[c.data[0] > 0] = 4
    c.data = c.data[::-1]
    y = c.data[0] + c.data[1]
    return c.reads, c.writes, y, x


class Truthless:
    """compares, but must never be asked whether it is true"""

    def __init__(self):
        self.asked = 0

    def __bool__(self):
        self.asked += 1
        return True

    def __eq__(self, other):
        raise RuntimeError('compared')

    __hash__ = None

    def __repr__(self):
        raise RuntimeError('shown')

    def __getattr__(self, name):
        raise RuntimeError('looked at: ' + name)

    def __getitem__(self, at):
        return at

    def __len__(self):
        raise RuntimeError('measured')

    def __deepcopy__(self, memo):
        return self


def shy_object(x):
    shy = Truthless()
    box = [shy, x]
    d = {'shy': shy}
    x[0] = shy[2] + box[1][0]
    x[shy[1]] += 1
    other = d['shy'][1:2]
    return x, other.start, shy.asked


def cases():
    r = np.random.RandomState(51).randn
    yield 'index side effect', index_with_side_effect, (r(5),), {}
    yield 'augmented', augmented_order, (r(3),), {}
    yield 'augmented view', augmented_view_order, (r(3),), {}
    yield 'array expression', array_expression, (r(4),), {}
    yield 'walrus', walrus_index, (6,), {}
    yield 'rhs first', rhs_before_target, (r(5),), {}
    yield 'rebinding', rebinding_in_rhs, (r(3),), {}
    yield 'pops', pops, (np.zeros(5, dtype=object),), {}
    yield 'next', next_index, (r(5),), {}
    yield 'exceptions', exception_in_subscript, (r(3),), {}
    yield 'partly', partly_done, (r(5),), {}
    yield 'short circuit', short_circuit, (r(5),), {}
    yield 'arguments', arguments_order, (r(5),), {}
    yield 'index changes', index_changes_array, (r(3),), {}
    yield 'dict', dict_views, (3,), {}
    yield 'property', property_reads, (r(3),), {}
    yield 'shy', shy_object, (r(3),), {}
