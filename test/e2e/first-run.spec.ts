import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { IsNumber, IsString } from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import {
  DeadLetters,
  OnEvent,
  Pathway,
  PathwayHandlerFailedError,
  PathwaysModule,
  PathwayWriter,
  PumpManager,
  type PathwayEvent,
} from 'nestjs-pathways';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0', maxRetries: 0 })
class OrderPlaced {
  @IsString() orderId!: string;
  @IsNumber() total!: number;
}

@Injectable()
class Projector {
  readonly seen: PathwayEvent<OrderPlaced>[] = [];
  constructor(readonly deadLetters: DeadLetters) {}

  @OnEvent(OrderPlaced)
  project(event: PathwayEvent<OrderPlaced>): void {
    if (event.payload.total < 0) throw new Error('a total cannot be negative');
    this.seen.push(event);
  }
}

describe('one event through the whole house', () => {
  let app: TestingModule;
  afterEach(() => app?.close());

  async function start(): Promise<{ writer: PathwayWriter; projector: Projector; pumps: PumpManager }> {
    app = await Test.createTestingModule({
      imports: [PathwaysModule.forRoot()],
      providers: [Projector],
    }).compile();
    await app.init();
    return { writer: app.get(PathwayWriter), projector: app.get(Projector), pumps: app.get(PumpManager) };
  }

  it('a waiting write resolves when its handler has run', async () => {
    const { writer, projector } = await start();
    const eventId = await writer.write(OrderPlaced, {
      data: { orderId: 'o-1', total: 3 },
      metadata: { source: 'test ✓' },
    });
    expect(projector.seen.map((event) => event.eventId)).toEqual([eventId]);
    expect(projector.seen[0]?.payload).toBeInstanceOf(OrderPlaced);
    expect(projector.seen[0]?.metadata).toEqual({ source: 'test ✓' });
  });

  it('a batch larger than the limit is stored and handled in order', async () => {
    const { writer, projector } = await start();
    const data = Array.from({ length: 60 }, (_, total) => ({ orderId: `o-${total}`, total }));
    const eventIds = await writer.write(OrderPlaced, { batch: true, data });
    expect(projector.seen.map((event) => event.eventId)).toEqual(eventIds);
    expect(projector.seen.map((event) => event.payload.total)).toEqual(data.map(({ total }) => total));
  });

  it('a handler that fails rejects the waiting write and leaves a dead letter; the next event is handled', async () => {
    const { writer, projector } = await start();
    await expect(writer.write(OrderPlaced, { data: { orderId: 'bad', total: -1 } })).rejects.toThrow(
      PathwayHandlerFailedError,
    );
    await writer.write(OrderPlaced, { data: { orderId: 'good', total: 1 } });
    expect(projector.seen.map((event) => event.payload.orderId)).toEqual(['good']);
    expect((await projector.deadLetters.list()).letters).toMatchObject([
      { reason: 'failed', attempts: [{ message: 'a total cannot be negative' }] },
    ]);
  });

  it('an invalid payload is refused with every problem before anything is sent', async () => {
    const { writer, pumps } = await start();
    const data = { orderId: 7, total: 'x' } as unknown as OrderPlaced;
    await expect(writer.write(OrderPlaced, { data })).rejects.toThrow(
      /orderId must be a string; total: total must be a number/,
    );
    await pumps.drain();
    expect(pumps.status()[0]?.counters.fetched).toBe(0);
  });
});
