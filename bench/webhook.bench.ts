/**
 * Events posted to the webhook over HTTP by autocannon, beside a bare Nest controller with the same body on the same adapter.
 * The measured process is the server; the load is in another.
 *
 *   npm run bench -- webhook
 */
import 'reflect-metadata';
import { Body, Controller, HttpCode, Module, Post, type Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Bench } from './support/bench.js';
import type { LoadAnswer, LoadOrder } from './support/load.child.js';
import { offlinePathways, PlainProjector } from './support/nest.fixtures.js';
import type { BenchCase, BenchSuite, Contender, Subject } from './support/suite.js';

const SECRET = 'bench-secret';
const PATH = 'pathways/events';
const CONNECTIONS = 32;
const BARE = 'limit: a bare Nest controller with the same body';
const OURS = 'ours';

@Controller(PATH)
class BareController {
  @Post()
  @HttpCode(200)
  async take(@Body() body: { eventId: string }): Promise<object> {
    return { success: true, eventId: body.eventId };
  }
}

const bare = () => ({ controllers: [BareController] });
const pathways = () => ({
  imports: [offlinePathways({ webhook: { secrets: SECRET, path: PATH } })],
  providers: [PlainProjector],
});

function contender(
  name: string,
  role: Contender['role'],
  metadata: () => object,
  adapter: () => AbstractHttpAdapter,
): Contender {
  return {
    name,
    role,
    async make(bench: Bench): Promise<Subject> {
      const AppModule: Type<object> = class {};
      Module(metadata())(AppModule);
      const app = await NestFactory.create(AppModule, adapter(), { logger: false });
      await app.listen(0, '127.0.0.1');
      bench.onEnd(() => app.close());
      const url = `${await app.getUrl()}/${PATH}`;
      const child = await bench.child('load.child.js');
      return {
        async run(count) {
          const order: LoadOrder = {
            url,
            headers: { 'x-webhook-secret': SECRET },
            count,
            connections: CONNECTIONS,
          };
          const { sent, failed, p50, p99, longest } = await child.ask<LoadAnswer>(order);
          if (failed > 0) throw new Error(`${failed} of ${sent} posts were not answered with 200`);
          return { operations: sent, times: [p50, p50, p99, longest] };
        },
      };
    },
  };
}

function on(name: string, title: string, adapter: () => AbstractHttpAdapter): BenchCase {
  return {
    name,
    title,
    measures: 'rate',
    operation: 'post',
    count: 3_000,
    contenders: [contender(BARE, 'limit', bare, adapter), contender(OURS, 'ours', pathways, adapter)],
    goals: [
      {
        what: 'ours over the bare controller',
        atLeast: 0.85,
        value: (result) => result(OURS).rate / result(BARE).rate,
      },
    ],
  };
}

export const suite: BenchSuite = {
  title: 'Webhook over HTTP',
  about: `One event a post, ${CONNECTIONS} connections of autocannon in a process of its own, no-op handler, memory store, distinct events. Processor time and memory are the server's.`,
  cases: [
    on('express', 'Express', () => new ExpressAdapter()),
    on('fastify', 'Fastify', () => new FastifyAdapter()),
  ],
};
