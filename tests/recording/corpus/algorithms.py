"""Scientific Python: exercises, lecture notes, Stack Overflow answers."""
import heapq
from collections import deque
from itertools import combinations, count, islice, product

import numpy as np


def fft(x):
    N = len(x)
    if N <= 1: return x
    even, odd = fft(x[0::2]), fft(x[1::2])
    T = [np.exp(-2j * np.pi * k / N) * odd[k] for k in range(N // 2)]
    return np.array([even[k] + T[k] for k in range(N // 2)] + [even[k] - T[k] for k in range(N // 2)])


def merge_sort(a):
    if len(a) > 1:
        mid = len(a) // 2
        L, R = a[:mid].copy(), a[mid:].copy()
        merge_sort(L)
        merge_sort(R)
        i = j = k = 0
        while i < len(L) and j < len(R):
            if L[i] < R[j]:
                a[k] = L[i]; i += 1
            else:
                a[k] = R[j]; j += 1
            k += 1
        while i < len(L):
            a[k] = L[i]
            i, k = i + 1, k + 1
        while j < len(R):
            a[k] = R[j]
            j, k = j + 1, k + 1
    return a


def quicksort(a, lo=0, hi=None):
    if hi is None:
        hi = len(a) - 1
    if lo < hi:
        pivot, i = a[hi], lo
        for j in range(lo, hi):
            if a[j] <= pivot:
                a[i], a[j] = a[j], a[i]
                i += 1
        a[i], a[hi] = a[hi], a[i]
        quicksort(a, lo, i - 1)
        quicksort(a, i + 1, hi)


def insertion_sort(a):
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and key < a[j]:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return a


def gauss(A, b):
    A, b = A.astype(float), b.astype(float)
    n = len(b)
    for k in range(n - 1):
        p = np.argmax(np.abs(A[k:, k])) + k
        if p != k:
            A[[k, p]] = A[[p, k]]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - A[i, i + 1:] @ x[i + 1:]) / A[i, i]
    return x


def lu(A):
    n = A.shape[0]
    L, U = np.eye(n), A.copy()
    for k in range(n):
        L[k + 1:, k] = U[k + 1:, k] / U[k, k]
        U[k + 1:] -= np.outer(L[k + 1:, k], U[k])
    return L, U


def cholesky(A):
    L = np.zeros_like(A)
    for i in range(len(A)):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            L[i][j] = (A[i, i] - s) ** 0.5 if i == j else (A[i, j] - s) / L[j, j]
    return L


def gram_schmidt(A):
    Q = A.copy()
    R = np.zeros((A.shape[1],) * 2)
    for j, q in enumerate(Q.T):
        for i in range(j):
            R[i, j] = Q[:, i] @ q
            q -= R[i, j] * Q[:, i]
        R[j, j] = np.linalg.norm(q)
        q /= R[j, j]
    return Q, R


def game_of_life(Z):
    N = np.zeros(Z.shape, int)
    N[1:-1, 1:-1] += (Z[:-2, :-2] + Z[:-2, 1:-1] + Z[:-2, 2:] + Z[1:-1, :-2] + Z[1:-1, 2:]
                      + Z[2:, :-2] + Z[2:, 1:-1] + Z[2:, 2:])
    birth = (N == 3)[1:-1, 1:-1] & (Z[1:-1, 1:-1] == 0)
    survive = ((N == 2) | (N == 3))[1:-1, 1:-1] & (Z[1:-1, 1:-1] == 1)
    Z[...] = 0
    Z[1:-1, 1:-1][birth | survive] = 1
    return Z


def edit_distance(s, t):
    D = np.zeros((len(s) + 1, len(t) + 1), dtype=int)
    D[:, 0] = range(len(s) + 1)
    D[0, :] = range(len(t) + 1)
    for i, a in enumerate(s, 1):
        for j, b in enumerate(t, 1):
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + (a != b))
    return D[-1, -1], D


def dtw(s, t):
    n, m = len(s), len(t)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            D[i, j] = abs(s[i - 1] - t[j - 1]) + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


def flood_fill(img, y, x, new):
    old = img[y, x]
    if old == new:
        return img
    queue = deque([(y, x)])
    while queue:
        y, x = queue.popleft()
        if not (0 <= y < img.shape[0] and 0 <= x < img.shape[1]) or img[y, x] != old:
            continue
        img[y, x] = new
        queue.extend([(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)])
    return img


def dijkstra(W, s):
    n = len(W)
    dist, prev = np.full(n, np.inf), np.full(n, -1)
    dist[s] = 0
    heap = [(0.0, s)]
    while heap:
        d, u = heapq.heappop(heap)
        if d > dist[u]: continue
        for v, w in enumerate(W[u]):
            if w and dist[u] + w < dist[v]:
                dist[v] = dist[u] + w
                prev[v] = u
                heapq.heappush(heap, (dist[v], v))
    return dist, prev


def kmeans(X, k, iters=3, seed=0):
    rng = np.random.default_rng(seed)
    C = X[rng.choice(len(X), k, replace=False)]
    for _ in range(iters):
        labels = np.array([np.argmin([np.sum((x - c) ** 2) for c in C]) for x in X])
        for j in range(k):
            members = X[labels == j]
            if len(members) > 0:
                C[j] = members.mean(axis=0)
    return C, labels


def gauss_seidel(A, b, iters=2):
    x = np.zeros_like(b)
    for it in range(iters):
        for i in range(len(b)):
            s = 0
            for j in range(len(b)):
                if j != i:
                    s += A[i, j] * x[j]
            x[i] = (b[i] - s) / A[i, i]
    return x


def sieve(n):
    prime = np.ones(n + 1, bool)
    prime[:2] = False
    for i in range(2, int(n ** .5) + 1):
        if prime[i]:
            prime[i * i::i] = False
    return np.nonzero(prime)[0]


def floyd(n):
    a = np.zeros((n, n), dtype=np.int64)
    c = count(1)
    for i in range(n):
        for j in range(i + 1):
            a[i, j] = next(c)
    first = list(islice(c, 2))
    return a, first


def permanent_pairs(x):
    out = np.zeros(len(x))
    for i, j in combinations(range(len(x)), 2):
        out[i] += x[j]
        out[j] -= x[i]
    for (i, a), (j, b) in product(enumerate(x), enumerate(out)):
        if i == j:
            out[j] = a * b
    return out


def spiral(A):
    out = []
    while A.size:
        out.extend(A[0])
        A = np.rot90(A[1:])
    return np.array(out)


def rotate_in_place(A):
    n = len(A)
    for i in range(n // 2):
        for j in range(i, n - i - 1):
            A[i, j], A[n-1-j, i], A[n-1-i, n-1-j], A[j, n-1-i] = A[n-1-j, i], A[n-1-i, n-1-j], A[j, n-1-i], A[i, j]
    return A


def bilinear(img, h, w):
    H, W = img.shape
    out = np.zeros((h, w))
    for y in range(h):
        for x in range(w):
            fy, fx = y * (H - 1) / max(h - 1, 1), x * (W - 1) / max(w - 1, 1)
            y0, x0 = int(fy), int(fx)
            y1, x1 = min(y0 + 1, H - 1), min(x0 + 1, W - 1)
            wy, wx = fy - y0, fx - x0
            out[y, x] = ((1 - wy) * (1 - wx) * img[y0, x0] + (1 - wy) * wx * img[y0, x1]
                         + wy * (1 - wx) * img[y1, x0] + wy * wx * img[y1, x1])
    return out


def dither(img):
    h, w = img.shape
    for y in range(h):
        for x in range(w):
            old = img[y, x]
            img[y, x] = new = round(old)
            err = old - new
            if x + 1 < w: img[y, x + 1] += err * 7 / 16
            if y + 1 < h:
                if x > 0: img[y + 1, x - 1] += err * 3 / 16
                img[y + 1, x] += err * 5 / 16
                if x + 1 < w: img[y + 1, x + 1] += err * 1 / 16
    return img


def nms(boxes, scores, thresh):
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1) * (y2 - y1)
    order = scores.argsort()[::-1]
    keep = []
    while order.size > 0:
        i = order[0]
        keep.append(i)
        xx1, yy1 = np.maximum(x1[i], x1[order[1:]]), np.maximum(y1[i], y1[order[1:]])
        xx2, yy2 = np.minimum(x2[i], x2[order[1:]]), np.minimum(y2[i], y2[order[1:]])
        inter = np.maximum(0.0, xx2 - xx1) * np.maximum(0.0, yy2 - yy1)
        ovr = inter / (areas[i] + areas[order[1:]] - inter)
        inds = np.where(ovr <= thresh)[0]
        order = order[inds + 1]
    return keep


def q_learning(steps=12, seed=1):
    rng = np.random.default_rng(seed)
    Q = np.zeros((4, 2))
    s = 0
    for t in range(steps):
        a = rng.integers(2) if rng.random() < .3 else int(Q[s].argmax())
        s2 = min(s + 1, 3) if a else max(s - 1, 0)
        r = float(s2 == 3)
        Q[s, a] += .5 * (r + .9 * Q[s2].max() - Q[s, a])
        s = 0 if s2 == 3 else s2
    return Q


def union_find(n, edges):
    parent = np.arange(n)

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i
    for a, b in edges:
        if (ra := find(a)) != (rb := find(b)):
            parent[ra] = rb
    return parent


def convolve1d(x, w, mode='full'):
    n, k = len(x), len(w)
    out = np.zeros(n + k - 1)
    for i in range(n):
        for j in range(k):
            out[i + j] += x[i] * w[j]
    return out if mode == 'full' else out[k - 1:1 - k]


def leapfrog(q, p, dt, n):
    traj = np.empty((n + 1, 2, len(q)))
    traj[0] = q, p
    for t in range(n):
        p = p - dt / 2 * q
        q = q + dt * p
        p = p - dt / 2 * q
        traj[t + 1, 0], traj[t + 1, 1] = q, p
    return traj


def cases():
    rng = np.random.RandomState(81)
    r = rng.randn
    yield 'fft', fft, (r(8),), {}
    yield 'merge sort', merge_sort, (r(7),), {}
    yield 'quicksort', quicksort, (r(7),), {}
    yield 'insertion sort', insertion_sort, (r(6),), {}
    yield 'gauss', gauss, (r(4, 4), r(4)), {}
    yield 'lu', lu, (r(3, 3),), {}
    a = r(3, 3)
    yield 'cholesky', cholesky, (a @ a.T,), {}
    yield 'gram schmidt', gram_schmidt, (r(4, 3),), {}
    yield 'life', game_of_life, (rng.randint(0, 2, (5, 6)),), {}
    yield 'edit distance', edit_distance, ('kitten', 'sitting'), {}
    yield 'dtw', dtw, (r(4), r(3)), {}
    yield 'flood fill', flood_fill, (rng.randint(0, 2, (4, 5)), 1, 2, 7), {}
    yield 'dijkstra', dijkstra, (np.round(np.abs(r(4, 4)), 1), 0), {}
    yield 'kmeans', kmeans, (r(7, 2), 2), {}
    yield 'gauss seidel', gauss_seidel, (r(3, 3) + 4 * np.eye(3), r(3)), {}
    yield 'sieve', sieve, (30,), {}
    yield 'floyd', floyd, (4,), {}
    yield 'pairs', permanent_pairs, (r(4),), {}
    yield 'spiral', spiral, (np.arange(12).reshape(3, 4),), {}
    yield 'rotate', rotate_in_place, (np.arange(16).reshape(4, 4),), {}
    yield 'bilinear', bilinear, (r(3, 4), 2, 3), {}
    yield 'dither', dither, (rng.rand(3, 4),), {}
    yield 'nms', nms, (np.array([[0, 0, 2, 2], [0, 0, 2, 1.9], [3, 3, 4, 5.]]), np.array([.9, .8, .7]), .5), {}
    yield 'q learning', q_learning, (), {'steps': 9}
    yield 'union find', union_find, (6, [(0, 1), (2, 3), (1, 3), (4, 5)]), {}
    yield 'convolve', convolve1d, (r(5), r(3)), {'mode': 'valid'}
    yield 'leapfrog', leapfrog, (r(2), r(2), .1, 3), {}
