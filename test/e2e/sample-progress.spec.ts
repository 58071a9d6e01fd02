import { expect, it } from 'vitest';
import { ProgressBar } from '../../sample/01-orders/progress.bar.js';

function terminal(isTTY = true) {
  const lines: string[] = [];
  return { lines, isTTY, write: (text: string) => lines.push(text) > 0 };
}

it('shows what is written and what of it is projected, so that a wait for the projection is seen to move', () => {
  const output = terminal();
  const bar = new ProgressBar(4, output);
  for (const orderId of ['o-1', 'o-2', 'o-3', 'o-4']) bar.addWritten(orderId);
  for (const orderId of ['o-1', 'o-2', 'o-3', 'o-4']) bar.addProjected(orderId);
  bar.end();
  expect(output.lines).toEqual([
    '\r[▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░] 1/4 written, 0/4 projected',
    '\r[▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░] 2/4 written, 0/4 projected',
    '\r[▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░] 3/4 written, 0/4 projected',
    '\r[▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒] 4/4 written, 0/4 projected',
    '\r[████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒] 4/4 written, 1/4 projected',
    '\r[███████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒] 4/4 written, 2/4 projected',
    '\r[███████████████████████▒▒▒▒▒▒▒] 4/4 written, 3/4 projected',
    '\r[██████████████████████████████] 4/4 written, 4/4 projected',
    '\n',
  ]);
});

it('an order that is projected before its write is answered counts as written, and one handled twice counts once', () => {
  const output = terminal();
  const bar = new ProgressBar(2, output);
  bar.addProjected('o-1');
  bar.addWritten('o-1');
  bar.addProjected('o-1');
  const line = '\r[███████████████░░░░░░░░░░░░░░░] 1/2 written, 1/2 projected';
  expect(output.lines).toEqual([line, line, line]);
});

it('ends its line once, also when an order is missing', () => {
  const output = terminal();
  const bar = new ProgressBar(2, output);
  bar.addProjected('o-1');
  bar.end();
  bar.end();
  expect(output.lines.slice(1)).toEqual(['\n']);
});

it('prints nothing into a file or a pipe', () => {
  const output = terminal(false);
  const bar = new ProgressBar(2, output);
  bar.addWritten('o-1');
  bar.addProjected('o-1');
  bar.end();
  expect(output.lines).toEqual([]);
});
