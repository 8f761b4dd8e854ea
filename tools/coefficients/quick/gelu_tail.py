"""
a Phi(-a): as s e^(-a*a/2) and a polynomial of degree 13 in s = a / (a + 5), and to 4.5 in sixteen pieces of degree 8, in the
distance from multiples of a step. Both begin with a / 2 itself.
"""
from fit import Report, minimax, power_of_two, rounded
from float32.pieces import table
from mpmath import mpf

HALF = "0.5"
MARGIN = 1e-9  # by which the interval of a piece is longer at either end

a = "(5 * x / (1 - x))"
whole, whole_worst = minimax(
    f"({a} + 5) * erfc({a} / sqrt(2)) / 2 * exp({a}^2 / 2)",
    range(1, 14),
    53,
    ("1b-20", "14.45 / 19.45"),
    fixed=f"5 * {HALF}",
    precision=120,
)

step = rounded(mpf(4.5) / 15.5, 20) # k of them are exact
end = step / 2 + MARGIN
first, worst = minimax("erfc(x / sqrt(2)) / 2", range(1, 8), 53, (end * 2**-20, end), fixed=HALF)
pieces = [[0.0, *first]]
for k in range(1, 16):
    centre = k * step
    # Rounded like that; the last digit of a coefficient rests on it.
    interval = (k - 0.5) * step - MARGIN - centre, (k + 0.5) * step + MARGIN - centre
    x = f"(x + {centre.hex()})"
    coefficients, error = minimax(f"{x} * erfc({x} / sqrt(2)) / 2", range(9), 53, interval)
    pieces.append(coefficients)
    worst = max(worst, error)

report = Report(bits=53)
report.add("quick_gelu_terms", whole, power_of_two(whole_worst))
report.add("quick_gelu_step", [step])
report.add("quick_gelu", [list(row) for row in zip(*pieces)], power_of_two(worst))
report.print()
