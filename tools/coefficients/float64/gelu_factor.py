"""a mills(a) as y + y^2 h(q), y = a / (2 a + 2), q = (a - 6) / (a + 6): h, for a up to 38.9."""
from fit import Report, minimax, units

a = "(6 * (1 + x) / (1 - x))"
mills = f"(erfc({a} / sqrt(2)) / 2 * exp({a}^2 / 2))"
y = f"({a} / (2 * {a} + 2))"
terms, worst = minimax(
    f"({mills} - {y} / {a}) * {a} / {y}^2",
    range(23),
    53,
    ("-1 + 1b-40", "32.9 / 44.9"),
    "absolute",
    error=f"(p - f) * {y}^2 / ({a} * {mills})",
    precision=250,
)

report = Report(bits=53)
report.add("gelu_terms", terms, units(worst, 53))
report.print()
