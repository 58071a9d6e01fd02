// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  OptionalPackageMissingError,
  PathwaysError,
  PathwayWriteUnawaitableError,
  type PathwaysErrorCode,
} from '../../lib/index.js';

declare const caught: unknown;

if (caught instanceof PathwaysError) {
  expectTypeOf(caught.code).toEqualTypeOf<PathwaysErrorCode>();
  expectTypeOf(caught.httpStatus).toEqualTypeOf<number>();
}
if (caught instanceof PathwayWriteUnawaitableError) {
  expectTypeOf(caught.stored).toEqualTypeOf<boolean>();
  expectTypeOf(caught.eventId).toEqualTypeOf<string | undefined>();
}

expectTypeOf<PathwaysErrorCode>().toExtend<string>();
expectTypeOf<typeof OptionalPackageMissingError.code>().toEqualTypeOf<'PATHWAYS_OPTIONAL_PACKAGE_MISSING'>();

// @ts-expect-error the base is abstract: every case has a class of its own
export const impossible = new PathwaysError('something failed');
