import { describe, expect, it } from 'vitest';
import { PathwayDuplicateError } from '../errors/pathway-duplicate.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import { createPathwayContract } from './create-pathway-contract.js';
import { PathwayRegistry } from './pathway.registry.js';

const contract = (flowType: string, eventType: string, declaredBy = 'class Order') =>
  createPathwayContract({ flowType, eventType }, { declaredBy });

describe('PathwayRegistry', () => {
  it('finds by both names, and nothing under swapped or half names', () => {
    const registry = new PathwayRegistry();
    const placed = contract('order.0', 'order.placed.0');
    registry.add(placed);
    expect(registry.find('order.0', 'order.placed.0')).toBe(placed);
    expect(registry.find('order.placed.0', 'order.0')).toBeUndefined();
    expect(registry.find('order.0', '')).toBeUndefined();
    expect(registry.find('__proto__', 'constructor')).toBeUndefined();
    expect(registry.get('order.0/order.placed.0')).toBe(placed);
    expect(registry.has('order.0/order.placed.0')).toBe(true);
    expect(registry.has('order.0')).toBe(false);
  });

  it('keeps the order of registration', () => {
    const registry = new PathwayRegistry();
    for (const [flowType, eventType] of [
      ['b', '1'],
      ['a', '2'],
      ['b', '0'],
    ] as const) {
      registry.add(contract(flowType, eventType));
    }
    expect(registry.list().map(({ key }) => key)).toEqual(['b/1', 'a/2', 'b/0']);
  });

  it('takes the same declaration twice and keeps the first contract', () => {
    const registry = new PathwayRegistry();
    const orderBy = () => 'key';
    const declare = () =>
      createPathwayContract({ flowType: 'a', eventType: 'b', orderBy }, { declaredBy: 'class Order' });
    const first = declare();
    registry.add(first);
    registry.add(first);
    registry.add(declare());
    expect(registry.list()).toEqual([first]);
    expect(registry.get('a/b')).toBe(first);
  });

  it('refuses a second declaration of a key and names both places', () => {
    const registry = new PathwayRegistry();
    registry.add(contract('a', 'b', 'class First'));
    expect(() => registry.add(contract('a', 'b', 'class Second'))).toThrow(PathwayDuplicateError);
    expect(() => registry.add(contract('a', 'b', 'class Second'))).toThrow(/class First.*class Second/);
    expect(registry.list()).toHaveLength(1);
  });

  it('refuses a declaration of one name with other settings', () => {
    const registry = new PathwayRegistry();
    registry.add(contract('a', 'b'));
    const other = createPathwayContract(
      { flowType: 'a', eventType: 'b', maxRetries: 9 },
      { declaredBy: 'class Order' },
    );
    expect(() => registry.add(other)).toThrow(PathwayDuplicateError);
  });

  it('names the place that asked for an unknown pathway', () => {
    const find = () => new PathwayRegistry().get('a/b', 'Orders.onPlaced');
    expect(find).toThrow(PathwayUnknownError);
    expect(find).toThrow(/a\/b not found \(used by Orders.onPlaced\)/);
  });
});
