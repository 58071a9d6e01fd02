export interface ServerSettings {
  readonly cluster: string;
  readonly port: number;
  readonly isDurable: boolean;
  readonly settings?: Readonly<Record<string, string>> | undefined;
}

/** Data that is deleted at the stop need not survive a power cut. */
const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** The command line of the server. Of two values for one setting the later wins, also over the files in the folder. */
export function serverArguments({ cluster, port, isDurable, settings }: ServerSettings): string[] {
  const values = {
    ...(isDurable ? DURABLE : THROW_AWAY),
    ...settings,
    // Without a password it must listen nowhere else.
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    // We read the log to know when the server is ready, so it must reach us, and in English.
    logging_collector: 'off',
    log_destination: 'stderr',
    log_min_messages: 'warning',
    lc_messages: 'C',
  };
  return ['-D', cluster, ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
