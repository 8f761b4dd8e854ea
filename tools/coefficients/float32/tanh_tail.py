"""tanh(a) in sixteen pieces of degree 5."""
from fit import Report, minimax, units
from float32.pieces import fit, table
from float32.tanh_pieces import SLOPE, interval
from mpmath import tanh

# The first piece as x times a polynomial that is 1 at 0, so that subnormal numbers are kept.
first, worst = minimax("tanh(x) / x", [1, 2, 3, 4], 24, ("1b-20", interval(0)[1]), fixed="1")
pieces = [(0.0, [0.0, *first])]
for j in range(1, 16):
    piece, error = fit(tanh, lambda a: f"tanh({a})", interval(j), degree=5)
    pieces.append(piece)
    worst = max(worst, error)

report = Report(bits=24)
report.add("tanh_slope_of_place", [SLOPE])
report.add("tanh_pieces", table(pieces), units(worst, 24))
report.print()
