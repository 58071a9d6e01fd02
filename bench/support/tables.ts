import type { CaseResult } from './case.runner.js';
import { duration, short } from './statistics.js';
import type { BenchCase, ContenderResult, Goal } from './suite.js';

interface Column {
  readonly title: string;
  cell(result: ContenderResult): string;
}

const megabytes = (bytes: number) => (Number.isFinite(bytes) ? `${Math.round(bytes / 1024 / 1024)} MB` : '–');

/** One table as Markdown, the goals below it. */
export function tableOf(wanted: BenchCase, result: CaseResult): string {
  const [baseline] = result.contenders;
  const columns = columnsOf(wanted, result, baseline);
  const header = [wanted.title, ...columns.map(({ title }) => title)];
  const rows = result.contenders.map((contender) => [
    contender.name,
    ...columns.map(({ cell }) => (contender.failure === undefined ? cell(contender) : '–')),
  ]);
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const failures = result.contenders
    .filter(({ failure }) => failure !== undefined)
    .map(({ name, failure }) => `- Not measured: ${name}: ${failure}`);
  return [lines.join('\n'), ...failures, ...(wanted.goals ?? []).map((goal) => goalLine(goal, result))].join(
    '\n\n',
  );
}

function columnsOf(
  { measures, operation = 'event' }: BenchCase,
  { contenders }: CaseResult,
  baseline: ContenderResult | undefined,
): Column[] {
  const ratio = (value: number | undefined, of: number | undefined) =>
    value === undefined || of === undefined || !Number.isFinite(of) ? '–' : (value / of).toFixed(2);
  const main: Column[] =
    measures === 'rate'
      ? [
          { title: `median ${operation}s/s`, cell: ({ rate }) => short(rate) },
          { title: 'spread', cell: ({ rates }) => spreadOf(rates, short) },
          { title: 'ratio', cell: ({ rate }) => ratio(rate, baseline?.rate) },
          { title: `p99/${operation}`, cell: ({ p99 }) => duration(p99) },
        ]
      : [
          { title: 'p50', cell: ({ p50 }) => duration(p50) },
          { title: 'spread', cell: ({ p50s }) => spreadOf(p50s, duration) },
          { title: 'p99', cell: ({ p99 }) => duration(p99) },
          { title: 'longest', cell: ({ longest }) => duration(longest) },
          { title: 'ratio', cell: ({ p50 }) => ratio(p50, baseline?.p50) },
        ];
  const counted = [...new Set(contenders.flatMap(({ figures }) => Object.keys(figures)))];
  const columns: Column[] = [
    ...main,
    { title: `CPU µs/${operation}`, cell: ({ cpuMicros }) => short(cpuMicros) },
    { title: `bytes allocated/${operation}`, cell: ({ allocatedBytes }) => short(allocatedBytes) },
    { title: 'peak memory', cell: ({ peakBytes }) => megabytes(peakBytes) },
    ...counted.map((title): Column => ({
      title,
      cell: ({ figures }) => short(figures[title] ?? Number.NaN),
    })),
  ];
  // Of cases that do not time single operations, for example.
  return columns.filter((column) => contenders.some((contender) => column.cell(contender) !== '–'));
}

function spreadOf(values: readonly number[], format: (value: number) => string): string {
  return `${format(Math.min(...values))} – ${format(Math.max(...values))}`;
}

function goalLine({ what, atLeast, atMost, unit = '', value }: Goal, { contenders }: CaseResult): string {
  const bound = atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}${unit}`;
  const measured = value((name) => {
    const found = contenders.find((contender) => contender.name === name);
    if (!found) throw new Error(`A goal names ${name}, which is no contender`);
    return found;
  });
  if (!Number.isFinite(measured)) return `Goal: ${what} ${bound}: not measured.`;
  const isReached = measured >= (atLeast ?? -Infinity) && measured <= (atMost ?? Infinity);
  return `Goal: ${what} ${bound}: ${short(measured)}${unit}, ${isReached ? 'reached' : '**not reached**'}.`;
}
