"""
(Phi(-a) - a phi(a)) * 2^64: to 5.4 in sixteen pieces of degree 6, from there on as a e^(-a*a/2) / sqrt(2 pi) times a
polynomial in 1 / a^2.
"""
from fit import Report, minimax, units
from float32.near import AT_ZERO, END, interval
from float32.pieces import fit, table
from mpmath import erfc, exp, pi, sqrt

AROUND_ITS_ZERO = 8  # the piece with 0.7518, fitted for the absolute error


def f(a):
    return (erfc(a / sqrt(2)) / 2 - a * exp(-a * a / 2) / sqrt(2 * pi)) * 2**64


def expression(a):
    return f"(erfc({a} / sqrt(2)) / 2 - {a} * exp(-{a}^2 / 2) / sqrt(2 * pi)) * 2^64"


def piece(number):
    if number != AT_ZERO:
        kind = "absolute" if number == AROUND_ITS_ZERO else "relative"
        return fit(f, expression, interval(number), degree=6, kind=kind, precision=120)
    terms, error = minimax(expression("x"), range(1, 7), 24, ("1b-20", interval(number)[1]), fixed="2^63")
    return (0.0, terms), error


pieces, errors = zip(*map(piece, range(16)))

# x = 1 / a^2, and (Phi(-a) - a phi(a)) / (a phi(a)), which is -1 at 0.
far, far_worst = minimax(
    "erfc(1 / sqrt(2 * x)) / 2 * exp(1 / (2 * x)) * sqrt(2 * pi) * sqrt(x) - 1",
    range(1, 6),
    24,
    ("1 / 14.76^2", f"1 / {END - 0.001}^2"),
    fixed="-1",
    precision=120,
)

report = Report(bits=24)
worst = max(error for number, error in enumerate(errors) if number != AROUND_ITS_ZERO)
around_zero = f"around the zero {errors[AROUND_ITS_ZERO] / 2**64 * 2**26:.1g} * 2^-26"
report.add("gelu_slope_pieces", table(pieces), f"{units(worst, 24)}, {around_zero}")
report.add("gelu_slope_far", far[:0:-1], units(far_worst, 24))
report.print()
