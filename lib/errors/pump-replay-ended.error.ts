import { PathwaysError } from './pathways.error.js';

/** Somebody waits for a pump to reach its stop position, which it will not do. */
export class PumpReplayEndedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_REPLAY_ENDED';
  static override readonly httpStatus = 409;

  /** @param why a clause about the pump. */
  constructor(
    readonly pump: string,
    readonly why: string,
  ) {
    super(
      `Nobody can wait for pump ${pump} to reach its stop position: ${why}. Call whenDone() after a reset with stopAt has resolved, and before another one begins.`,
    );
  }
}
