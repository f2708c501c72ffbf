"""What people call the things of a convolution: names of parameters, attributes and keys, and their roles."""

from __future__ import annotations

import functools
import re
import unicodedata

BESIDES = re.compile(
    r"_?(name|layer_?name|retain\w*|dtype|seed|rng|random_state|verbose|debug|(is_)?train\w*|device|\w*init\w*"
    r"|out|optimi[sz]er|lr|eta|learning_?rate|momentum|cache\w*|return_\w+|ctx|copy|inplace|eps\w*|epsilon|args"
    r"|kwargs|keep_?dims|eval|inference|requires_grad|memory|(save|store|keep)_\w+)",
    re.I,
)
"""Parameters that do not change what is computed, but how, or what for."""
_WORDS = """
dZ: dz dy dout d_out dl_dz dldz dl_dout dloss dlout delta deltas grad gradient gradients grads grad_output
dZ: grad_outputs grad_out gradoutput output_gradient output_grad out_grad upstream upstream_grad
dZ: upstream_gradient error errors error_tensor accum_grad d_l_d_out dh top_diff eta g da dnext d_next
dZ: cotangent cotangents ct y_bar z_bar out_bar output_bar sensitivity dconv d_conv dnext_layer
dZ: out_backprop dconv_prev next_grad output_error grad_y grad_z dl_dy residual d_out d_act dact
A_prev: a_prev a_previous a x input inputs inp x_in xin input_tensor input_data image images img im batch data
A_prev: aprev xprev adata convin conv_in conv_input picture pictures pic pics map maps planes plane
A_prev: act acts fmap self lhs
A_prev: layer_input a_in prev_a activation_prev in_data xs picture signal bottom feature_map features
W: krn rhs
W: w weight weights kernel kernels filter filters k theta param wt ker filt filts bank kern kerns taps mask
b: b bias biases beta offset offsets bs bias_vec shift shifts verschiebung
stride: filter_stride conv_stride kernel_stride
stride: stride strides s stride_shape stride_size step steps stride_len st
padding: margin margins border pad_amount
padding: padding pad p pads conv_pad conv_padding pad_size padding_size zero_padding pad_width zp
dilation: dilation dilations dilate dilates dil dilation_rate d rate atrous_rate rhs_dilation kernel_dilation
groups: groups group g n_groups num_groups num_group n_group ngroups
dZ: fehler gradiente gradientes erreur erro errore oshibka tidu 梯度 误差
A_prev: eingabe eingang bild entrada entradas entree imagen imagem ingresso immagine shuru tupian vhod 输入
W: poids pesos pesi gewichte wagi kerne kern noyau noyaux filtre filtres filtro filtros filtri nucleo nucleos
W: nuclei juanjihe quanzhong yadro yadra vesa 权重 核 卷积核
b: biais sesgo vies versatz schwellen pianzhi smeschenie sdvig 偏置
stride: pas paso passo zancada schritt schrittweite buchang shag window_strides window_stride 步长
padding: marge relleno rembourrage preenchimento bordo borda riempimento rand tianchong otstup 填充 边距
dZ: gradyan hata blad fout chyba gosa ocha pomylka 오차 誤差
A_prev: girdi giris goruntu wejscie obraz invoer beeld indata vstup vkhid nyuryoku gazo ipryeok 입력 入力
W: agirlik agirliklar filtre cekirdek jadro jadra filtry gewichten vikter vahy vagy
W: omomi gajungchi 가중치 重み
b: yanlilik sapma obciazenie przesuniecie posun zsuv baiasu pyeonhyang 편향 バイアス
stride: adim krok stap stapgrootte steg sutoraido ストライド 스트라이드
padding: dolgu dopelnienie wypelnienie opvulling utfyllnad vypln vidstup padingu パディング 패딩
dilation: dilatazione dilatacion dilatacao dilatation genlesme dylatacja dilatace
cache: onbellek geheugen minne
Z: cikti cikis wyjscie uitvoer utdata vystup vykhid shutsuryoku chulryeok 출력 出力
rate: ogrenme_orani leersnelheid
cache: memoire memoria speicher zwischenspeicher puffer huancun kesh pamiec 缓存
Z: ausgabe ausgang aus salida sortie saida uscita shuchu vyhod 输出
cache: cache caches context saved cached memory state memo stash tape stored kept residuals residual res
hparameters: hparameters hparams hparam conv_param conv_params hyperparameters config
hparameters: cfg conf options opts opt settings hyper hp params_conv conv_cfg
rate: taux tasa lernrate
rate: lr learning_rate learningrate learn_rate rate alpha step_size l_rate
in_channels: in_channels in_channel input_channels n_in_channels cin c_in in_c in_ch channels_in in_features
in_channels: in_planes input_depth in_depth n_channels num_channels channels depth_in nc ic c input_dim
out_channels: out_channels out_channel output_channels n_out_channels cout c_out out_c out_ch channels_out
out_channels: num_filters n_filters nb_filters filters_num filter_num num_kernels n_kernels filters f
out_channels: number_of_filters out_planes out_features depth oc nf n_f n_filter kernels_num output_depth
kernel_size: kernel_size kernelsize kernel filter_size filter_shape kernel_shape ksize k f size field fsize
kernel_size: filter_dim kernel_dim window f_size k_size spatial_extent
kernel_h: kh k_h fh f_h hf kernel_h kernel_height filter_h filter_height k_height f_height kernel_rows
kernel_w: kw k_w fw f_w wf kernel_w kernel_width filter_w filter_width k_width f_width kernel_cols
A_prev_pad: x_pad xp xpad x_padded a_prev_pad a_pad padded padded_x x_p input_padded padded_input input_pad
A_prev_pad: inputs_padded padded_inputs padded_image
W_shape: w_shape weight_shape weights_shape kernel_shape filter_shape w_size kernel_dims weight_size
W_shape: filter_sizes kernel_sizes
activation: activation act activation_fn activation_function nonlinearity act_fn
Z: z out output outputs y
ctx: ctx context cx
input_shape: input_sizes a_shape a_prev_shape x_size input_dim
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
_ABOVE = re.compile(
    r"(?:d_?(?:[a-z]|loss)_?d_?|d_|g_|(?:grad(?:ient)?e?s?|delta|der|deriv|nabla)_?)(?P<of>\w+)"
    r"|[dg](?P<out>z|y|outs?|outputs?)|(?P<its>\w+?)_(?:grad(?:ient)?e?s?|delta|bar|error|tidu)"
)
"""What a gradient is called, and of what: `dz_dy`, `d_salida`, `gout`, `y_bar`."""


_PLAIN = str.maketrans(
    "àáâãåąçćčďèéêëęěğìíîïıłñńňòóôõřśšşťùúûůÿýźżž",
    "aaaaaacccdeeeeeegiiiiilnnnoooorssstuuuuyyzzz",
) | {ord(letter): plain for letter, plain in zip("äöüß", ("ae", "oe", "ue", "ss"), strict=True)}
"""Letters as people write them who have no others on their keyboards."""


@functools.lru_cache(1024)
def roles_of(name: str) -> tuple[str, ...]:
    """The roles a name can have; none if it says nothing.

    >>> roles_of("W")
    ('W',)
    >>> roles_of("kernel")
    ('W', 'kernel_size')
    """
    word = unicodedata.normalize("NFKC", name).lower().strip("_").translate(_PLAIN)
    found = tuple(role for role, words in ROLES.items() if word in words)
    if not found and (of := _ABOVE.fullmatch(word)) is not None:
        return ("dZ",) if "Z" in roles_of(next(filter(None, of.groups()))) else ()
    several = not found and len(word) > 3 and word.endswith("s") and word != "params"  # which holds several
    return roles_of(word[:-1]) if several else found


_MAKING = (
    (r"(use|with|has|add|enable|include|no)_?bias(es)?|bias_(flag|term)|use_b", "use_bias"),
    (r".*act(ivation)?(_?(fn|func|function|name))?|nonlinearity|non_linearity|act_\w+", "activation"),
    (r".*init(ializ|ialis)?(er|ation)?(_?(fn|func|method|type|mode|scheme))?|init\w*"
     r"|.*(stddev|std|scale|sigma)", "initializer"),
    (r".*(optim\w*|opt)", "optimizer"),
    (r"name|layer_name|label|tag", "name"),
    (r"seed|random_?(state|seed)|rand", "seed"),
    (r"rng|(random_?)?generator", "rng"),
    (r"dtype|data_type", "dtype"),
    (r"(l_?[12]|reg\w*|weight_decay|decay|momentum|dropout\w*|lambd\w*|wd|mu|eps(ilon)?)(_?(rate|reg"
     r"|lambda|coeff?))?", "zero"),
    (r"(is_|in_)?train(ing)?(_?(mode|flag))?|verbose|debug|trainable|is_first\w*|need\w*"
     r"|requires_grad", "flag"),
    (r"data_format|layout|order", "format"),
    (r"config|cfg|h(yper)?_?param(eter)?s?|conv_params?|params|options|args"
     r"|settings|layer_info|spec(ification)?|\w+_(cfg|config|spec)", "hparameters"),
    (r"(l_?|learning_?|learn_?|lern)rate|lr|alpha|eta|step_size|taux(_\w+)?|tasa(_\w+)?", "rate"),
    (r"batch(_?(size|num|n))?|n_?batch\w*|num_?(batch|samples|images)|n|m|bs|n_samples"
     r"|mini_?batch\w*", "batch"),
    (r"(pad|padding)s?(_?(size|len|length|width|amount|shape|mode|type|h|w|x|y|num))?|p"
     r"|zero_pad(ding)?|n_pad|pad\w*|borders?(_?(size|width|pad))?|margins?|halo|rim", "padding"),
    (r"strides?(_?(size|len|length|shape|step|h|w|x|y|num))?|s|steps?(_size)?|st|n_stride"
     r"|subsample\w*", "stride"),
    (r"dilat(e|ions?)(_?(rate|size|factor))?|dil|d", "dilation"),
    (r"(n_|num_)?groups?|g", "groups"),
    (r"taille|tamano|groesse", "kernel_size"),
    (r"canaux|canales|kanaele|通道数", "in_channels"),
    (r"filtres|filtros|卷积核数", "out_channels"),
    (r"(kernel|filter|filt|conv|window|ker|k|f)_?(h|height|rows?|y)|hh|kh|fh"
     r"|h_?(kernel|filter|k|f)|k_?1|f_?1|nb_rows?", "kernel_h"),
    (r"(kernel|filter|filt|conv|window|ker|k|f)_?(w|width|cols?|x)|ww|kw|fw"
     r"|w_?(kernel|filter|k|f)|k_?2|f_?2|nb_cols?", "kernel_w"),
    (r"(kernel|filter|filt|ker|conv|convolution|window|k|f|w|weights?)s?_?(size|sz|shape|dims?|dimensions?"
     r"|len|length|width|side)s?"
     r"|ksize|fsize|ksz|size|sizes|receptive_field\w*|spatial_extent|extent|k|field|hw"
     r"|size_(kernel|filter)", "kernel_size"),
    (r"(in|input|inp|x|image|img|data|previous|prev)_?(shape|dims?|dimensions?|size|hw)s?"
     r"|shape|shape_in\w*", "input_shape"),
    (r"(in|input|inp|image|img|x|data|i|h)_?(h|height|rows?)|height|h|rows?|h_(in|prev)"
     r"|in_?put_?h\w*", "in_h"),
    (r"(in|input|inp|image|img|x|data|i|w)_?(w|width|cols?|columns?)|width|columns?|cols?"
     r"|w_(in|prev)", "in_w"),
    (r"(in|input|inp|prev|n_?in|num_?in|n_?input|num_?input|image|img|x)_?(c|ch|chan|chans|channels?|chn"
     r"|depths?|dims?|planes?|features?|maps?|size|filters?|num|n|feature_?maps?|map_?num|kernels?)"
     r"|c_?in|ic|ci|(n|num|nb)_?in(put)?s?|inc|in|inch|inplanes|channels_?in"
     r"|(n_|num_|number_of_|nb_)?(channels?|chan|chs?)(_(num|number|count|prev|in|input))?"
     r"|c|c_prev|n_?c_?prev|n_?c|depth_in|fan_in|input|widths|channels?_list", "in_channels"),
    (r"(out|output|n_?out|num_?out|n_?output|num_?output|new|next)_?(c|ch|chan|chans|channels?|chn|depths?"
     r"|dims?|planes?|features?|maps?|size|filters?|num|n|feature_?maps?|map_?num|kernels?)"
     r"|c_?out|oc|co|(n|num|nb)_?out(put)?s?|outc|out|outch|outplanes|channels_?out"
     r"|(n|num|nb|number|no|count)_?(of)?_?(filters?|kernels?|filts?|maps?|feature_?maps?|features?|out"
     r"|neurons|f|k|units|conv)"
     r"|(filters?|kernels?|filt|maps?|feature|neuron)s?_?(num|number|count|n|amount|nums|cnt|depth)?"
     r"|depth|f|nf|nk|units|o|k_num|output|n_?c|fan_out|count", "out_channels"),
    (r"(conv|init|initial|kernel|filter|my)?_?(w|weights?|kernels?|filters?|theta|k|params?|f)(_?(matrix"
     r"|tensor|array|data|value|init))?", "W"),
    (r"(conv|init|initial|my)?_?(b|bias(es)?|beta)(_?(vector|tensor|array|data|value|init))?", "b"),
)  # fmt: skip
"""What a constructor's parameters are called: patterns of whole names, and their roles."""
_SIDES = (
    (r"(n|num|nb)?_?(in|inputs?|from|src|previous|prev)(_\w+)?", "in_channels"),
    (r"(n|num|nb)?_?(out|outputs?|to|dst|next|new)(_\w+)?", "out_channels"),
)
"""What a name that says nothing else may still say: on which side of the layer it is."""


_SEVERAL = {
    "kernel": ("kernel_size", "W"),
    "filter": ("kernel_size", "W"),
    "filters": ("out_channels", "kernel_size"),
    "f": ("kernel_size", "out_channels"),
    "F": ("out_channels", "kernel_size"),
    "W": ("W", "in_w"),
    "w": ("W", "in_w"),
    "k": ("kernel_size", "out_channels", "W"),
    "weights": ("W",),
    "weight": ("W",),
    "kernels": ("out_channels", "W"),
    "bias": ("b", "use_bias"),
    "depth": ("out_channels", "in_channels"),
    "size": ("kernel_size", "input_shape"),
    "shape": ("input_shape", "kernel_size"),
    "channels": ("in_channels", "out_channels"),
    "channel": ("in_channels", "out_channels"),
    "c": ("in_channels", "out_channels"),
    "n_c": ("out_channels", "in_channels"),
    "n_C": ("out_channels", "in_channels"),
    "n": ("batch", "out_channels"),
    "alpha": ("rate",),
    "mode": ("padding",),
    "rate": ("rate", "dilation"),
}


@functools.lru_cache(1024)
def making_roles(name: str) -> tuple[str, ...]:
    """The roles that a constructor's parameter can have, likeliest first; none if its name says nothing.

    >>> making_roles("in_channels"), making_roles("filters")
    (('in_channels',), ('out_channels', 'kernel_size', 'W'))
    """
    word = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("_")).lower()
    found = [role for pattern, role in _MAKING if re.fullmatch(pattern, word)]
    found = [*_SEVERAL.get(name, _SEVERAL.get(word, ())), *found]
    found = found or [role for role in roles_of(name) if role in ("W", "b", "stride", "padding")]
    found = found or [role for pattern, role in _SIDES if re.fullmatch(pattern, word)]
    return tuple(dict.fromkeys(found))
