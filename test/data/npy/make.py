"""Writes the .npy files of this folder with NumPy (made with 1.24.2): python3 make.py, in this folder."""

import numpy
from numpy.lib import format as npy

# Exact in float32; every value differs, so that a transposed or swapped reading cannot pass for the right one.
values = numpy.array([[0.0, -1.5, 2.25], [-numpy.inf, 1e30, 2.0**-149]])


def write(name, array, version=(1, 0)):
    with open(f"{name}.npy", "wb") as file:
        npy.write_array(file, array, version)


write("floats/f4", values.astype("<f4"))
write("floats/f8", values.astype("<f8"))
write("floats/f4-v2", values.astype("<f4"), (2, 0))
write("floats/f4-v3", values.astype("<f4"), (3, 0))
write("floats/f4-fortran", numpy.asfortranarray(values.astype("<f4")))
write("floats/f8-fortran-3d", numpy.asfortranarray(numpy.arange(24.0).reshape(2, 3, 4)))
write("floats/f4-big-endian", values.astype(">f4"))
write("floats/f8-big-endian-fortran", numpy.asfortranarray(values.astype(">f8")))
write("floats/f4-scalar", numpy.float32(0.5).reshape(()))
write("floats/f8-empty", numpy.empty((2, 0, 3)))
write("floats/f4-one", numpy.array([7], "<f4"))

# Exact in both types of 16 bits, and their least numbers. NumPy has no bfloat16: ml_dtypes' is written as two bytes of anything.
halves = numpy.array([[0.0, -1.5, 2.25], [-numpy.inf, 192.0, -0.0]])
write("halves/f2", halves.astype("<f2"))
write("halves/f2-big-endian-fortran", numpy.asfortranarray(halves.astype(">f2")))
write("halves/f2-least", numpy.array([2.0**-24], "<f2"))
write("halves/bfloat16", (halves.astype("<f4").view("<u4") >> 16).astype("<u2").view("V2"))

write("i8", numpy.arange(3))
write("structured", numpy.zeros(2, [("a", "<f4"), ("b", "<i2", (2, 2))]))

# As bytes -1 and 255 are the same; of those of eight bytes the ends.
integers = numpy.array([[0, -1, 2], [-128, 127, 1]])
write("integers/b1", integers > 0)
write("integers/u1", integers.astype("u1"))
write("integers/i1", integers.astype("i1"))
write("integers/u2-big-endian", integers.astype("u2").astype(">u2"))
write("integers/i2-fortran", numpy.asfortranarray(integers.astype("<i2")))
write("integers/u4", integers.astype("<u4"))
write("integers/i4-big-endian-fortran", numpy.asfortranarray(integers.astype(">i4")))
write("integers/i8-big-endian", numpy.array([-(2**63), 2**63 - 1], ">i8"))
write("integers/u8", numpy.array([0, 2**64 - 1], "<u8"))
write("integers/i8-scalar", numpy.array(-100))
