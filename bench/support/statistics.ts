/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that `share` of the values do not exceed. `NaN` for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `216 k`, `1.9 k`, `12`, `0.07`; `–` for what was not measured. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e5) return `${Math.round(value / 1e3)} k`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  if (value >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `12.3 ms`, `4.1 µs`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  return ms >= 0.1 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms * 1_000).toFixed(1)} µs`;
}
