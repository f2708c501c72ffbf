# -*- coding: utf-8 -*-
"""TP n°4 : réseau de neurones convolutif « à la main »."""
import numpy as np


def retropropagation_convolution(gradient, entree, noyau, biais, pas, marge):
    """
    Calcule les gradients d'une couche de convolution.

    gradient : gradient de la sortie, taille (lot, hauteur, largeur, filtres)
    entree   : entrée de la couche, (lot, hauteur, largeur, canaux)
    noyau    : (filtres, hauteur, largeur, canaux)
    pas, marge : couples d'entiers (vertical, horizontal)
    """
    (pv, ph), (mv, mh) = pas, marge
    nf, kh, kl, _ = noyau.shape
    lot, haut, larg, _ = entree.shape
    e = np.pad(entree, ((0, 0), (mv, mv), (mh, mh), (0, 0)))
    d_e = np.zeros_like(e)
    d_noyau = np.zeros_like(noyau)
    for i in range(gradient.shape[1]):
        for j in range(gradient.shape[2]):
            fen = (slice(None), slice(i * pv, i * pv + kh), slice(j * ph, j * ph + kl))
            g = gradient[:, i, j, :]
            d_noyau += np.tensordot(g.T, e[fen], axes=1)
            d_e[fen] += np.tensordot(g, noyau, axes=1)
    d_biais = gradient.reshape(-1, nf).sum(axis=0)
    return d_noyau, d_biais, d_e[:, mv:mv + haut, mh:mh + larg]
