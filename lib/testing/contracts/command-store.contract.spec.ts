import { setImmediate as turn } from 'node:timers/promises';
import type { CommandOutcome, CommandRecord, CommandStore } from '../../state/command-store.interface.js';
import { commandStoreContract } from './command-store.contract.js';
import { describeMutants } from './contract-mutants.spec-util.js';

/** Commands of several processes, as a server would keep them. What mutants change is in methods of its own. */
class SharedCommands implements CommandStore {
  protected readonly rows = new Map<string, CommandRecord>();

  async begin(key: string, commandId: string): Promise<boolean> {
    await this.passTime();
    if (this.rows.has(this.idOf(key, commandId))) return false;
    this.rows.set(this.idOf(key, commandId), { commandId, isReported: false });
    this.trim();
    return true;
  }

  async finish(key: string, commandId: string, outcome: CommandOutcome): Promise<void> {
    this.change(key, commandId, { outcome });
  }

  async reported(key: string, commandId: string): Promise<void> {
    this.change(key, commandId, { isReported: true });
  }

  async find(key: string, commandId: string): Promise<CommandRecord | undefined> {
    return this.rows.get(this.idOf(key, commandId));
  }

  async unreported(key: string): Promise<readonly CommandRecord[]> {
    return [...this.rows]
      .filter(([id, { isReported, commandId }]) => !isReported && id === this.idOf(key, commandId))
      .map(([, record]) => record);
  }

  protected change(key: string, commandId: string, change: Partial<CommandRecord>): void {
    const record = this.rows.get(this.idOf(key, commandId));
    if (record) this.rows.set(this.idOf(key, commandId), { ...record, ...change });
  }

  protected idOf(key: string, commandId: string): string {
    return JSON.stringify([key, commandId]);
  }

  protected trim(): void {}

  /** Without a turn for each of 600 commands, a mutant's suite would run into its time limit. */
  protected async passTime(): Promise<void> {
    if (this.rows.size < 100) await turn();
  }
}

class BeginsAlways extends SharedCommands {
  override async begin(key: string, commandId: string): Promise<boolean> {
    await super.begin(key, commandId);
    return true;
  }
}

class ForgetsOutcomes extends SharedCommands {
  override async finish(): Promise<void> {}
}

class ForgetsReports extends SharedCommands {
  override async reported(): Promise<void> {}
}

class SortsById extends SharedCommands {
  override async unreported(key: string): Promise<readonly CommandRecord[]> {
    return [...(await super.unreported(key))].sort((a, b) => (a.commandId < b.commandId ? -1 : 1));
  }
}

class InventsCommands extends SharedCommands {
  protected override change(key: string, commandId: string, change: Partial<CommandRecord>): void {
    const record = this.rows.get(this.idOf(key, commandId)) ?? { commandId, isReported: false };
    this.rows.set(this.idOf(key, commandId), { ...record, ...change });
  }
}

class KeysByIdAlone extends SharedCommands {
  protected override idOf(_key: string, commandId: string): string {
    return commandId;
  }
}

class TrimsIds extends SharedCommands {
  protected override idOf(key: string, commandId: string): string {
    return super.idOf(key, commandId.trim());
  }
}

class RemembersFew extends SharedCommands {
  protected override trim(): void {
    for (const [oldest] of this.rows) if (this.rows.size > 100) this.rows.delete(oldest);
  }
}

class LooksBeforeItWrites extends SharedCommands {
  override async begin(key: string, commandId: string): Promise<boolean> {
    const isKnown = this.rows.has(this.idOf(key, commandId));
    await this.passTime();
    if (!isKnown) this.rows.set(this.idOf(key, commandId), { commandId, isReported: false });
    return !isKnown;
  }
}

const shared = (Faulty: new () => CommandStore) => () => {
  const store = new Faulty();
  return { store, openSecond: () => store };
};

const ONCE = 'a command begins once';
const KEPT = 'what became of it is kept';
const LISTED = 'those not reported are listed in their order';

describeMutants(
  'commandStoreContract',
  (create, limitMs) => commandStoreContract(create, { limitMs }),
  shared(SharedCommands),
  [
    { name: 'begins a command twice', create: shared(BeginsAlways), reportedBy: [ONCE] },
    { name: 'forgets outcomes', create: shared(ForgetsOutcomes), reportedBy: [KEPT] },
    { name: 'forgets reports', create: shared(ForgetsReports), reportedBy: [KEPT, LISTED] },
    { name: 'sorts commands by id', create: shared(SortsById), reportedBy: [LISTED] },
    {
      name: 'invents commands',
      create: shared(InventsCommands),
      reportedBy: ['a command nobody began is not invented'],
    },
    {
      name: 'does not tell applications apart',
      create: shared(KeysByIdAlone),
      reportedBy: ['applications do not meet'],
    },
    { name: 'trims ids', create: shared(TrimsIds), reportedBy: ['odd and long ids are told apart'] },
    {
      name: 'remembers only a few',
      create: shared(RemembersFew),
      reportedBy: ['the newest two hundred are remembered'],
    },
    {
      name: 'looks before it writes',
      create: shared(LooksBeforeItWrites),
      reportedBy: ['of instances that begin a command at once one is told so'],
    },
  ],
);
