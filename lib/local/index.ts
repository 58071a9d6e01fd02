export { startLocalFlowcore } from './local-flowcore.js';
export { type LocalFlowcoreOptions } from './local-flowcore.options.js';
export {
  type EventCountFilter,
  type LocalFlowcore,
  type LocalFlowcoreStats,
  type RawEvent,
} from './local-flowcore.interface.js';
export {
  type LocalCommand,
  type LocalCommandInput,
  type LocalControlPlane,
  type LocalDelivery,
  type LocalEndpoint,
  type LocalPathway,
  type LocalPulse,
  type LocalSource,
} from './control-plane/control-plane.interface.js';
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
export { startLocalPostgres } from './postgres/local-postgres.js';
export { type LocalPostgres } from './postgres/local-postgres.interface.js';
export { type LocalPostgresOptions } from './postgres/local-postgres.options.js';
export { type HttpFaultOptions, type SocketFaultOptions } from './faults.interface.js';
