// Polynomials in float64 that keep what a difference would lose: sums and products alone, so that every engine gives the same bits.

// (x - tanh(x)) / x^3 in powers of x^2, as in native/arithmetic/float64.h.
const tanhShrinkTerms = [
  0.3333333333333333, -0.13333333333333333, 0.05396825396825299, -0.02186948853607149, 0.008863235527062857,
  -0.003592127985872009, 0.0014558338376301182, -0.0005900235146378181, 0.00023910961041116626, -9.684566534599005e-5,
  3.909492081251271e-5, -1.55587512619628e-5, 5.919658871882233e-6, -2.021465610504849e-6, 5.58957872018772e-7,
  -1.0671237480214366e-7, 1.0194496139072518e-8,
] as const;

/** (x - tanh(x)) / x^3 from the square of x, which is at most 1. */
export const tanhShrinkRest = (square: number) => polynomial(tanhShrinkTerms, square);

function polynomial(terms: readonly number[], x: number): number {
  let sum = 0;
  for (let i = terms.length - 1; i >= 0; i--) sum = sum * x + terms[i]!;
  return sum;
}
