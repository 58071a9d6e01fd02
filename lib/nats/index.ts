export { natsNotifier } from './nats.notifier.js';
export { type NatsCredentials, type NatsNotifierOptions } from './nats-notifier.options.js';
