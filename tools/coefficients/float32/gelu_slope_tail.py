"""
(Phi(-a) - a phi(a)) * 2^64: to 4.5 in sixteen pieces of degree 6, from there on as a e^(-a*a/2) / sqrt(2 pi) times a
polynomial in 1 / a^2.
"""
from fit import Report, minimax, units
from float32.near import interval
from float32.pieces import fit, table
from mpmath import erfc, exp, pi, sqrt

AROUND_ZERO = (2, 3)  # the pieces that end near or hold the zero, 0.7518: fitted for the absolute error


def f(a):
    return (erfc(a / sqrt(2)) / 2 - a * exp(-a * a / 2) / sqrt(2 * pi)) * 2**64


def expression(a):
    return f"(erfc({a} / sqrt(2)) / 2 - {a} * exp(-{a}^2 / 2) / sqrt(2 * pi)) * 2^64"


# The first piece is f(0) and odd powers.
first, worst = minimax(expression("x"), [1, 3, 5], 24, ("1b-20", interval(0)[1]), fixed="2^63")
pieces = [(0.0, [*first, 0.0])]
worst_absolute = 0
for j in range(1, 16):
    kind = "absolute" if j in AROUND_ZERO else "relative"
    piece, error = fit(f, expression, interval(j), degree=6, kind=kind, precision=120)
    pieces.append(piece)
    if kind == "absolute":
        worst_absolute = max(worst_absolute, error / 2**64)
    else:
        worst = max(worst, error)

# x = 1 / a^2, and (Phi(-a) - a phi(a)) / (a phi(a)). The coefficient of power 0 comes out as -1.
far, far_worst = minimax(
    "erfc(1 / sqrt(2 * x)) / 2 * exp(1 / (2 * x)) * sqrt(2 * pi) * sqrt(x) - 1",
    range(6),
    24,
    ("1 / 14.76^2", "1 / 4.499^2"),
    precision=120,
)

report = Report(bits=24)
around_zero = f"around the zero {worst_absolute * 2**26:.1g} * 2^-26"
report.add("gelu_slope_pieces", table(pieces), f"{units(worst, 24)}, {around_zero}")
report.add("gelu_slope_far", far[:0:-1], units(far_worst, 24))
report.print()
