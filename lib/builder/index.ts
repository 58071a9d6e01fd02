export {
  PathwaysBuilder,
  type BuilderHandler,
  type HandleOptions,
  type HostedBuilder,
} from './pathways-builder.js';
export {
  type PathwaysBuilderOptions,
  type SessionResolverStore,
  type StartPumpOptions,
} from './pathways-builder.options.js';
export {
  type BuilderBatch,
  type BuilderBatchWrite,
  type BuilderEvent,
  type BuilderPathway,
  type BuilderPathways,
  type BuilderWrite,
  type EventPayload,
  type FileEventFields,
  type InputAt,
  type InputOf,
  type IsFile,
  type NoPathways,
  type NotWritable,
  type OwnFields,
  type PathwayAt,
  type PayloadOf,
  type RegisteredKey,
  type RegisterOptions,
  type UnknownPathway,
  type WithPathway,
  type WrittenIds,
} from './builder-pathways.type.js';
export { SessionPathwayBuilder } from './session-pathway-builder.js';
export { PathwayPump } from './pathway-pump.js';
export {
  AUDIT_ENTITY_ID,
  AUDIT_ENTITY_TYPE,
  AUDIT_KEY_ENTITY_TYPE,
  AUDIT_MODE,
  AUDIT_ON_BEHALF_OF_ID,
  AUDIT_ON_BEHALF_OF_TYPE,
  AUDIT_SESSION_ID,
  AUDIT_SYSTEM_MODE,
  AUDIT_USER_ENTITY_TYPE,
  AUDIT_USER_MODE,
} from './audit.constants.js';
export { ConsoleLogger, NoopLogger, type Logger, type LoggerContext } from './builder.logger.js';
export { type ReferenceDeliveryStore } from './reference-delivery.store.js';
export { InternalPathwayState, type ReferencePathwayState } from './reference-pathway.state.js';
export {
  type PumpStateManager,
  type PumpStateManagerFactory,
  type PumpStateValue,
} from './pump-state-manager.js';
export {
  createPostgresPathwayChunkStore,
  createPostgresPathwayDeliveryStore,
  createPostgresPathwayState,
  createPostgresPumpStateManagerFactory,
  PostgresPathwayChunkStore,
  PostgresPathwayDeliveryStore,
  PostgresPathwayState,
  type PostgresPumpStateManagerFactory,
} from './postgres/postgres.stores.js';
export type {
  PostgresChunkStoreOptions,
  PostgresConnectionOptions,
  PostgresDeliveryStoreOptions,
  PostgresPathwayStateOptions,
  PostgresPumpStateOptions,
  PostgresTableOptions,
} from './postgres/postgres.options.js';

export {
  PathwayRouter,
  statusOfDelivery,
  type EventDeliveryResult,
  type PathwayRouterOptions,
  type RoutedEvent,
  type RouterLogger,
  type RouterProcessor,
  type RouterProcessorSource,
} from '../router/pathway.router.js';
export { FilePayload, type FilePart } from '../contract/file-payload.js';
export { type PathwayContract } from '../contract/pathway-contract.interface.js';
export {
  type EventClass,
  type ExhaustedPolicy,
  type PathwayOptions,
  type PayloadSchema,
  type RetryBackoff,
} from '../contract/pathway.options.js';
export { auditOf, type AuditMode, type AuditUser, type EventAudit } from '../event/audit.js';
export { type FlowcoreEvent, type PathwayEvent } from '../event/flowcore-event.interface.js';
export { pathwayKey, type PathwayKey } from '../event/pathway-key.util.js';
export { type EventContext } from '../processor/event-context.interface.js';
export { type PumpFilter } from '../pump/pump.manager.js';
export {
  type PumpConcurrency,
  type PumpNotifier,
  type PumpOptions,
  type PumpPosition,
  type PumpStop,
} from '../pump/pump.options.js';
export { type PumpState, type PumpStatus } from '../pump/pump.status.js';
export { type ChunkStore } from '../state/chunk-store.interface.js';
export { type DeliveryStore, type PauseOrigin } from '../state/delivery-store.interface.js';
export { type PathwayState } from '../state/pathway-state.interface.js';
export { type AuditUserResolver, type UserResolver } from '../writer/user-resolver.interface.js';
export { type WriteMetadata, type WriteOptions } from '../writer/write.options.js';
export { type AuditHandler } from './audit.options.js';
export { type PathwayMode, type RuntimeEnv } from './engine.options.js';
export { PathwaysEngine } from './pathways-engine.js';

// What the options, stores and parts above are made of.
export type { PathwayWriter } from '../writer/pathway.writer.js';
export type { EventWriter, PathwayTarget } from '../writer/event-writer.interface.js';
export type { PathwaySession } from '../writer/pathway.session.js';
export type { SessionUserResolverStore } from '../writer/session-user-resolver.store.js';
export type { AuditOptions } from './audit.options.js';
export type { ChunkingOptions } from '../writer/chunks/chunking.options.js';
export type { Outbox } from '../writer/outbox/outbox.js';
export type { OutboxOptions } from '../writer/outbox/outbox.options.js';
export type { OutboxReference } from '../state/outbox-reference.js';
export type { BatchWriteInput, OutboxWriteOptions, WriteInput } from '../writer/write.options.js';
export type {
  BatchItem,
  FileContent,
  FileInput,
  FileProgress,
  FileWrite,
  FileWriteInput,
  FileWriteOptions,
} from '../writer/files/file-write.input.js';
export type { PathwaysHealth, PathwaysHealthReport, PumpHealth } from './pathways.health.js';
export type { PathwayProvisioner, ProvisioningState } from '../provisioning/pathway.provisioner.js';
export type {
  AutoProvision,
  ProvisionFailurePolicy,
  ProvisioningOptions,
  ProvisionRetry,
} from '../provisioning/provisioning.options.js';
export type { ControlPlaneOptions, ManagedDeliveryOptions } from '../provisioning/control-plane.options.js';
export type { ApiKeyProvider } from '../platform/api-key-provider.type.js';
export type { PathwaySizeClass } from '../platform/control-plane.interface.js';
export type { ProvisioningStep } from '../provisioning/resource.provisioner.js';
export type { PumpManager, PumpResetOptions } from '../pump/pump.manager.js';
export type { PumpReaderFactory } from '../pump/pump-reader.interface.js';
export type {
  NotificationListener,
  NotificationSource,
  NotificationSubscription,
  NotifierContext,
  NotifierFactory,
} from '../platform/notification-source.interface.js';
export type { StoredEventNotification } from '../event/stored-event-notification.interface.js';
export type {
  DeadLetters,
  DeadLetterPage,
  DeadLetterPageRequest,
  DeadLetterReplayOptions,
} from '../processor/dead-letters.js';
export type {
  DeadLetterDiscard,
  DeadLetterReplay,
  DeliveredLetter,
  FailedLetter,
  ReplayedLetter,
  SkippedLetter,
} from '../processor/dead-letter-replay.interface.js';
export type { EventProcessor } from '../processor/event.processor.js';
export type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
export type { BatchLimits } from '../processor/batch-binding.interface.js';
export type { ObservedStage } from '../processor/handler-binding.interface.js';
export type { EncryptionOptions, KeyringOptions } from '../security/encryption/encryption.options.js';
export type { EncryptionKey, KeyProvider } from '../security/encryption/key-provider.interface.js';
export type { ChunkPart, ChunkProgress, ExpiredChunk } from '../state/chunk-store.interface.js';
export type { CommandOutcome, CommandRecord, CommandStore } from '../state/command-store.interface.js';
export type { CursorStore, FencingToken, PumpCursor, PumpId } from '../state/cursor-store.interface.js';
export type {
  DeadLetter,
  DeadLetterAttempt,
  DeadLetterFilter,
  DeadLetterStore,
  FingerprintCount,
} from '../state/dead-letter-store.interface.js';
export type { Lease, LeaseStore } from '../state/lease-store.interface.js';
export type { ClaimPurpose, EventClaim, EventStatus } from '../state/pathway-state.interface.js';
export type { PathwaysStore, PathwaysStoreFactory, StoreContext } from '../state/pathways-store.interface.js';
export type { OutboxHeaders } from '../state/outbox-headers.interface.js';
export type {
  HeldOutboxRow,
  OutboxAddition,
  OutboxEntry,
  OutboxRow,
  OutboxStore,
} from '../state/outbox-store.interface.js';
export type {
  WriteIdentity,
  WriteLedger,
  WriteRecord,
  WriteRequest,
} from '../state/write-ledger.interface.js';
export type { EventSignals } from '../state/event-signals.interface.js';
export type {
  BatchClaimAnswer,
  TransactionBatchClaim,
  TransactionClaim,
  TransactionRunner,
} from '../state/transaction-runner.interface.js';
export type {
  FilePartEntry,
  FilePartOutcome,
  FilePartStore,
  StoredFilePart,
} from '../state/file-part-store.interface.js';
export type { MemoryPathwayState, MemoryPathwayStateOptions } from '../state/memory-pathway.state.js';
export type { PlatformHosts } from '../platform/platform-hosts.js';
export type { Clock, ClockTimer } from '../event/clock.interface.js';
export type { LogFields, PathwaysLogger } from '../event/logger.interface.js';
export type { PathwaysEngineOptions } from './engine.options.js';
export type { MaybePromise } from '../event/maybe-promise.type.js';
export type {
  EventOutcomeStatus,
  ObservedBacklog,
  ObservedPump,
  Telemetry,
  TelemetryContext,
  TelemetryFactory,
} from '../event/telemetry.interface.js';
export type { PayloadParser } from '../contract/pathway-contract.interface.js';

export { AuditUserUnresolvedError } from '../errors/audit-user-unresolved.error.js';
export { ChunkAssemblyFailedError } from '../errors/chunk-assembly-failed.error.js';
export { ChunkPartConflictError } from '../errors/chunk-part-conflict.error.js';
export { ChunkPartMalformedError } from '../errors/chunk-part-malformed.error.js';
export { ChunkSchemeUnknownError } from '../errors/chunk-scheme-unknown.error.js';
export { ChunkPartsMissingError } from '../errors/chunk-parts-missing.error.js';
export { ChunkStoreMissingError } from '../errors/chunk-store-missing.error.js';
export { CursorForeignError } from '../errors/cursor-foreign.error.js';
export { DatabaseConnectionError } from '../errors/database-connection.error.js';
export { DeadLetterOutOfOrderError } from '../errors/dead-letter-out-of-order.error.js';
export { DeadLetterRequestInvalidError } from '../errors/dead-letter-request-invalid.error.js';
export { DeadLetterUnknownError } from '../errors/dead-letter-unknown.error.js';
export { EncryptionKeyUnavailableError } from '../errors/encryption-key-unavailable.error.js';
export { EventMalformedError } from '../errors/event-malformed.error.js';
export { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
export { EventUnsplittableError } from '../errors/event-unsplittable.error.js';
export { EventTransactionMissingError } from '../errors/event-transaction-missing.error.js';
export { FencingTokenStaleError } from '../errors/fencing-token-stale.error.js';
export { FileChecksumMismatchError, type FileChecksumStage } from '../errors/file-checksum-mismatch.error.js';
export { FilePartsMissingError } from '../errors/file-parts-missing.error.js';
export { IdempotencyKeyReusedError } from '../errors/idempotency-key-reused.error.js';
export { LocalCommandRefusedError } from '../errors/local-command-refused.error.js';
export { LocalFlowcoreStartError } from '../errors/local-flowcore-start.error.js';
export { LocalPostgresMissingError } from '../errors/local-postgres-missing.error.js';
export { LocalPostgresStartError } from '../errors/local-postgres-start.error.js';
export { MetricNameTakenError } from '../errors/metric-name-taken.error.js';
export { NatsUnavailableError } from '../errors/nats-unavailable.error.js';
export { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';
export { OutboxMissingError } from '../errors/outbox-missing.error.js';
export { OutboxTransactionInvalidError } from '../errors/outbox-transaction-invalid.error.js';
export { PathwayBatchAnswerInvalidError } from '../errors/pathway-batch-answer-invalid.error.js';
export { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
export { PathwayDuplicateError } from '../errors/pathway-duplicate.error.js';
export { PathwayEventDeadLetteredError } from '../errors/pathway-event-dead-lettered.error.js';
export { PathwayEventParkedError } from '../errors/pathway-event-parked.error.js';
export { PathwayFileBatchError } from '../errors/pathway-file-batch.error.js';
export { PathwayHandlerDuplicateError } from '../errors/pathway-handler-duplicate.error.js';
export { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
export { PathwayHandlerTimeoutError } from '../errors/pathway-handler-timeout.error.js';
export { PathwayKeyInvalidError } from '../errors/pathway-key-invalid.error.js';
export { PathwayNotWritableError } from '../errors/pathway-not-writable.error.js';
export { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
export { PathwayWriteTimeoutError } from '../errors/pathway-write-timeout.error.js';
export { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
export {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
export { PathwaysModuleDuplicateError } from '../errors/pathways-module-duplicate.error.js';
export { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
export { PathwaysError, type PathwaysErrorCode } from '../errors/pathways.error.js';
export { PayloadNotJsonError } from '../errors/payload-not-json.error.js';
export {
  PayloadUndecryptableError,
  type UndecryptableReason,
} from '../errors/payload-undecryptable.error.js';
export { PlatformApiKeyUnavailableError } from '../errors/platform-api-key-unavailable.error.js';
export { PlatformConflictError } from '../errors/platform-conflict.error.js';
export { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
export { PlatformPayloadTooLargeError } from '../errors/platform-payload-too-large.error.js';
export { PlatformRateLimitedError } from '../errors/platform-rate-limited.error.js';
export { PlatformRequestError, type PlatformRequestInfo } from '../errors/platform-request.error.js';
export { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
export { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
export { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
export { PumpLeaseHeldError } from '../errors/pump-lease-held.error.js';
export { PumpPositionInvalidError } from '../errors/pump-position-invalid.error.js';
export { ProvisioningFailedError, type ProvisioningProblem } from '../errors/provisioning-failed.error.js';
export { PumpUnknownError } from '../errors/pump-unknown.error.js';
export { SchemaMigrationFailedError } from '../errors/schema-migration-failed.error.js';
export { SchemaNewerError } from '../errors/schema-newer.error.js';
export { SchemaOutdatedError } from '../errors/schema-outdated.error.js';
export { TimeKeyUnreadableError } from '../errors/time-key-unreadable.error.js';
export { TransactionAbortedError } from '../errors/transaction-aborted.error.js';
export { TransactionLostError } from '../errors/transaction-lost.error.js';
export { TransactionOverError } from '../errors/transaction-over.error.js';
export { UnrecoverableEventError } from '../errors/unrecoverable-event.error.js';
export { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';
export { WebhookSecretInvalidError } from '../errors/webhook-secret-invalid.error.js';
export { WriteMetadataReservedError } from '../errors/write-metadata-reserved.error.js';
export { WriteOptionsInvalidError } from '../errors/write-options-invalid.error.js';
export { DataPumpEndedError } from '../errors/data-pump-ended.error.js';
export { DataPumpEventWithheldError } from '../errors/data-pump-event-withheld.error.js';
export { type ProvisionCallOptions } from '../provisioning/pathway.provisioner.js';
export { PumpReplayEndedError } from '../errors/pump-replay-ended.error.js';
export { PumpStopBehindError } from '../errors/pump-stop-behind.error.js';
export { PumpStopInvalidError } from '../errors/pump-stop-invalid.error.js';
