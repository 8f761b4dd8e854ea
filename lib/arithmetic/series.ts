// Polynomials in float64 that keep what a difference would lose: sums and products alone, so that every engine gives the same bits.

// (log(1 + u) - u) / u^2 in powers of u - 1/2, as in native/arithmetic/float64.h.
const log1pTerms = [
  -0.37813956756734246, 0.17922493693603628, -0.09323036636366727, 0.05108344610565856, -0.028943183165118506,
  0.016788742469982073, -0.009909900710572843, 0.005929012349105831, -0.003585666775142716, 0.002187631938203787,
  -0.0013444928835090362, 0.0008315236900885266, -0.0005169686807779126, 0.0003222142614465921, -0.00020197195758509199,
  0.00013056759291793366, -8.275393867764309e-5, 4.13680005315842e-5, -2.559031589121057e-5, 3.591983715406921e-5,
  -2.3469734533736927e-5,
] as const;

/** (log(1 + u) - u) / u^2 for u in [0, 1]. */
export const log1pRest = (u: number) => polynomial(log1pTerms, u - 0.5);

/** log(1 + u) for u in [0, 1]. Largest error seen: 0.8 ulp. */
export const log1p = (u: number) => u + u * u * log1pRest(u);

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
