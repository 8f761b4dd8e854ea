#!/usr/bin/env python3
"""Writes onnx.json and keras.json beside this file: what their own definitions give, with their own defaults, by mpmath.

Run it as `python3 standards.py`. ONNX's are those of docs/Operators.md (opset 24, SwiGLU 28), Keras's those of
keras/src/activations and keras/src/ops/nn.py (Keras 3). Results are the float32 nearest to the formula's; numbers that a
definition gives as a decimal are the float32 nearest to it, as attributes of ONNX are and as Keras casts them. Each row
is our name with those of our options that differ from our defaults, and the name that activation() knows it by.
"""
import json
import sys
from pathlib import Path

from mpmath import mp, mpf

sys.path.insert(0, str(Path(__file__).parents[1]))
from make import float32


def single(decimal):
    return mpf(float32(mpf(decimal)))


steps = ["100", "38", "10", "6", "3.5", "3", "2.75", "2.5", "2", "1.5", "1", "0.75", "0.5625", "0.5", "0.25", "1e-3", "1e-10"]
inputs = [0.0] + [float32(sign * mpf(v)) for v in steps for sign in (-1, 1)]


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def gelu(x):
    return x / 2 * mp.erfc(-x / mp.sqrt(2))


def gelu_tanh(x):
    """x / 2 (1 + tanh(u)) as x sigmoid(2 u), which 400 bits hold everywhere."""
    return x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))


def clip(x, low, high):
    return max(low, min(high, x))


def leaky(slope):
    return lambda x: x if x >= 0 else slope * x


def elu(alpha, gamma=1):
    return lambda x: gamma * (x if x > 0 else alpha * mp.expm1(x))


def shrink(lambd, bias):
    return lambda x: x + bias if x < -lambd else x - bias if x > lambd else mpf(0)


def softplus(x):
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def tanh_shrink(x):
    with mp.workprec(mp.prec + 200):
        return x - mp.tanh(x)


onnx_selu = {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}

# Operator, our name, our options, its formula, and whether activation() has its name: that, or another.
onnx = [
    ("Relu", "relu", {}, lambda x: max(x, 0), True),
    ("LeakyRelu", "leakyRelu", {}, leaky(single("0.01")), True),
    ("Elu", "elu", {}, elu(1), True),
    ("Celu", "celu", {}, elu(1), True),
    ("Selu", "selu", {"alpha": onnx_selu["alpha"]}, elu(mpf(onnx_selu["alpha"]), mpf(onnx_selu["gamma"])), False),
    ("Selu", "selu", {"gamma": onnx_selu["gamma"]}, elu(mpf(onnx_selu["alpha"]), mpf(onnx_selu["gamma"])), True),
    ("Sigmoid", "sigmoid", {}, sigmoid, True),
    ("Tanh", "tanh", {}, mp.tanh, True),
    ("Softplus", "softplus", {}, softplus, True),
    ("Softsign", "softsign", {}, lambda x: x / (1 + abs(x)), True),
    ("HardSigmoid", "hardSigmoid", {"alpha": 0.2}, lambda x: clip(single("0.2") * x + 0.5, 0, 1), True),
    ("HardSigmoid", "hardSigmoid", {"alpha": 1 / 6}, lambda x: clip(single(mpf(1) / 6) * x + 0.5, 0, 1), False),
    ("HardSwish", "hardSwish", {}, lambda x: x * clip(x / 6 + 0.5, 0, 1), True),
    ("Gelu", "gelu", {}, gelu, True),
    ("Gelu", "gelu", {"approximate": "tanh"}, gelu_tanh, False),
    ("Mish", "mish", {}, lambda x: x * mp.tanh(softplus(x)), True),
    ("Swish", "silu", {}, lambda x: x * sigmoid(x), True),
    ("Swish", "silu", {"beta": 1.702}, lambda x: x * sigmoid(single("1.702") * x), False),
    ("Shrink", "hardShrink", {}, shrink(mpf("0.5"), 0), True),
    ("Shrink", "softShrink", {}, shrink(mpf("0.5"), mpf("0.5")), False),
    ("ThresholdedRelu", "threshold", {"threshold": 1, "value": 0}, lambda x: x if x > 1 else mpf(0), True),
    ("Clip", "hardTanh", {"min": 0, "max": 6}, lambda x: clip(x, 0, 6), False),
    ("PRelu", "prelu", {"weight": 0.1}, leaky(single("0.1")), False),
    ("Identity", "identity", {}, lambda x: x, True),
]

scale, alpha = mpf("1.05070098735548049342"), mpf("1.67326324235437728482")
keras = [
    ("relu", "relu", {}, lambda x: max(x, 0), True),
    ("relu6", "relu6", {}, lambda x: clip(x, 0, 6), True),
    ("leaky_relu", "leakyRelu", {"negativeSlope": 0.2}, leaky(single("0.2")), False),
    ("layers.LeakyReLU", "leakyRelu", {"negativeSlope": 0.3}, leaky(single("0.3")), False),
    ("layers.PReLU", "prelu", {"weight": 0}, leaky(mpf(0)), False),
    ("elu", "elu", {}, elu(1), True),
    ("selu", "selu", {}, elu(alpha, scale), True),
    ("celu", "celu", {}, elu(1), True),
    ("softplus", "softplus", {}, softplus, True),
    ("softsign", "softsign", {}, lambda x: x / (abs(x) + 1), True),
    ("silu", "silu", {}, lambda x: x * sigmoid(x), True),
    ("swish", "swish", {}, lambda x: x * sigmoid(x), True),
    ("gelu", "gelu", {}, gelu, True),
    ("ops.gelu", "gelu", {"approximate": "tanh"}, gelu_tanh, False),
    ("tanh", "tanh", {}, mp.tanh, True),
    ("sigmoid", "sigmoid", {}, sigmoid, True),
    ("hard_sigmoid", "hardSigmoid", {}, lambda x: clip(x + 3, 0, 6) / 6, True),
    ("hard_silu", "hardSwish", {}, lambda x: x * clip(x + 3, 0, 6) / 6, True),
    ("hard_swish", "hardSwish", {}, lambda x: x * clip(x + 3, 0, 6) / 6, True),
    ("hard_tanh", "hardTanh", {}, lambda x: clip(x, -1, 1), True),
    ("hard_shrink", "hardShrink", {}, shrink(mpf("0.5"), 0), True),
    ("soft_shrink", "softShrink", {}, shrink(mpf("0.5"), mpf("0.5")), True),
    ("tanh_shrink", "tanhShrink", {}, tanh_shrink, True),
    ("sparse_sigmoid", "hardSigmoid", {"alpha": 0.5, "beta": 0.5}, lambda x: clip((x + 1) / 2, 0, 1), True),
    ("squareplus", "squareplus", {}, lambda x: (x + mp.sqrt(x * x + 4)) / 2, True),
    ("log_sigmoid", "logSigmoid", {}, lambda x: -softplus(-x), True),
    ("mish", "mish", {}, lambda x: x * mp.tanh(softplus(x)), True),
    ("linear", "identity", {}, lambda x: x, True),
]

# Over dimensions: rows of six, as [2, 3, 2] in row-major order.
shape = (2, 3, 2)
table = [float32(mpf(v)) for v in "0.5 -1.25 3 2 -0.75 12 4 0 -2 1.5 -8 0.25".split()]


def cells(kept):
    """The places of each slice, whose places have the same indices in the dimensions that are kept."""
    slices = {}
    for at in range(12):
        index = (at // 6, at // 2 % 3, at % 2)
        slices.setdefault(tuple(index[d] for d in kept), []).append(at)
    return list(slices.values())


def spread(kept, f):
    """f of each entry and the sum of its slice's exponentials, in the places of the entries."""
    result = [None] * 12
    for places in cells(kept):
        total = mp.fsum(mp.exp(mpf(table[at])) for at in places)
        for at in places:
            result[at] = f(mpf(table[at]), total)
    return result


def sums(kept):
    return [mp.log(mp.fsum(mp.exp(mpf(table[at])) for at in places)) for places in cells(kept)]


def share(x, total):
    return mp.exp(x) / total


def log_share(x, total):
    return x - mp.log(total)


def halves(f):
    """Of the entries a and b of each pair along the last dimension."""
    return [f(mpf(table[at]), mpf(table[at + 1])) for at in range(0, 12, 2)]


# Operator, our name, our options, the shape of the result, the results, and whether activation() has its name.
onnx_along = [
    ("Softmax", "softmax", {}, shape, spread((0, 1), share), True),
    ("Softmax (opset 11)", "softmax", {"dim": [1, 2]}, shape, spread((0,), share), False),
    ("LogSoftmax", "logSoftmax", {}, shape, spread((0, 1), log_share), True),
    ("LogSoftmax (opset 11)", "logSoftmax", {"dim": [1, 2]}, shape, spread((0,), log_share), False),
    ("ReduceLogSumExp", "logSumExp", {"dim": [0, 1, 2], "keepdim": True}, (1, 1, 1), sums(()), False),
    ("SwiGLU", "swiglu", {}, (2, 3, 1), halves(lambda a, b: a * sigmoid(a) * b), False),
]
keras_along = [
    ("softmax", "softmax", {}, shape, spread((0, 1), share), True),
    ("log_softmax", "logSoftmax", {}, shape, spread((0, 1), log_share), True),
    ("glu", "glu", {}, (2, 3, 1), halves(lambda a, b: a * sigmoid(b)), True),
    ("ops.logsumexp", "logSumExp", {"dim": [0, 1, 2]}, (), sums(()), False),
]


def text(numbers):
    return " ".join(f"{float32(mpf(v)):.9g}".replace("inf", "Infinity") for v in numbers)


def source(elementwise, along):
    def row(operator, name, options, named):
        return {"operator": operator, "name": name, "options": options, "named": named}

    return {
        "x": text(inputs),
        "elementwise": [
            {**row(operator, name, options, named), "values": text(f(mpf(v)) for v in inputs)}
            for operator, name, options, f, named in elementwise
        ],
        "shape": shape,
        "table": text(table),
        "along": [
            {**row(operator, name, options, named), "shape": size, "values": text(values)}
            for operator, name, options, size, values, named in along
        ],
    }


for name, content in {"onnx": source(onnx, onnx_along), "keras": source(keras, keras_along)}.items():
    file = Path(__file__).with_name(f"{name}.json")
    file.write_text(json.dumps(content, separators=(",", ":")) + "\n")
