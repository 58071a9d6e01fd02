/** The order key of everybody. */
export const HOT_KEY = 'o-0';

const KEYS = 100;

/** Cumulated shares of keys 1 to 100: the n-th is used 1/n as often as the first. */
const shares = (() => {
  const weights = Array.from({ length: KEYS }, (_, index) => 1 / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => (sum += weight / total));
})();

/** One of a hundred keys, unevenly used; the same for the same number in every run. */
export function zipfKey(n: number): string {
  // A multiplicative hash spreads neighbours over 0 to 1.
  const at = ((n * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;
  return `o-${shares.findIndex((share) => at < share)}`;
}
