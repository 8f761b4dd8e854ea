"""-a Phi(-a): to 5.4 in sixteen pieces of degree 6, from there on as e^(-a*a/2) / sqrt(2 pi) times a polynomial in 1 / a^2."""
from fit import Report, minimax, units
from float32.near import AT_ZERO, END, FIRST, SLOPE, interval
from float32.pieces import fit, table
from mpmath import erfc, sqrt


def f(a):
    return -a * erfc(a / sqrt(2)) / 2


def piece(number):
    if number != AT_ZERO:
        return fit(f, lambda a: f"-{a} * erfc({a} / sqrt(2)) / 2", interval(number), degree=6, precision=120)
    # x times a polynomial that is -1/2 at 0.
    end = interval(number)[1]
    terms, error = minimax("-erfc(x / sqrt(2)) / 2", range(1, 6), 24, ("1b-20", end), fixed="-1/2")
    return (0.0, [-0.0, *terms]), error


pieces, errors = zip(*map(piece, range(16)))

# x = 1 / a^2, and -a Phi(-a) / phi(a).
far, far_worst = minimax(
    "-erfc(1 / sqrt(2 * x)) / 2 * exp(1 / (2 * x)) * sqrt(2 * pi) / sqrt(x)",
    range(6),
    24,
    ("1 / 14.76^2", f"1 / {END - 0.001}^2"),
    precision=120,
)

report = Report(bits=24)
report.add("near_end", [END])
report.add("near_first", [FIRST])
report.add("near_slope", [SLOPE])
report.add("gelu_pieces", table(pieces), units(max(errors), 24))
report.add("gelu_far", far[::-1], units(far_worst, 24))
report.print()
