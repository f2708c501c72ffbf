# Übungsblatt 7, Aufgabe 2: Faltungsschicht
import numpy as np


class Faltung:
    def __init__(self, eingabe_kanaele, ausgabe_kanaele, kern_groesse, schrittweite=1, rand=0):
        """Bilder liegen als (Anzahl, Kanäle, Höhe, Breite) vor."""
        self.s, self.r = schrittweite, rand
        self.gewichte = np.random.randn(ausgabe_kanaele, eingabe_kanaele, kern_groesse, kern_groesse) * 0.1
        self.bias = np.zeros(ausgabe_kanaele)

    def vorwaerts(self, x):
        k, s, r = self.gewichte.shape[-1], self.s, self.r
        self.form = x.shape
        self.x = np.pad(x, ((0, 0), (0, 0), (r, r), (r, r)))
        h, b = (self.x.shape[2] - k) // s + 1, (self.x.shape[3] - k) // s + 1
        y = np.zeros((x.shape[0], self.gewichte.shape[0], h, b))
        for i in range(h):
            for j in range(b):
                y[:, :, i, j] = np.einsum("ncij,fcij->nf", self.x[:, :, i*s:i*s+k, j*s:j*s+k], self.gewichte) + self.bias
        return y

    def rueckwaerts(self, dy):
        k, s, r = self.gewichte.shape[-1], self.s, self.r
        self.d_gewichte = np.zeros_like(self.gewichte)
        self.d_bias = dy.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self.x)
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                self.d_gewichte += np.einsum("nf,ncij->fcij", dy[:, :, i, j], self.x[:, :, i*s:i*s+k, j*s:j*s+k])
                dx[:, :, i*s:i*s+k, j*s:j*s+k] += np.einsum("nf,fcij->ncij", dy[:, :, i, j], self.gewichte)
        return dx[:, :, r:r + self.form[2], r:r + self.form[3]]

    forward, backward = vorwaerts, rueckwaerts
