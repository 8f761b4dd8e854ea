// The smallest ONNX models, written byte by byte, so that no Python and no protobuf library is needed to measure onnxruntime.

// The bytes of a field of a protobuf message: an integer, a string or a message, whose fields are joined.
function varint(n) {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) + 128);
  return [...bytes, n];
}
const integer = (field, n) => [...varint(field * 8), ...varint(n)];
const message = (field, ...fields) => {
  const bytes = fields.flat();
  return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
};
const text = (field, s) => message(field, [...Buffer.from(s)]);
const float = (field, x) => [...varint(field * 8 + 5), ...new Uint8Array(Float32Array.of(x).buffer)];

/** An attribute of a node: an integer for an axis, else a float or a text. */
function attribute(name, value) {
  const [typeFloat, typeInteger, typeString] = [1, 2, 3];
  const its =
    typeof value === 'string'
      ? [text(4, value), integer(20, typeString)]
      : name === 'axis'
        ? [integer(3, value), integer(20, typeInteger)]
        : [float(2, value), integer(20, typeFloat)];
  return message(5, text(1, name), ...its);
}

/** An ONNX model of one node, y = operator(x) on float32 of a fixed shape. Field numbers and constants are those of onnx.proto. */
export function onnxModel([operator, attributes = {}], { rows, columns }) {
  const float32 = 1;
  const opset = 20; // the first with Gelu
  const ir = 9; // the format of that time
  const shape = message(2, ...[rows, columns].map((n) => message(1, integer(1, n))));
  const value = (field, name) => message(field, text(1, name), message(2, message(1, integer(1, float32), shape)));
  const all = Object.entries(attributes).map(([name, value]) => attribute(name, value));
  const node = message(1, text(1, 'x'), text(2, 'y'), text(4, operator), ...all);
  const graph = message(7, node, text(2, 'graph'), value(11, 'x'), value(12, 'y'));
  return Uint8Array.from([integer(1, ir), graph, message(8, text(1, ''), integer(2, opset))].flat());
}
