def backward_conv_pure(image, kernel, grad, stride=1):
    n_rows, n_cols = len(image), len(image[0])
    kr, kc = len(kernel), len(kernel[0])
    grad_image = [[0.0] * n_cols for _ in range(n_rows)]
    grad_kernel = [[0.0] * kc for _ in range(kr)]
    for r, line in enumerate(grad):
        for c, g in enumerate(line):
            for u in range(kr):
                for v in range(kc):
                    grad_kernel[u][v] += g * image[r * stride + u][c * stride + v]
                    grad_image[r * stride + u][c * stride + v] += g * kernel[u][v]
    return grad_image, grad_kernel


if __name__ == "__main__":
    print(backward_conv_pure([[1, 2, 3], [4, 5, 6]], [[1, 0]], [[1, 1], [1, 1]]))
