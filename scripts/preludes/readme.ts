// What the examples of this page take from the reader's application.
import type { CursorStore, DeadLetters, FencingToken, PumpCursor, PumpId } from 'nestjs-pathways';

export declare class OrderRepository {
  save(order: object): Promise<void>;
}
export declare const deadLetters: DeadLetters;
export declare const eventId: string;
export declare const current: string;
export declare const previous: string;

export declare class RedisCursors implements CursorStore {
  constructor(url: string);
  load(pump: PumpId): Promise<PumpCursor | undefined>;
  save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void>;
  clear(pump: PumpId): Promise<void>;
}
export declare const url: string;
export declare function deleteEverything(url: string): Promise<void>;
export declare function it(name: string, run: () => Promise<void>): void;
