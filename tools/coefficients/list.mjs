// Which script makes which numbers, and where those stand. The only place that knows paths and names of both sides.
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** Where no number of many digits may stand without a script. */
export const searched = ['native', 'lib'];
/** But for these, whose numbers are others': a published approximation, limits of float64. */
export const unsearched = ['lib/cli'];

const exponentials = 'native/arithmetic/float32/exponentials.h';
const pieces = 'native/arithmetic/float32/pieces.h';
const float64 = 'native/arithmetic/float64.h';
const quick = 'native/arithmetic/quick.h';
const erfc = 'lib/arithmetic/erfc.ts';
const series = 'lib/arithmetic/series.ts';

/** Each script, and what it makes: names of definitions, by file. A script is run in this folder, as python3 -m a.b for a/b. */
export const scripts = {
  constants: {
    'native/arithmetic/exp.h': ['log2_e', 'ln_2', 'ln_2_rest', 'minus_one'],
    'native/arithmetic/primitives.h': ['largest'],
    [exponentials]: ['natural'],
    [pieces]: ['density'],
    [quick]: ['tanh', 'quick_gelu_whole'],
    'native/formulas/gated.h': [
      'gelu_tanh_most',
      'gelu_tanh_rest',
      'gelu_tanh_unit',
      'gelu_tanh_growth',
      'gelu_sigmoid_unit',
      'gelu_sigmoid_growth',
    ],
    'native/formulas/piecewise.h': ['sixth', 'sixth_rest'],
    'native/formulas/logistic.h': ['tanh_shrink_more'],
    'native/formulas/exponential.h': ['selu_scale', 'selu_scale<float>', 'selu_below', 'selu_below<float>'],
    'native/formulas/far_slope.h': ['far_slope<nonlin::activation_gelu>', 'far_slope<nonlin::activation_geluTanh>'],
    'native/exact/double_double.h': ['ln_2_parts', 'density_height'],
    'native/arithmetic/log.h': ['log_2_high', 'log_2_low', 'log1p'],
    'lib/arithmetic/log.ts': ['ln2High', 'ln2Low'],
    'native/softmax/shares.h': ['reciprocal_of'],
    [erfc]: ['stepHigh', 'stepLow', 'densityHigh', 'densityLow'],
    'lib/activations/gaussian.ts': [
      'linear',
      'linearHigh',
      'linearLow',
      'cubic',
      'cubicHigh',
      'cubicLow',
      'scaledHigh',
      'scaledLow',
    ],
    'lib/activations/exponential.ts': ['seluScale', 'seluBelow', 'seluAlpha'],
    'lib/arithmetic/double-double.ts': ['ln2', 'pi'],
  },
  'float32/exp_factors': { [exponentials]: ['exp_shrink', 'exp_square', 'exp_cube', 'sixteenths'] },
  'float32/exp_minus_one': { [exponentials]: ['expm1_terms'] },
  'float32/tanh_tail': { [pieces]: ['tanh_slope_of_place', 'tanh_pieces'] },
  'float32/gelu_tail': { [pieces]: ['near_end', 'near_first', 'near_slope', 'gelu_pieces', 'gelu_far'] },
  'float32/gelu_slope_tail': { [pieces]: ['gelu_slope_pieces', 'gelu_slope_far'] },
  'float32/log1p_exp': { [exponentials]: ['log1p_place', 'log1p_ratios', 'log1p_logs', 'log1p_float_terms'] },
  'float32/tanh_shrink': { [pieces]: ['tanh_shrink_near', 'tanh_shrink_pieces'] },
  'float32/mish': { [pieces]: ['mish_begin', 'mish_first', 'mish_slope_of_place', 'mish_pieces'] },
  'float32/mish_slope': { [pieces]: ['mish_slope_first', 'mish_slope_step', 'mish_slope_pieces'] },
  'float64/exp_minus_one': { [float64]: ['exp_terms'] },
  'float64/one_plus_exp': { [float64]: ['shifted_eighths', 'shifted_terms'] },
  'float64/log1p': { 'native/arithmetic/log.h': ['log_terms'], 'lib/arithmetic/log.ts': ['terms'] },
  'float64/tanh_tail': { [float64]: ['tanh_numerator', 'tanh_denominator'] },
  'float64/gelu_factor': { [float64]: ['gelu_terms'] },
  'float64/gelu_slope_factor': {
    [float64]: ['gelu_slope_centre', 'gelu_slope_zero', 'gelu_slope_zero_rest', 'gelu_slope_terms'],
  },
  'float64/log1p_rest': { [float64]: ['log1p_terms'] },
  'float64/tanh_shrink_rest': { [float64]: ['tanh_shrink_terms'], [series]: ['tanhShrinkTerms'] },
  'quick/quick_exp': { [quick]: ['eighths', 'quick_terms'] },
  'quick/gelu_tail': { [quick]: ['quick_gelu_terms', 'quick_gelu_step', 'quick_gelu'] },
  'typescript/expm1Small': { [erfc]: ['expm1Small'] },
};
