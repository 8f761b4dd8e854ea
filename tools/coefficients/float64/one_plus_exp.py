"""
e^x = 2^((k + shift) / 8) (1 + rest): the table of 2^((j + shift) / 8), and `rest` as a polynomial in r, |r| <= ln 2 / 16.

The shift was the best of 2 * 10^8 numbers, of which it is not known any more which. As good is one in 4 * 10^8; --search N
tries N others, 30000 a second, and prints those.
"""
import random
import sys

from fit import Report, minimax, rounded, units
from mpmath import log, mpf

SHIFT = float.fromhex("0x1.41a05b797b759p-1")
BITS = 96
roots = [int(mpf(2) ** (mpf(j) / 8 + BITS)) for j in range(8)]


def spread(shift, limit=mpf(1)):
    """The largest relative error of 2^((j + shift) / 8) as doubles, in u; or one above the limit, where one is."""
    worst = 0
    power = int(mpf(2) ** (mpf(shift) / 8 + BITS))
    for root in roots:
        value = power * root >> BITS
        low = value & (1 << BITS - 52) - 1
        worst = max(worst, min(low, (1 << BITS - 52) - low) * 2**53 / value)
        if worst > limit:
            break
    return float(worst)


if sys.argv[1:2] == ["--search"]:
    best = spread(SHIFT)
    for _ in range(int(sys.argv[2])):
        candidate = random.uniform(0.5, 0.75)
        if spread(candidate, best) <= best:
            print(candidate.hex(), f"{spread(candidate):.4f} u")
    sys.exit()

table = [rounded(mpf(2) ** ((j + mpf(SHIFT)) / 8), 53) for j in range(8)]
h = float(log(2) / 16 * (1 + mpf(10) ** -5))
rest = f"exp(x - {SHIFT.hex()} * log(2) / 8) - 1"
terms, worst = minimax(rest, range(8), 53, (-h, h), "absolute", precision=250)

report = Report(bits=53)
report.add("shifted_eighths", table, f"{spread(SHIFT):.2f} u")
report.add("shifted_terms", terms, units(worst, 53))
report.print()
