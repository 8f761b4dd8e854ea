"""
log(1 + u), 0 <= u <= 1, as log(1 + z) - log(r) with z = r u + (r - 1): eight r, their logarithms, and z + z^2 p(z) for
log(1 + z). A piece begins where the exponent or one of the first two bits of the mantissa of power + PLACE changes, u = power
(1 + rest) as exp_factors has it: at 0.4375, 0.5, 0.625, ...
"""
from fit import Report, minimax, rounded, sollya, units
from mpmath import frexp, log, mpf

PLACE = 0.3984375
REST = (-0.046, -0.0028)  # between which `rest` is
REACH = 0.078  # of z, to which the polynomial is fitted: it is 0.08 in one piece, where it counts little

starts = [0, *(start - PLACE for start in (0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25)), 1 / (1 + REST[1])]
terms, _ = minimax("(log1p(x) - x) / x^2", range(4), 24, (-REACH, REACH), "absolute")


def logarithm(ratio):
    """-log(r) as a float, and how far that is from it, in units in its last place."""
    value = -log(mpf(ratio))
    near = rounded(value, 24)
    return near, abs(value - near) / mpf(2) ** (frexp(near)[1] - 24)


# In the first piece log(1 + u) itself, so that small u are kept.
pieces = [(1.0, 0.0)]
worst = 0
for j in range(8):
    low, high = starts[j] * (1 + REST[0]), starts[j + 1] * (1 + REST[1])
    if j > 0:
        # Of the 801 floats around the one that has z from -d to d, that of which the logarithm is nearest to a float.
        middle = rounded(1 / (1 + (low + high) / 2), 24)
        ratio = min((middle + k * 2.0**-24 for k in range(-400, 401)), key=lambda ratio: logarithm(ratio)[1])
        pieces.append((ratio, logarithm(ratio)[0]))
    ratio, value = pieces[j]
    z = f"({ratio.hex()} * x + {(ratio - 1).hex()})"
    p = " + ".join(f"{term.hex()} * {z}^{power}" for power, term in enumerate(terms))
    bounds = f"[{(low or 2.0**-20).hex()}; {high.hex()}]"
    error = f"dirtyinfnorm(({value.hex()} + {z} + {z}^2 * ({p})) / log1p(x) - 1, {bounds})"
    worst = max(worst, float.fromhex(sollya(f"display = hexadecimal!; print({error}); quit;")[0]))

# From the place 0.5 on, where the three bits are zero.
ratios, logs = zip(*pieces[2:], *pieces[:2])
report = Report(bits=24)
report.add("log1p_place", [PLACE])
report.add("log1p_ratios", ratios)
report.add("log1p_logs", logs)
report.add("log1p_float_terms", terms, units(worst, 24))
report.print()
