"""Writes the .npy files of this folder with NumPy (made with 1.24.2): python3 make.py, in this folder."""

import numpy
from numpy.lib import format as npy

# Exact in float32; every value differs, so that a transposed or swapped reading cannot pass for the right one.
values = numpy.array([[0.0, -1.5, 2.25], [-numpy.inf, 1e30, 2.0**-149]])


def write(name, array, version=(1, 0)):
    with open(f"{name}.npy", "wb") as file:
        npy.write_array(file, array, version)


write("f4", values.astype("<f4"))
write("f8", values.astype("<f8"))
write("f4-v2", values.astype("<f4"), (2, 0))
write("f4-v3", values.astype("<f4"), (3, 0))
write("f4-fortran", numpy.asfortranarray(values.astype("<f4")))
write("f8-fortran-3d", numpy.asfortranarray(numpy.arange(24.0).reshape(2, 3, 4)))
write("f4-big-endian", values.astype(">f4"))
write("f8-big-endian-fortran", numpy.asfortranarray(values.astype(">f8")))
write("f4-scalar", numpy.float32(0.5).reshape(()))
write("f8-empty", numpy.empty((2, 0, 3)))
write("f4-one", numpy.array([7], "<f4"))
write("i8", numpy.arange(3))
write("structured", numpy.zeros(2, [("a", "<f4"), ("b", "<i2", (2, 2))]))
