/**
 * The notification sockets (protocol §6.1). A socket is, in this order:
 *
 *   refused      never opens: no API key, or a fault
 *   silent       open, gets nothing; until it subscribes
 *   subscribed   gets a frame per stored event that fits; a new subscription frame replaces the old one
 *   half-open    by a fault: open, gets nothing for ever, not even pings
 *   closed       by either side, by the heartbeat when the peer answers no ping, or because it reads too slowly
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { StoredEvent } from './event.ingestor.js';
import type { FaultRegistry } from './fault.registry.js';
import type { SocketFaultOptions } from './faults.interface.js';
import {
  notificationFrame,
  parseSubscription,
  type Subscription,
  subscriptionFits,
} from './notification-frame.util.js';

/** Above this many unsent bytes a subscriber counts as dead; the events themselves are safe in the log. */
const MAX_BUFFERED_BYTES = 16_000_000;

const MAX_SUBSCRIPTION_BYTES = 64_000;

interface Peer {
  readonly socket: WebSocket;
  subscription?: Subscription;
  isAlive: boolean;
  isHalfOpen: boolean;
}

export class NotificationHub {
  private readonly server = new WebSocketServer({
    noServer: true,
    autoPong: false,
    maxPayload: MAX_SUBSCRIPTION_BYTES,
  });
  private readonly peers = new Set<Peer>();
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    private readonly faults: FaultRegistry,
    heartbeatIntervalMs: number,
  ) {
    // Real time, not the injected clock: a test that lets an hour pass must not look like an hour without a pong.
    this.heartbeat = setInterval(() => this.beat(), heartbeatIntervalMs);
    this.heartbeat.unref();
    faults.onSocketFault((fault) => this.strikeOpenSockets(fault));
  }

  get openSockets(): number {
    return this.peers.size;
  }

  /** Takes over an authorised upgrade request. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.server.handleUpgrade(request, socket, head, (webSocket) => this.welcome(webSocket));
  }

  /** Sends what subscribers asked for. Call it after the events became readable. */
  announce(events: readonly StoredEvent[]): void {
    for (const event of events) {
      if (this.faults.losesNotification(event.flowType, event.eventType)) continue;
      let frame: string | undefined;
      for (const peer of this.peers) {
        if (peer.isHalfOpen || !peer.subscription || !subscriptionFits(peer.subscription, event)) continue;
        frame ??= notificationFrame(event);
        if (peer.socket.bufferedAmount > MAX_BUFFERED_BYTES) peer.socket.terminate();
        else peer.socket.send(frame);
      }
    }
  }

  close(): void {
    clearInterval(this.heartbeat);
    for (const { socket } of this.peers) socket.terminate();
    this.server.close();
  }

  private welcome(socket: WebSocket): void {
    const isHalfOpen = this.faults.takeSocketFault('socket-half-open') !== undefined;
    const peer: Peer = { socket, isAlive: true, isHalfOpen };
    this.peers.add(peer);
    socket.on('close', () => this.peers.delete(peer));
    // Without a listener a broken frame would end the process; `close` follows and removes the peer.
    socket.on('error', () => undefined);
    socket.on('pong', () => (peer.isAlive = true));
    socket.on('ping', (data) => {
      if (!peer.isHalfOpen) socket.pong(data);
    });
    socket.on('message', (data) => this.subscribe(peer, data.toString()));
  }

  private subscribe(peer: Peer, text: string): void {
    if (peer.isHalfOpen) return;
    const parsed = parseSubscription(text);
    if ('rejection' in parsed) return peer.socket.send(parsed.rejection);
    const closing = this.faults.takeSocketFault('socket-closed');
    if (closing) return peer.socket.close(closing.code ?? 1011);
    peer.subscription = parsed.subscription;
  }

  private strikeOpenSockets({ kind }: SocketFaultOptions): void {
    for (const peer of this.peers) {
      if (kind === 'socket-half-open' && !peer.isHalfOpen) {
        if (!this.faults.takeSocketFault(kind)) return;
        peer.isHalfOpen = true;
      } else if (kind === 'socket-closed') {
        const fault = this.faults.takeSocketFault(kind);
        if (!fault) return;
        peer.socket.close(fault.code ?? 1011);
      }
    }
  }

  private beat(): void {
    for (const peer of this.peers) {
      if (peer.isHalfOpen) continue;
      if (!peer.isAlive) {
        peer.socket.terminate();
        continue;
      }
      peer.isAlive = false;
      peer.socket.ping();
    }
  }
}
