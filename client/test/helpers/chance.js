/**
 * Numbers by chance, the same for the same seed: chance(n) is one below n.
 */

export function createChance(seed) {
  let state = seed >>> 0;

  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
