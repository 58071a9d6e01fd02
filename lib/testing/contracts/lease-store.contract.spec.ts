import { setImmediate as turn } from 'node:timers/promises';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import type { Lease, LeaseStore } from '../../state/lease-store.interface.js';
import { ControllableClock } from '../controllable-clock.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { leaseStoreContract } from './lease-store.contract.js';

/** Leases of several processes, as a server would keep them. What mutants change is in methods of its own. */
class SharedLeases implements LeaseStore {
  protected readonly held = new Map<string, { token: FencingToken; expiresAt: number }>();
  private readonly listeners = new Set<(key: string) => void>();
  private grants = 0;

  constructor(protected readonly clock: ControllableClock) {}

  async acquire(key: string, ttlMs: number): Promise<Lease | undefined> {
    await turn();
    if (this.isHeld(this.keyOf(key))) return undefined;
    return this.grant(key, ttlMs);
  }

  async renew({ key, token }: Lease, ttlMs: number): Promise<boolean> {
    await turn();
    const holder = this.held.get(this.keyOf(key));
    if (holder?.token !== token) return false;
    holder.expiresAt = this.clock.now() + ttlMs;
    return true;
  }

  async release({ key, token }: Lease): Promise<void> {
    await turn();
    if (this.held.get(this.keyOf(key))?.token !== token) return;
    this.held.delete(this.keyOf(key));
    this.tell(key);
  }

  onReleased(wake: (key: string) => void): () => void {
    this.listeners.add(wake);
    return () => this.forget(wake);
  }

  protected tell(key: string): void {
    for (const wake of this.listeners) wake(key);
  }

  protected forget(wake: (key: string) => void): void {
    this.listeners.delete(wake);
  }

  protected grant(key: string, ttlMs: number): Lease {
    const token = this.nextToken();
    this.held.set(this.keyOf(key), { token, expiresAt: this.clock.now() + ttlMs });
    return { key, token };
  }

  protected isHeld(key: string): boolean {
    const holder = this.held.get(key);
    return holder !== undefined && holder.expiresAt > this.clock.now();
  }

  protected keyOf(key: string): string {
    return key;
  }

  protected nextToken(): FencingToken {
    this.grants += 1;
    return this.grants;
  }
}

class TellsNoRelease extends SharedLeases {
  protected override tell(): void {}
}

class TellsOnAndOn extends SharedLeases {
  protected override forget(): void {}
}

class GrantsNothing extends SharedLeases {
  override async acquire(): Promise<undefined> {}
}

class GrantsEverything extends SharedLeases {
  protected override isHeld(): boolean {
    return false;
  }
}

class RenewsNothing extends SharedLeases {
  override async renew(): Promise<boolean> {
    return false;
  }
}

class RenewsEverything extends SharedLeases {
  override async renew(): Promise<boolean> {
    return true;
  }
}

class RenewsWithoutEffect extends SharedLeases {
  override async renew(lease: Lease): Promise<boolean> {
    return this.held.get(lease.key)?.token === lease.token;
  }
}

class StartsTokensAnew extends SharedLeases {
  protected override nextToken(): FencingToken {
    return this.held.size + 1;
  }
}

class HasOneLease extends SharedLeases {
  protected override keyOf(): string {
    return 'all';
  }
}

class FoldsKeys extends SharedLeases {
  protected override keyOf(key: string): string {
    return key.trim();
  }
}

class ReleasesNothing extends SharedLeases {
  override async release(): Promise<void> {}
}

class ReleasesForAnybody extends SharedLeases {
  override async release({ key }: Lease): Promise<void> {
    this.held.delete(key);
  }
}

class NeverExpires extends SharedLeases {
  protected override isHeld(key: string): boolean {
    return this.held.has(key);
  }
}

class ExpiresEarly extends SharedLeases {
  protected override grant(key: string, ttlMs: number): Lease {
    return super.grant(key, ttlMs / 4);
  }
}

class LooksBeforeItGrants extends SharedLeases {
  override async acquire(key: string, ttlMs: number): Promise<Lease | undefined> {
    if (this.isHeld(key)) return undefined;
    await turn();
    return this.grant(key, ttlMs);
  }
}

/** One of several instances, which can ask each other. */
class AskingLeases implements LeaseStore {
  protected readonly listeners = new Set<(key: string) => void>();

  constructor(
    private readonly leases: SharedLeases,
    protected readonly instances: AskingLeases[],
  ) {
    instances.push(this);
  }

  acquire(key: string, ttlMs: number): Promise<Lease | undefined> {
    return this.leases.acquire(key, ttlMs);
  }

  renew(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.leases.renew(lease, ttlMs);
  }

  release(lease: Lease): Promise<void> {
    return this.leases.release(lease);
  }

  ask(key: string): void {
    for (const each of this.instances) if (each !== this) each.hear(key);
  }

  onAsked(give: (key: string) => void): () => void {
    this.listeners.add(give);
    return () => this.forget(give);
  }

  hear(key: string): void {
    for (const give of this.listeners) give(key);
  }

  protected forget(give: (key: string) => void): void {
    this.listeners.delete(give);
  }
}

class AsksNobody extends AskingLeases {
  override ask(): void {}
}

class AsksItself extends AskingLeases {
  override ask(key: string): void {
    for (const each of this.instances) each.hear(key);
  }
}

class AsksOnAndOn extends AskingLeases {
  protected override forget(): void {}
}

class TakesWhatItAsksFor extends AskingLeases {
  override ask(key: string): void {
    super.ask(key);
    void this.release({ key, token: 1 });
  }
}

const asking = (Instance: typeof AskingLeases) => () => {
  const clock = new ControllableClock(0);
  const leases = new SharedLeases(clock);
  const instances: AskingLeases[] = [];
  return {
    store: new Instance(leases, instances),
    openSecond: () => new Instance(leases, instances),
    advance: (milliseconds: number) => clock.advance(milliseconds),
  };
};

const shared = (Faulty: new (clock: ControllableClock) => LeaseStore) => () => {
  const clock = new ControllableClock(0);
  const store = new Faulty(clock);
  return { store, openSecond: () => store, advance: (milliseconds: number) => clock.advance(milliseconds) };
};

const RENEWED = 'a lease that nobody holds is granted, and renewed';
const GROWS = 'the token grows with every grant, also after a release';
const ALONE = 'what one instance holds no other gets, and renewing keeps it so';
const AT_ONCE = 'of two instances that ask at once one gets the lease';
const RELEASED = 'a released lease is granted to another instance at once';
const TOLD =
  'a store that tells of releases tells every other instance which lease is free, until it ends that';
const ASKED =
  'a store that can ask for a lease reaches every other instance, which keeps it until it is released';
const LOST = 'renewing says that the lease is lost when another instance has it';
const RAN_OUT = 'a lease that ran out is granted to another instance, with a greater token';
const STAYS = 'a lease that is renewed does not run out';
const SUCCESSOR = 'releasing a lost lease takes nothing from its successor';

describeMutants(
  'leaseStoreContract',
  (create, limitMs) => leaseStoreContract(create, { shared: true, clock: true, limitMs }),
  shared(SharedLeases),
  [
    { name: 'grants nothing', create: shared(GrantsNothing), reportedBy: [RENEWED, GROWS, RELEASED] },
    { name: 'grants everything', create: shared(GrantsEverything), reportedBy: [ALONE, AT_ONCE, RELEASED] },
    { name: 'tells of no release', create: shared(TellsNoRelease), reportedBy: [TOLD] },
    { name: 'tells of releases on and on', create: shared(TellsOnAndOn), reportedBy: [TOLD] },
    { name: 'asks nobody', create: asking(AsksNobody), reportedBy: [ASKED] },
    { name: 'asks itself', create: asking(AsksItself), reportedBy: [ASKED] },
    { name: 'tells of questions on and on', create: asking(AsksOnAndOn), reportedBy: [ASKED] },
    { name: 'takes what it asks for', create: asking(TakesWhatItAsksFor), reportedBy: [ASKED] },
    { name: 'renews nothing', create: shared(RenewsNothing), reportedBy: [RENEWED] },
    { name: 'renews what is lost', create: shared(RenewsEverything), reportedBy: [LOST, RAN_OUT] },
    { name: 'renews without effect', create: shared(RenewsWithoutEffect), reportedBy: [STAYS] },
    { name: 'starts its tokens anew', create: shared(StartsTokensAnew), reportedBy: [GROWS] },
    {
      name: 'has one lease for every key',
      create: shared(HasOneLease),
      reportedBy: ['leases of different keys do not meet, however odd the keys', ALONE],
    },
    {
      name: 'folds keys',
      create: shared(FoldsKeys),
      reportedBy: ['leases of different keys do not meet, however odd the keys'],
    },
    { name: 'releases nothing', create: shared(ReleasesNothing), reportedBy: [GROWS, RELEASED, LOST] },
    { name: 'lets anybody release', create: shared(ReleasesForAnybody), reportedBy: [SUCCESSOR, RAN_OUT] },
    { name: 'never lets a lease run out', create: shared(NeverExpires), reportedBy: [RAN_OUT] },
    { name: 'lets a lease run out early', create: shared(ExpiresEarly), reportedBy: [RAN_OUT] },
    { name: 'looks before it grants', create: shared(LooksBeforeItGrants), reportedBy: [AT_ONCE] },
  ],
);
