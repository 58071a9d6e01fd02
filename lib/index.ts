export { PathwaysModule, type PathwaysModuleAsyncOptions } from './pathways.module.js';
export {
  type PathwaysModuleAsyncStructure,
  type PathwaysModuleOptions,
  type PathwaysModuleStructure,
  type PathwaysOptionsFactory,
  type WebhookOptions,
} from './pathways.options.js';
export { type LocalPlatformOptions } from './nest/pathways.runtime.js';
export { type PathwaysEngineOptions, type RuntimeEnv } from './builder/engine.options.js';
export { PathwaysEngine } from './builder/pathways-engine.js';

export { Pathway } from './decorators/pathway.decorator.js';
export {
  OnAnyPathwayError,
  OnEvent,
  OnPathwayError,
  OnPathwayObserved,
} from './decorators/handler.decorators.js';
export { type HandlerDecoratorOptions } from './decorators/handler-decorator.options.js';
export { CurrentEvent, EventContext, EventMetadata, Payload } from './decorators/param.decorators.js';
export { PATHWAYS_CONTEXT_TYPE, PathwaysExecutionContext } from './decorators/pathways-execution-context.js';
export { type PathwaysRequest } from './nest/host.resolver.js';
export {
  InjectDeadLetters,
  InjectPathwaysEngine,
  InjectPathwayWriter,
  InjectPumpManager,
} from './decorators/inject.decorators.js';
export {
  getDeadLetterStoreToken,
  getEngineToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './pathways.tokens.js';

export { PathwayWriter, type PathwayTarget } from './writer/pathway.writer.js';
export {
  type BatchWriteInput,
  type WriteInput,
  type WriteMetadata,
  type WriteOptions,
} from './writer/write.options.js';
export {
  PathwayRouter,
  statusOfDelivery,
  type EventDeliveryResult,
  type PathwayRouterOptions,
  type RoutedEvent,
  type RouterProcessor,
} from './router/pathway.router.js';
export { PumpManager, type PumpFilter } from './pump/pump.manager.js';
export { type PumpConcurrency, type PumpOptions, type PumpPosition } from './pump/pump.options.js';
export { type PumpState, type PumpStatus } from './pump/pump.status.js';
export { EventProcessor } from './processor/event.processor.js';
export { type EventDelivery, type EventOutcome } from './processor/event-delivery.interface.js';
export { type ObservedStage } from './processor/handler-binding.interface.js';

export { createPathwayContract } from './contract/create-pathway-contract.js';
export { type PathwayContract } from './contract/pathway-contract.interface.js';
export {
  type EventClass,
  type ExhaustedPolicy,
  type PathwayOptions,
  type PayloadSchema,
  type RetryBackoff,
} from './contract/pathway.options.js';

export {
  type CursorStore,
  type FencingToken,
  type PumpCursor,
  type PumpId,
} from './state/cursor-store.interface.js';
export {
  type DeadLetter,
  type DeadLetterAttempt,
  type DeadLetterFilter,
  type DeadLetterStore,
} from './state/dead-letter-store.interface.js';
export { type Lease, type LeaseStore } from './state/lease-store.interface.js';
export { type EventClaim, type EventStatus, type PathwayState } from './state/pathway-state.interface.js';
export { type PathwaysStore } from './state/pathways-store.interface.js';
export { MemoryPathwayState, type MemoryPathwayStateOptions } from './state/memory-pathway.state.js';

export { type PlatformHosts } from './platform/platform-hosts.js';
export { type FlowcoreEvent, type PathwayEvent } from './event/flowcore-event.interface.js';
export { pathwayKey, type PathwayKey } from './event/pathway-key.util.js';
export { systemClock, type Clock, type ClockTimer } from './event/clock.interface.js';
export { silentLogger, type LogFields, type PathwaysLogger } from './event/logger.interface.js';
export { type EventOutcomeStatus, type Telemetry } from './event/telemetry.interface.js';

export { EventMalformedError } from './errors/event-malformed.error.js';
export { EventPayloadInvalidError, type PayloadIssue } from './errors/event-payload-invalid.error.js';
export { LocalFlowcoreStartError } from './errors/local-flowcore-start.error.js';
export { OptionalPackageMissingError } from './errors/optional-package-missing.error.js';
export { PathwayBatchIncompleteError } from './errors/pathway-batch-incomplete.error.js';
export { PathwayDuplicateError } from './errors/pathway-duplicate.error.js';
export { PathwayEventDeadLetteredError } from './errors/pathway-event-dead-lettered.error.js';
export { PathwayEventParkedError } from './errors/pathway-event-parked.error.js';
export { PathwayHandlerDuplicateError } from './errors/pathway-handler-duplicate.error.js';
export { PathwayHandlerFailedError } from './errors/pathway-handler-failed.error.js';
export { PathwayHandlerTimeoutError } from './errors/pathway-handler-timeout.error.js';
export { PathwayKeyInvalidError } from './errors/pathway-key-invalid.error.js';
export { PathwayNotWritableError } from './errors/pathway-not-writable.error.js';
export { PathwayUnknownError } from './errors/pathway-unknown.error.js';
export { PathwayWriteTimeoutError } from './errors/pathway-write-timeout.error.js';
export { PathwayWriteUnawaitableError } from './errors/pathway-write-unawaitable.error.js';
export {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from './errors/pathways-configuration.error.js';
export { PathwaysModuleDuplicateError } from './errors/pathways-module-duplicate.error.js';
export { PathwaysNotReadyError } from './errors/pathways-not-ready.error.js';
export { PathwaysError, type PathwaysErrorCode } from './errors/pathways.error.js';
export { PlatformNotFoundError } from './errors/platform-not-found.error.js';
export { PlatformRequestError, type PlatformRequestInfo } from './errors/platform-request.error.js';
export { PlatformResponseInvalidError } from './errors/platform-response-invalid.error.js';
export { PlatformUnauthorizedError } from './errors/platform-unauthorized.error.js';
export { PlatformUnavailableError } from './errors/platform-unavailable.error.js';
export { PumpPositionInvalidError } from './errors/pump-position-invalid.error.js';
export { PumpUnknownError } from './errors/pump-unknown.error.js';
export { UnrecoverableEventError } from './errors/unrecoverable-event.error.js';
export { WebhookBodyTooLargeError } from './errors/webhook-body-too-large.error.js';
export { WebhookSecretInvalidError } from './errors/webhook-secret-invalid.error.js';
