/** A managed pathway's events of one flow type, and where they go (protocol §7.2). */
export interface PathwaySource {
  readonly flowType: string;
  readonly eventTypes: readonly string[];
  readonly endpoints: readonly {
    readonly url: string;
    readonly authHeaders?: Readonly<Record<string, string>>;
  }[];
}

export type PathwaySizeClass = 'small' | 'medium' | 'high';

/** What is registered under a pathway's name (protocol §7.1). */
export type PathwayRegistrationBody = {
  readonly tenant: string;
  /** As configured: name or id. */
  readonly dataCore: string;
  readonly labels: Readonly<Record<string, string>>;
} & (
  | { readonly type: 'virtual'; readonly virtualConfig: { readonly flowTypes: readonly string[] } }
  | {
      readonly type: 'managed';
      readonly sizeClass: PathwaySizeClass;
      readonly enabled: boolean;
      readonly config: { readonly sources: readonly PathwaySource[] };
    }
);

/** The control plane's answer to a registration. */
export interface RegisteredPathway {
  readonly pathwayId: string;
  readonly status: string;
}

/** Whether an operator holds the delivery of a pathway. */
export interface PathwayDelivery {
  readonly isPaused: boolean;
  /** What is held: flow types, or `flowType::group`. `undefined`: everything. Of no meaning when nothing is paused. */
  readonly targets: readonly string[] | undefined;
}

/** A sign of life of one pump (protocol §7.3). */
export interface PumpPulse {
  readonly pathwayId: string;
  /** `flowType::group` of a pump that is not the default one of its flow type; without it they would look like one. */
  readonly sourceId?: string;
  readonly flowType: string;
  readonly timeBucket: string;
  readonly eventId: string | null;
  readonly isLive: boolean;
  readonly buffer: { readonly depth: number; readonly reserved: number; readonly sizeBytes: number };
  readonly counters: { readonly acknowledged: number; readonly failed: number; readonly pulled: number };
  readonly uptimeMs: number;
}

/** A command of the queue. Only what every command has is checked; the rest is for whoever carries it out. */
export interface PendingCommand {
  readonly id: string;
  readonly type: string;
  readonly position: unknown;
  readonly sourceFlowTypes: unknown;
  readonly stopAt: unknown;
}

/** What a pathway says of a command (protocol §7.4). */
export interface CommandStatus {
  readonly phase: 'acknowledged' | 'running' | 'failed';
  readonly details?: string;
}
