"""x - tanh(x) as x^3 p(x^2), 0 <= x <= 1."""
from fit import Report, minimax, units

terms, worst = minimax("(sqrt(x) - tanh(sqrt(x))) / (x * sqrt(x))", range(0, 8), 24, (1e-9, 1.0001), precision=250)

report = Report(bits=24)
report.add("tanh_shrink_float_terms", terms, units(worst, 24))
report.print()
