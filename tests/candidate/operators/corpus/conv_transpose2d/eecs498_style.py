import torch


class ConvTranspose(object):

    @staticmethod
    def forward(x, w, b, conv_param):
        stride, pad = conv_param['stride'], conv_param['pad']
        N, C, H, W = x.shape
        _, F, HH, WW = w.shape
        full = torch.zeros((N, F, (H - 1) * stride + HH, (W - 1) * stride + WW), dtype=x.dtype, device=x.device)
        for i in range(H):
            for j in range(W):
                top, left = i * stride, j * stride
                stamp = (x[:, :, i, j].reshape(N, C, 1, 1, 1) * w).sum(dim=1)
                full[:, :, top:top + HH, left:left + WW] += stamp
        out = full[:, :, pad:full.shape[2] - pad, pad:full.shape[3] - pad] + b.reshape(1, -1, 1, 1)
        return out, (x, w, b, conv_param)

    @staticmethod
    def backward(dout, cache):
        x, w, b, conv_param = cache
        stride, pad = conv_param['stride'], conv_param['pad']
        N, C, H, W = x.shape
        _, F, HH, WW = w.shape
        dfull = torch.nn.functional.pad(dout, (pad, pad, pad, pad))
        dx = torch.zeros_like(x)
        dw = torch.zeros_like(w)
        db = dout.sum(dim=(0, 2, 3))
        for n in range(N):
            for i in range(H):
                for j in range(W):
                    top, left = i * stride, j * stride
                    window = dfull[n, :, top:top + HH, left:left + WW]
                    for c in range(C):
                        dx[n, c, i, j] += (window * w[c]).sum()
                        dw[c] += window * x[n, c, i, j]
        return dx, dw, db
