import { PathwaysError } from './pathways.error.js';

/** A flow type or event type name cannot form a pathway key. */
export class PathwayKeyInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_KEY_INVALID';
  static override readonly httpStatus = 400;

  constructor(
    readonly key: string,
    why: string,
  ) {
    super(
      `"${key}" is not a pathway key: ${why}. Write it as "flowType/eventType", for example "order.0/order.placed.0"; neither part may be empty or contain "/".`,
    );
  }
}
