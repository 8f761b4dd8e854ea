"""e^r as 1 + r + r^2 q(r), |r| <= ln 2 / 2 and what rounding leaves beyond it."""
from fit import Report, minimax, units

terms, worst = minimax("exp(x)", range(3, 12), 53, (-0.34662, 0.34662), fixed="1 + x + x^2 / 2", precision=200)

report = Report(bits=53)
report.add("exp_terms", terms[2:], units(worst, 53))
report.print()
