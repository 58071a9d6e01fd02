// The chapters of docs/options.md: every exported interface of options has its place in one of them.

export interface OptionSection {
  readonly title: string;
  readonly interfaces: readonly string[];
}

export const optionSections: readonly OptionSection[] = [
  {
    title: 'Module',
    interfaces: [
      'PathwaysModuleOptions',
      'PathwaysModuleStructure',
      'PathwaysModuleAsyncStructure',
      'PathwaysModuleAsyncOptions',
      'WebhookOptions',
      'LocalPlatformOptions',
      'PathwaysAuditOptions',
      'PathwaysSessionOptions',
      'ClsSessionOptions',
    ],
  },
  {
    title: 'Engine',
    interfaces: [
      'PathwaysEngineOptions',
      'PlatformHosts',
      'AuditOptions',
      'EncryptionOptions',
      'KeyringOptions',
      'ChunkingOptions',
      'OutboxOptions',
      'ProvisioningOptions',
      'AutoProvision',
      'ProvisionFailurePolicy',
      'ProvisionRetry',
      'ProvisionCallOptions',
      'ControlPlaneOptions',
      'ManagedDeliveryOptions',
    ],
  },
  {
    title: 'Pumps and notifiers',
    interfaces: [
      'PumpOptions',
      'PumpConcurrency',
      'NatsNotifierOptions',
      'DataPumpOptions',
      'PumpResetOptions',
    ],
  },
  { title: 'Pathways', interfaces: ['PathwayOptions'] },
  {
    title: 'Handlers',
    interfaces: ['OnEventOptions', 'OnEventsOptions', 'HandlerDecoratorOptions', 'DeadLetterReplayOptions'],
  },
  {
    title: 'Writes',
    interfaces: ['WriteInput', 'BatchWriteInput', 'WriteOptions', 'FileWriteOptions', 'FileInput'],
  },
  {
    title: 'Stores',
    interfaces: [
      'TypeOrmStoreOptions',
      'TableNamesOptions',
      'MemoryPathwayStateOptions',
      'MemoryChunkStoreOptions',
      'MemorySessionUserResolverStoreOptions',
    ],
  },
  {
    title: 'PathwaysBuilder',
    interfaces: [
      'PathwaysBuilderOptions',
      'StartPumpOptions',
      'HandleOptions',
      'PostgresConnectionOptions',
      'PostgresTableOptions',
      'PostgresPathwayStateOptions',
      'PostgresPumpStateOptions',
      'PostgresChunkStoreOptions',
      'PostgresDeliveryStoreOptions',
    ],
  },
  { title: 'Observability', interfaces: ['PrometheusTelemetryOptions'] },
  { title: 'Webhook without Nest', interfaces: ['PathwayRouterOptions'] },
  { title: 'Development and tests', interfaces: ['LocalFlowcoreOptions', 'LocalPostgresOptions'] },
];
