import numpy as np

GRADIENTS = {}
TAPE = []


def gradient_of(name):
    def deco(fn):
        GRADIENTS[name] = fn
        return fn
    return deco


def record(op, out, env_in, attrs):
    TAPE.append((op, out, env_in, attrs))


@gradient_of("Conv")
def conv_gradient(env, grads, out, names, attrs):
    """adds to grads[...] by name; ONNX attribute names (strides, pads = [t, l, b, r])"""
    x, w = env[names[0]], env[names[1]]
    t, l, bo, r = attrs.get("pads", [0, 0, 0, 0])
    sh, sw = attrs.get("strides", [1, 1])
    xp = np.pad(x, ((0, 0), (0, 0), (t, bo), (l, r)))
    g, gxp, gw = grads[out], np.zeros_like(xp), np.zeros_like(w)
    kh, kw = w.shape[2:]
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            win = np.s_[:, :, i * sh:i * sh + kh, j * sw:j * sw + kw]
            gw += np.einsum("nf,ncij->fcij", g[:, :, i, j], xp[win])
            gxp[win] += np.einsum("nf,fcij->ncij", g[:, :, i, j], w)
    for n, v in ((names[0], gxp[:, :, t:t + x.shape[2], l:l + x.shape[3]]), (names[1], gw), (names[2], g.sum((0, 2, 3)))):
        grads[n] = grads.get(n, 0) + v


def run_backward(env, out, seed):
    grads = {out: seed}
    for op, o, names, attrs in reversed(TAPE):
        GRADIENTS[op](env, grads, o, names, attrs)
    return grads
