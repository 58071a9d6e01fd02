import { describe, expect, it } from 'vitest';
import { storableOrderKey } from './order-key.util.js';

describe('an order key', () => {
  it('is itself while an index can hold it', () => {
    for (const key of ['', 'order-42', 'x'.repeat(1_000), 'ä'.repeat(500), '😀'.repeat(250)])
      expect(storableOrderKey(key)).toBe(key);
  });

  it('that is longer is short, and told from those that begin like it', () => {
    const long = [`${'x'.repeat(1_000)}a`, `${'x'.repeat(1_000)}b`, 'ä'.repeat(501), '😀'.repeat(251)];
    const keys = long.map(storableOrderKey);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) {
      expect(Buffer.byteLength(key)).toBeLessThan(600);
      expect(storableOrderKey(key)).toBe(key);
    }
  });

  it('comes back from a store as it was given: without what no text of Postgres may hold', () => {
    const odd = ['zero\0', '\ud800 half', `${'x'.repeat(99)}${'😀'.repeat(400)}`];
    for (const key of odd.map(storableOrderKey)) {
      expect(key).not.toContain('\0');
      expect(Buffer.from(key).toString()).toBe(key);
    }
  });
});
