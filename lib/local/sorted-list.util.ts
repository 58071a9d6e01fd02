/** Index of the first element that is not smaller than `key` (`orEqual`: that is greater than `key`). */
export function lowerBound(sorted: readonly string[], key: string, orEqual = false): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = sorted[middle] as string;
    if (at < key || (orEqual && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts in order; nearly always at the end, where it costs nothing. Returns the index, or -1 if it was there. */
export function insertSorted(sorted: string[], key: string): number {
  const last = sorted.at(-1);
  if (last === undefined || last < key) return sorted.push(key) - 1;
  const at = lowerBound(sorted, key);
  if (sorted[at] === key) return -1;
  sorted.splice(at, 0, key);
  return at;
}
