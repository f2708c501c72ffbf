# line by line from the C file, flat loops and all; gradients accumulate (+=), as there
import math


def layernorm_forward(out, mean, rstd, inp, weight, bias, B, T, C):
    eps = 1e-5
    for b in range(B):
        for t in range(T):
            m = 0.0
            for i in range(C):
                m += inp[b, t, i]
            m = m / C
            v = 0.0
            for i in range(C):
                v += (inp[b, t, i] - m) ** 2
            s = 1.0 / math.sqrt(v / C + eps)
            for i in range(C):
                out[b, t, i] = s * (inp[b, t, i] - m) * weight[i] + bias[i]
            mean[b, t] = m
            rstd[b, t] = s


def layernorm_backward(dinp, dweight, dbias, dout, inp, weight, mean, rstd, B, T, C):
    for b in range(B):
        for t in range(T):
            # two reduce operations first
            dnorm_mean = 0.0
            dnorm_norm_mean = 0.0
            for i in range(C):
                norm = (inp[b, t, i] - mean[b, t]) * rstd[b, t]
                dnorm = weight[i] * dout[b, t, i]
                dnorm_mean += dnorm
                dnorm_norm_mean += dnorm * norm
            dnorm_mean = dnorm_mean / C
            dnorm_norm_mean = dnorm_norm_mean / C
            # now iterate again and accumulate all the gradients
            for i in range(C):
                norm = (inp[b, t, i] - mean[b, t]) * rstd[b, t]
                dnorm = weight[i] * dout[b, t, i]
                dbias[i] += dout[b, t, i]
                dweight[i] += norm * dout[b, t, i]
                dval = dnorm
                dval -= dnorm_mean
                dval -= norm * dnorm_norm_mean
                dinp[b, t, i] += dval * rstd[b, t]
