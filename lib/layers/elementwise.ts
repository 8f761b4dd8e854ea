// The elementwise functions as layers, a line for each. All of them are exported.
import { Elementwise } from './of-function.js';

/** max(x, 0), like the function `relu`. */
export class ReLU extends Elementwise.of('ReLU', 'relu') {}

/** 1 / (1 + e^-x), like the function `sigmoid`. */
export class Sigmoid extends Elementwise.of('Sigmoid', 'sigmoid') {}

/** The hyperbolic tangent, like the function `tanh`. */
export class Tanh extends Elementwise.of('Tanh', 'tanh') {}

/** x Phi(x) or one of its approximations, like the function `gelu`. */
export class GELU extends Elementwise.of('GELU', 'gelu') {}

/** x, and below 0 negativeSlope x, like the function `leakyRelu`. */
export class LeakyReLU extends Elementwise.of('LeakyReLU', 'leakyRelu') {}

/** x, and below 0 alpha (e^x - 1), like the function `elu`. */
export class ELU extends Elementwise.of('ELU', 'elu') {}

/** x sigmoid(beta x), like the function `silu`. */
export class SiLU extends Elementwise.of('SiLU', 'silu') {}

/** x between 0 and 6, like the function `relu6`. */
export class ReLU6 extends Elementwise.of('ReLU6', 'relu6') {}

/** x between min and max, like the function `hardTanh`. */
export class Hardtanh extends Elementwise.of('Hardtanh', 'hardTanh') {}

/** x beyond lambda on either side and 0 between, like the function `hardShrink`. */
export class Hardshrink extends Elementwise.of('Hardshrink', 'hardShrink') {}

/** x nearer to 0 by lambda, like the function `softShrink`. */
export class Softshrink extends Elementwise.of('Softshrink', 'softShrink') {}

/** x above a threshold and a value elsewhere, like the function `threshold`. */
export class Threshold extends Elementwise.of('Threshold', 'threshold') {}

/** max(x, 0)^2, like the function `relu2`. */
export class ReLU2 extends Elementwise.of('ReLU2', 'relu2') {}

/** x / (1 + |x|), like the function `softsign`. */
export class Softsign extends Elementwise.of('Softsign', 'softsign') {}

/** x, like the function `identity`. */
export class Identity extends Elementwise.of('Identity', 'identity') {}

/** x, and below 0 x times the middle of lower and upper, like the function `rrelu`; training draws no slopes. */
export class RReLU extends Elementwise.of('RReLU', 'rrelu') {}

/** x / 6 + 1 / 2 or alpha x + beta between 0 and 1, like the function `hardSigmoid`. */
export class Hardsigmoid extends Elementwise.of('Hardsigmoid', 'hardSigmoid') {}

/** x (x / 6 + 1 / 2) between -3 and 3, like the function `hardSwish`. */
export class Hardswish extends Elementwise.of('Hardswish', 'hardSwish') {}

/** (x + sqrt(x^2 + b)) / 2, like the function `squareplus`. */
export class Squareplus extends Elementwise.of('Squareplus', 'squareplus') {}

/** log(1 + e^(beta x)) / beta, like the function `softplus`. */
export class Softplus extends Elementwise.of('Softplus', 'softplus') {}

/** The logarithm of sigmoid, like the function `logSigmoid`. */
export class LogSigmoid extends Elementwise.of('LogSigmoid', 'logSigmoid') {}

/** s x, and below 0 s a (e^x - 1), like the function `selu`. */
export class SELU extends Elementwise.of('SELU', 'selu') {}

/** x, and below 0 alpha (e^(x / alpha) - 1), like the function `celu`. */
export class CELU extends Elementwise.of('CELU', 'celu') {}

/** x tanh(softplus(x)), like the function `mish`. */
export class Mish extends Elementwise.of('Mish', 'mish') {}

/** x - tanh(x), like the function `tanhShrink`. */
export class Tanhshrink extends Elementwise.of('Tanhshrink', 'tanhShrink') {}

/** cap tanh(x / cap), like the function `softcap`. */
export class Softcap extends Elementwise.of('Softcap', 'softcap') {}
