// What the examples of this page take from the reader's application.
import type { DeadLetters, PathwaysEngine, PumpManager } from 'nestjs-pathways';

/** As in `@nestjs/config`, which the library does not depend on. */
export declare class ConfigService {
  getOrThrow(name: string): string;
}
export declare class OrderPlaced {
  orderId: string;
  total: number;
}
export declare class OrderProjector {}
export declare class OrderRepository {
  find(orderId: string): Promise<object>;
}
export declare const engine: PathwaysEngine;
export declare const pumps: PumpManager;
export declare const deadLetters: DeadLetters;
export declare const current: string;
export declare const previous: string;
export declare const oldKey: string;
export declare const newKey: string;
export declare function it(name: string, run: () => Promise<void>): void;
export declare function expect(value: unknown): { toEqual(expected: unknown): void };
