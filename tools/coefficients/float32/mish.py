"""
tanh(log(1 + e^x)), by which mish multiplies x, from -8.8 to 9.2 in sixteen pieces of degree 7. `place` = FIRST + slope x goes
from 19 to 38; which piece, the first four bits of its mantissa say: 3, 4, ..., 15 up to 32, at 3.5, and 0, 1, 2 beyond, twice
as wide.
"""
from fit import Report, rounded, units
from float32.pieces import fit, table
from mpmath import exp, mpf

BEGIN, END = -8.8, 9.2  # Below it mish comes from e^x; from 9.1 on (exp.h) it is x, as the last piece is 1 from 8.95 on.
SPARE = 1e-3  # of a place, by which the first piece begins earlier and the last one ends later
SLOPE = rounded(mpf((19 - 2 * SPARE) / (END - BEGIN)), 24)
FIRST = rounded(19 + SPARE - mpf(SLOPE) * BEGIN, 24)
MARGIN = 2e-5  # by which an interval is longer at either end


def f(x):
    w = exp(x)
    return w * (w + 2) / (w * (w + 2) + 2)


def expression(x):
    return f"(1 - 2 / (exp({x}) * (exp({x}) + 2) + 2))"


def interval(number):
    low, high = (16 + number, 17 + number) if number > 2 else (32 + 2 * number, 34 + 2 * number)
    return max((low - FIRST) / SLOPE - MARGIN, BEGIN), min((high - FIRST) / SLOPE + MARGIN, END)


pieces, errors = zip(*(fit(f, expression, interval(number), degree=7, precision=120) for number in range(16)))

report = Report(bits=24)
report.add("mish_begin", [BEGIN])
report.add("mish_first", [FIRST])
report.add("mish_slope_of_place", [SLOPE])
report.add("mish_pieces", table(pieces), units(max(errors), 24))
report.print()
