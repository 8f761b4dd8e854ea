"""
tanh(a) in sixteen pieces of degree 5. `place` = slope a + 2 goes from 2 to 32; a piece begins where its exponent or one of
the first two bits of its mantissa changes: at 2, 2.5, 3, 3.5, 4, 5, ...
"""
from fit import Report, minimax, rounded, units
from float32.pieces import centre_near, fit, table
from mpmath import mpf, tanh

END = 9.02  # beyond which tanh(a) rounds to 1
SLOPE = rounded(mpf(29.9 / END), 24)  # 29.9, so that the last piece, 28 to 32, ends a little later
MARGIN = 1e-6  # of a piece's end, by which its interval is longer at either end

starts = [2.0 ** (1 + j // 4) * (1 + j % 4 / 4) for j in range(17)]
ends = [(start - 2) / SLOPE for start in starts]

# The first piece as x times a polynomial that is 1 at 0, so that subnormal numbers are kept.
first, worst = minimax("tanh(x) / x", [1, 2, 3, 4], 24, ("1b-20", ends[1] * (1 + MARGIN)), fixed="1")
pieces = [(0.0, [0.0, *first])]
for low, high in zip(ends[1:], ends[2:]):
    low, high = low - MARGIN * high, high + MARGIN * high
    high = min(high, END * 1.001)
    centre = centre_near(tanh, (low + high) / 2)
    coefficients, error = fit(centre, tanh, lambda a: f"tanh({a})", (low, high), degree=5)
    pieces.append((centre, coefficients))
    worst = max(worst, error)

report = Report(bits=24)
report.add("tanh_slope_of_place", [SLOPE])
report.add("tanh_pieces", table(pieces), units(worst, 24))
report.print()
