"""
The sixteen pieces of the two GELU tails. `place` = FIRST - slope a goes from 52 down to 26; which piece, the first four bits of
its mantissa say: 9, 8, ..., 0 up to a = 4.15, where it falls below 32, and 15, 14, ..., 10 beyond, half as wide, as the tails
bend most there.
"""
from fit import rounded
from mpmath import mpf

END = 5.4  # From 5.35 on x - x Phi(-x) rounds to x, which rare_inputs.h takes it to be.
FIRST = 52 - 2.0**-18  # the float below 52, which has the number of the last piece, 10
SLOPE = rounded(mpf((FIRST - 26 - 1e-4) / END), 24)  # so that the last piece ends a little later
MARGIN = 2e-6  # of a piece's end, by which its interval is longer at either end
AT_ZERO = 9


def interval(number):
    low, high = (32 + 2 * number, 34 + 2 * number) if number <= AT_ZERO else (16 + number, 17 + number)
    near, far = (FIRST - high) / SLOPE, (FIRST - low) / SLOPE
    return max(near - MARGIN * far, 0), min(far + MARGIN * far, END * 1.0001)
