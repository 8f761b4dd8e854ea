#!/usr/bin/env python3
"""Writes torch.json beside this file: what PyTorch gives for values and gradients.

Run it as `/usr/bin/python3 torch.py` with Debian's python3-torch (1.13). The tests need only what it has written. A call
is a function of torch.nn.functional by our name, with our options; numbers have 17 digits, and what is no number in JSON
is a string.
"""
import json
import sys
from pathlib import Path

sys.path.pop(0)  # This file has the name of the package.
import torch
import torch.nn.functional as F

inf = float("inf")
x = [-100.0, -38.0, -10.0, -6.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.75, -0.5, -0.25, -1e-3, -1e-10, -1e-310, -5e-324]
inputs = [v for a in x for v in (a, -a)] + [-0.0, 0.0, -inf, inf, float("nan")]

calls = [
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
    ("logSigmoid", {}, F.logsigmoid),
    ("selu", {}, F.selu),
    ("celu", {}, F.celu),
    ("celu", {"alpha": 2}, lambda x: F.celu(x, 2)),
    ("mish", {}, F.mish),
    ("tanhShrink", {}, F.tanhshrink),
]


def number(v):
    return v if abs(v) < inf else str(v)


def run(name, options, f):
    x = torch.tensor(inputs, dtype=torch.float64, requires_grad=True)
    y = f(x)
    y.sum().backward()
    result = {"name": name, "options": options}
    result["values"] = [number(v) for v in y.tolist()]
    result["slopes"] = [number(v) for v in x.grad.tolist()]
    return result


def main():
    table = {"torch": torch.__version__, "x": [number(v) for v in inputs], "calls": [run(*call) for call in calls]}
    Path(__file__).with_suffix(".json").write_text(json.dumps(table, separators=(",", ":")) + "\n")


main()
