"""
The sixteen pieces of tanh. `place` = slope a + 2 goes from 2 to 32; a piece begins where its exponent or one of the first
two bits of its mantissa changes: at 2, 2.5, 3, 3.5, 4, 5, ...
"""
from fit import rounded
from mpmath import mpf

END = 9.02  # beyond which tanh(a) rounds to 1
SLOPE = rounded(mpf(29.9 / END), 24)  # 29.9, so that the last piece, 28 to 32, ends a little later
MARGIN = 1e-6  # of a piece's end, by which its interval is longer at either end

starts = [2.0 ** (1 + j // 4) * (1 + j % 4 / 4) for j in range(17)]
ends = [(start - 2) / SLOPE for start in starts]


def interval(j):
    low, high = ends[j], ends[j + 1]
    return low - MARGIN * high if j > 0 else 0, min(high + MARGIN * high, END * 1.001)
