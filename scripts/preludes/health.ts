// What the examples of this page take from the reader's application.
/** As in `@nestjs/terminus`, which the library does not depend on. */
export declare class HealthIndicatorService {
  check(key: string): { up(data: object): object; down(data: object): object };
}
