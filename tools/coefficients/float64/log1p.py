"""log((1 + s) / (1 - s)) as 2 s + s^3 p(s^2), for what is left of a number between sqrt(1/2) and sqrt(2)."""
from fit import Report, minimax, units

terms, worst = minimax("log((1 + x) / (1 - x))", range(3, 16, 2), 53, (2.0**-30, 0.17158), fixed="2 * x", precision=250)

report = Report(bits=53)
report.add("log_terms", terms[3::2], units(worst, 53))
typescript = Report(bits="decimal")
typescript.add("terms", terms[3::2], units(worst, 53))
report.print(typescript)
