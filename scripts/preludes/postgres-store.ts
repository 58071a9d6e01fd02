// What the examples of this page take from the reader's application.
/** As in `@nestjs/config`, which the library does not depend on. */
export declare class ConfigService {
  get(name: string): string;
}
