// The functions by the names that the scripts give them: gelu:tanh is gelu with that `approximate`, softmax:1000 is over rows of so many.
import * as nonlin from 'nonlin';

/** Those with a gradient are the activations; relu first, as others are measured in it. */
const activations = Object.keys(nonlin)
  .filter((name) => name !== 'softmax' && Object.hasOwn(nonlin, `${name}Grad`))
  .sort((a, b) => Number(b === 'relu') - Number(a === 'relu'));

export const elementwise = activations.flatMap((name) =>
  name === 'gelu' ? [name, 'gelu:tanh', 'gelu:sigmoid'] : [name],
);

/** The options that a function cannot do without, as they are measured and compared. */
const needed = { threshold: { threshold: 0.5, value: -1 }, prelu: { weight: 0.25 }, softcap: { cap: 30 } };
export const neededBy = (name) => needed[name.replace(/Grad$/, '')];

export const isRows = (name) => /^softmax:[1-9]\d{0,9}$/.test(name);
