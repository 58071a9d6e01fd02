/** Where managed delivery posts the events of a source (protocol §7.2). */
export interface LocalEndpoint {
  readonly url: string;
  readonly authHeaders?: Readonly<Record<string, string>>;
}

/** Event types of one flow type that a managed pathway delivers. */
export interface LocalSource {
  readonly id?: string;
  readonly name?: string;
  readonly flowType: string;
  readonly eventTypes: readonly string[];
  readonly endpoints: readonly LocalEndpoint[];
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number; readonly multiplier?: number };
  readonly timeouts?: { readonly deliveryMs?: number };
}

/** A registered pathway, as the control plane serves it (protocol §7.5). */
export interface LocalPathway {
  /** Follows from tenant and name. */
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  /** Name or id, as it was registered. */
  readonly dataCore: string;
  readonly type: 'virtual' | 'managed';
  readonly sizeClass: string;
  readonly enabled: boolean;
  readonly priority: number;
  /** Counts the registrations. */
  readonly version: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly config?: { readonly sources: readonly LocalSource[] };
  readonly virtualConfig?: { readonly flowTypes?: readonly string[] };
  readonly deliveryState: 'active' | 'paused';
  /** Paused flow types and `flowType::group` pumps; `null`: all of them, or none. */
  readonly deliveryPauseTargets: readonly string[] | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a pump said of itself (protocol §7.3). */
export interface LocalPulse {
  readonly pathwayId: string;
  readonly sourceId?: string;
  readonly flowType: string;
  readonly timeBucket: string;
  readonly eventId: string | null;
  readonly isLive: boolean;
  readonly buffer: { readonly depth: number; readonly reserved: number; readonly sizeBytes: number };
  readonly counters: { readonly acknowledged: number; readonly failed: number; readonly pulled: number };
  readonly uptimeMs: number;
  /** ISO 8601. */
  readonly receivedAt: string;
}

/** A command for a virtual pathway. */
export interface LocalCommandInput {
  /** `datapumpRestart`, `datapumpPause`, `datapumpResume`, `stop`, or one that no client knows. */
  readonly type: string;
  /** Of a restart. @default null: at the present */
  readonly position?: { readonly timeBucket: string; readonly eventId?: string } | null;
  /** Flow types, or pumps as `flowType::group`. @default null: all */
  readonly sourceFlowTypes?: readonly string[] | null;
  readonly reason?: string | null;
  /** ISO 8601, of a restart. @default null */
  readonly stopAt?: string | null;
}

/** A command and what its pathway said of it. */
export interface LocalCommand extends Required<LocalCommandInput> {
  readonly id: string;
  readonly pathwayId: string;
  /** `dispatched` until the pathway says something else; only then it is pending. */
  readonly phase: string;
  readonly details: string | null;
  /** Everything that was posted, oldest first. */
  readonly reports: readonly { readonly phase: string; readonly details: string | null }[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** One attempt of managed delivery. */
export interface LocalDelivery {
  readonly id: string;
  readonly pathwayId: string;
  readonly endpointUrl: string;
  readonly flowType: string;
  readonly eventType: string;
  readonly eventId: string;
  /** Counts from 1, per event. */
  readonly attempt: number;
  readonly success: boolean;
  /** `null` without an answer. */
  readonly httpStatus: number | null;
  readonly durationMs: number;
  /** At most 1,000 characters. */
  readonly responseBody: string | null;
  readonly errorMessage: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The control plane of Local Flowcore, seen from inside the process. Everything it gives is a snapshot. */
export interface LocalControlPlane {
  /** Registered pathways, oldest first. */
  pathways(): readonly LocalPathway[];
  /** Pulses since the start, oldest first; the latest 1,000. */
  pulses(pathwayId?: string): readonly LocalPulse[];
  /** Queues a command. A pause or resume also changes the pathway's delivery state. @throws LocalCommandRefusedError */
  sendCommand(pathwayId: string, command: LocalCommandInput): LocalCommand;
  /** Commands of a pathway, oldest first. */
  commands(pathwayId: string): readonly LocalCommand[];
  /** Attempts of managed delivery, oldest first; the latest 1,000. */
  deliveries(pathwayId?: string): readonly LocalDelivery[];
}
