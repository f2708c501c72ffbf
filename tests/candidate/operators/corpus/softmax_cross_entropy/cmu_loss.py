import numpy as np


class CrossEntropyLoss:

    def forward(self, A, Y):
        """
        Calculate the Cross Entropy Loss
        :param A: Output of the model of shape (N, C)
        :param Y: Ground-truth values of shape (N, C), one-hot
        :Return: CrossEntropyLoss(scalar)
        """
        self.A = A
        self.Y = Y
        self.N, self.C = A.shape

        Ones_C = np.ones((self.C, 1))
        Ones_N = np.ones((self.N, 1))

        E = np.exp(A - np.max(A, axis=1, keepdims=True))
        self.softmax = E / (E @ Ones_C @ Ones_C.T)
        log_norm = np.log(E @ Ones_C) + np.max(A, axis=1, keepdims=True)
        crossentropy = (Y * (log_norm - A)) @ Ones_C
        sum_crossentropy = Ones_N.T @ crossentropy
        L = sum_crossentropy / self.N

        return L.item()

    def backward(self):

        dLdA = (self.softmax - self.Y) / self.N

        return dLdA
