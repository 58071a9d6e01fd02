import { PathwaysError } from './pathways.error.js';

/** The platform is to read a time out of a payload that it cannot read. Nothing was sent. */
export class TimeKeyUnreadableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_TIME_KEY_UNREADABLE';
  static override readonly httpStatus = 400;

  constructor(
    readonly key: string,
    readonly option: 'eventTimeKey' | 'validTimeKey',
    /** Position in the batch, from 0 on. */
    readonly item: number,
    why: 'encrypted' | 'split',
  ) {
    super(
      `${option} names a field of the payload, and the platform cannot look into item ${item} of this write to ${key}, because it is ${
        why === 'split' ? 'large and is sent in parts' : 'encrypted'
      }. Nothing was sent. Write it by itself with ${option === 'eventTimeKey' ? 'eventTime' : 'validTime'}.`,
    );
  }
}
