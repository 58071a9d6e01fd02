import { describe, expect, it } from 'vitest';
import { payloadPath } from './payload-path.util.js';

describe('payloadPath', () => {
  it.each([
    [[], ''],
    [['id'], 'id'],
    [['items', 2, 'quantity'], 'items[2].quantity'],
    [['items', '2', 'quantity'], 'items[2].quantity'],
    [[0, 'a'], '[0].a'],
    [['labels', 'a.b'], 'labels["a.b"]'],
    [['labels', 'a]"'], 'labels["a]\\""]'],
    [['labels', ''], 'labels[""]'],
    [[Symbol.for('s')], 'Symbol(s)'],
  ])('%j is %s', (segments, path) => {
    expect(payloadPath(segments)).toBe(path);
  });
});
