/**
 * How much longer a Nest application takes to start with 1,000 handled pathways than with none. Uses the build, because
 * Nest needs decorator metadata: `npm run build` first.
 *
 *   node --import tsx bench/start.bench.ts
 */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnEvent, Pathway, PathwaysModule } from 'nestjs-pathways';
import { median } from './support/side-by-side.js';

const ROUNDS = 5;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const times = { none: [] as number[], many: [] as number[] };
for (let round = 0; round <= ROUNDS; round++) {
  const none = await start(0);
  const many = await start(1_000);
  if (round > 0) {
    times.none.push(none);
    times.many.push(many);
  }
}
const show = (all: number[]) =>
  `${Math.round(median(all))} ms (${Math.round(Math.min(...all))} – ${Math.round(Math.max(...all))})`;
console.log(`start with no pathways ${show(times.none)}, with 1,000 ${show(times.many)}`);
process.exit(0);

async function start(count: number): Promise<number> {
  const providers = Array.from({ length: count }, (_, index) => providerFor(index));
  class AppModule {}
  // Nothing is pulled: the question is what discovering and registering cost.
  Module({
    imports: [
      PathwaysModule.forRoot({ logger: quiet, local: false, baseUrl: 'http://127.0.0.1:9', pump: false }),
    ],
    providers,
  })(AppModule);
  const startedAt = performance.now();
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  const time = performance.now() - startedAt;
  await app.close();
  return time;
}

function providerFor(index: number): new () => object {
  class Payload {}
  Pathway({ flowType: `flow-${index % 50}.0`, eventType: `event-${index}.0` })(Payload);
  class Handler {
    handle(): void {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(Handler.prototype, 'handle') as PropertyDescriptor;
  OnEvent(Payload)(Handler.prototype, 'handle', descriptor);
  Injectable()(Handler);
  return Handler;
}
