import type { FlowcoreClient } from '../platform/flowcore-client.js';
import type { NotificationSource } from '../platform/notification-source.interface.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** What the engine's pumps listen to. @throws OptionalPackageMissingError */
export function notificationSourceOf(
  { pump, pumpEnabled, clock, logger }: ResolvedEngineOptions,
  { notifications, resources }: FlowcoreClient,
): NotificationSource {
  // A process without pumps needs none of what a notifier loads.
  if (!pumpEnabled || typeof pump.notifier === 'string') return notifications;
  const dataCoreId = async (signal: AbortSignal) =>
    resources.givenDataCoreId ?? (await resources.dataCore(signal)).id;
  return pump.notifier.createNotifier({ dataCoreId, clock, logger });
}
