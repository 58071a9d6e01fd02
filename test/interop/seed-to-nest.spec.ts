import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { PathwaysBuilder } from '@flowcore/pathways';
import { IsEmail, IsString } from 'class-validator';
import {
  OnEvent,
  Pathway,
  PathwaysEngine,
  PathwaysModule,
  silentLogger,
  type PathwayEvent,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seedBlocksOf } from '../../scripts/support/seed-blocks.js';

// The first example of the reference client's README, run by the reference client itself: nothing in it is another but the
// address of the platform. What it writes, a Nest application of this library handles.

const PAGE = 'test/seed/README.txt';
const user = { id: 'u-1', name: 'Ada 🚀', email: 'ada@example.com' };
const FORGET = { fireAndForget: true };

@Pathway({ flowType: 'user', eventType: 'created', maxRetries: 0 })
class UserCreated {
  @IsString() id!: string;
  @IsString() name!: string;
  @IsEmail() email!: string;
}

@Injectable()
class Welcome {
  readonly events: PathwayEvent<UserCreated>[] = [];

  @OnEvent(UserCreated) greet(event: PathwayEvent<UserCreated>): void {
    this.events.push(event);
  }
}

let local: LocalFlowcore;
let folder: string;
let app: TestingModule | undefined;

beforeEach(async () => {
  local = await startLocalFlowcore();
  mkdirSync('.build', { recursive: true });
  folder = mkdtempSync(join('.build', 'seed-to-nest-'));
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await local.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The builder of the example. */
async function gettingStarted(): Promise<PathwaysBuilder> {
  const example = seedBlocksOf(PAGE, readFileSync(PAGE, 'utf8')).find(
    ({ code }) => code.includes('const userSchema') && code.includes('.handle("user/created"'),
  );
  if (!example?.code.includes('https://api.flowcore.io'))
    throw new Error('The page begins with another example');
  const file = join(process.cwd(), folder, 'example.ts');
  writeFileSync(
    file,
    `${example.code.replace('https://api.flowcore.io', local.url)}\nexport { pathways };\n`,
  );
  const made = (await import(/* @vite-ignore */ file)) as {
    pathways: PathwaysBuilder;
  };
  return made.pathways;
}

async function startApp(): Promise<Welcome> {
  app = await Test.createTestingModule({
    imports: [
      PathwaysModule.forRoot({
        baseUrl: local.url,
        tenant: 'your-tenant',
        dataCore: 'your-data-core',
        apiKey: 'your-api-key',
        logger: silentLogger,
        pump: { startFrom: 'beginning' },
      }),
    ],
    providers: [Welcome],
  }).compile();
  await app.init();
  return app.get(Welcome);
}

it('what the builder of the first example writes, one event and a batch, a Nest application handles', async () => {
  const pathways = await gettingStarted();
  const before = await pathways.write('user/created' as never, { data: user, options: FORGET } as never);
  const welcome = await startApp();
  const data = Array.from({ length: 30 }, (_, n) => ({ ...user, id: `u-${n + 2}` }));
  const metadata = { 'correlation-id': 'c-1', place: 'Þórshöfn 🐑' };
  const batch = await pathways.write(
    'user/created' as never,
    { batch: true, data, metadata, options: FORGET } as never,
  );
  await app?.get(PathwaysEngine).pumps.drain();
  const { events } = welcome;
  expect(events.map(({ eventId }) => eventId)).toEqual([before, ...(batch as unknown as string[])]);
  expect(events.map(({ payload }) => ({ ...payload }))).toEqual([user, ...data]);
  expect(events.every(({ payload }) => payload instanceof UserCreated)).toBe(true);
  expect(events.map((event) => event.metadata)).toEqual([{}, ...data.map(() => metadata)]);
});
