/**
 * Handlers in a Nest application: ours, and events inside of a process by @nestjs/event-emitter and @nestjs/cqrs.
 *
 *   npm run bench -- nest
 */
import 'reflect-metadata';
import { Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, EventBus } from '@nestjs/cqrs';
import { EventEmitter2 } from '@nestjs/event-emitter';
import type { INestApplicationContext } from '@nestjs/common';
import { getEngineToken, type FlowcoreEvent, type PathwaysEngine } from 'nestjs-pathways';
import type { Bench } from './support/bench.js';
import { oneByOne } from './support/drive.js';
import { PATHWAY, processed } from './support/engine.js';
import { EventMaker } from './support/events.js';
import {
  cqrsModule,
  DoneCommand,
  DoneCommandHandler,
  DoneEvent,
  DoneEventHandler,
  EMITTED,
  EmittedListener,
  emitterModule,
  EnhancedProjector,
  offlinePathways,
  PlainProjector,
  RequestEmittedListener,
  RequestProjector,
} from './support/nest.fixtures.js';
import type { BenchSuite, Contender, Subject } from './support/suite.js';

type Handle = (event: FlowcoreEvent) => unknown;

function contender(
  name: string,
  role: Contender['role'],
  metadata: () => ModuleMetadata,
  handlerOf: (app: INestApplicationContext) => Handle,
): Contender {
  return {
    name,
    role,
    async make(bench: Bench): Promise<Subject> {
      class AppModule {}
      Module(metadata())(AppModule);
      const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
      bench.onEnd(() => app.close());
      const handle = handlerOf(app);
      const maker = new EventMaker([PATHWAY]);
      let events: FlowcoreEvent[] = [];
      return {
        prepare: (count) => void (events = maker.next(count)),
        run: () => oneByOne(events, handle),
      };
    },
  };
}

function ours(name: string, projector: new (...parameters: never[]) => object): Contender {
  return contender(
    name,
    'ours',
    () => ({ imports: [offlinePathways()], providers: [projector] }),
    (app) => {
      const engine = app.get<PathwaysEngine>(getEngineToken());
      return (event) => processed(engine, event);
    },
  );
}

function emitter(name: string, listener: new (...parameters: never[]) => object): Contender {
  return contender(
    name,
    'rival',
    () => ({ imports: [emitterModule()], providers: [listener] }),
    (app) => {
      const events = app.get(EventEmitter2);
      return ({ payload }) => events.emitAsync(EMITTED, payload);
    },
  );
}

const eventBus = contender(
  '@nestjs/cqrs, event bus',
  'rival',
  () => ({ imports: [cqrsModule()], providers: [DoneEventHandler] }),
  (app) => {
    const bus = app.get(EventBus);
    return ({ payload }) => void bus.publish(new DoneEvent(payload));
  },
);

const commandBus = contender(
  '@nestjs/cqrs, command bus',
  'rival',
  () => ({ imports: [cqrsModule()], providers: [DoneCommandHandler] }),
  (app) => {
    const bus = app.get(CommandBus);
    return ({ payload }) => bus.execute(new DoneCommand(payload));
  },
);

export const suite: BenchSuite = {
  title: 'Handlers in a Nest application',
  about:
    'No-op handler, no schema, one after the other. Rivals call listeners inside of the process and keep nothing: no deduplication, no retries, no order, no dead letters. The event bus of @nestjs/cqrs tells nobody when its handlers are done, so what is measured there is publishing.',
  cases: [
    {
      name: 'plain',
      title: 'handler without enhancers',
      measures: 'rate',
      count: 10_000,
      contenders: [
        emitter('@nestjs/event-emitter, emitAsync', EmittedListener),
        eventBus,
        commandBus,
        ours('ours', PlainProjector),
      ],
    },
    {
      name: 'enhanced',
      title: 'handler with a guard and an interceptor',
      measures: 'rate',
      count: 5_000,
      contenders: [ours('ours, without them', PlainProjector), ours('ours', EnhancedProjector)],
    },
    {
      name: 'request-scope',
      title: 'handler of a request-scoped provider',
      measures: 'rate',
      count: 2_000,
      contenders: [
        emitter('@nestjs/event-emitter, emitAsync', RequestEmittedListener),
        ours('ours', RequestProjector),
      ],
    },
  ],
};
