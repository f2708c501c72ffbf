# names that shadow, names that go away, and names of other scopes
import sys

import numpy as np

x = np.array([10.0, 20.0, 30.0])     # a global called like many arguments
total = 0
_hidden = [0]


def shadows(type, len, range=3, slice=None, list=0):
    """the arguments are called like builtins"""
    print = max = 0
    for i in [0, 1, 2]:
        type[i] += len
        max = i if type[i] > print else max
    id = str = type[max:]
    str[0] = range
    tuple, dict, isinstance, getattr = type[:2], {}, 5, 6
    tuple[0] += isinstance + getattr
    iter = next = locals
    return type, id, sorted(iter().keys())


def shadows_numpy(np, array):
    numpy = np * 2
    np[0] = array.sum()
    ndarray = np[::-1]
    ndarray[0] = 5
    return numpy, np, ndarray


def shadowed_helpers(a):
    """names that a tool might want to use for itself"""
    _ = 1
    __ = 2
    _record = _log = _t = tmp = __step__ = __convstep__ = 3
    self = event = frame = log = record = recorder = step = read = write = 4
    for _i in range(3):
        a[_i] += _ + __ + _record + _log + _t + tmp + __step__ + __convstep__
        a[_i] += self + event + frame + log + record + recorder + step + read + write
    return a


def uses_locals(a):
    b = a[:2]
    b += 1
    before = sorted(locals())
    c = 3
    a[locals()['c'] - 1] = len(locals())
    for i in range(2):
        a[i] += len(vars())
    return before, sorted(locals()), a, c


def uses_globals(a):
    globals()['total'] = 5
    globals()['x'][0] += 1
    a[0] = x[0] + total
    y = x
    y[1] -= 1
    return a, y


def uses_eval(a):
    i = 2
    exec('a[i] = 7')
    a[0] = eval('a[i] + 1')
    ns = {}
    exec('def f(v):\n    v[1] = 3\n    return v * 2', ns)
    return ns['f'](a), a


def uses_frames(a):
    def caller():
        return sys._getframe(1).f_code.co_name
    a[0] = len(caller())
    return caller(), a


def deletes(a):
    b = a[1:]
    c = b * 2
    del b
    try:
        b
    except NameError as error:
        message = str(error)
    a[0] = len(c)
    d = {'k': a, 'm': c}
    del d['k'], c
    lst = [1, 2, 3, 4]
    del lst[1], lst[:1]
    for i in range(2):
        b = a[i:]
        b[0] += 1
        del b
    b = lst
    return message, d, b, 'c' in locals()


def unbound(a, flag):
    if flag:
        w = a[0]
    a[1] = 3
    w += 1
    return w


def comprehension_scopes(a):
    i = 'outer'
    y = [i for i in range(3)]
    z = [a[i] for i in y]
    k = [[a[j] + i for j in range(2)] for i in range(2)]
    gen = (a[v] for v in range(3))
    a[0] = 99
    later = list(gen)
    s = {j: [a[j] for j in range(j)] for j in range(3)}
    f = [lambda: i for i in range(3)]
    return i, z, k, later, s, [g() for g in f]


def class_body(a):
    class Table:
        rows = []
        size = len(a)
        acc = np.zeros(3)
        for r in range(3):
            acc[r] = a[r] * 2
            rows.append(acc[r])
        acc[0] += size
        total = sum(rows)
        i = 'class'

        def get(self):
            return self.acc, self.r

        squares = [v ** 2 for v in range(3)]
        __hidden = 4
    t = Table()
    Table.acc[1] = -1
    return t.get(), Table.total, t._Table__hidden, Table.squares


class Private:
    def __init__(self, a):
        self.__data = a
        self.__n = 0

    def bump(self, b):
        __local = b
        for i in range(len(__local)):
            self.__data[i] += __local[i]
            self.__n += 1
        return self.__data, self.__n, sorted(k for k in locals() if 'local' in k)


def nonlocal_counters(a):
    n = 0
    best = np.full(2, -np.inf)

    def outer():
        m = 0

        def inner(v):
            nonlocal n, m, best
            n += 1
            m += v
            if v > best[0]:
                best = np.array([v, n])
            best[1] += 1
            return m
        return inner

    f, g = outer(), outer()
    got = [f(v) if v > 0 else g(v) for v in a]
    return got, n, best


def nonlocal_in_a_loop(a):
    count = 0

    def bump(u):
        nonlocal count
        for i in range(len(u)):
            u[i] += 1
            count += 1

    bump(a)
    a[0] = 7
    a[1] = count
    return a


def global_counter(a):
    global total
    for v in a:
        total += v
        _hidden[0] += 1
        _hidden.append(total)
    return total, list(_hidden)


def loop_variable_survives(a):
    for i in range(3):
        pass
    a[i] = 5
    for i in []:
        a[0] = 1
    for a[i] in (7.0, 8.0):
        pass
    for i, a[0] in enumerate([4.0, 6.0]):
        a[1] += i
    for (p, q), in [((1, 2),), ((3, 4),)]:
        a[1] += p * q
    with_target = [0, 0]
    for with_target[0] in range(4):
        pass
    return a, i, with_target


def exception_names(a):
    e = 'kept'
    try:
        a[10] = 1
    except IndexError as e:
        text = type(e).__name__
    return text, 'e' in locals(), a


def mangled_loop_changes(a):
    items = [0, 1]
    for i in items:
        if len(items) < 5:
            items.append(i + 2)
        a[i] += len(items)
    for i in range(5):
        a[i] += 1
        i += 2
    return a, items


def recursive_closure(a):
    def walk(lo, hi):
        if hi - lo < 2:
            return a[lo]
        mid = (lo + hi) // 2
        left, right = walk(lo, mid), walk(mid, hi)
        a[lo] = left + right
        return a[lo]
    walk.calls = 0
    return walk(0, len(a)), a


def function_attributes(a):
    function_attributes.count = getattr(function_attributes, 'count', 0) + 1
    for i in range(len(a)):
        a[i] += function_attributes.count
    return a, function_attributes.__name__, function_attributes.__doc__


def same_name_inside(a):
    def same_name_inside(b):
        b[0] = 1
        return b
    return same_name_inside(a)


def method_shadow(a):
    sum = a.sum
    a.sort()
    shape = a.shape
    (n,) = shape
    append = (out := []).append
    for v in a:
        append(v * n)
    return sum(), out


def cases():
    r = np.random.RandomState(61).randn
    yield 'shadows', shadows, (r(3), 2), {}
    yield 'shadows numpy', shadows_numpy, (r(3), r(2)), {}
    yield 'helpers', shadowed_helpers, (r(3),), {}
    yield 'locals', uses_locals, (r(4),), {}
    yield 'globals', uses_globals, (r(2),), {}
    yield 'eval', uses_eval, (r(3),), {}
    yield 'frames', uses_frames, (r(2),), {}
    yield 'del', deletes, (r(4),), {}
    yield 'unbound', unbound, (r(2), False), {}
    yield 'comprehensions', comprehension_scopes, (r(3),), {}
    yield 'class body', class_body, (r(3),), {}
    yield 'private', Private(r(3)).bump, (r(3),), {}
    yield 'nonlocal', nonlocal_counters, (r(5),), {}
    yield 'nonlocal loop', nonlocal_in_a_loop, (r(3),), {}
    yield 'global', global_counter, (r(4),), {}
    yield 'loop variables', loop_variable_survives, (r(3),), {}
    yield 'exception name', exception_names, (r(3),), {}
    yield 'changing loops', mangled_loop_changes, (r(9),), {}
    yield 'recursive closure', recursive_closure, (r(5),), {}
    yield 'attributes', function_attributes, (r(3),), {}
    yield 'same name', same_name_inside, (r(3),), {}
    yield 'method', method_shadow, (r(3),), {}
