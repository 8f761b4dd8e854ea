"""mills(a) - a / sqrt(2 pi) as (a - zero) g(q), q = (a - centre) / (a + centre): the zero, the centre, and g, for a up to 38.9."""
from fit import Report, halves, minimax, rounded, units
from mpmath import erfc, exp, findroot, frexp, ldexp, mpf, nint, nstr, pi, sqrt


def f(a):
    return erfc(a / sqrt(2)) / 2 * exp(a * a / 2) - a / sqrt(2 * pi)


zero = findroot(f, 0.75)
zero_high, zero_rest = halves(zero)


def distance(centre):
    """From f(centre) / (centre - zero), which is g(0), to the nearest double, in units in its last place."""
    last = ldexp(frexp(f(centre) / (centre - zero))[0], 53)
    return abs(last - nint(last))


# The best of the multiples of 2^-10 between 3.5 and 4. Few bits, so that a + centre rounds little for small a.
centre = float(min((mpf(k) / 1024 for k in range(3584, 4097)), key=distance))

a = f"({centre.hex()} * (1 + x) / (1 - x))"
terms, worst = minimax(
    f"(erfc({a} / sqrt(2)) / 2 * exp({a}^2 / 2) - {a} / sqrt(2 * pi)) / ({a} - {nstr(zero, 80)})",
    range(22),
    53,
    ("-1 + 1b-40", f"(38.9 - {centre.hex()}) / (38.9 + {centre.hex()})"),
    precision=250,
)

report = Report(bits=53)
report.add("gelu_slope_centre", [centre])
report.add("gelu_slope_zero", [zero_high])
report.add("gelu_slope_zero_rest", [zero_rest])
report.add("gelu_slope_terms", terms, units(worst, 53))
report.print()
