import torch


class Conv1d(object):

    @staticmethod
    def forward(x, w, b, conv_param):
        pad, stride = conv_param['pad'], conv_param['stride']
        N, C, L = x.shape
        F, _, K = w.shape
        L_out = 1 + (L + 2 * pad - K) // stride
        x_padded = torch.nn.functional.pad(x, (pad, pad))
        out = torch.zeros((N, F, L_out), dtype=x.dtype, device=x.device)
        for i in range(L_out):
            window = x_padded[:, :, i * stride:i * stride + K]
            for f in range(F):
                out[:, f, i] = (window * w[f]).sum(dim=(1, 2)) + b[f]
        cache = (x, w, b, conv_param)
        return out, cache

    @staticmethod
    def backward(dout, cache):
        x, w, b, conv_param = cache
        pad, stride = conv_param['pad'], conv_param['stride']
        N, F, L_out = dout.shape
        K = w.shape[2]
        x_padded = torch.nn.functional.pad(x, (pad, pad))
        dx_padded = torch.zeros_like(x_padded)
        dw = torch.zeros_like(w)
        db = dout.sum(dim=(0, 2))
        for n in range(N):
            for f in range(F):
                for i in range(L_out):
                    left = i * stride
                    dw[f] += x_padded[n, :, left:left + K] * dout[n, f, i]
                    dx_padded[n, :, left:left + K] += w[f] * dout[n, f, i]
        dx = dx_padded[:, :, pad:dx_padded.shape[2] - pad]
        return dx, dw, db
