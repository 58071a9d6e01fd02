// What the examples of this page take from the reader's application.
/** As in `@nestjs/config`, which the library does not depend on. */
export declare class ConfigService {
  getOrThrow(name: string): string;
}
export declare function it(name: string, run: () => Promise<void>): void;
export declare function expect(value: unknown): { toBe(expected: unknown): void };
