// What the examples of this page take from the reader's application.
import type { DeadLetters } from 'nestjs-pathways';

/** As in `@nestjs/config`, which the library does not depend on. */
export declare class ConfigService {
  getOrThrow(name: string): string;
}
export declare const vault: {
  current(name: string, options: { signal: AbortSignal }): Promise<{ name: string; value: string }>;
  find(name: string, options: { signal: AbortSignal }): Promise<string | undefined>;
};
export declare const deadLetters: DeadLetters;
