"""
EECS 498-007 A3. Only torch, no autograd and nothing from torch.nn.
"""
import torch


class BatchNorm(object):

    @staticmethod
    def forward(x, gamma, beta, bn_param):
        mode = bn_param['mode']
        eps = bn_param.get('eps', 1e-5)
        momentum = bn_param.get('momentum', 0.9)
        N, D = x.shape
        running_mean = bn_param.get('running_mean', torch.zeros(D, dtype=x.dtype, device=x.device))
        running_var = bn_param.get('running_var', torch.zeros(D, dtype=x.dtype, device=x.device))

        out, cache = None, None
        if mode == 'train':
            mean = x.mean(dim=0)
            xc = x - mean
            var = (xc ** 2).mean(dim=0)
            std = (var + eps).sqrt()
            x_hat = xc / std
            out = gamma * x_hat + beta
            running_mean = momentum * running_mean + (1 - momentum) * mean
            running_var = momentum * running_var + (1 - momentum) * var
            cache = (x_hat, xc, std, var, gamma, eps)
        elif mode == 'test':
            out = gamma * (x - running_mean) / (running_var + eps).sqrt() + beta
        else:
            raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

        bn_param['running_mean'] = running_mean.detach()
        bn_param['running_var'] = running_var.detach()
        return out, cache

    @staticmethod
    def backward(dout, cache):
        x_hat, xc, std, var, gamma, eps = cache
        n = dout.shape[0]
        dbeta = dout.sum(dim=0)
        dgamma = (dout * x_hat).sum(dim=0)

        dx_hat = dout * gamma
        dxc = dx_hat / std
        dstd = (dx_hat * xc * (-1.0) / (var + eps)).sum(dim=0)
        dvar = dstd * 0.5 / std
        dxc = dxc + xc * dvar * 2.0 / n
        dmean = -dxc.sum(dim=0)
        dx = dxc + dmean / n
        return dx, dgamma, dbeta

    @staticmethod
    def backward_alt(dout, cache):
        x_hat, _, std, _, gamma, _ = cache
        N = dout.shape[0]
        dgamma = torch.sum(dout * x_hat, dim=0)
        dbeta = torch.sum(dout, dim=0)
        dx = (gamma / std / N) * (N * dout - x_hat * dgamma - dbeta)
        return dx, dgamma, dbeta


class SpatialBatchNorm(object):

    @staticmethod
    def forward(x, gamma, beta, bn_param):
        N, C, H, W = x.shape
        m = x.permute(1, 0, 2, 3).reshape(C, -1).t()
        out, cache = BatchNorm.forward(m, gamma, beta, bn_param)
        out = out.t().reshape(C, N, H, W).permute(1, 0, 2, 3)
        return out, cache

    @staticmethod
    def backward(dout, cache):
        N, C, H, W = dout.shape
        m = dout.permute(1, 0, 2, 3).reshape(C, -1).t()
        dx, dgamma, dbeta = BatchNorm.backward_alt(m, cache)
        dx = dx.t().reshape(C, N, H, W).permute(1, 0, 2, 3)
        return dx, dgamma, dbeta
