import numpy as np


class Conv:
    op_type = "Conv"

    @staticmethod
    def grad(dY, X, W, B=None, pads=(0, 0, 0, 0), strides=(1, 1)):
        """ONNX attributes: pads = (top, left, bottom, right)."""
        top, left, bottom, right = pads
        sy, sx = strides
        Xp = np.pad(X, ((0, 0), (0, 0), (top, bottom), (left, right)))
        M, C, KH, KW = W.shape
        dXp = np.zeros_like(Xp)
        dW = np.zeros_like(W)
        for y in range(dY.shape[2]):
            for x in range(dY.shape[3]):
                win = Xp[:, :, y * sy:y * sy + KH, x * sx:x * sx + KW]
                dwin = dXp[:, :, y * sy:y * sy + KH, x * sx:x * sx + KW]
                g = dY[:, :, y, x]
                dW += np.einsum("nm,nckl->mckl", g, win)
                dwin += np.einsum("nm,mckl->nckl", g, W)
        dX = dXp[:, :, top:Xp.shape[2] - bottom, left:Xp.shape[3] - right]
        if B is None:
            return dX, dW
        return dX, dW, dY.sum(axis=(0, 2, 3))
