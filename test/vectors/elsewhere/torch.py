#!/usr/bin/env python3
"""Writes torch.json beside this file: what PyTorch gives for values and gradients, in float32 and float64.

Run it as `/usr/bin/python3 torch.py` with Debian's python3-torch (1.13). The tests need only what it has written. A call
is a function of torch.nn.functional by our name, with those of our options in which it differs from our defaults.
Numbers have 9 digits, of float64 17, which name them exactly, and words that JavaScript's Number reads.
"""
import itertools
import json
import sys
from pathlib import Path

sys.path.pop(0)  # This file has the name of the package.
import torch
import torch.nn.functional as F

inf = float("inf")
ends = {torch.float32: [-1e-40, -(2.0**-149)], torch.float64: [-1e-310, -5e-324]}
steps = [-100.0, -38.0, -19.5, -10.0, -6.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5625, -0.5, -0.25, -1e-3, -1e-10]

elementwise = [
    ("relu", {}, F.relu),
    ("leakyRelu", {}, F.leaky_relu),
    ("leakyRelu", {"negativeSlope": 0.25}, lambda x: F.leaky_relu(x, 0.25)),
    ("prelu", {"weight": 0.25}, lambda x: F.prelu(x, torch.tensor([0.25], dtype=x.dtype))),
    ("rrelu", {}, lambda x: F.rrelu(x, training=False)),
    ("relu6", {}, F.relu6),
    ("hardTanh", {}, F.hardtanh),
    ("hardTanh", {"min": -2, "max": 0.5}, lambda x: F.hardtanh(x, -2, 0.5)),
    ("hardShrink", {}, F.hardshrink),
    ("hardShrink", {"lambda": 2}, lambda x: F.hardshrink(x, 2)),
    ("softShrink", {}, F.softshrink),
    ("softShrink", {"lambda": 2}, lambda x: F.softshrink(x, 2)),
    ("threshold", {"threshold": 0.5, "value": -1}, lambda x: F.threshold(x, 0.5, -1)),
    ("hardSigmoid", {}, F.hardsigmoid),
    ("hardSwish", {}, F.hardswish),
    ("softsign", {}, F.softsign),
    ("sigmoid", {}, torch.sigmoid),
    ("tanh", {}, torch.tanh),
    ("gelu", {}, F.gelu),
    ("gelu", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
    ("elu", {}, F.elu),
    ("elu", {"alpha": 2}, lambda x: F.elu(x, 2)),
    ("silu", {}, F.silu),
    ("softplus", {}, F.softplus),
    ("softplus", {"beta": 0.5}, lambda x: F.softplus(x, 0.5)),
    ("softplus", {"threshold": 2}, lambda x: F.softplus(x, threshold=2)),
    ("logSigmoid", {}, F.logsigmoid),
    ("selu", {}, F.selu),
    ("celu", {}, F.celu),
    ("celu", {"alpha": 2}, lambda x: F.celu(x, 2)),
    ("mish", {}, F.mish),
    ("tanhShrink", {}, F.tanhshrink),
]


def text(numbers, dtype):
    """Of a tensor, or of a list, the elements in row-major order."""
    digits = 9 if dtype == torch.float32 else 17
    words = {inf: "Infinity", -inf: "-Infinity"}
    flat = numbers.flatten().tolist() if isinstance(numbers, torch.Tensor) else numbers
    return " ".join("NaN" if v != v else words.get(v, f"{v:.{digits}g}") for v in flat)


def run_elementwise(name, options, f, dtype):
    x = torch.tensor(inputs(dtype), dtype=dtype, requires_grad=True)
    y = f(x)
    y.sum().backward()
    return {"name": name, "options": options, "values": text(y, dtype), "slopes": text(x.grad, dtype)}


def inputs(dtype):
    halves = steps + ends[dtype]
    return [v for a in halves for v in (a, -a)] + [-0.0, 0.0, -inf, inf, float("nan")]


# What the functions over dimensions take: sizes of three dimensions, the grad that comes in, and classes.
shape = (3, 4, 2)
logits = [0.5, -1.25, 3, 2, -0.75, 12, 4, 0, -2, 1.5, -8, 0.25, 1, 1, 30, -3, 0, 0.125, -0.5, 7, 2.5, -6, 1.75, -20]
grads = [((7 * i) % 11 - 4) / 4 for i in range(24)]
classes = [[2, 0], [3, 1], [0, 3]]
ignored = [[2, 1], [-100, 1], [0, 1]]
likely = [((5 * i) % 8) / 8 for i in range(24)]
weight = [0.5, 2, 0, 1.25]


def run(name, options, f, dtype, *also):
    """The value, and the gradient by x of what it comes to with the grads."""
    x = torch.tensor(logits, dtype=dtype).reshape(shape).requires_grad_()
    y = f(x, dtype)
    grad = torch.tensor(grads[: y.numel()], dtype=dtype).reshape(y.shape) if y.ndim else torch.tensor(1, dtype=dtype)
    y.backward(grad)
    result = {"name": name, "options": options, "shape": list(y.shape)}
    return {**result, **dict(also), "values": text(y, dtype), "gradient": text(x.grad, dtype)}


def along():
    """Name, options and call of each function over dimensions, and glu."""
    for name, f in [("softmax", F.softmax), ("softmin", F.softmin), ("logSoftmax", F.log_softmax)]:
        yield name, {}, lambda x, _, f=f: f(x, -1)
        yield name, {"dim": 1}, lambda x, _, f=f: f(x, 1)
        yield name, {"dim": 0, "temperature": 0.5}, lambda x, _, f=f: f(x / 0.5, 0)
    yield "logSumExp", {}, lambda x, _: torch.logsumexp(x, -1)
    yield "logSumExp", {"dim": [0, 2], "keepdim": True}, lambda x, _: torch.logsumexp(x, (0, 2), True)
    yield "prelu", {"weight": weight}, lambda x, dtype: F.prelu(x, torch.tensor(weight, dtype=dtype))
    yield "glu", {}, lambda x, _: F.glu(x)
    yield "glu", {"dim": 1}, lambda x, _: F.glu(x, 1)


def losses():
    """Options, target and call of each cross entropy: each of its options that are no defaults with each of the others."""
    names = {"ignoreIndex": "ignore_index", "labelSmoothing": "label_smoothing"}
    kept, smooth = [{}, {"ignoreIndex": 1}], [{}, {"labelSmoothing": 0.25}]
    weights, reductions = [{}, {"weight": weight}], [{}, {"reduction": "sum"}, {"reduction": "none"}]
    for parts in itertools.product(["classes", "ignored", "likely"], kept, smooth, weights, reductions):
        target, options = parts[0], {k: v for part in parts[1:] for k, v in part.items()}
        if target != "classes" and "ignoreIndex" in options:
            continue
        theirs = {names.get(name, name): value for name, value in options.items()}

        def f(x, dtype, target=target, theirs=theirs):
            own = {"weight": torch.tensor(weight, dtype=dtype)} if "weight" in theirs else {}
            to = torch.tensor(likely, dtype=dtype).reshape(shape) if target == "likely" else torch.tensor(table[target])
            return F.cross_entropy(x, to, **{**theirs, **own})

        yield options, target, f


table = {"classes": classes, "ignored": ignored}


def of(dtype):
    return {
        "x": text(inputs(dtype), dtype),
        "elementwise": [run_elementwise(*call, dtype) for call in elementwise],
        "along": [run(*call, dtype) for call in along()],
        "losses": [run("crossEntropy", o, f, dtype, ("target", t)) for o, t, f in losses()],
    }


def main():
    given = {"shape": shape, "logits": logits, "grads": grads, **table, "likely": likely}
    content = {"torch": torch.__version__, **given, "float32": of(torch.float32), "float64": of(torch.float64)}
    Path(__file__).with_suffix(".json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


main()
