import type { PumpManager } from '../pump/pump.manager.js';

/** What the control plane needs of the pumps. */
export type ControlledPumps = Pick<
  PumpManager,
  'status' | 'start' | 'stop' | 'pauseAs' | 'resume' | 'reset' | 'liftPauses' | 'pausedPumps' | 'followPauses'
>;
