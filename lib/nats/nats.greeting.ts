import { connect } from 'node:net';
import { NatsUnavailableError } from '../errors/nats-unavailable.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { NatsAddress } from './nats-notifier.options.js';

/** A server that has said nothing for so long is not one. */
export const GREETING_TIMEOUT_MS = 5_000;

/**
 * Resolves when the server greets, as every NATS server does before it is asked anything. The package's own attempt can
 * neither be aborted nor does it close its socket when a peer accepts and stays silent, so it only gets peers that speak.
 *
 * @throws NatsUnavailableError, or the signal's reason.
 */
export function awaitGreeting(address: NatsAddress, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const { server, host, port } = address;
    const socket = connect({ host, port });
    const end = (settle: () => void) => {
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      socket.removeAllListeners();
      // Ending a socket that still connects may emit an error; without a listener it would end the process.
      socket.on('error', () => undefined);
      socket.destroy();
      settle();
    };
    const fail = (what: string, cause?: unknown) =>
      end(() => reject(new NatsUnavailableError(server, what, cause)));
    const giveUp = () => end(() => reject(signal.reason as Error));
    const timer = clock.startTimer(GREETING_TIMEOUT_MS, () =>
      fail(`did not greet within ${GREETING_TIMEOUT_MS} ms`),
    );
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('data', (bytes) =>
      bytes.toString('latin1').startsWith('INFO') ? end(resolve) : fail('does not speak NATS'),
    );
    socket.once('error', (error) => fail(`cannot be reached: ${error.message}`, error));
    socket.once('close', () => fail('closed the connection without a word'));
  });
}
