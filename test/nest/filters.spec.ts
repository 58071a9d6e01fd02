import {
  Catch,
  ForbiddenException,
  Injectable,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OnEvent,
  PathwaysExecutionContext,
  Payload,
  silentLogger,
  UnrecoverableEventError,
} from 'nestjs-pathways';
import { Apps, deliver, offline } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };

describe('exception filters', () => {
  class Boom extends Error {}

  function filter(catches: (error: Error, host: ArgumentsHost) => unknown): new () => ExceptionFilter {
    @Catch(Boom)
    class BoomFilter implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): unknown {
        return catches(error, host);
      }
    }
    return BoomFilter;
  }

  async function failingUnder(filterClass: new () => ExceptionFilter, thrown: Error = new Boom('boom')) {
    const warnings: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseFilters(filterClass) project(): void {
        throw thrown;
      }
    }
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const app = await apps.init(
      await Test.createTestingModule({ imports: [offline({ logger })], providers: [Projector] }).compile(),
    );
    const outcomes = [await deliver(app, ORDER_PLACED, order), await deliver(app, ORDER_PLACED, order)];
    const { error } = outcomes[0] as { error?: Error };
    return { outcomes: outcomes.map(({ status }) => status), error, warnings };
  }

  it('one that returns a value has handled the failure; that is said once', async () => {
    const { outcomes, warnings } = await failingUnder(filter(() => 'handled'));
    expect(outcomes).toEqual(['processed', 'processed']);
    expect(warnings.filter((line) => line.includes('Projector.project returned a value'))).toHaveLength(1);
  });

  it.each([
    ['synchronous', () => undefined],
    ['asynchronous', () => Promise.resolve()],
  ])('a %s one that returns nothing has not: the event fails with its own error', async (_, catches) => {
    const { outcomes, error, warnings } = await failingUnder(filter(catches));
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(Boom);
    expect(warnings).toEqual([]);
  });

  it('one that throws another error decides how the event fails, and sees event and context', async () => {
    let event: unknown;
    const { outcomes, error } = await failingUnder(
      filter((caught, host) => {
        ({ event } = PathwaysExecutionContext.of(host));
        throw new UnrecoverableEventError(`never: ${caught.message}`);
      }),
    );
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(UnrecoverableEventError);
    expect(event).toMatchObject({ payload: order });
  });

  it('one for other errors changes nothing', async () => {
    const { outcomes, error } = await failingUnder(
      filter(() => 'handled'),
      new RangeError('other'),
    );
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(RangeError);
  });

  it('a global one catches what a guard throws', async () => {
    const caught: string[] = [];
    @Catch(ForbiddenException)
    class Forbidden implements ExceptionFilter {
      catch(error: Error): void {
        caught.push(error.constructor.name);
      }
    }
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseGuards(Never) project(): void {}
    }
    const app = await apps.start({ providers: [Projector, { provide: APP_FILTER, useClass: Forbidden }] });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    expect(caught).toEqual(['ForbiddenException']);
  });

  it('one catches the error of a handler with parameter decorators', async () => {
    const caught: string[] = [];
    const note = (error: Error) => caught.push(error.message);
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced)
      @UseFilters(filter(note))
      project(@Payload('total') total: number): void {
        if (total < 0) throw new Boom('negative');
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, { ...order, total: -1 })).toEqual({ status: 'processed' });
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(caught).toEqual(['negative']);
  });
});
