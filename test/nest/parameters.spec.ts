import {
  createParamDecorator,
  Injectable,
  ParseIntPipe,
  Query,
  ValidationPipe,
  type ArgumentsHost,
  type ExecutionContext,
} from '@nestjs/common';
import { IsInt, Min } from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CurrentEvent,
  EventContext,
  EventMetadata,
  OnEvent,
  PathwaysExecutionContext,
  Payload,
  type PathwayEvent,
} from 'nestjs-pathways';
import { Apps, deliver } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };

describe('parameters and pipes', () => {
  it('parameter decorators fill the parameters, custom ones included', async () => {
    const Tenant = createParamDecorator(
      (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).event.tenant,
    );
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(
        @EventContext() context: EventContext,
        @Payload() payload: OrderPlaced,
        @Payload('orderId') orderId: string,
        @EventMetadata() metadata: Record<string, unknown>,
        @EventMetadata('source') source: string,
        @CurrentEvent() event: PathwayEvent<OrderPlaced>,
        @Tenant() tenant: string,
      ): void {
        seen.push(context.pathway, payload, orderId, metadata, source, event.payload, tenant);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, order, { metadata: { source: 'web' } });
    expect(seen).toEqual([ORDER_PLACED, order, 'o-1', { source: 'web' }, 'web', order, 'acme']);
  });

  it('a ValidationPipe on @Payload really validates', async () => {
    class Large {
      @IsInt() @Min(100) total!: number;
    }
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Payload(new ValidationPipe({ transform: true })) payload: Large): void {
        seen.push(payload);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    await deliver(app, ORDER_PLACED, { ...order, total: 100 });
    expect(seen).toEqual([{ ...order, total: 100 }]);
    expect(seen[0]).toBeInstanceOf(Large);
  });

  it('a pipe on one property transforms it', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Payload('orderId', ParseIntPipe) orderId: number): void {
        seen.push(orderId);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, { ...order, orderId: '42' });
    expect(seen).toEqual([42]);
  });

  it('a parameter decorator of HTTP routes is refused at start instead of injecting undefined', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Query('x') _x: string): void {}
    }
    await expect(apps.start({ providers: [Projector] })).rejects.toThrow(
      /Projector\.project: uses a parameter decorator of HTTP/,
    );
  });

  it('PathwaysExecutionContext refuses the context of something else', () => {
    const host = { getType: () => 'http', getArgs: () => [{}, {}] } as unknown as ArgumentsHost;
    expect(PathwaysExecutionContext.isPathways(host)).toBe(false);
    expect(() => PathwaysExecutionContext.of(host)).toThrow(/type "http"/);
  });
});
