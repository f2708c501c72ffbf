# Course 2, week 3 only shows the forward; this is my backward. Examples are columns, as everywhere in the course.
import numpy as np


def batchnorm_forward(Z, gamma, beta, epsilon=1e-8):
    """
    Arguments:
    Z -- pre-activations, numpy array of shape (n, m)
    gamma, beta -- numpy arrays of shape (n, 1)
    """
    m = Z.shape[1]
    mu = np.sum(Z, axis=1, keepdims=True) / m
    sigma2 = np.sum((Z - mu) ** 2, axis=1, keepdims=True) / m
    Z_norm = (Z - mu) / np.sqrt(sigma2 + epsilon)
    Z_tilde = gamma * Z_norm + beta
    cache = (Z, Z_norm, mu, sigma2, gamma, epsilon)
    return Z_tilde, cache


def batchnorm_backward(dZ_tilde, cache):
    """
    Returns:
    dZ -- (n, m)
    dgamma, dbeta -- (n, 1)
    """
    Z, Z_norm, mu, sigma2, gamma, epsilon = cache
    m = Z.shape[1]
    dgamma = np.sum(dZ_tilde * Z_norm, axis=1, keepdims=True)
    dbeta = np.sum(dZ_tilde, axis=1, keepdims=True)
    dZ_norm = dZ_tilde * gamma
    dsigma2 = np.sum(dZ_norm * (Z - mu), axis=1, keepdims=True) * -0.5 * np.power(sigma2 + epsilon, -1.5)
    dmu = -np.sum(dZ_norm, axis=1, keepdims=True) / np.sqrt(sigma2 + epsilon)
    dZ = dZ_norm / np.sqrt(sigma2 + epsilon) + dsigma2 * 2 * (Z - mu) / m + dmu / m
    return dZ, dgamma, dbeta
