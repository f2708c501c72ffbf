#!/usr/bin/env python3
"""Convolutional Neural Networks: back propagation"""
import numpy as np


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """performs forward propagation over a convolutional layer"""
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, c_new = W.shape
    sh, sw = stride
    if padding == "same":
        ph = int(np.ceil(((h_prev - 1) * sh + kh - h_prev) / 2))
        pw = int(np.ceil(((w_prev - 1) * sw + kw - w_prev) / 2))
    else:
        ph, pw = 0, 0
    A = np.pad(A_prev, ((0, 0), (ph, ph), (pw, pw), (0, 0)), 'constant')
    oh = int((h_prev + 2 * ph - kh) / sh + 1)
    ow = int((w_prev + 2 * pw - kw) / sw + 1)
    out = np.zeros((m, oh, ow, c_new))
    image = np.arange(m)
    for x in range(oh):
        for y in range(ow):
            for k in range(c_new):
                out[image, x, y, k] = activation(np.sum(
                    A[image, x * sh:x * sh + kh, y * sw:y * sw + kw] * W[:, :, :, k],
                    axis=(1, 2, 3)) + b[0, 0, 0, k])
    return out


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """performs back propagation over a convolutional layer of a neural network

    dZ: numpy.ndarray (m, h_new, w_new, c_new)
    A_prev: numpy.ndarray (m, h_prev, w_prev, c_prev)
    W: numpy.ndarray (kh, kw, c_prev, c_new)
    Returns: dA_prev, dW, db
    """
    m, h_new, w_new, c_new = dZ.shape
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, c_prev, c_new = W.shape
    sh, sw = stride

    if padding == 'same':
        ph = int(np.ceil((((h_prev - 1) * sh + kh - h_prev) / 2)))
        pw = int(np.ceil((((w_prev - 1) * sw + kw - w_prev) / 2)))
    if padding == 'valid':
        pw = 0
        ph = 0

    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    A_prev = np.pad(A_prev, pad_width=((0, 0), (ph, ph), (pw, pw), (0, 0)),
                    mode='constant', constant_values=0)
    dA = np.zeros_like(A_prev)
    dW = np.zeros_like(W)

    for i in range(m):
        for h in range(h_new):
            for w in range(w_new):
                for f in range(c_new):
                    filter = W[:, :, :, f]
                    dz = dZ[i, h, w, f]
                    slice_A = A_prev[i, h*sh: h*sh+kh, w*sw: w*sw+kw, :]
                    dW[:, :, :, f] += slice_A * dz
                    dA[i, h*sh: h*sh+kh, w*sw: w*sw+kw, :] += dz * filter
    if padding == 'same':
        dA = dA[:, ph: -ph, pw: -pw, :]
    return dA, dW, db


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """performs back propagation over a pooling layer"""
    m, h_new, w_new, c = dA.shape
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape)
    for m_i in range(m):
        for h in range(h_new):
            for w in range(w_new):
                for ch in range(c):
                    if mode == 'max':
                        tmp = A_prev[m_i, h*sh:kh+(h*sh), w*sw:kw+(w*sw), ch]
                        mask = (tmp == np.max(tmp))
                        dA_prev[m_i,
                                h*sh:(h*sh)+kh,
                                w*sw:(w*sw)+kw,
                                ch] += dA[m_i, h, w, ch] * mask
                    if mode == 'avg':
                        dA_prev[m_i,
                                h*sh:(h*sh)+kh,
                                w*sw:(w*sw)+kw,
                                ch] += (dA[m_i, h, w, ch]) / kh / kw
    return dA_prev


def dropout_gradient_descent(Y, weights, cache, alpha, keep_prob, L):
    """updates the weights of a neural network with Dropout, in place"""
    m = Y.shape[1]
    dz = cache["A{}".format(L)] - Y
    while L > 0:
        A = cache["A{}".format(L - 1)]
        W = weights["W{}".format(L)]
        dW = np.matmul(dz, A.T) / m
        db = np.sum(dz, axis=1, keepdims=True) / m
        if L > 1:
            dz = np.matmul(W.T, dz) * (1 - A ** 2)
            dz *= cache["D{}".format(L - 1)]
            dz /= keep_prob
        weights["W{}".format(L)] -= alpha * dW
        weights["b{}".format(L)] -= alpha * db
        L -= 1


def determinant(matrix):
    """calculates the determinant of a matrix, recursively"""
    if matrix.shape == (0, 0):
        return 1
    if matrix.shape[0] == 1:
        return matrix[0, 0]
    det = 0
    for j in range(matrix.shape[1]):
        minor = np.delete(np.delete(matrix, 0, axis=0), j, axis=1)
        det += (-1) ** j * matrix[0, j] * determinant(minor)
    return det


def viterbi(Observation, Emission, Transition, Initial):
    """calculates the most likely sequence of hidden states"""
    T = Observation.shape[0]
    N, M = Emission.shape
    prob = np.zeros([N, T])
    prev = np.zeros([N, T], dtype=int)
    prob[:, 0] = Initial.T * Emission[:, Observation[0]]
    for col in range(1, T):
        for row in range(N):
            p = prob[:, col - 1] * Transition[:, row] * Emission[row, Observation[col]]
            prob[row, col], prev[row, col] = np.max(p), np.argmax(p)
    path = [0] * T
    path[T - 1] = np.argmax(prob[:, T - 1])
    for col in range(T - 1, 0, -1):
        path[col - 1] = int(prev[path[col], col])
    return path, np.max(prob[:, T - 1])


def cases():
    np.random.seed(0)
    A = np.random.rand(2, 4, 3, 2)
    W = np.random.rand(3, 3, 2, 2)
    b = np.random.rand(1, 1, 1, 2)
    yield 'conv_forward', conv_forward, (A, W, b, np.tanh), {'padding': 'valid', 'stride': (1, 1)}
    yield 'conv_backward same', conv_backward, (np.random.rand(2, 4, 3, 2), A, W, b), {}
    yield 'conv_backward valid', conv_backward, (np.random.rand(2, 2, 1, 2), A, W, b, "valid"), {}
    yield 'pool max', pool_backward, (np.random.rand(2, 2, 1, 2), A, (2, 3)), {'stride': (2, 1)}
    yield 'pool avg', pool_backward, (np.random.rand(2, 2, 1, 2), A, (2, 3), (2, 1), 'avg'), {}
    weights = {'W1': np.random.randn(4, 3), 'b1': np.zeros((4, 1)), 'W2': np.random.randn(2, 4), 'b2': np.zeros((2, 1))}
    cache = {'A0': np.random.randn(3, 5), 'A1': np.tanh(np.random.randn(4, 5)), 'D1': np.random.rand(4, 5) < .8,
             'A2': np.random.rand(2, 5)}
    yield 'dropout descent', dropout_gradient_descent, (np.eye(2)[:, [0, 1, 1, 0, 1]], weights, cache, .1, .8, 2), {}
    yield 'determinant', determinant, (np.random.randn(4, 4),), {}
    E = np.random.rand(3, 4)
    yield 'viterbi', viterbi, (np.array([0, 2, 1, 3, 0]), E / E.sum(1, keepdims=True), np.random.rand(3, 3), np.random.rand(3)), {}
