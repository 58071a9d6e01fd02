// Stands in for the published package, which is not on every registry: the part of its documented interface that pull mode
// needs, over HTTP, with the weaknesses that are known of it (protocol §13.5 and §14.2). Written from those documents.
// What it does not have is what a test must not depend on.
import { setTimeout as sleep } from 'node:timers/promises';

const HOUR_MS = 3_600_000;

export class FlowcoreDataPump {
  /** Every one that was made; `refusal` makes the next ones fail at their start. For tests. */
  static made = [];
  static refusal;

  static create(configuration) {
    const { apiKey } = configuration.auth;
    if (apiKey.split('_').length !== 3) throw new Error(`The API key ${apiKey} is unusable`);
    const made = new FlowcoreDataPump(configuration);
    FlowcoreDataPump.made.push(made);
    return made;
  }

  isRunning = false;
  /** For tests: fetches, and hands out nothing (D8). */
  isMute = false;
  /** For tests: resolves when it may go on from the hours it listed to the current one. */
  beforeCurrentHour = Promise.resolve();
  stops = 0;
  pagesRead = 0;
  saved;
  #configuration;
  #buffer = [];
  #waiting;
  #onEnd;
  #failures = 0;

  constructor(configuration) {
    this.#configuration = configuration;
  }

  async start(onEnd) {
    if (this.isRunning) throw new Error('The data pump is already running');
    if (FlowcoreDataPump.refusal) throw FlowcoreDataPump.refusal;
    this.isRunning = true;
    this.#onEnd = onEnd;
    void this.#loop();
  }

  stop() {
    this.stops++;
    this.isRunning = false;
    this.#answer();
  }

  /** For tests: what the package does when its loop ends with an error. */
  end(error) {
    this.stop();
    this.#onEnd?.(error);
  }

  async reserve(most) {
    if (!this.isRunning) return [];
    if (this.#available().length === 0) await new Promise((resolve) => (this.#waiting = resolve));
    if (!this.isRunning) return [];
    const taken = this.#available().slice(0, most);
    for (const one of taken) one.isReserved = true;
    return taken.map(({ event }) => event);
  }

  async acknowledge(ids) {
    const last = this.#buffer.at(-1);
    this.#buffer = this.#buffer.filter(({ event }) => !ids.includes(event.eventId));
    // D1: the oldest event that is not finished, and a resume begins after it.
    const { eventId } = (this.#buffer[0] ?? last).event;
    this.saved = { eventId };
    await this.#configuration.stateManager.setState({ timeBucket: bucketOfId(eventId), eventId });
  }

  #available() {
    return this.isMute ? [] : this.#buffer.filter(({ isReserved }) => !isReserved);
  }

  #answer() {
    if (this.isRunning && this.#available().length === 0) return;
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async #loop() {
    const { logger } = this.#configuration;
    while (this.isRunning) {
      try {
        await this.#walk();
      } catch (error) {
        if (!this.isRunning) return;
        logger.error(`Fetching failed: ${error.message}`);
        await sleep(Math.min(20 * 2 ** this.#failures++, 500));
      }
    }
  }

  async #walk() {
    const { stateManager, notifier, bufferSize } = this.#configuration;
    const ids = await this.#eventTypeIds();
    const state = await stateManager.getState();
    const now = bucketOf(Date.now());
    // D3: listed once.
    const { timeBuckets } = await this.#get('/api/v1/time-buckets', { eventTypeId: ids, pageSize: 10_000 });
    const wanted = state?.timeBucket ?? now;
    let bucket = timeBuckets.find((listed) => listed >= wanted) ?? timeBuckets.at(-1) ?? now;
    // D12: an hour that takes the place of another is read from its beginning.
    const stored = bucket === wanted ? state?.eventId : undefined;
    let afterEventId = this.#buffer.at(-1)?.event.eventId ?? stored;
    let cursor;
    while (this.isRunning) {
      const pageSize = bufferSize - this.#buffer.length;
      if (pageSize <= 0) {
        await sleep(2);
        continue;
      }
      const place = cursor ? { cursor } : afterEventId ? { afterEventId } : {};
      const query = { eventTypeId: ids, timeBucket: bucket, pageSize, ...place };
      const page = await this.#get('/api/v1/events', query);
      this.#failures = 0;
      // D7: one payload that is no object makes the whole page unusable.
      if (page.events.some(({ payload }) => typeof payload !== 'object' || payload === null)) {
        throw new Error('The response is malformed: payload');
      }
      if (!this.isRunning) return;
      this.#buffer.push(...page.events.map((event) => ({ event, isReserved: false })));
      this.pagesRead++;
      afterEventId = page.events.at(-1)?.eventId ?? afterEventId;
      cursor = page.nextCursor;
      this.#answer();
      if (cursor) continue;
      const next = timeBuckets.find((listed) => listed > bucket);
      if (next) bucket = next;
      else {
        await this.beforeCurrentHour;
        // Also when it lists hours that have not begun.
        const current = bucketOf(Date.now());
        const isThere = bucket === current && page.events.length === 0;
        bucket = current;
        if (isThere) await sleep(Math.min(notifier.intervalMs, 1_000));
      }
    }
  }

  async #eventTypeIds() {
    const { tenant, dataCore, flowType, eventTypes } = this.#configuration.dataSource;
    const [core] = await this.#get('/api/v1/data-cores', { tenant, name: dataCore });
    const [flow] = await this.#get('/api/v1/flow-types', { dataCoreId: core.id, name: flowType });
    const known = await this.#get('/api/v1/event-types', { flowTypeId: flow.id });
    return eventTypes.map((name) => {
      const found = known.find((one) => one.name === name);
      if (!found) throw new Error(`The event type ${name} is unknown`);
      return found.id;
    });
  }

  async #get(path, query) {
    const { auth, baseUrlOverride } = this.#configuration;
    const url = new URL(path, baseUrlOverride);
    for (const [key, value] of Object.entries(query)) {
      for (const one of [value].flat()) url.searchParams.append(key, one);
    }
    const authorization = `ApiKey ${auth.apiKeyId}:${auth.apiKey}`;
    const answer = await fetch(url, { headers: { authorization } });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status} to ${auth.apiKey}`);
    return answer.json();
  }
}

function bucketOf(unixMs) {
  const hour = new Date(Math.floor(unixMs / HOUR_MS) * HOUR_MS).toISOString();
  return hour.replace(/\D/g, '').slice(0, 14);
}

function bucketOfId(id) {
  const ticks = BigInt(`0x${id.slice(15, 18)}${id.slice(9, 13)}${id.slice(0, 8)}`);
  return bucketOf(Number(ticks / 10_000n - 12_219_292_800_000n));
}
