"""e^r - 1 as r + r^2 q(r), |r| <= ln 2 / 2 and what rounding leaves beyond it."""
from fit import Report, minimax, units

terms, worst = minimax("expm1(x) / x", range(1, 6), 24, (-0.34662, 0.34662), fixed="1")

report = Report(bits=24)
report.add("expm1_terms", terms[1:], units(worst, 24))
report.print()
