/** Why the server refused to start, as far as something can be done about it. */
export interface StartRefusal {
  readonly kind: 'port-taken' | 'folder-in-use' | 'memory-in-use' | 'other';
  /** Who uses the folder. */
  readonly pid?: number;
}

/** The server gives its reasons only in its log; the language of the log is set by us. */
export function refusalIn(log: string): StartRefusal {
  if (log.includes('pre-existing shared memory block')) return { kind: 'memory-in-use' };
  if (/lock file "postmaster\.pid" (already exists|is empty)/.test(log)) {
    const pid = Number(/\(PID (\d+)\)/.exec(log)?.[1]);
    return { kind: 'folder-in-use', ...(Number.isNaN(pid) ? {} : { pid }) };
  }
  if (log.includes('could not create any TCP/IP sockets')) return { kind: 'port-taken' };
  return { kind: 'other' };
}

interface FailedStart {
  readonly port: number;
  readonly data: string;
  readonly log: string;
  readonly timeout: string | undefined;
}

export function startFailed({ kind, pid }: StartRefusal, { port, data, log, timeout }: FailedStart): string {
  switch (kind) {
    case 'port-taken':
      return `Local Postgres cannot listen on 127.0.0.1:${port}: another program does. Stop that program, choose another port, or leave the port out for a free one.`;
    case 'folder-in-use':
      return `Local Postgres cannot use the folder "${data}": a running server${pid === undefined ? '' : ` (process ${pid})`} uses it. Stop the process that started that server, or give this one a folder of its own.`;
    default:
      return `Local Postgres did not start${timeout === undefined ? '' : ` (${timeout})`} on "${data}". Its log says:\n${log || '(nothing)'}\nIf the data is damaged, delete the folder and start again.`;
  }
}
