"""Numbers that are roundings of known ones: logarithms, units of exponents, parts of products. No fit is in them."""
from fit import Report, halves, rounded
from mpmath import floor, frexp, ldexp, log, mpf, pi, sqrt

LINEAR = 2 * sqrt(2 / pi)  # twice the inner function of gelu's approximation by tanh is LINEAR a + CUBIC a^3
FRACTION = mpf("0.044715")
CUBIC = LINEAR * FRACTION
SCALE = mpf("1.702")  # of gelu's approximation by the logistic function
SELU_SCALE = mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_BELOW = SELU_SCALE * SELU_ALPHA
DENSITY = 1 / sqrt(2 * pi)
LN_2 = log(2)


def double(number):
    return rounded(number, 53)


def cut(number, bits):
    """The first bits, which round nothing up."""
    mantissa, exponent = frexp(number)
    return float(ldexp(floor(ldexp(mantissa, bits)), exponent - bits))


def unit(value):
    """What makes a `unit` of exp.h: value, value / ln 2, ln 2 / value, and what rounding took from that."""
    return [double(value), double(value / LN_2), *halves(LN_2 / value)]


def rest(number, high):
    """What a short part leaves, as the headers have it: (the double - high) + what rounding took from the double."""
    whole, low = halves(number)
    return [whole, -high, low]


native = Report(bits=53)
typescript = Report(bits="decimal")

# exp.h
native.add("log2_e", [double(1 / LN_2)])
native.add("ln_2", [double(LN_2)])
native.add("ln_2_rest", halves(LN_2))
native.add("minus_one", unit(mpf(-1)))
# float32/*.h. The density's height over 2^(-21/16), which the table of exponentials has.
# And the float after the nearest to 1 / ln 2: with the nearest one e^x would fall at a place, as float32/exponentials.h says.
native.add("natural", [1.0, cut(1 / LN_2, 24) + 2.0**-23, *halves(LN_2)])
native.add("density", [*unit(mpf(-0.5))[1:], double(DENSITY * 2 ** (mpf(21) / 16))])
# quick.h, whose units have no rest
native.add("tanh", unit(mpf(2))[1:3])
native.add("quick_gelu_whole", unit(mpf(-0.5))[1:3])
# gated.h: the two parts of a cubic, a (a^2 + most + rest). `most` is short.
most = cut(1 / FRACTION, 16)
native.add("gelu_tanh_most", [most])
native.add("gelu_tanh_rest", rest(1 / FRACTION, most))
native.add("gelu_tanh_unit", unit(CUBIC))
most = cut(1 / (3 * FRACTION), 13)
native.add("gelu_tanh_growth", [most, *rest(1 / (3 * FRACTION), most), *halves(3 * CUBIC)])
native.add("gelu_sigmoid_unit", unit(SCALE))
native.add("gelu_sigmoid_growth", halves(SCALE))
# piecewise.h: a sixth, cut to the bits of a float and of a double, and what that leaves.
sixth = mpf(1) / 6
parts = [cut(sixth, 24), cut(sixth, 53)]
native.add("sixth", parts)
native.add("sixth_rest", [rounded(sixth - mpf(part), bits) for part, bits in zip(parts, (24, 53))])
# logistic.h: what rounding takes from 1 / 3, the first term of (x - tanh(x)) / x^3
third = mpf(1) / 3
native.add("tanh_shrink_more", [rounded(third - mpf(rounded(third, 53)), 53)])
# exponential.h: parts that are both positive.
for name, number in [("selu_scale", SELU_SCALE), ("selu_below", SELU_BELOW)]:
    for of, bits in [("", 53), ("<float>", 24)]:
        high = cut(number, bits)
        native.add(name + of, [high, rounded(number - mpf(high), bits)])
native.add("far_slope<nonlin::activation_gelu>", [double(DENSITY)])
native.add("far_slope<nonlin::activation_geluTanh>", halves(CUBIC))
# double_double.h: ln 2 in three parts, the first of 42 bits.
first, left = halves(LN_2, 42)
second, third = halves(LN_2 - mpf(first))
native.add("ln_2_parts", [first, second, third])
native.add("density_height", halves(DENSITY))
# log.h: ln 2 with a part whose product with a small exponent is exact, and where numbers below 1 begin to count as such.
high, low = halves(LN_2, 32)
native.add("log_2_high", [high])
native.add("log_2_low", [low])
native.add("log1p", [double(1 / sqrt(mpf(2)))])
typescript.add("ln2High", [high])
typescript.add("ln2Low", [low])
# primitives.h: the largest numbers; shares.h: the factor that pushes all but 24 bits of a double out.
native.add("largest", [float(mpf(2) ** 128 - mpf(2) ** 104), float(mpf(2) ** 1024 - mpf(2) ** 971)])
native.add("reciprocal_of", [2.0**29 + 1])

# erfc.ts. ln 2 / 64 with a part of 34 bits, whose product with a number of steps is exact.
high, low = halves(LN_2 / 64, 34)
typescript.add("stepHigh", [high])
typescript.add("stepLow", [low])
high, low = halves(DENSITY)
typescript.add("densityHigh", [high])
typescript.add("densityLow", [low])
# gaussian.ts. With the first 12 bits of a number, the high parts have exact products, or so small ones that it does not
# matter.
for name, number, bits in [("linear", LINEAR, 24), ("cubic", CUBIC, 14)]:
    high, low = halves(number, bits)
    typescript.add(name, [double(number)])
    typescript.add(f"{name}High", [high])
    typescript.add(f"{name}Low", [low])
high, low = halves(SCALE, 24)
typescript.add("scaledHigh", [high])
typescript.add("scaledLow", [low])
typescript.add("seluScale", halves(SELU_SCALE))
typescript.add("seluBelow", halves(SELU_BELOW))
typescript.add("seluAlpha", [double(SELU_ALPHA)])
# double-double.ts. ln 2 with a part of 42 bits, whose product with an exponent is exact.
high, _ = halves(LN_2, 42)
typescript.add("ln2", [high, *halves(LN_2 - mpf(high))])
typescript.add("pi", halves(pi)[1:])

native.print(typescript)
