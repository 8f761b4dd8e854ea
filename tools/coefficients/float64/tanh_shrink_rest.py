"""x - tanh(x) as x^3 p(x^2), 0 <= x <= 1."""
from fit import Report, minimax, units

terms, worst = minimax("(sqrt(x) - tanh(sqrt(x))) / (x * sqrt(x))", range(0, 16), 53, (1e-14, 1.0001), precision=400)

report = Report(bits=53)
report.add("tanh_shrink_terms", terms, units(worst, 53))
# series.ts
typescript = Report(bits="decimal")
typescript.add("tanhShrinkTerms", terms, units(worst, 53))
report.print(typescript)
