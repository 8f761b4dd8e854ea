"""What the scripts share: Sollya's fits, the roundings of mpmath's numbers, and how a script says what it made."""
import json
import subprocess
import sys

from mpmath import frexp, ldexp, mp, mpf, nint

mp.prec = 300


def rounded(number, bits):
    """A number of mpmath as the nearest float that has so many bits."""
    mantissa, exponent = frexp(number)
    return float(ldexp(nint(ldexp(mantissa, bits)), exponent - bits))


def halves(number, bits=53):
    """A number of mpmath as such a float and, as a double, what that leaves."""
    high = rounded(number, bits)
    return high, rounded(number - mpf(high), 53)


def sollya(commands):
    """The lines that Sollya prints."""
    try:
        done = subprocess.run(["sollya", "--warnonstderr"], input=commands, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        sys.exit("sollya is not installed (Debian: sollya)")
    lines = done.stdout.split("\n")
    if done.returncode != 0 or "error" in lines:
        sys.exit(f"sollya: {done.stderr.strip() or done.stdout.strip()}\nin:\n{commands}")
    return lines


def minimax(f, powers, bits, interval, kind="relative", fixed="0", error=None, precision=165):
    """
    fpminimax: the coefficients from power 0 on, as Python's floats, and the largest error of the polynomial that they
    make. `powers` are those of x that are fitted, each coefficient of so many bits; `fixed` is a polynomial that is there
    besides. The error that is made small is relative or absolute; `error` is the one that is told, an expression in p and
    f, by default the same. `precision` is that of Sollya's own arithmetic, in bits. It decides which one is found of many
    sets that are nearly as good, and so do the last digits of the interval.
    """
    powers = list(powers)
    low, high = (bound if isinstance(bound, str) else bound.hex() for bound in interval)
    error = error or {"relative": "(p - f) / f", "absolute": "p - f"}[kind]
    commands = f"""
        prec = {precision}!; display = hexadecimal!;
        f = {f};
        p = fpminimax(f, [|{", ".join(map(str, powers))}|], [|{", ".join([str(bits)] * len(powers))}|],
                      [{low}; {high}], floating, {kind}, {fixed});
        for i from 0 to degree(p) do print(coeff(p, i));
        prec = 165!;
        print(dirtyinfnorm({error}, [{low}; {high}]));
        quit;
    """
    *coefficients, worst = (float.fromhex(line) for line in sollya(commands) if line)
    return coefficients, worst


def literal(number, bits):
    """As the headers have it: 0x1.8p-1f."""
    if number == 0 or (number == int(number) and abs(number) < 100):
        text = f"{number:.1f}" if str(number) == "-0.0" else str(int(number))
        return text + ("f" if "." in text and bits == 24 else "")
    if bits == "decimal":
        return repr(number).replace("e-0", "e-")
    mantissa, exponent = number.hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{exponent}{'f' if bits == 24 else ''}"


class Report:
    """What a script made, by the names that it has in the tree (list.mjs)."""

    def __init__(self, bits):
        self.bits = bits
        self.made = {}

    def add(self, name, values, error=None, bits=None):
        """`values`: numbers, or rows of numbers, as they follow one another in the definition."""
        self.made[name] = {"values": values, "error": error, "bits": bits or self.bits}

    def print(self, *others):
        """With those of other reports: lines to paste, or with --json what run.mjs reads."""
        all_made = {name: made for report in (self, *others) for name, made in report.made.items()}
        if sys.argv[1:] == ["--json"]:
            print(json.dumps(all_made))
            return
        for name, made in all_made.items():
            values, bits = made["values"], made["bits"]
            print(f"{name}: {made['error']}" if made["error"] else name)
            for row in values if isinstance(values[0], (list, tuple)) else [values]:
                print("  {" + ", ".join(literal(value, bits) for value in row) + "}")


def units(error, bits):
    """A relative error in u = 2^-bits, as the headers give it."""
    return f"{float(error) * 2.0**bits:.2g} u"


def power_of_two(error):
    """A relative error as a power of two."""
    return f"2^{float(mp.log(error, 2)):.1f}"
