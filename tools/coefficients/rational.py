"""Remez' exchange for quotients of polynomials, which Sollya has not."""
from mpmath import cos, lu_solve, matrix, mpf, pi, polyval


def quotient(p, q, x):
    """From coefficients, that of power 0 first."""
    return polyval(p[::-1], x) / polyval(q[::-1], x)


def remez(f, weight, degrees, interval, points=1000):
    """
    p and q for the least largest error weight(x) (p(x) / q(x) - f(x)), the leading coefficient of q being 1, and that error.
    Of an interval are taken so many points, closer together towards its ends.
    """
    m, n = degrees
    low, high = map(mpf, interval)
    xs = [(low + high - (high - low) * cos(pi * i / points)) / 2 for i in range(points + 1)]
    fs, weights = [f(x) for x in xs], [weight(x) for x in xs]
    # To begin with, through f at the zeros of a Chebyshev polynomial: p(x) - f(x) (q(x) - x^n) = f(x) x^n.
    unknown = m + 1 + n
    nodes = [(low + high - (high - low) * cos(pi * (2 * i + 1) / (2 * unknown))) / 2 for i in range(unknown)]
    rows = [[x**k for k in range(m + 1)] + [-f(x) * x**k for k in range(n)] for x in nodes]
    solution = list(lu_solve(matrix(rows), matrix([f(x) * x**n for x in nodes])))
    while True:
        p, q = solution[: m + 1], [*solution[m + 1 :], mpf(1)]
        errors = [w * (quotient(p, q, x) - y) for x, y, w in zip(xs, fs, weights)]
        # The largest errors of alternating sign, the first and the last of them only as far as there are too many.
        extremes = []
        for i, error in enumerate(errors):
            if error == 0:
                continue
            if not extremes or (error > 0) != (errors[extremes[-1]] > 0):
                extremes.append(i)
            elif abs(error) > abs(errors[extremes[-1]]):
                extremes[-1] = i
        while len(extremes) > unknown + 1:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        sizes = [abs(errors[i]) for i in extremes]
        if max(sizes) < min(sizes) * (1 + mpf(10) ** -9):
            return p, q, max(sizes)
        # One step of Newton towards errors of one size there.
        rows, lacking = [], []
        for sign, i in enumerate(extremes):
            below = polyval(q[::-1], xs[i])
            factor = weights[i] / below
            rows.append(
                [factor * xs[i] ** k for k in range(m + 1)]
                + [-factor * quotient(p, q, xs[i]) * xs[i] ** k for k in range(n)]
                + [-((-1) ** sign)]
            )
            lacking.append(-errors[i])
        step = lu_solve(matrix(rows), matrix(lacking))
        solution = [value + more for value, more in zip(solution, step)]
