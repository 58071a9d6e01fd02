import type { CommandOutcome, CommandRecord, CommandStore } from './command-store.interface.js';

/** Far more than a control plane keeps in its queue. */
const MAX_COMMANDS = 500;

/** Commands in memory: after a restart one that is still in the queue runs again. Development and tests. */
export class MemoryCommandStore implements CommandStore {
  private readonly commands = new Map<string, Map<string, CommandRecord>>();

  begin(deliveryKey: string, commandId: string): boolean {
    const known = this.commandsOf(deliveryKey);
    if (known.has(commandId)) return false;
    known.set(commandId, { commandId, isReported: false });
    for (const [oldest] of known) {
      if (known.size <= MAX_COMMANDS) break;
      known.delete(oldest);
    }
    return true;
  }

  finish(deliveryKey: string, commandId: string, outcome: CommandOutcome): void {
    this.change(deliveryKey, commandId, { outcome });
  }

  reported(deliveryKey: string, commandId: string): void {
    this.change(deliveryKey, commandId, { isReported: true });
  }

  find(deliveryKey: string, commandId: string): CommandRecord | undefined {
    return this.commandsOf(deliveryKey).get(commandId);
  }

  unreported(deliveryKey: string): readonly CommandRecord[] {
    return [...this.commandsOf(deliveryKey).values()].filter(({ isReported }) => !isReported);
  }

  private change(deliveryKey: string, commandId: string, change: Partial<CommandRecord>): void {
    const known = this.commandsOf(deliveryKey);
    const record = known.get(commandId);
    if (record) known.set(commandId, { ...record, ...change });
  }

  private commandsOf(deliveryKey: string): Map<string, CommandRecord> {
    const known = this.commands.get(deliveryKey) ?? new Map<string, CommandRecord>();
    this.commands.set(deliveryKey, known);
    return known;
  }
}
