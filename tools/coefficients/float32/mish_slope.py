"""
The slope of mish times 2^64, from -8.8 to 10.9 in sixteen pieces of degree 8. `place` = FIRST + slope x goes from 19 to 38;
which piece, the first four bits of its mantissa say: 3, 4, ..., 15 up to 32, at 4.7, and 0, 1, 2 beyond, twice as wide.
"""
from fit import Report, rounded, units
from float32.pieces import fit, table
from mpmath import exp, mpf

BEGIN, END = -8.8, 10.9  # Below -8.8 it comes from e^x; from 10.8 on it rounds to 1, as the last piece does.
SPARE = 1e-3  # of a place, by which the first piece begins earlier and the last one ends later
SLOPE = rounded(mpf((19 - 2 * SPARE) / (END - BEGIN)), 24)
FIRST = rounded(19 + SPARE - mpf(SLOPE) * BEGIN, 24)
MARGIN = 2e-5  # by which an interval is longer at either end
ZERO = -1.1924  # Its piece is fitted for the absolute error.


def f(x):
    n = exp(x)
    return n * (4 * (x + 1) + n * (4 * x + 6 + n * (4 + n))) / (n * n + 2 * n + 2) ** 2 * 2**64


def expression(x):
    n = f"exp({x})"
    return f"({n} * (4 * ({x} + 1) + {n} * (4 * {x} + 6 + {n} * (4 + {n}))) / ({n}^2 + 2 * {n} + 2)^2 * 2^64)"


def interval(number):
    low, high = (16 + number, 17 + number) if number > 2 else (32 + 2 * number, 34 + 2 * number)
    return max((low - FIRST) / SLOPE - MARGIN, BEGIN), min((high - FIRST) / SLOPE + MARGIN, END)


def piece(number):
    low, high = interval(number)
    kind = "absolute" if low < ZERO < high else "relative"
    return *fit(f, expression, (low, high), degree=8, kind=kind, precision=120), kind


all_pieces = [piece(number) for number in range(16)]
worst = {kind: max(error for _, error, of in all_pieces if of == kind) for kind in ("relative", "absolute")}

report = Report(bits=24)
report.add("mish_slope_first", [FIRST])
report.add("mish_slope_step", [SLOPE])
around_zero = f"around the zero {worst['absolute'] / 2**64 * 2**26:.1g} * 2^-26"
report.add("mish_slope_pieces", table([made for made, _, _ in all_pieces]), f"{units(worst['relative'], 24)}, {around_zero}")
report.print()
