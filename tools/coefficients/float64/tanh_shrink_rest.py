"""x - tanh(x) as x^3 p(x^2), 0 <= x <= 1. p(0) = 1 / 3 counts in full: the formula has what rounding takes from it."""
from fit import Report, minimax, rounded, units
from mpmath import mpf

# What follows 1 / 3, over x^2.
QUOTIENT = "((sqrt(x) - tanh(sqrt(x))) / (x * sqrt(x)) - 1 / 3) / x"
terms, worst = minimax(QUOTIENT, range(16), 53, (1e-14, 1.0001), error="(p - f) * x / (f * x + 1 / 3)", precision=400)
terms = [rounded(mpf(1) / 3, 53), *terms]

report = Report(bits=53)
report.add("tanh_shrink_terms", terms, units(worst, 53))
# series.ts
typescript = Report(bits="decimal")
typescript.add("tanhShrinkTerms", terms, units(worst, 53))
report.print(typescript)
