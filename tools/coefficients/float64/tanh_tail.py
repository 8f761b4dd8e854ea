"""
tanh(a) as a + a^3 p(a^2) / q(a^2) for a up to 0.63. A common factor of p and q changes nothing but their roundings, and of
those the error is made: the factor is the best of 128.
"""
from fit import Report, rounded, units
from mpmath import mpf, sqrt, tanh
from rational import quotient, remez

END = mpf("0.63")


def f(square):
    a = sqrt(square)
    return (tanh(a) - a) / a**3 if square else mpf(-1) / 3


def weight(square):
    """What makes of an error of f a relative one of tanh."""
    a = sqrt(square)
    return a**3 / tanh(a) if square else mpf(0)


p, q, _ = remez(f, weight, (2, 3), (0, END**2))
squares = [(END * i / 300) ** 2 for i in range(1, 301)]
values = [(square, f(square), weight(square)) for square in squares]


def worst(rounded_p, rounded_q):
    return max(abs(w * (quotient(rounded_p, rounded_q, square) - y)) for square, y, w in values)


def times(coefficients, factor):
    return [rounded(c * factor, 53) for c in coefficients]


factors = [1 + mpf(i) / 4096 for i in range(128)]
best = min(factors, key=lambda factor: worst(times(p, factor), times(q, factor)))
numerator, denominator = times(p, best), times(q, best)

report = Report(bits=53)
error = units(worst(numerator, denominator), 53)
report.add("tanh_numerator", numerator, error)
report.add("tanh_denominator", denominator, error)
report.print()
