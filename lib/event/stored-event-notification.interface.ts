/** "An event was stored", without its payload (protocol §6.1). */
export interface StoredEventNotification {
  readonly eventId: string;
  readonly flowType: string;
  readonly eventType: string;
}
