import type { MaybePromise } from '../event/maybe-promise.type.js';

/** How a command of the control plane ended, in the words it is reported with. */
export type CommandOutcome =
  | { readonly phase: 'running'; readonly details?: string }
  | { readonly phase: 'failed'; readonly details: string };

/** What is remembered of a command. */
export interface CommandRecord {
  readonly commandId: string;
  /** Absent: it was begun, and nobody knows yet how it ended. */
  readonly outcome?: CommandOutcome;
  /** The control plane knows the outcome. */
  readonly isReported: boolean;
}

/**
 * Remembers the commands of the control plane that were begun here, so that none runs twice: one stays in the queue when
 * its acknowledgement is lost. May forget all but the newest 200.
 */
export interface CommandStore {
  /** Must be durable when it returns `true`. Of several callers one is told so: `false` says it was begun before. */
  begin(deliveryKey: string, commandId: string): MaybePromise<boolean>;
  /** Keeps how it ended. */
  finish(deliveryKey: string, commandId: string, outcome: CommandOutcome): MaybePromise<void>;
  /** The control plane was told. */
  reported(deliveryKey: string, commandId: string): MaybePromise<void>;
  find(deliveryKey: string, commandId: string): MaybePromise<CommandRecord | undefined>;
  /** Those the control plane was not told of yet, ended or not, oldest first. */
  unreported(deliveryKey: string): MaybePromise<readonly CommandRecord[]>;
}
