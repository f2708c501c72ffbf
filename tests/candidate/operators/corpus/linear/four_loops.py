import numpy as np

# no numpy tricks at all, to see what happens


def dense_forward(x, w, b):
    n, d = x.shape
    m = w.shape[1]
    y = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            s = b[j]
            for k in range(d):
                s += x[i][k] * w[k][j]
            y[i][j] = s
    return y


def dense_backward(dy, x, w):
    n, d = x.shape
    m = w.shape[1]
    dx = np.zeros((n, d))
    dw = np.zeros((d, m))
    db = np.zeros(m)
    for i in range(n):
        for j in range(m):
            db[j] += dy[i][j]
            for k in range(d):
                dx[i][k] += dy[i][j] * w[k][j]
                dw[k][j] += dy[i][j] * x[i][k]
    return {'dx': dx, 'dw': dw, 'db': db}
