/**
 * How long an application context takes to start, with no handlers and with 1,000.
 *
 *   npm run bench -- start
 */
import 'reflect-metadata';
import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnEvent as OnEmitted } from '@nestjs/event-emitter';
import { CommandHandler } from '@nestjs/cqrs';
import { OnEvent, Pathway } from 'nestjs-pathways';
import { cqrsModule, emitterModule, manyHandlers, offlinePathways } from './support/nest.fixtures.js';
import type { BenchSuite, Contender } from './support/suite.js';

const MANY = 1_000;

/** Classes are made before the clock starts: declaring them is not starting. */
function starting(name: string, role: Contender['role'], metadata: () => ModuleMetadata): Contender {
  return {
    name,
    role,
    make() {
      let modules: Type<object>[] = [];
      return {
        prepare(count) {
          modules = Array.from({ length: count }, () => {
            class AppModule {}
            Module(metadata())(AppModule);
            return AppModule;
          });
        },
        async run() {
          const times: number[] = [];
          for (const module of modules) {
            const startedAt = performance.now();
            const app = await NestFactory.createApplicationContext(module, { logger: false });
            times.push(performance.now() - startedAt);
            await app.close();
          }
          return { operations: modules.length, times };
        },
      };
    },
  };
}

function projectors(count: number): Type<object>[] {
  return manyHandlers(count, (index) => {
    class Payload {}
    Pathway({ flowType: `flow-${index % 50}.0`, eventType: `event-${index}.0` })(Payload);
    return OnEvent(Payload);
  });
}

const emitted = (count: number) => manyHandlers(count, (index) => OnEmitted(`event-${index}`));

function commandHandlers(count: number): Type<object>[] {
  return Array.from({ length: count }, () => {
    class Command {}
    class Handler {
      async execute(): Promise<void> {}
    }
    CommandHandler(Command)(Handler);
    return Handler;
  });
}

const ours = (name: string, count: number) =>
  starting(name, 'ours', () => ({ imports: [offlinePathways()], providers: projectors(count) }));

export const suite: BenchSuite = {
  title: 'Start',
  about: 'Nest application context, pumps off: what discovering and registering handlers costs.',
  cases: [
    {
      name: 'handlers',
      title: 'application context with',
      measures: 'latency',
      operation: 'start',
      count: 3,
      fixed: true,
      contenders: [
        starting('limit: an empty module', 'limit', () => ({})),
        ours('ours, no pathways', 0),
        ours('ours, 1,000 pathways', MANY),
        starting('@nestjs/event-emitter, 1,000 listeners', 'rival', () => ({
          imports: [emitterModule()],
          providers: emitted(MANY),
        })),
        starting('@nestjs/cqrs, 1,000 command handlers', 'rival', () => ({
          imports: [cqrsModule()],
          providers: commandHandlers(MANY),
        })),
      ],
      goals: [
        {
          what: 'what 1,000 pathways add to a start',
          atMost: 1_000,
          unit: ' ms',
          value: (result) => result('ours, 1,000 pathways').p50 - result('ours, no pathways').p50,
        },
      ],
    },
  ],
};
