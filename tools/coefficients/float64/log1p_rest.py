"""log(1 + u) as u + u^2 p(u - 1/2), 0 <= u <= 1."""
from fit import Report, minimax, units

# Of p an error counts u^2 / log(1 + u) times. Near 0 the quotient is a series, since nothing is left of it there.
SHIFTED = "((log1p(x + 0.5) - (x + 0.5)) / (x + 0.5)^2)"
terms, worst = minimax(
    SHIFTED, range(0, 21), 53, (-0.4999, 0.5), "absolute", error="(p - f) * (x + 0.5)^2 / log1p(x + 0.5)"
)

report = Report(bits=53)
report.add("log1p_terms", terms, units(worst, 53))
report.print()
