"""Writes what test/files reads, with NumPy (made with 2.4.6) and by the published description of safetensors, which is not installed
here: python3 make.py, in this folder. https://huggingface.co/docs/safetensors/index#format"""

import io
import json
import struct
import warnings
import zipfile

import numpy
from numpy.lib import format as npy

warnings.simplefilter("ignore")
values = numpy.array([[0.0, -1.5, 2.25], [-numpy.inf, 192.0, -0.0]])
bfloat16 = (values.astype("<f4").view("<u4") >> 16).astype("<u2")
arrays = {
    "f4": values.astype("<f4"),
    "f8 big": values.astype(">f8"),
    "f2 columns": numpy.asfortranarray(values.astype("<f2")),
    "bfloat16": bfloat16.view("V2"),
    "i8": numpy.array([-(2**63), 2**63 - 1], "<i8"),
    "b1": values > 0,
    "scalar": numpy.array(0.5, "<f4"),
    "empty": numpy.empty((0, 3), "<f4"),
    "many": numpy.arange(3000, dtype="<f4"),
    "grün/π": numpy.array([7], "<f8"),
}

numpy.savez("stored.npz", **arrays)
numpy.savez_compressed("deflated.npz", **arrays)
numpy.savez("none.npz")


class Pipe(io.BytesIO):
    """What cannot seek: zipfile then writes sizes behind the data."""

    def seekable(self):
        return False

    def tell(self):
        raise OSError


pipe = Pipe()
with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:
    with file.open("x.npy", "w") as member:
        npy.write_array(member, arrays["many"])
    with file.open("folder/", "w"):
        pass
    file.comment = b"PK\x05\x06 is in this comment"
with open("piped.npz", "wb") as file:
    file.write(pipe.getvalue())

with zipfile.ZipFile("others.npz", "w") as file:
    file.writestr("bzip2.npy", b"\x93NUMPY", zipfile.ZIP_BZIP2)
    file.writestr("text.txt", "no array")
    file.writestr("good.npy", (lambda out: (npy.write_array(out, arrays["f4"]), out.getvalue())[1])(io.BytesIO()))

with open("several.npy", "wb") as file:
    for name in ("f4", "i8", "scalar", "f8 big"):
        numpy.save(file, arrays[name])

# --- safetensors

types = {
    "F64": values.astype("<f8"),
    "F32": values.astype("<f4"),
    "F16": values.astype("<f2"),
    "BF16": bfloat16,
    "I64": numpy.array([-(2**63), 2**63 - 1], "<i8"),
    "U64": numpy.array([0, 2**64 - 1], "<u8"),
    "I32": numpy.array([-(2**31), 2**31 - 1], "<i4"),
    "U32": numpy.array([0, 2**32 - 1], "<u4"),
    "I16": numpy.array([-(2**15), 2**15 - 1], "<i2"),
    "U16": numpy.array([0, 2**16 - 1], "<u2"),
    "I8": numpy.array([-128, 127], "i1"),
    "U8": numpy.array([0, 255], "u1"),
    "BOOL": numpy.array([[True], [False]]),
}


def safetensors(name, tensors, metadata=None, pad=8, separators=(",", ":")):
    """Of (name, dtype, bytes, shape): the header, then the bytes in that order."""
    header, at = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    for key, dtype, data, shape in tensors:
        header[key] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=separators, ensure_ascii=False).encode()
    text += b" " * (-len(text) % pad)
    with open(f"{name}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data, _ in tensors))


def row(dtype, key=None):
    return (key or dtype, dtype, types[dtype].tobytes(), list(types[dtype].shape))


# Every type, in no order of sizes, so that some lie at odd places; and types that nonlin does not read.
safetensors("types", [row(key) for key in ["U8", "BOOL", "F64", "I8", "F32", "BF16", "U16", "F16", "I16", "I32", "U32", "I64", "U64"]], {"format": "pt", "grün": "π"}, 1, None)
safetensors("odd", [("u", "U8", b"\x07", [1]), row("F64"), row("F16"), ("f8", "F8_E4M3", b"\x01\x02\x03", [3]), ("f4", "F4", b"\x01", [2])])
safetensors("none", [])
# As the library orders what it writes: large elements first, then by name; keys that are numbers, and one that JSON escapes.
f4 = types["F32"]
safetensors(
    "ordered",
    [
        row("F64", "z"),
        ("1", "F32", f4.tobytes(), [2, 3]),
        ("10", "F32", f4[:0].tobytes(), [0, 3]),
        ("9", "F32", f4[0, 1].tobytes(), []),
        ('a"\\\n', "F32", f4.T.copy().tobytes(), [3, 2]),
        row("BF16", "a"),
        row("F16", "b"),
    ],
    {"format": "pt"},
)

# --- headers, and what numpy.load makes of each


def load(header, version):
    text = header.encode("latin1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    # Counted up, so that a wrong type or order gives other numbers.
    file = b"\x93NUMPY" + bytes([version, 0]) + length + text + bytes(range(256))
    try:
        array = numpy.load(io.BytesIO(file))
    except Exception:
        return None
    if array.dtype.kind not in "fiubV" or array.dtype.names is not None or array.dtype.itemsize > 8:
        return "another"
    return {"descr": array.dtype.str, "shape": array.shape, "bytes": array.astype(array.dtype.newbyteorder("<")).tobytes().hex()}


names = """<f4 =f4 |f4 f4 >f4 <f f >f =f |f <float32 float32 single float double d <d g half e >e float16 float64 f8 float_ i l q p n L Q P N b
 B h H I ? <? |? b1 <b1 |b1 >b1 bool bool_ int uint int8 uint8 int16 uint16 int32 uint32 int64 uint64 intc uintc intp uintp long longlong
 ulong ulonglong ubyte byte short ushort V2 <V2 |V2 =V2 1f4 2f4 1f 4f <1f4 f4, f4,f4 F c8 a S int0 Float32 f2 <f16 u1 |u1 >u1 |i2 =i2 float128
 longdouble void16 V object O < bool8 str 1i1 @f4 !f4 e2 d8 ?1 f3 i16 <f5 V4 M8 m8 U1""".split()
dtypes = [repr(name) for name in [*names, "", " f4", "f4 "]] + [
    "('<f4', ())", "('<f4', (1,))", "('<f4', 1)", "('<f4', (2,))", "('<f4',)", "['<f4', ()]", "[('', '<f4')]", "[('a', '<f4')]", "u'<f4'", "U'<f4'",
    "b'<f4'", "r'<f4'", "R'\\x3cf4'", "'<' 'f4'", "'<'\n'f4'", "'\\x3cf4'", "'\\074f4'", "'\\u003cf4'", "'\\U0000003cf4'", "'<f\\\n4'", "'<\\f4'", "'''<f4'''",
    '"""<f4"""', "'''<f4'", "('<f4')", "(('<f4'))", "'<f4',", "None", "4", "True", "{}", "(('<f4', ()), 1)", "'<f4\\'", "''", "('', ())",
]
shapes = ["(1,)", "()", "( )", "(2, 3)", "(2,3,)", "(1)", "[1]", "1", "(True,)", "(0x2,)", "(0X2,)", "(0b11, 1)", "(0o2,)", "(1_0,)", "(1__0,)", "(_1,)", "(+1,)",
    "(-1,)", "(- 1,)", "(--1,)", "(0, -5)", "(-1, -1)", "(1L,)", "(2L, 3L)", "(1l,)", "(00,)", "(01,)", "((1),)", "((1),2)", "(1+0,)", "(1.0,)", "(1e0,)", "(1j,)", "(None,)", "(-0,)",
    "tuple()", "(,)", "(1,,)", "(1 2)", "('1',)", "(1,2)#x\n", "(1,\n2)", "(1,\\\n2)", "(0,)", "(0, 3)", "(" + "1," * 64 + ")", "{1}", "(*(),)", "(1 if 1 else 2,)"]
whole = ["{'descr':%s,'fortran_order':%s,'shape':%s}" % ("'<f4'", order, "(2,3)") for order in ["True", "False", "0", "1", "None", "not True", "true", "'False'"]]
d, o, s = "'descr':'<f4'", "'fortran_order':False", "'shape':(2,)"
whole += [f"{{{d},{s}}}", f"{{{d},{o},{s},'x':1}}", "{}", "", " ", "()", "None", f"{{{s},{o},{d}}}", f" {{{d},{o},{s}}}", f"\n{{{d},{o},{s}}}", f"\t{{{d},{o},{s}}}", f"\f{{{d},{o},{s}}}",
    f"({{{d},{o},{s}}})", f"({{{d},{o},{s}}},)", f"{{'descr':'<f8',{d},{o},{s}}}", f"{{{d},{o},{s}}}\0", f"{{{d},{o},{s}}};", f"{{{d},{o},{s}}} # c", f"{{{d},{o},{s}}}\n\n", f"{{{d},{o},{s}}}\r\n",
    f"{{{d},{o},{s},}}", f"{{{d},{o},{s},,}}", f"{{**{{}},{d},{o},{s}}}", f"{{{d},\\\n{o},{s}}}", f"{{{d},\xa0{o},{s}}}", f"{{{d},\v{o},{s}}}", f"{{{d}\n, # hello }}\n{o},{s}}}", f"{{{d},{o},{s}}} {{}}",
    f"{{'des' 'cr':'<f4',{o},{s}}}", f"{{u'descr':'<f4',{o},{s}}}", f"{{b'descr':'<f4',{o},{s}}}", f'{{"descr":"<f4",{o},{s}}}', f"{{{d},{o},{s}", f"{{{d},{o},{s}}}}}", f"dict({d})", f"{{{d};{o},{s}}}", "(" * 3000]
headers = [f"{{'descr': {dtype}, 'fortran_order': False, 'shape': (2, 3), }}" for dtype in dtypes]
headers += [f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}" for shape in shapes] + whole
with open("headers.json", "w") as file:
    rows = [json.dumps([header, version, load(header, version)]) for header in headers for version in (1, 3)]
    file.write("[\n" + ",\n".join(rows) + "\n]\n")
