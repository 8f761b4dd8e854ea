#!/usr/bin/env python3
"""Writes the vectors beside this file: inputs with the correctly rounded results of 400-bit arithmetic (mpmath).

Run it as `python3 make.py`; the same inputs come out every time. Nothing here knows how the library computes: the
formulas are the definitions. Floats are written with 17 digits, which name a float64, and so a float32, exactly.
"""
import json
import random
from fractions import Fraction
from math import isfinite
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 400


def fraction(v):
    """An mpf as an exact fraction."""
    sign, mantissa, exponent, _ = v._mpf_
    return Fraction((-1) ** sign * mantissa) * Fraction(2) ** exponent


def rounded(v, digits, least):
    """An mpf to `digits` bits, ties to even, no finer than 2^least; a zero keeps the sign of v, and from 2^(3 - digits - least) on it is infinite."""
    if mp.frexp(v)[1] > 3 - digits - least:
        return float("inf") if v > 0 else -float("inf")
    if v == 0 or mp.frexp(v)[1] < least:
        return -0.0 if v < 0 else 0.0
    exact = fraction(v)
    exponent = max(mp.frexp(v)[1] - digits, least)
    unit = Fraction(2) ** exponent
    result = float(round(exact / unit) * unit)
    return result if result or v > 0 else -0.0


def float64(v):
    return rounded(v, 53, -1074)


def float32(v):
    return rounded(v, 24, -149)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def density(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


CUBIC = mpf("0.044715")
SCALE = mpf("1.702")


def inner(x):
    return mp.sqrt(2 / mp.pi) * (x + CUBIC * x**3)


def inner_slope(x):
    return mp.sqrt(2 / mp.pi) * (1 + 3 * CUBIC * x**2)


def gated_slope(x, v, v_slope):
    return sigmoid(v) + x * v_slope * sigmoid(v) * sigmoid(-v)


def hard_swish(x):
    """Below -3 a number that is too small for any float, so that -0 comes of it."""
    return -(mpf(2) ** -5000) if x <= -3 else x * (x + 3) / 6 if x < 3 else x


# Parameters as they stand in the table, rounded to float32; upper of rrelu and alpha of hardSigmoidOf are no floats.
LOWER, UPPER, ALPHA, BETA = mpf("0.125"), mpf(float32(mpf(1) / 3)), mpf(float32(mpf(1) / 6)), mpf("0.5")
B = mpf(4)


# Where the slope of these is 0, so is the gradient, whatever the incoming one.
DROPPING = ("hardSigmoidOf", "hardSwish")


def line(x):
    return ALPHA * x + BETA


def root(x):
    return mp.sqrt(x * x + B)


SELU_SCALE, SELU_ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
# The parameters of seluOf as they stand in the table, rounded to float32: ONNX's.
ONNX_ALPHA, GAMMA = mpf(float32(SELU_ALPHA)), mpf(float32(SELU_SCALE))
CAP = 50  # softcap has no default


def softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def tanh_shrink(x):
    """In as many bits as the difference loses, and 400."""
    with mp.workprec(mp.prec + 2 * max(0, -mp.frexp(x)[1])):
        return x - mp.tanh(x)


# Name: value, slope, where the slope is zero, and where results on the negative side end: float64, float32.
FUNCTIONS = {
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x), None, (745.2, 104)),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, None, (372.7, 52)),
    "gelu": (lambda x: x * normal(x), lambda x: normal(x) + x * density(x), -0.75, (38.6, 14.3)),
    # x / 2 (1 + tanh(u)) is x sigmoid(2 u); written so, 400 bits are enough everywhere.
    "geluTanh": (
        lambda x: x * sigmoid(2 * inner(x)),
        lambda x: gated_slope(x, 2 * inner(x), 2 * inner_slope(x)),
        -0.75,
        (21.2, 10.5),
    ),
    "geluSigmoid": (
        lambda x: x * sigmoid(SCALE * x),
        lambda x: gated_slope(x, SCALE * x, SCALE),
        -0.75,
        (441, 63),
    ),
    # From here on nothing ends: there are tails of other sizes.
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, None, (1e9, 1e5)),
    "rrelu": (
        lambda x: x if x > 0 else x * (LOWER + UPPER) / 2,
        lambda x: mpf(1) if x > 0 else (LOWER + UPPER) / 2,
        None,
        (1e9, 1e5),
    ),
    "hardSigmoidOf": (
        lambda x: min(max(line(x), mpf(0)), mpf(1)),
        lambda x: ALPHA if 0 < line(x) < 1 else mpf(0),
        None,
        (3.1, 3.1),
    ),
    "hardSwish": (
        hard_swish,
        lambda x: mpf(0) if x <= -3 else (2 * x + 3) / 6 if x < 3 else mpf(1),
        -1.5,
        (3.1, 3.1),
    ),
    # By the conjugate where the sum cancels: 400 bits are not enough for 1e30.
    "squareplus": (
        lambda x: (x + root(x)) / 2 if x > 0 else B / (2 * (root(x) - x)),
        lambda x: (1 + x / root(x)) / 2 if x > 0 else B / (2 * root(x) * (root(x) - x)),
        None,
        (1e9, 1e5),
    ),
    "silu": (lambda x: x * sigmoid(x), lambda x: gated_slope(x, x, 1), -1.28, (751.7, 108.6)),
    "softplus": (softplus, sigmoid, None, (745.2, 104)),
    "logSigmoid": (lambda x: -softplus(-x), lambda x: sigmoid(-x), None, (745.2, 104)),
    "selu": (
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)),
        lambda x: SELU_SCALE * (1 if x > 0 else SELU_ALPHA * mp.exp(x)),
        None,
        (745.2, 104),
    ),
    "seluOf": (
        lambda x: GAMMA * (x if x > 0 else ONNX_ALPHA * mp.expm1(x)),
        lambda x: GAMMA * (1 if x > 0 else ONNX_ALPHA * mp.exp(x)),
        None,
        (745.2, 104),
    ),
    "celu": (lambda x: x if x > 0 else mp.expm1(x), lambda x: mpf(1) if x > 0 else mp.exp(x), None, (745.2, 104)),
    "mish": (
        lambda x: x * mp.tanh(softplus(x)),
        lambda x: mp.tanh(softplus(x)) + x * mp.sech(softplus(x)) ** 2 * sigmoid(x),
        -1.19,
        (751.7, 108.6),
    ),
    "tanhShrink": (tanh_shrink, lambda x: mp.tanh(x) ** 2, None, (20, 10)),
    "softcap": (lambda x: CAP * mp.tanh(x / CAP), lambda x: mp.sech(x / CAP) ** 2, None, (372.7 * CAP, 52 * CAP)),
}

# With their parameters at the defaults.
FUNCTIONS["elu"] = (
    lambda x: x if x > 0 else mp.expm1(x),
    lambda x: mpf(1) if x > 0 else mp.exp(x),
    None,
    (745.2, 104),
)

# float32 inputs whose values or slopes lie so near the middle between two float32 that float64 arithmetic tends to land on
# it; found by running all of them.
HARD = {
    "sigmoid": ["0x1.8p-22", "0x1.cp-21", "0x1.ccp-17", "-0x1.8p-23", "-0x1.fcp-18", "-0x1.03p-16", "-0x1.250c02p-10"],
    "gelu": ["0x1.6148dep-16", "-0x1.6148dep-16", "0x1.40d932p-25", "-0x1.40d932p-26", "-0x1.a1becap-14"],
    "geluTanh": ["0x1.6148dep-16", "-0x1.6148dep-16", "0x1.40d932p-25", "-0x1.40d932p-26"],
    "geluSigmoid": ["0x1.e2fa4ep-9", "-0x1.e2fa4ep-9", "-0x1.21f914p+0", "0x1.69a2f0p+0", "0x1.58e36cp-16"],
}

# [x, g] for which g times the slope at x lies 2^-55 to 2^-61 of it from such a middle: the nearest with any g for 2000 x.
HARD_PRODUCTS = {
    "sigmoid": [
        ("-0x1.f1de14p-1", 9105773),
        ("0x1.286240p+1", 16366215),
        ("0x1.1027d6p+3", 14534498),
        ("0x1.c9a670p+1", 15892875),
        ("-0x1.aff500p-6", 11709188),
    ],
    "tanh": [
        ("0x1.ce9a80p+2", 10806449),
        ("0x1.b0be32p+2", 10527973),
        ("-0x1.573210p-4", 16183370),
        ("0x1.6cd664p+1", 14349293),
        ("0x1.9fe686p+1", 8855488),
    ],
    "gelu": [
        ("0x1.ecc660p+1", 13341421),
        ("0x1.f9bb66p-2", 11888161),
        ("0x1.f39d16p+0", 10650066),
        ("0x1.89d93ap-1", 9509288),
        ("-0x1.db7c0ep+1", 15274482),
    ],
    "geluTanh": [
        ("-0x1.c908b6p-3", 12843984),
        ("-0x1.78980ap-15", 8996415),
        ("0x1.fdd1dcp+1", 12682094),
        ("-0x1.4d7a52p+1", 13360690),
        ("0x1.7e01a0p+0", 12841402),
    ],
    "geluSigmoid": [
        ("0x1.349814p+0", 16606154),
        ("0x1.b159d2p+0", 13353327),
        ("0x1.1e7208p+1", 8592663),
        ("0x1.a0afe2p-2", 16072870),
        ("-0x1.8349d4p+2", 8650482),
    ],
}


def inputs(name, slope, zero, end, least, normal_exponent):
    """Ends of the subnormals, powers of two, tails, the surroundings of the slope's zero, and ordinary numbers."""
    source = random.Random(name)
    xs = [least, 3 * least, 5 * least, 2.0**normal_exponent - least, 2.0**normal_exponent, 3 * 2.0**normal_exponent + least]
    xs += [2.0**e for e in (-125, -60, -29, -28, -25, -24, -20, -16, -12, -8, -5, -3, -2, -1, 0, 1, 2, 3, 4, 5)]
    xs += [source.uniform(0.9, 1) * end for _ in range(10)]
    xs += [end * f for f in (0.95, 0.975, 0.98, 0.985, 0.99, 0.995, 1, 1.02, 1.5)]
    xs += [source.uniform(0, 1) * 2.0 ** source.randint(-12, 0) for _ in range(20)]
    xs += [source.uniform(0, 7) for _ in range(30)]
    xs += [source.uniform(0, min(end, 60)) for _ in range(10)]
    xs += [40.0, 700.0, 710.0, 1e4, 1e30]
    xs += [-x for x in xs]
    if zero is not None:
        root = mp.findroot(slope, zero)
        xs += [float64(root + mpf(d) * s) for d in ("0", "1e-14", "1e-10", "1e-6", "1e-3", "0.03", "0.1") for s in (1, -1)]
    return xs


def pairs(xs, functions, to_float):
    """[x, value, slope] without repetition, in one flat list; not what is infinite, which JSON has no word for."""
    flat = []
    for x in sorted(set(to_float(mpf(x)) for x in xs)):
        results = [to_float(f(mpf(x))) for f in functions]
        flat += [x, *results] if all(map(isfinite, results)) else []
    return flat


def products(name, slope, zero, end):
    """[x, g, g times the slope at x] in one flat list: near middles, ties of subnormals, large g in the tail, the slope's zero."""
    source = random.Random(name + " gradient")
    points = [(float.fromhex(x), s * g * 2.0**e) for x, g in HARD_PRODUCTS.get(name, []) for s in (1, -1) for e in (0, 100, -60)]
    least = 2.0**-149
    points += [(x, g * least) for x in (0.0, least, -least, 2.0**-60, -(2.0**-60), 1.0) for g in (1, 2, 3, -5, 6, -10, 2**23 - 1, 2**24 - 2)]
    points += [(s * end * f, g) for s in (1, -1) for f in (0.9, 1, 1.2, 1.3) for g in (2.0**126, -3e38, 1.7e20)]
    points += [(source.uniform(-5, 5), source.gauss(0, 1)) for _ in range(40)]
    if zero is not None:
        root = mp.findroot(slope, zero)
        points += [(root + mpf(d) * s, g) for d in ("0", "1e-7", "1e-4", "0.01", "0.02") for s in (1, -1) for g in (1.7, -1e30)]
    flat = []
    for x, g in points:
        x, g = float32(mpf(x)), float32(mpf(g))
        product = mpf(g) * slope(mpf(x))
        result = float32(product) if product or g > 0 or name in DROPPING else -0.0
        flat += [x, g, result] if isfinite(result) else []
    return flat


def elementwise(name):
    value, slope, zero, (end64, end32) = FUNCTIONS[name]
    xs64 = inputs(name, slope, zero, end64, 2.0**-1074, -1022)
    xs32 = inputs(name, slope, zero, end32, 2.0**-149, -126) + [float.fromhex(h) for h in HARD.get(name, [])]
    return {
        "float64": pairs(xs64, (value, slope), float64),
        "float32": pairs(xs32, (value, slope), float32),
        "gradient": products(name, slope, zero, end32),
    }


def sums(f, xs):
    """[x, high, low] in one flat list, high + low being f(x) to 106 bits."""
    flat = []
    for x in xs:
        high = float64(f(mpf(x)))
        flat += [x, high, float64(f(mpf(x)) - mpf(high))]
    return flat


def double_double():
    """What the activations are made of, and they: at float32 numbers of every magnitude from 2^-149 on."""
    source = random.Random("double-double")
    tiny = [s * source.randint(2**23, 2**24 - 1) * 2.0**-e for s in (1, -1) for e in (149, 120, 90, 75, 60, 48, 40)]
    xs = tiny + [float32(mpf(source.uniform(-8, 8))) for _ in range(40)] + [-3.0, -2.9999998, -3.0000002]
    far = [float32(mpf(source.uniform(-200, 200))) for _ in range(20)]
    above = [2.0**-149, 0.1, 2.0, 3.0, 1e30]
    result = {
        "exp": sums(mp.exp, xs + far),
        "expm1": sums(mp.expm1, xs + far),
        "logistic": sums(sigmoid, xs + far),
        "sqrt": sums(mp.sqrt, above),
        "density": sums(density, xs),
        "normal": sums(normal, xs + [-10.0, -14.5, -18.0]),
    }
    for name, (value, slope, _, (_, end)) in FUNCTIONS.items():
        tail = [s * end * f for s in (1, -1) for f in (0.5, 0.99, 1.3)]
        result[name] = {"value": sums(value, xs + tail), "slope": sums(slope, xs + tail)}
    return result


def isru(x):
    return x / mp.sqrt(1 + 3 * x**2)


def isru_slope(x):
    return (1 + 3 * x**2) ** (-mpf(3) / 2)


def elish(x):
    return (x if x > 0 else mp.expm1(x)) * sigmoid(x)


def elish_slope(x):
    return sigmoid(x) * (1 + x * sigmoid(-x) if x > 0 else mp.exp(x) + mp.expm1(x) * sigmoid(-x))


def textbook():
    """Two rows that are as a textbook has them, as far as float64 goes: [x, value, slope, 1e300 times it] in one flat list."""
    source = random.Random("textbook")
    xs = [s * source.uniform(1, 2) * 2.0**e for s in (1, -1) for e in (-1074, -1060, -600, -300, -120, -60, -28, -9, 500, 800, 1000)]
    xs += [source.uniform(-40, 40) for _ in range(30)] + [source.uniform(-1500, 0) for _ in range(20)]
    rows = {"isru": (isru, isru_slope), "elish": (elish, elish_slope)}
    return {name: [v for x in xs for v in (x, float64(f(mpf(x))), float64(slope(mpf(x))), float64(mpf(1e300) * slope(mpf(x))))]
            for name, (f, slope) in rows.items()}


def softmax(rows, to_float):
    result = []
    for row in rows:
        row = [to_float(mpf(x)) for x in row]
        top = max(row)
        shares = [mp.exp(mpf(x) - mpf(top)) for x in row]
        total = mp.fsum(shares)
        result.append({"x": row, "y": [to_float(s / total) for s in shares]})
    return result


def softmax_rows():
    source = random.Random("softmax")
    rows = [[0.0], [-3.5, -3.5], [1e30, 1e30, -1e30], [3e38, 2.9e38, -3e38], [0.0, -745.0, -744.5, -708.5, -103.5, -87.5]]
    for offset in (0, 1, -1, 100, 1000, -1000, 12345.678):
        rows.append([offset + source.uniform(-1, 1) for _ in range(7)])
    for spread in (1e-16, 1e-8, 1e-3, 1, 20, 100, 700):
        rows.append([source.uniform(-spread, spread) for _ in range(12)])
    for length in (2, 3, 16, 17, 33, 100):
        rows.append([source.gauss(0, 4) for _ in range(length)])
    rows.append([1 + i * 2.0**-52 for i in range(8)])
    rows.append([i / 8 for i in range(-64, 64)])
    return rows


def middle_rows():
    """Rows of floats with a share so near the middle between two that float64 is not enough: found among 10^10 random ones,
    and of entries a few last bits apart, whose shares are 1/2 + d/4 - d^3/48."""
    pairs = [(1.3890690803527832, 1.3890639543533325), (-1.206177830696106, -1.2061786651611328),
             (1.7965883016586304, 1.7965750694274902), (1.075495958328247, 1.0755001306533813),
             (0.5471407771110535, 0.547146201133728), (1.9407968521118164, 1.9407986402511597)]
    fours = [(-4.645516395568848, 3.6809380054473877, 3.771266222000122, 3.8248543739318848),
             (-2.298532247543335, 1.8752820491790771, 4.359499454498291, 4.835723400115967),
             (-0.3422381579875946, -1.3564682006835938, -2.5892834663391113, -3.214301824569702)]
    bit = 2.0**-23
    near = [(1, 1 + bit), (1 + 3 * bit, 1), (1, 1 + 5 * bit), (1 + bit, 1, 1, 1 + bit), (1, 1 + bit, -60), (1, 1, 1)]
    # Each with a share 2^-70 or so of it from a middle, where the last two entries bring it, of the first two 2^-87 and
    # 2^-78.
    brought = [
        (1.8437070846557617, -0.7678384780883789, 1.731898307800293, 1.4473485946655273, -17.091625213623047,
         -31.263219833374023, -44.77364730834961),
        (0.2717092037200928, -84.60749816894531, 0.9331362247467041, -17.690351486206055, -36.16575622558594),
        (-1.9937191009521484, 1.8516331911087036, 0.14827442169189453, -14.894667625427246, -30.20769691467285),
        (0.5085978507995605, 1.9315733909606934, -0.23850631713867188, -0.9913063049316406, -17.766305923461914,
         -33.37444305419922),
        (-1.9760322570800781, -0.2996023893356323, -0.5139312744140625, -17.878725051879883, -32.71552276611328),
        (0.5170350074768066, 0.9493680000305176, 1.1488595008850098, 1.5897221565246582, -13.766812324523926,
         -31.608858108520508),
        (-1.173761248588562, 0.19231009483337402, -17.454538345336914, -33.65849685668945),
        (0.5226554870605469, 1.8542366027832031, -0.9917030334472656, -16.718278884887695, -30.691364288330078),
        (0.6674470901489258, -92.26144409179688, 0.9354004859924316, -10.073468208312988, -26.120502471923828)]
    return [list(row) for row in pairs + fours + near + brought]


def middle_logits():
    """The same of x / t + bias."""
    t = 0.699999988079071
    rows = [
        ((0.27863723039627075, 0.41195136308670044, -0.1902066171169281, -10.50832462310791, -20.450143814086914), t,
         [0] * 5),
        ((1.2735581982646632e-38, -1.3357043838590045e-38, -1.4750338926865718e-37, -2.89870111624159e-37),
         9.999999350456404e-39, [0] * 4),
        ((1.1368026733398438, -1.75880765914917, -11.0498046875, -21.465662002563477), t,
         (0.14363718032836914, -0.8938497304916382, 0.5024089813232422, -1.8848590850830078)),
        ((1.7203845977783203, 0.7923146486282349, 0.8316512107849121, -14.600683212280273, -31.207897186279297), 1,
         (-1.0884075164794922, 1.5980982780456543, 1.6238818168640137, 0.32138776779174805, 1.3147368431091309)),
        ((39999.87890625, 40000.60546875, 40001.453125, 39990.39453125, 39984.91796875), t,
         (-0.7948002815246582, -1.2632794380187988, -0.726588249206543, -1.2223538160324097, 1.2243335247039795)),
        ((40001.671875, 39999.484375, 39999.1640625, 39989.2109375, 39986.984375), t,
         (-0.03647899627685547, 0.10630512237548828, -0.780268669128418, 0.8443269729614258, -1.572340965270996)),
        ((1001.283203125, 998.0223388671875, 998.4974365234375, 1001.5982666015625, 989.3184204101562, 982.29443359375),
         t, [1e30] * 6),
        ((1000.42138671875, 1001.0787353515625, 1000.3023681640625, 999.6602783203125, 989.2784423828125,
          982.568603515625), t, [-3.4e38] * 6)]
    return [(xs, t, biases, [0] * len(xs)) for xs, t, biases in rows]


def conditioned(rows, to_float):
    """Softmax of x / t + bias, its logarithm, and its gradient for g; a bias of None is -Infinity."""
    result = []
    for xs, t, biases, gs in rows:
        xs, gs, t = [to_float(mpf(x)) for x in xs], [to_float(mpf(g)) for g in gs], to_float(mpf(t))
        biases = [b if b is None else to_float(mpf(b)) for b in biases]
        logits = [None if b is None else mpf(x) / mpf(t) + mpf(b) for x, b in zip(xs, biases)]
        top = max(z for z in logits if z is not None)
        total = mp.fsum(mp.exp(z - top) for z in logits if z is not None)
        shares = [mpf(0) if z is None else mp.exp(z - top) / total for z in logits]
        mean = mp.fsum(s * mpf(g) for s, g in zip(shares, gs))
        log = mp.log(total)
        result.append({
            "x": xs, "t": t, "bias": biases, "grad": gs,
            "y": [to_float(s) for s in shares],
            "log": [None if z is None else to_float(z - top - log) for z in logits],
            "dx": [to_float(s * (mpf(g) - mean) / mpf(t)) for s, g in zip(shares, gs)],
        })
    return result


def conditioned_rows():
    source = random.Random("conditioned")
    rows = []

    def add(length, t, spread, offset=0, biases=None):
        xs = [offset + source.uniform(-spread, spread) for _ in range(length)]
        rows.append((xs, t, biases or [0] * length, [source.uniform(-1, 1) for _ in xs]))

    for t in (0.1, 0.7, 2, 3, 1.7, 10, 1e-3, 1e3):
        add(7, t, 5 * t)
        add(20, t, 40 * t, 3)
    add(5, 0.7, 1, 12345.678)
    add(5, 1e-20, 1e-19)
    add(5, 1e20, 1e21)
    add(6, 3, 1e30)
    for t in (1, 0.3, 7):
        add(9, t, 10 * t, 0, [source.choice((0, None)) for _ in range(8)] + [0])
        add(9, t, 10 * t, 0, [source.choice((0, -1e9)) for _ in range(8)] + [0])
        add(9, t, 10 * t, 0, [source.uniform(-5, 5) for _ in range(9)])
        add(9, t, 3 * t, 0, [-1e9] * 9)
    add(8, 1.5, 2, 1e6, [-6e5 + source.uniform(-3, 3) for _ in range(8)])
    add(40, 0.9, 1, 20, [-0.5 * i for i in range(40)])
    # One entry is all but certain, which its logarithm tells.
    rows.append(([50, 0, -3, 10], 0.9, [0, 0, 0, None], [1, -1, 0.5, 2]))
    rows.append(([5, 5, 5, 5], 3, [0, 0, None, 0], [1, -1, 0.5, 2]))
    rows.append(([5, 7], 3, [None, 0], [1, -1]))
    return rows


def losses(rows, to_float):
    """The cross entropy of x against p, smoothed, and of the first class, and their gradients; softmax, and softmax times 3. None is -Infinity."""
    result = []
    for xs, ps, smoothing in rows:
        xs, ps = [x if x is None else to_float(mpf(x)) for x in xs], [to_float(mpf(p)) for p in ps]
        total = mp.fsum(mp.exp(mpf(x)) for x in xs if x is not None)
        shares = [mpf(0) if x is None else mp.exp(mpf(x)) / total for x in xs]
        logs = [None if x is None else mpf(x) - mp.log(total) for x in xs]

        def against(targets):
            targets = [mpf(p) * (1 - mpf(smoothing)) + mpf(smoothing) / len(xs) for p in targets]
            whole = mp.fsum(targets)
            loss = -mp.fsum(p * log for p, log in zip(targets, logs) if p != 0)
            return {"loss": to_float(loss), "grad": [to_float(s * whole - p) for s, p in zip(shares, targets)]}

        result.append({
            "x": xs, "p": ps, "smoothing": smoothing,
            "shares": [to_float(s) for s in shares], "thrice": [to_float(3 * s) for s in shares],
            "probabilities": against(ps), "first": against([1] + [0] * (len(xs) - 1)),
        })
    return result


def losses_rows():
    source = random.Random("losses")
    rows = []

    def add(length, spread, offset=0, smoothing=0, whole=1):
        weights = [source.expovariate(1) for _ in range(length)]
        ps = [whole * w / sum(weights) for w in weights]
        rows.append(([offset + source.uniform(-spread, spread) for _ in range(length)], ps, smoothing))

    for length in (1, 2, 3, 7, 20, 100):
        add(length, 4)
    for smoothing in (0.1, 0.5, 0.9, 1):
        add(5, 3, 0, smoothing)
        add(33, 30, -7, smoothing)
    for offset in (1000, -12345.678, 1e6):
        add(6, 3, offset)
    for whole in (1e-3, 0.3, 7, 1e6):
        add(9, 5, 0, 0, whole)
    add(12, 700)
    add(6, 1e30)
    # One entry is all but certain, and p says the same.
    rows.append(([20, 0, -3], [1, 0, 0], 0))
    rows.append(([40, 0, -3], [1, 0, 0], 0))
    rows.append(([20, 0, -3], [1, 2.0**-30, 2.0**-60], 0))
    rows.append(([20, 0, -3], [1, 0, 0], 2.0**-20))
    # Masked entries, which p does not want.
    rows.append(([1, None, 3, None], [0.25, 0, 0.75, 0], 0))
    rows.append(([7, None, None], [1, 0, 0], 0))
    # p is softmax itself, so that the gradient is what rounding left.
    xs = [source.uniform(-2, 2) for _ in range(8)]
    total = mp.fsum(mp.exp(x) for x in xs)
    rows.append((xs, [mp.exp(x) / total for x in xs], 0))
    return rows


def erfc():
    """[x, erfc(x)] in one flat list, down to the last subnormal result."""
    source = random.Random("erfc")
    xs = [0.0, 2.0**-1074, 1e-20, 1e-8, 0.5, 1.0, 2.0, 6.0, 26.5, 26.54, 27.2, 27.22, 27.3, 28.0, 29.0, 1e30]
    xs += [source.uniform(0, 27.2) for _ in range(60)] + [source.uniform(0, 3) for _ in range(60)]
    return pairs(xs + [-x for x in xs], (mp.erfc,), float64)


def group_of(name):
    """The file of native/rows that the row is in, by whose name its vectors have a folder."""
    rows = Path(__file__).parents[2] / "native" / "rows"
    return next(file.stem for file in rows.glob("*.def") if f"ACTIVATION({name}," in file.read_text())


def main():
    folder = Path(__file__).parent
    files = {f"{group_of(name)}/{name}": elementwise(name) for name in FUNCTIONS}
    files["softmax"] = {"float64": softmax(softmax_rows(), float64), "float32": softmax(softmax_rows(), float32),
                        "middle": softmax(middle_rows(), float32),
                        "logits": [{k: row[k] for k in ("x", "t", "bias", "y")}
                                   for row in conditioned(middle_logits(), float32)]}
    files["conditioned"] = {f.__name__: conditioned(conditioned_rows(), f) for f in (float64, float32)}
    files["losses"] = {f.__name__: losses(losses_rows(), f) for f in (float64, float32)}
    files["erfc"] = erfc()
    files["double-double"] = double_double()
    files["textbook"] = textbook()
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
