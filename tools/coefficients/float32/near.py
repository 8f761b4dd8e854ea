"""The sixteen pieces of the two GELU tails: piece j is where the integer nearest to slope * a is j."""
from fit import rounded
from mpmath import mpf

END = 4.5
SLOPE = rounded(mpf(15.45 / END), 24)  # 15.45, so that the last piece, 14.5 to 15.5, ends a little later
MARGIN = 2e-6  # of a piece's end, by which its interval is longer at either end


def interval(j):
    low, high = (j - 0.5) / SLOPE, (j + 0.5) / SLOPE
    return low - MARGIN * high, min(high + MARGIN * high, END * 1.0001)
