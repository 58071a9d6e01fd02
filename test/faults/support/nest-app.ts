/**
 * A Nest application as users start it, for the shutdown test: Nest's own shutdown hooks, a server, and slow handlers of
 * which several run at once. It writes down when a handler begins and ends, and keeps its cursor in a file.
 *
 *   node --import tsx nest-app.ts <platform url> <folder> [event that brings SIGTERM] [event whose handler never settles]
 *
 * The signal comes from within: from outside, a busy machine would send it when everything is done.
 */
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsInt } from 'class-validator';
import { OnEvent, Pathway, PathwaysModule, type PathwayEvent } from '../../../lib/index.js';
import { FileCursorStore } from './file-cursor.store.js';

const HANDLING_MS = 100;
const [, , baseUrl = '', folder = '', signalAt, stuckAt] = process.argv;
const note = (what: 'begun' | 'ended', n: number) => appendFileSync(join(folder, what), `${n}\n`);

@Pathway({
  flowType: 'a.0',
  eventType: 'b.0',
  // No event waits for another.
  orderBy: (event: PathwayEvent<Numbered>) => String(event.payload.n),
})
class Numbered {
  @IsInt() n!: number;
}

@Injectable()
class SlowProjector {
  @OnEvent(Numbered)
  async project({ payload: { n } }: PathwayEvent<Numbered>): Promise<void> {
    note('begun', n);
    if (String(n) === signalAt) process.kill(process.pid, 'SIGTERM');
    // Deaf to the signal of its context, too.
    if (String(n) === stuckAt) await new Promise(() => {});
    await wait(HANDLING_MS);
    note('ended', n);
  }
}

@Module({
  imports: [
    PathwaysModule.forRoot({
      baseUrl,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_test',
      local: false,
      store: { cursors: new FileCursorStore(folder) },
      shutdownTimeoutMs: 2_000,
      // Without a limit: only the shutdown ends the handler that never settles.
      handlerTimeoutMs: 0,
      pump: { startFrom: 'beginning', concurrency: 4 },
    }),
  ],
  providers: [SlowProjector],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
