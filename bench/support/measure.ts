import { GCProfiler } from 'node:v8';
import { quantile } from './statistics.js';
import type { Figures, Subject } from './suite.js';

/** One round of one contender. */
export interface Sample {
  readonly operations: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly figures: Figures;
}

/** One round without anything beside the clock. */
export async function measure(subject: Subject, count: number): Promise<Sample> {
  await subject.prepare?.(count);
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const startedAt = process.hrtime.bigint();
  const { operations, times = [], figures } = await subject.run(count);
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const { user, system } = process.cpuUsage(cpuBefore);
  const counted = await subject.finish?.();
  return {
    operations,
    seconds,
    cpuMicros: (user + system) / operations,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    longest: quantile(times, 1),
    figures: { ...figures, ...counted },
  };
}

/**
 * Bytes of JavaScript heap that one operation allocates: what the collections of a round found more than the one before had
 * left, and what is there more at the end. Buffers outside of the heap do not count.
 */
export async function measureAllocation(subject: Subject, count: number): Promise<number> {
  await subject.prepare?.(count);
  globalThis.gc?.();
  const profiler = new GCProfiler();
  let left = process.memoryUsage().heapUsed;
  profiler.start();
  const { operations } = await subject.run(count);
  const atEnd = process.memoryUsage().heapUsed;
  const { statistics } = profiler.stop();
  await subject.finish?.();
  let bytes = 0;
  for (const { beforeGC, afterGC } of statistics) {
    bytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - left);
    left = afterGC.heapStatistics.usedHeapSize;
  }
  return (bytes + Math.max(0, atEnd - left)) / operations;
}
