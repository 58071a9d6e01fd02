import { describe, expect, it } from 'vitest';
import { OnAnyPathwayError, OnEvent, OnPathwayError, OnPathwayObserved } from './handler.decorators.js';
import { Pathway } from './pathway.decorator.js';
import { pathwaysMetadata } from './pathways-metadata.accessor.js';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0' })
class OrderPlaced {}
class Plain {}

const KEY = 'order.0/order.placed.0';
const loose = (decorator: unknown) => decorator as (...args: unknown[]) => MethodDecorator;

describe('@Pathway', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /needs an object/],
    ['order.0/order.placed.0', /needs an object/],
    [{ flowType: 'order.0' }, /needs flowType and eventType/],
    [{ flowType: '', eventType: 'x' }, /a part is empty/],
    [{ flowType: 'a/b', eventType: 'x' }, /contains "\/"/],
  ])('%j is refused at decoration time', (options, message) => {
    expect(() => Pathway(options as never)).toThrow(TypeError);
    expect(() => Pathway(options as never)).toThrow(message);
  });

  it('a second one on the same class is refused', () => {
    expect(() => Pathway({ flowType: 'a', eventType: 'b' })(OrderPlaced)).toThrow(
      /stands twice on OrderPlaced/,
    );
  });

  it('is not inherited: a subclass is another payload, not the same pathway twice', () => {
    class Derived extends OrderPlaced {}
    expect(pathwaysMetadata.pathwayOf(OrderPlaced)).toMatchObject({ eventType: 'order.placed.0' });
    expect(pathwaysMetadata.pathwayOf(Derived)).toBeUndefined();
  });
});

describe.each([
  ['@OnEvent', OnEvent],
  ['@OnPathwayError', OnPathwayError],
  ['@OnPathwayObserved', OnPathwayObserved],
] as const)('%s', (name, decorator) => {
  it.each<[string, unknown[], RegExp]>([
    ['a class without @Pathway', [Plain], /Plain\): the class has no @Pathway/],
    ['a class that is not loaded yet', [undefined, 'before'], /two files import each other/],
    ['a key of one part', ['order.0'], /1 parts instead of 2/],
    ['a number', [5, 'before'], /needs an event class or a key/],
    ['null', [null, 'before'], /needs an event class or a key/],
  ])('%s is refused with a TypeError that names the decorator', (_, args, message) => {
    expect(() => loose(decorator)(...args)).toThrow(TypeError);
    expect(() => loose(decorator)(...args)).toThrow(message);
    expect(() => loose(decorator)(...args)).toThrow(name);
  });

  it('an unknown option is refused', () => {
    const args = decorator === OnPathwayObserved ? [KEY, 'all', { instnce: 'b' }] : [KEY, { instnce: 'b' }];
    expect(() => loose(decorator)(...args)).toThrow(/instnce is not an option/);
  });

  it('a static method, a property and an accessor are refused', () => {
    const apply = (target: object, key: string) =>
      loose(decorator)(KEY)(target, key, Object.getOwnPropertyDescriptor(target, key) as never);
    class Host {
      static fixed(): void {}
      get value(): number {
        return 1;
      }
    }
    expect(() => apply(Host, 'fixed')).toThrow(/Host\.fixed is none/);
    expect(() => apply(Host.prototype, 'value')).toThrow(/Host\.value is none/);
    expect(() => apply(Host.prototype, 'missing')).toThrow(/Host\.missing is none/);
  });
});

describe('what decorators leave behind', () => {
  it('stacked decorators keep their order, targets, stages and instances', () => {
    class Host {
      @OnEvent(OrderPlaced)
      @OnEvent(KEY, { instance: 'billing' })
      @OnEvent()
      @OnEvent({ instance: 'billing' })
      @OnPathwayObserved()
      @OnPathwayObserved('after', { instance: 'billing' })
      @OnPathwayObserved(OrderPlaced, 'all')
      @OnPathwayObserved(KEY)
      @OnPathwayError(OrderPlaced)
      @OnAnyPathwayError()
      method(): void {}
    }
    const registrations = pathwaysMetadata
      .methodsOf(Host.prototype.method)
      .map(({ kind, target, stage, instance }) => [kind, target, stage, instance]);
    expect(registrations).toEqual([
      ['handler', OrderPlaced, 'all', 'default'],
      ['handler', KEY, 'all', 'billing'],
      ['handler', undefined, 'all', 'default'],
      ['handler', undefined, 'all', 'billing'],
      ['observer', undefined, 'before', 'default'],
      ['observer', undefined, 'after', 'billing'],
      ['observer', OrderPlaced, 'all', 'default'],
      ['observer', KEY, 'before', 'default'],
      ['error', OrderPlaced, 'all', 'default'],
      ['any-error', undefined, 'all', 'default'],
    ]);
  });

  it('an unknown stage is refused', () => {
    expect(() => loose(OnPathwayObserved)(OrderPlaced, 'during')).toThrow(
      /'before', 'after' or 'all', not during/,
    );
  });
});
