"""e^x = 2^((k + shift) / 16) (1 + rest): the shift, the table of 2^((j + shift) / 16), and two coefficients of e^r."""
from fit import Report, minimax, rounded, units
from mpmath import exp, log, mpf

roots = [2.0 ** (j / 16) for j in range(16)]


def spread(shift, limit):
    """The largest relative error of 2^((j + shift) / 16) as floats, in u; or one above the limit, where one is."""
    worst = 0.0
    power = 2.0 ** (shift / 16)
    for root in roots:
        value = power * root
        # value rounded to 24 bits: the multiple has no room for the others.
        multiple = value * (2.0**29 + 1)
        worst = max(worst, abs((multiple - (multiple - value)) / value - 1) * 2.0**24)
        if worst > limit:
            break
    return worst


# The best of the multiples of 10^-7 between 0.5 and 0.75, where `rest` is negative and small.
shift, best = 0.0, 1.0
for i in range(5_000_000, 7_500_001):
    candidate = i / 1e7
    found = spread(candidate, best)
    if found < best:
        shift, best = candidate, found

table = [rounded(mpf(2) ** ((j + mpf(shift)) / 16), 24) for j in range(16)]
# The coefficient of x comes out as 1. 0.0221 is ln 2 / 32 and 2 %.
(_, _, square, cube), worst = minimax("expm1(x)", [1, 2, 3], 24, (-0.0221, 0.0221), "absolute")

report = Report(bits=24)
report.add("exp_shrink", [rounded(exp(-mpf(shift) * log(2) / 16), 53)], f"shift {shift}", bits=53)
report.add("exp_square", [square], units(worst, 24))
report.add("exp_cube", [cube], units(worst, 24))
report.add("sixteenths", table, f"{best:.2f} u")
report.print()
