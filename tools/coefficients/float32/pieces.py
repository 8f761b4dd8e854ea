"""Sixteen polynomials, one for each part of an interval, in the distance from a centre: `pieces` of float32/pieces.h."""
from math import frexp

from fit import minimax, rounded, units
from mpmath import mpf


def centre_near(f, middle):
    """Of the 401 floats around the middle the one where f is nearest to a float, in units in the last place of that."""
    middle = rounded(mpf(middle), 24)
    step = 2.0 ** (frexp(middle)[1] - 24)

    def distance(centre):
        value = f(mpf(centre))
        near = rounded(value, 24)
        return abs(value - mpf(near)) / mpf(2) ** (frexp(near)[1] - 24)

    return min((middle + k * step for k in range(-200, 201)), key=distance)


def fit(f, expression, interval, degree, kind="relative", error=None, precision=165):
    """
    A piece, (centre, coefficients), and its error. The first coefficient is f(centre) as a float, the others are what Sollya
    makes of them; `error` is a function of the centre.
    """
    low, high = interval
    centre = centre_near(f, (low + high) / 2)
    coefficients, worst = minimax(
        expression(f"(x + {centre.hex()})"),
        range(1, degree + 1),
        24,
        (low - centre, high - centre),
        kind,
        rounded(f(mpf(centre)), 24).hex(),
        error and error(centre),
        precision,
    )
    return (centre, coefficients), worst


def table(pieces):
    """From the centre and the coefficients of each piece: the centres, and a row for each power."""
    return [[centre for centre, _ in pieces], *map(list, zip(*(coefficients for _, coefficients in pieces)))]
