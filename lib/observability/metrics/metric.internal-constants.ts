/** Labels of what belongs to one event type (protocol §12). The values are the configured names. */
export const EVENT_TYPE_LABELS = ['tenant', 'data_core', 'flow_type', 'event_type'] as const;

/** Labels of what belongs to a whole pump. */
export const PUMP_LABELS = ['tenant', 'data_core', 'flow_type', 'pump_group'] as const;

/**
 * Every metric and its help. Those of protocol §12 keep the names that other deployments' dashboards ask for; what is
 * ours alone goes on in their style: `flowcore_data_pump_` for the pump, `flowcore_pathways_` for handlers and writes.
 */
export const METRICS = {
  bufferEvents: ['flowcore_data_pump_buffer_events_gauge', 'Events that are fetched and not finished'],
  bufferReserved: [
    'flowcore_data_pump_buffer_reserved_events_gauge',
    'Of the events in the buffer, those that are being handled',
  ],
  bufferBytes: [
    'flowcore_data_pump_buffer_size_bytes_gauge',
    'Size of the events in the buffer, as received from the platform',
  ],
  acknowledged: ['flowcore_data_pump_events_acknowledged_counter', 'Events that are finished'],
  failed: [
    'flowcore_data_pump_events_failed_counter',
    'Events that became dead letters or halted their pump',
  ],
  pulledBytes: [
    'flowcore_data_pump_events_pulled_size_bytes_counter',
    'Length of the JSON text of events handed to the processor, again at each redelivery',
  ],
  sdkCommands: [
    'flowcore_data_pump_sdk_commands_counter',
    'Requests to the platform that pumps and provisioning make, retries not counted',
  ],
  clusterWorkers: [
    'flowcore_data_pump_cluster_active_workers_gauge',
    'Workers connected to a leader; 0 because there is no leader: pumps are leased one by one',
  ],
  clusterLeader: [
    'flowcore_data_pump_cluster_leader_status_gauge',
    '1 for a leader; 0 because there is no leader: pumps are leased one by one',
  ],
  clusterDistributed: [
    'flowcore_data_pump_cluster_events_distributed_counter',
    'Events a leader sent to workers; 0 because there is no leader',
  ],
  clusterAcks: [
    'flowcore_data_pump_cluster_worker_acks_counter',
    'Deliveries workers acknowledged to a leader; 0 because there is no leader',
  ],
  clusterFails: [
    'flowcore_data_pump_cluster_worker_fails_counter',
    'Deliveries workers failed to a leader; 0 because there is no leader',
  ],
  lag: [
    'flowcore_data_pump_lag_seconds_gauge',
    'Age of the event finished last; 0 when everything stored is finished',
  ],
  bufferAge: [
    'flowcore_data_pump_buffer_age_seconds_gauge',
    'Time the oldest unfinished event has been in the buffer',
  ],
  state: ['flowcore_data_pump_state_gauge', '1 for the state the pump is in'],
  handlerDuration: [
    'flowcore_pathways_handler_duration_seconds_histogram',
    'Duration of the attempts of handlers, failed ones included',
  ],
  attemptsFailed: ['flowcore_pathways_handler_attempts_failed_counter', 'Attempts of handlers that failed'],
  deadLetters: ['flowcore_pathways_dead_letters_counter', 'Dead letters that were written'],
  callbacksFailed: [
    'flowcore_pathways_callbacks_failed_counter',
    'Observers, error handlers and other callbacks that threw',
  ],
  eventsWritten: ['flowcore_pathways_events_written_counter', 'Events the platform accepted'],
} as const satisfies Record<string, readonly [name: string, help: string]>;

/** Names other clients give to the requests of a pump (protocol §12). What is not here is not counted. */
export const SDK_COMMANDS: Readonly<Record<string, string>> = {
  'tenant.translate': 'TenantTranslateNameToIdCommand',
  'data-core.get': 'DataCoreFetchCommand',
  'data-core.find': 'DataCoreFetchCommand',
  'flow-type.find': 'FlowTypeFetchCommand',
  'event-type.list': 'EventTypeListCommand',
  'event-source.buckets': 'TimeBucketListCommand',
  'event-source.events': 'EventListCommand',
};
