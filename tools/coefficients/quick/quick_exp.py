"""e^x = 2^(k / 8) (1 + rest): the table of 2^(j / 8), and `rest` as x + c[0] x^2 + ... + c[3] x^5, |x| <= ln 2 / 16."""
from fit import Report, minimax, power_of_two, rounded
from mpmath import log, mpf

h = float(log(2) / 16 * (1 + mpf(10) ** -4))
# Absolute for rest / x: `rest` has the relative error that is told.
terms, worst = minimax("expm1(x) / x", range(1, 5), 53, (-h, h), "absolute", "1", precision=200)

report = Report(bits=53)
report.add("eighths", [rounded(mpf(2) ** (mpf(j) / 8), 53) for j in range(8)])
report.add("quick_terms", terms[1:], power_of_two(worst))
report.print()
