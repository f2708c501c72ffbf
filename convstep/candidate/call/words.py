"""What people call the things of a convolution: names of parameters, attributes and keys, and their roles."""

from __future__ import annotations

_WORDS = """
dZ: dz dy dout d_out dl_dz dldz dl_dout dloss dlout delta deltas grad gradient gradients grads grad_output
dZ: grad_outputs grad_out gradoutput output_gradient output_grad out_grad upstream upstream_grad
dZ: upstream_gradient error errors error_tensor accum_grad d_l_d_out dh top_diff eta g da dnext d_next
dZ: next_grad output_error grad_y grad_z dl_dy residual
A_prev: a_prev a x input inputs inp x_in xin input_tensor input_data image images img im batch data
A_prev: layer_input a_in prev_a activation_prev in_data xs picture signal bottom feature_map features
W: w weight weights kernel kernels filter filters k theta param wt ker filt
b: b bias biases beta
stride: stride strides s stride_shape stride_size step steps stride_len st
padding: padding pad p pads pad_size padding_size zero_padding pad_width zp
dilation: dilation dilations dilation_rate d
groups: groups group n_groups num_groups
cache: cache caches context saved cached memory state
hparameters: hparameters hparams hparam conv_param conv_params hyperparameters config
rate: lr learning_rate learningrate learn_rate rate alpha step_size l_rate
in_channels: in_channels in_channel input_channels n_in_channels cin c_in in_c in_ch channels_in in_features
in_channels: in_planes input_depth in_depth n_channels num_channels channels depth_in nc ic c input_dim
out_channels: out_channels out_channel output_channels n_out_channels cout c_out out_c out_ch channels_out
out_channels: num_filters n_filters nb_filters filters_num filter_num num_kernels n_kernels filters f
out_channels: number_of_filters out_planes out_features depth oc nf n_f n_filter kernels_num output_depth
kernel_size: kernel_size kernelsize kernel filter_size filter_shape kernel_shape ksize k f size field fsize
kernel_size: filter_dim kernel_dim window f_size k_size spatial_extent
A_prev_pad: x_pad xp xpad x_padded a_prev_pad a_pad padded padded_x x_p input_padded padded_input input_pad
A_prev_pad: inputs_padded padded_inputs padded_image
W_shape: w_shape weight_shape weights_shape kernel_shape filter_shape w_size kernel_dims weight_size
activation: activation act activation_fn activation_function nonlinearity act_fn
Z: z out output outputs y
ctx: ctx context cx
input_shape: a_shape a_prev_shape x_size input_dim
input_shape: input_shape in_shape shape input_size in_size input_dims x_shape image_shape
"""


def _by_role() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _WORDS.strip().splitlines():
        role, _, words = line.partition(": ")
        found[role] = (*found.get(role, ()), *words.split())
    return found


ROLES = _by_role()
"""Names by role, in lower case; which of several roles a name has depends on where it stands."""


def roles_of(name: str) -> tuple[str, ...]:
    """The roles a name can have; none if it says nothing.

    >>> roles_of("W")
    ('W',)
    >>> roles_of("kernel")
    ('W', 'kernel_size')
    """
    word = name.lower().strip("_")
    return tuple(role for role, words in ROLES.items() if word in words)
