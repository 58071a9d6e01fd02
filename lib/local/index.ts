export { startLocalFlowcore } from './local-flowcore.js';
export { type LocalFlowcoreOptions } from './local-flowcore.options.js';
export {
  type EventCountFilter,
  type LocalFlowcore,
  type LocalFlowcoreStats,
  type RawEvent,
} from './local-flowcore.interface.js';
export {
  type DroppedConnectionFault,
  type FaultHandle,
  type FaultMatch,
  type FaultMoment,
  type FaultOptions,
  type HangFault,
  type LatencyFault,
  type LocalFaults,
  type LostNotificationFault,
  type SocketClosedFault,
  type SocketHalfOpenFault,
  type SocketRefusedFault,
  type StatusFault,
  type TruncatedAnswerFault,
} from './faults.interface.js';
