import torch


class EmbeddingFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, indices):
        ctx.save_for_backward(indices)
        ctx.num_weights = weight.size(0)
        return weight.index_select(0, indices.view(-1)).view(*indices.shape, -1)

    @staticmethod
    def backward(ctx, grad_output):
        indices, = ctx.saved_tensors
        dim = grad_output.size(-1)
        grad_weight = grad_output.new_zeros(ctx.num_weights, dim)
        grad_weight.index_put_((indices,), grad_output, accumulate=True)
        return grad_weight, None
