import { setImmediate as turn } from 'node:timers/promises';
import type { DeliveryStore, PauseOrigin } from '../../state/delivery-store.interface.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { deliveryStoreContract } from './delivery-store.contract.js';

/** Pauses of several processes, as a server would keep them. What mutants change is in methods of its own. */
class SharedPauses implements DeliveryStore {
  protected readonly rows = new Map<string, readonly string[]>();
  /** Pauses of the application. */
  protected readonly own = new Set<string>();

  async pausedPumps(key: string): Promise<readonly string[]> {
    await turn();
    return this.read(key);
  }

  async pause(key: string, pumps: readonly string[], origin: PauseOrigin = 'control-plane'): Promise<void> {
    await turn();
    this.write(key, [...this.read(key), ...pumps]);
    for (const pump of pumps) this.remember(key, pump, origin);
  }

  async resume(key: string, pumps: readonly string[]): Promise<void> {
    await turn();
    const left = this.read(key).filter((pump) => !pumps.includes(pump));
    this.write(key, left);
    this.forget(key, pumps);
  }

  async lift(key: string, pumps: readonly string[]): Promise<void> {
    await turn();
    const stays = (pump: string) => !pumps.includes(pump) || this.own.has(`${key} ${pump}`);
    this.write(key, this.read(key).filter(stays));
  }

  protected remember(key: string, pump: string, origin: PauseOrigin): void {
    if (origin === 'application') this.own.add(`${key} ${pump}`);
  }

  protected forget(key: string, pumps: readonly string[]): void {
    for (const pump of pumps) this.own.delete(`${key} ${pump}`);
  }

  protected read(key: string): readonly string[] {
    return this.rows.get(this.keyOf(key)) ?? [];
  }

  protected write(key: string, pumps: readonly string[]): void {
    this.rows.set(this.keyOf(key), [...new Set(pumps)]);
  }

  protected keyOf(key: string): string {
    return key;
  }
}

class ForgetsPauses extends SharedPauses {
  override async pause(): Promise<void> {}
}

class PausesEverybody extends SharedPauses {
  override async pausedPumps(key: string): Promise<readonly string[]> {
    const paused = await super.pausedPumps(key);
    return paused.length > 0 ? paused : ['order.0::default'];
  }
}

class ReplacesPauses extends SharedPauses {
  override async pause(key: string, pumps: readonly string[]): Promise<void> {
    this.write(key, pumps);
  }
}

class CountsPauses extends SharedPauses {
  protected override write(key: string, pumps: readonly string[]): void {
    this.rows.set(key, pumps);
  }
}

class ResumesAll extends SharedPauses {
  override async resume(key: string): Promise<void> {
    this.write(key, []);
  }
}

class ResumesNothing extends SharedPauses {
  override async resume(): Promise<void> {}
}

class TakesNothingForAll extends SharedPauses {
  override async resume(key: string, pumps: readonly string[]): Promise<void> {
    if (pumps.length === 0) this.write(key, []);
    else await super.resume(key, pumps);
  }
}

class LiftsEverything extends SharedPauses {
  override async lift(key: string, pumps: readonly string[]): Promise<void> {
    await this.resume(key, pumps);
  }
}

class TakesSilenceForTheApplication extends SharedPauses {
  override async pause(key: string, pumps: readonly string[], origin: PauseOrigin = 'application') {
    await super.pause(key, pumps, origin);
  }
}

class KeepsTheLastOrigin extends SharedPauses {
  protected override remember(key: string, pump: string, origin: PauseOrigin): void {
    this.own.delete(`${key} ${pump}`);
    super.remember(key, pump, origin);
  }
}

class NeverForgetsTheApplication extends SharedPauses {
  protected override forget(): void {}
}

/** Two processes on one server that tells. */
class TellsOfPauses extends SharedPauses {
  private readonly looks = new Map<() => void, string>();

  onChanged(key: string, look: () => void): () => void {
    // Of its own: one function may be added twice.
    const own = () => look();
    this.looks.set(own, key);
    return () => this.forgetLook(own);
  }

  protected override write(key: string, pumps: readonly string[]): void {
    super.write(key, pumps);
    this.tell(key);
  }

  protected tell(key: string): void {
    for (const [look, wanted] of this.looks) if (wanted === key) look();
  }

  protected forgetLook(look: () => void): void {
    this.looks.delete(look);
  }
}

class TellsOfNothing extends TellsOfPauses {
  protected override tell(): void {}
}

class TellsOfTheFirstPauseOnly extends TellsOfPauses {
  protected override write(key: string, pumps: readonly string[]): void {
    const isKnown = this.rows.has(key);
    this.rows.set(key, [...new Set(pumps)]);
    if (!isKnown) this.tell(key);
  }
}

class TellsForEver extends TellsOfPauses {
  protected override forgetLook(): void {}
}

class HasOneRow extends SharedPauses {
  protected override keyOf(): string {
    return '';
  }
}

class TrimsNames extends SharedPauses {
  protected override keyOf(key: string): string {
    return key.trim();
  }
}

class LooksBeforeItWrites extends SharedPauses {
  override async pause(key: string, pumps: readonly string[]): Promise<void> {
    const before = this.read(key);
    await turn();
    this.write(key, [...before, ...pumps]);
  }
}

const shared = (Faulty: new () => DeliveryStore) => () => {
  const store = new Faulty();
  return { store, openSecond: () => store };
};

const ADD_UP = 'pauses add up, and twice is once';
const LIFTS = 'lifting takes away what the control plane paused, and no pause of the application';
const BOTH = 'a pump that both have paused is paused by the application, until it is resumed';
const TELLS = 'a store that tells of changes tells every other instance of each, until it ends that';
const RESUMES = 'resuming takes away what is named, and nothing else';

describeMutants(
  'deliveryStoreContract',
  (create, limitMs) => deliveryStoreContract(create, { limitMs }),
  shared(SharedPauses),
  [
    { name: 'forgets pauses', create: shared(ForgetsPauses), reportedBy: [ADD_UP] },
    {
      name: 'takes silence for a pause',
      create: shared(PausesEverybody),
      reportedBy: ['an application that was never paused has no paused pumps'],
    },
    { name: 'replaces pauses', create: shared(ReplacesPauses), reportedBy: [ADD_UP] },
    { name: 'counts pauses', create: shared(CountsPauses), reportedBy: [ADD_UP] },
    { name: 'resumes all pumps', create: shared(ResumesAll), reportedBy: [RESUMES] },
    { name: 'resumes nothing', create: shared(ResumesNothing), reportedBy: [RESUMES] },
    {
      name: 'takes nothing for all',
      create: shared(TakesNothingForAll),
      reportedBy: ['of nothing nothing changes'],
    },
    { name: 'lifts everything', create: shared(LiftsEverything), reportedBy: [LIFTS] },
    {
      name: 'takes silence for the application',
      create: shared(TakesSilenceForTheApplication),
      reportedBy: [LIFTS],
    },
    { name: 'keeps the last origin', create: shared(KeepsTheLastOrigin), reportedBy: [BOTH] },
    {
      name: 'never forgets the application',
      create: shared(NeverForgetsTheApplication),
      reportedBy: [BOTH],
    },
    { name: 'tells of nothing', create: shared(TellsOfNothing), reportedBy: [TELLS] },
    { name: 'tells of the first pause only', create: shared(TellsOfTheFirstPauseOnly), reportedBy: [TELLS] },
    { name: 'tells for ever', create: shared(TellsForEver), reportedBy: [TELLS] },
    { name: 'has one row', create: shared(HasOneRow), reportedBy: ['applications do not meet'] },
    { name: 'trims names', create: shared(TrimsNames), reportedBy: ['odd and long names are told apart'] },
    {
      name: 'looks before it writes',
      create: shared(LooksBeforeItWrites),
      reportedBy: ['pauses at once are all kept'],
    },
    {
      name: 'keeps its pauses to itself',
      create: () => ({ store: new SharedPauses(), openSecond: () => new SharedPauses() }),
      reportedBy: ['a pause by one instance is seen by another'],
    },
  ],
);
