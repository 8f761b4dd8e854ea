"""-a Phi(-a): to 4.5 in sixteen pieces of degree 6, from there on as e^(-a*a/2) / sqrt(2 pi) times a polynomial in 1 / a^2."""
from fit import Report, minimax, units
from float32.near import END, SLOPE, interval
from float32.pieces import fit, table
from mpmath import erfc, sqrt


def f(a):
    return -a * erfc(a / sqrt(2)) / 2


# The first piece as x times a polynomial that is -1/2 at 0.
first, worst = minimax("-erfc(x / sqrt(2)) / 2", range(1, 6), 24, ("1b-20", interval(0)[1]), fixed="-1/2")
pieces = [(0.0, [-0.0, *first])]
for j in range(1, 16):
    piece, error = fit(f, lambda a: f"-{a} * erfc({a} / sqrt(2)) / 2", interval(j), degree=6, precision=120)
    pieces.append(piece)
    worst = max(worst, error)

# x = 1 / a^2, and -a Phi(-a) / phi(a).
far, far_worst = minimax(
    "-erfc(1 / sqrt(2 * x)) / 2 * exp(1 / (2 * x)) * sqrt(2 * pi) / sqrt(x)",
    range(6),
    24,
    ("1 / 14.76^2", "1 / 4.499^2"),
    precision=120,
)

report = Report(bits=24)
report.add("near_end", [END])
report.add("pieces_per_unit", [SLOPE])
report.add("gelu_pieces", table(pieces), units(worst, 24))
report.add("gelu_far", far[::-1], units(far_worst, 24))
report.print()
