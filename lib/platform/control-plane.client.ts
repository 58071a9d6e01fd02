import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Authorization } from './authorization.js';
import { parseBaseUrl, pathOf } from './base-url.util.js';
import type {
  CommandStatus,
  PathwayDelivery,
  PathwayRegistrationBody,
  PendingCommand,
  PumpPulse,
  RegisteredPathway,
} from './control-plane.interface.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformAnswer } from './platform-answer.js';
import type { PlatformRequest } from './platform-request.interface.js';

export interface ControlPlaneClientOptions {
  readonly transport: HttpTransport;
  readonly authorization: Authorization;
  readonly tenant: string;
  /** Base URL of the control plane. */
  readonly host: string;
  /** How patiently a registration is tried. @default as the transport does */
  readonly retry?: Pick<PlatformRequest, 'maxAttempts' | 'backoff'>;
}

interface SendOptions extends Pick<PlatformRequest, 'maxAttempts' | 'backoff'> {
  readonly subject?: string;
  readonly body?: unknown;
  readonly signal: AbortSignal | undefined;
}

/** What is asked again soon anyway need not be tried for long. */
const ONCE = 1;
/** A boot and a queue of commands wait for these. */
const SHORT = 2;

/**
 * Registers a pathway, tells how its pumps are, and takes commands for them (protocol §7).
 *
 * Every method throws what `HttpTransport.request` throws, and PlatformResponseInvalidError for an answer of another shape.
 */
export class ControlPlaneClient {
  constructor(private readonly options: ControlPlaneClientOptions) {}

  /** Creates or replaces what is registered under a name. The same again changes nothing, so it is safe to repeat. */
  async register(
    name: string,
    body: PathwayRegistrationBody,
    signal?: AbortSignal,
  ): Promise<RegisteredPathway> {
    const answer = await this.send('pathway.register', 'PUT', `/pathways/by-name${pathOf(name)}`, {
      subject: `pathway "${name}"`,
      body,
      ...this.options.retry,
      signal,
    });
    const { pathwayId, status } = answer.object();
    return {
      pathwayId: answer.string(pathwayId, '$.pathwayId'),
      status: answer.string(status, '$.status'),
    };
  }

  /** Whether something is registered under a name. */
  async isRegistered(name: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.find('pathway.find', name, { ...this.options.retry, signal });
      return true;
    } catch (error) {
      if (error instanceof PlatformNotFoundError) return false;
      throw error;
    }
  }

  /** Whether delivery is paused; `undefined` when the control plane does not say (older ones). @throws PlatformNotFoundError */
  async delivery(name: string, signal?: AbortSignal): Promise<PathwayDelivery | undefined> {
    const answer = await this.find('pathway.delivery-state', name, { maxAttempts: SHORT, signal });
    const { deliveryState, deliveryPauseTargets: targets } = answer.object();
    if (deliveryState !== 'paused' && deliveryState !== 'active') return undefined;
    return {
      isPaused: deliveryState === 'paused',
      targets: targets == null ? undefined : answer.strings(targets, '$.deliveryPauseTargets'),
    };
  }

  async sendPulse(pulse: PumpPulse, signal?: AbortSignal): Promise<void> {
    const options = { subject: `flow type "${pulse.flowType}"`, body: pulse, maxAttempts: ONCE, signal };
    await this.send('pathway.pulse', 'POST', '/pump-pulse', options);
  }

  /** The commands that wait, oldest first. */
  async pendingCommands(pathwayId: string, signal?: AbortSignal): Promise<PendingCommand[]> {
    const path = `/pathways${pathOf(pathwayId)}/commands/pending`;
    const answer = await this.send('pathway.commands', 'GET', path, { maxAttempts: ONCE, signal });
    const commands = answer.array(answer.object()['commands'], '$.commands');
    return commands.map((command, at) => commandOf(answer, command, `$.commands[${at}]`));
  }

  async reportCommand(
    pathwayId: string,
    commandId: string,
    status: CommandStatus,
    signal?: AbortSignal,
  ): Promise<void> {
    const path = `/pathways${pathOf(pathwayId, 'commands', commandId)}/status`;
    const options = { subject: `command ${commandId}`, body: status, maxAttempts: SHORT, signal };
    await this.send('pathway.command-status', 'POST', path, options);
  }

  private find(
    operation: string,
    name: string,
    options: Pick<SendOptions, 'maxAttempts' | 'backoff' | 'signal'>,
  ): Promise<PlatformAnswer> {
    const query = new URLSearchParams({ tenant: this.options.tenant }).toString();
    const path = `/pathways/by-name${pathOf(name)}?${query}`;
    return this.send(operation, 'GET', path, { subject: `pathway "${name}"`, ...options });
  }

  private send(
    operation: string,
    method: PlatformRequest['method'],
    path: string,
    options: SendOptions,
  ): Promise<PlatformAnswer> {
    const { transport, authorization, host } = this.options;
    const { origin, prefix } = parseBaseUrl(host);
    const { subject, body, maxAttempts, backoff, signal } = options;
    const request: PlatformRequest = {
      operation,
      method,
      origin,
      path: `${prefix}/api/v1${path}`,
      authorization: authorization.rest,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(subject === undefined ? {} : { subject }),
      ...(maxAttempts === undefined ? {} : { maxAttempts }),
      ...(backoff === undefined ? {} : { backoff }),
    };
    return transport.request(request, signal);
  }
}

function commandOf(answer: PlatformAnswer, value: unknown, path: string): PendingCommand {
  const command = answer.record(value, path);
  return {
    id: nonEmpty(answer, command['id'], `${path}.id`),
    type: nonEmpty(answer, command['type'], `${path}.type`),
    position: command['position'],
    sourceFlowTypes: command['sourceFlowTypes'],
    stopAt: command['stopAt'],
  };
}

function nonEmpty(answer: PlatformAnswer, value: unknown, path: string): string {
  if (value === '') throw answer.invalid(path, 'a text', 'an empty one');
  return answer.string(value, path);
}
