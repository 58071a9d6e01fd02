import type {
  FaultHandle,
  FaultMatch,
  FaultOptions,
  HttpFaultOptions,
  LatencyFault,
  LocalFaults,
  SocketFaultOptions,
} from './faults.interface.js';

/** What happens to one request: waits add up, and the oldest other fault decides. */
export interface RequestFaults {
  readonly delayMs: number;
  readonly fault?: Exclude<HttpFaultOptions, LatencyFault>;
}

class InstalledFault implements FaultHandle {
  hits = 0;
  private isRemoved = false;

  constructor(readonly options: FaultOptions) {}

  get isActive(): boolean {
    return !this.isRemoved && this.hits < (this.options.times ?? Infinity);
  }

  remove(): void {
    this.isRemoved = true;
  }
}

/** Holds the faults, in the order they were added, and counts every strike. */
export class FaultRegistry implements LocalFaults {
  private installed: InstalledFault[] = [];
  private readonly socketListeners: ((fault: SocketFaultOptions) => void)[] = [];

  add(options: FaultOptions): FaultHandle {
    const fault = new InstalledFault(options);
    this.installed = [...this.installed.filter(({ isActive }) => isActive), fault];
    if (isSocketFault(options)) for (const listener of this.socketListeners) listener(options);
    return fault;
  }

  clear(): void {
    for (const fault of this.installed) fault.remove();
    this.installed = [];
  }

  /** Called when a fault is added that also meets sockets that are open already. */
  onSocketFault(listener: (fault: SocketFaultOptions) => void): void {
    this.socketListeners.push(listener);
  }

  forRequest(method: string, path: string): RequestFaults {
    let delayMs = 0;
    let fault: RequestFaults['fault'];
    for (const installed of this.installed) {
      const { options } = installed;
      if (!installed.isActive || !isHttpFault(options) || !matches(options.match, method, path)) continue;
      if (options.kind === 'latency') delayMs += options.delayMs;
      else if (fault) continue;
      else fault = options;
      installed.hits++;
    }
    return fault ? { delayMs, fault } : { delayMs };
  }

  takeSocketFault<K extends SocketFaultOptions['kind']>(
    kind: K,
  ): Extract<SocketFaultOptions, { kind: K }> | undefined {
    const found = this.installed.find(({ isActive, options }) => isActive && options.kind === kind);
    if (!found) return undefined;
    found.hits++;
    return found.options as Extract<SocketFaultOptions, { kind: K }>;
  }

  losesNotification(flowType: string, eventType: string): boolean {
    const found = this.installed.find(
      ({ isActive, options }) =>
        isActive &&
        options.kind === 'lost-notification' &&
        (options.flowType ?? flowType) === flowType &&
        (options.eventType ?? eventType) === eventType,
    );
    if (found) found.hits++;
    return found !== undefined;
  }
}

function isSocketFault(options: FaultOptions): options is SocketFaultOptions {
  return options.kind.startsWith('socket-');
}

function isHttpFault(options: FaultOptions): options is HttpFaultOptions {
  return options.kind !== 'lost-notification' && !isSocketFault(options);
}

function matches(match: FaultMatch | undefined, method: string, path: string): boolean {
  if (match?.method !== undefined && match.method.toUpperCase() !== method) return false;
  if (match?.path === undefined) return true;
  // `search` ignores `lastIndex`, so an expression with the flag `g` matches every time.
  return typeof match.path === 'string' ? path.startsWith(match.path) : path.search(match.path) >= 0;
}
