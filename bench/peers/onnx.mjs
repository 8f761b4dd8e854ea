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

/** An ONNX model of one node, y = operator(x) on float32 of a fixed shape. Field numbers and constants are those of onnx.proto. */
export function onnxModel({ base, detail, rows, columns, axis }) {
  const float32 = 1;
  const [typeInteger, typeString] = [2, 3];
  const opset = 20; // the first with Gelu
  const ir = 9; // the format of that time
  const operator = { relu: 'Relu', sigmoid: 'Sigmoid', tanh: 'Tanh', gelu: 'Gelu', softmax: 'Softmax' }[base];
  const attribute = {
    gelu: () => message(5, text(1, 'approximate'), text(4, detail ?? 'none'), integer(20, typeString)),
    softmax: () => message(5, text(1, 'axis'), integer(3, axis), integer(20, typeInteger)),
  }[base];
  const shape = message(2, ...[rows, columns].map((n) => message(1, integer(1, n))));
  const value = (field, name) => message(field, text(1, name), message(2, message(1, integer(1, float32), shape)));
  const node = message(1, text(1, 'x'), text(2, 'y'), text(4, operator), attribute?.() ?? []);
  const graph = message(7, node, text(2, 'graph'), value(11, 'x'), value(12, 'y'));
  return Uint8Array.from([integer(1, ir), graph, message(8, text(1, ''), integer(2, opset))].flat());
}
