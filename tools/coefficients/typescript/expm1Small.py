"""e^r - 1 as r + r^2 / 2 + r^3 q(r), |r| <= ln 2 / 128: q. A plain decimal of each: additions and multiplications alone."""
from fit import Report, minimax, power_of_two
from mpmath import log, mpf

h = float(log(2) / 128 * (1 + mpf(10) ** -4))
terms, worst = minimax(
    "(expm1(x) - x - x^2 / 2) / x^3", range(4), 53, (-h, h), "absolute", error="(p - f) * x^3 / expm1(x)", precision=400
)

report = Report(bits="decimal")
report.add("expm1Small", terms, power_of_two(worst))
report.print()
