"""
a - tanh(a) in the pieces of tanh, of degree 5: up to place 6 as (a - tanh(a)) / a^3, and from there on as 1 - tanh(a), to
which a - 1 is added.
"""
from fit import Report, units
from float32.pieces import fit, table
from float32.tanh_pieces import interval, starts
from mpmath import tanh

NEAR = 6.0

pieces = []
worst = 0
for j in range(16):
    low, high = interval(j)
    low = max(low, 1e-3)  # Below it the quotient hardly changes, and nearer 0 its digits are lost.
    if starts[j] < NEAR:
        f = lambda a: (a - tanh(a)) / a**3
        expression = lambda a: f"(1 - tanh({a}) / {a}) / {a}^2"
        kind, error = "relative", None
    else:
        f = lambda a: 1 - tanh(a)
        expression = lambda a: f"(1 - tanh({a}))"
        kind, error = "absolute", lambda centre: f"(p - f) / (x + {centre.hex()} - 1 + f)"
    piece, largest = fit(f, expression, (low, high), 5, kind, error, precision=250)
    pieces.append(piece)
    worst = max(worst, largest)

report = Report(bits=24)
report.add("tanh_shrink_near", [NEAR])
report.add("tanh_shrink_pieces", table(pieces), units(worst, 24))
report.print()
