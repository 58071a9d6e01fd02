import {
  Body,
  Controller,
  Injectable,
  Module,
  Post,
  VersioningType,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { OnEvent, Pathway, PathwaysModule, silentLogger, type PathwayEvent } from 'nestjs-pathways';
import { Apps, offline, storedEvent } from './support/app.js';

@Pathway({ flowType: 'file.0', eventType: 'file.stored.0', maxRetries: 0 })
class FileStored {
  text!: string;
}

@Injectable()
class Files {
  readonly sizes: number[] = [];
  @OnEvent(FileStored) add(event: PathwayEvent<FileStored>): void {
    this.sizes.push(event.payload.text.length);
  }
}

@Controller('other')
class Other {
  @Post() echo(@Body() body: { text?: string }): { size: number } {
    return { size: body.text?.length ?? -1 };
  }
}

interface MaybeFastify {
  addHook?(name: 'preHandler', hook: (request: Seen, reply: unknown, done: () => void) => void): void;
}
interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body?: unknown;
}

const MiB = 1024 * 1024;
const webhook = { secrets: 's', maxBodyBytes: 3 * MiB };
const apps = new Apps();
afterEach(() => apps.close());

const file = (size: number, fill = 'x') => storedEvent('file.0/file.stored.0', { text: fill.repeat(size) });

async function post(
  app: INestApplication,
  path: string,
  body: string | Buffer | ReadableStream,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${await app.getUrl()}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-secret': 's', ...headers },
    body: body as string,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const)('webhook body on %s', (_, adapter) => {
  async function testing(configure: (app: INestApplication) => void = () => {}): Promise<INestApplication> {
    const module = await Test.createTestingModule({
      imports: [offline({ webhook })],
      controllers: [Other],
      providers: [Files],
    }).compile();
    const app = apps.add(
      module.createNestApplication<INestApplication>(adapter() as never, { logger: false }),
    );
    configure(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  it.each(['in one piece', 'in chunks'])(
    'that comes %s is there with its headers for guards and interceptors',
    async (how) => {
      const seen: IncomingHttpHeaders[] = [];
      const bodies: unknown[] = [];
      const see = ({ headers, body }: Seen) => {
        seen.push({ ...headers });
        bodies.push(body);
      };
      const app = await testing((each) => {
        each.useGlobalGuards({
          canActivate(context) {
            if (context.getType() === 'http') see(context.switchToHttp().getRequest<IncomingMessage>());
            return true;
          },
        });
        // Fastify's own hooks run before anything of Nest, in the same turn as its parsers.
        const fastify: MaybeFastify = each.getHttpAdapter().getInstance();
        fastify.addHook?.('preHandler', (request, _reply, done) => {
          see(request);
          done();
        });
      });
      const event = file(10);
      const text = JSON.stringify(event);
      const chunked = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
      expect((await post(app, 'pathways/events', how === 'in chunks' ? chunked : text)).status).toBe(200);
      expect(new Set(bodies.map((body) => JSON.stringify(body)))).toEqual(new Set([text]));
      const length = how === 'in chunks' ? undefined : String(Buffer.byteLength(text));
      expect(seen.length).toBeGreaterThan(0);
      for (const headers of seen) {
        expect([headers['content-type'], headers['content-length']]).toEqual(['application/json', length]);
        expect(headers['transfer-encoding']).toBe(how === 'in chunks' ? 'chunked' : undefined);
      }
    },
  );

  it('up to maxBodyBytes is accepted, whatever the limit of the adapter', async () => {
    const app = await testing();
    expect((await post(app, 'pathways/events', JSON.stringify(file(2 * MiB)))).status).toBe(200);
    expect(app.get(Files).sizes).toEqual([2 * MiB]);
  });

  it('the same in an application made by NestFactory, with options from a factory', async () => {
    @Module({
      imports: [
        PathwaysModule.forRootAsync({
          webhook: { path: 'in' },
          useFactory: () => Promise.resolve({ local: false, pump: false, logger: silentLogger, webhook }),
        }),
      ],
      providers: [Files],
    })
    class Root {}
    const app = apps.add(
      await NestFactory.create<INestApplication>(Root as Type, adapter() as never, { logger: false }),
    );
    await app.listen(0, '127.0.0.1');
    expect((await post(app, 'in', JSON.stringify(file(2 * MiB)))).status).toBe(200);
    expect((await post(app, 'in', JSON.stringify(file(4 * MiB)))).status).toBe(413);
  });

  it.each([
    ['announced', (text: string) => text],
    ['chunked', (text: string) => new Blob([text]).stream()],
  ])('an %s body above it is refused with our 413, and the next request is served', async (_how, make) => {
    const app = await testing();
    expect(await post(app, 'pathways/events', make(JSON.stringify(file(4 * MiB))))).toMatchObject({
      status: 413,
      body: { statusCode: 413, code: 'PATHWAYS_WEBHOOK_BODY_TOO_LARGE' },
    });
    expect((await post(app, 'pathways/events', JSON.stringify(file(1)))).status).toBe(200);
  });

  it.each([['{"eventId": "x"'], ['not json'], ['']])('the body %j is refused with our 400', async (body) => {
    const app = await testing();
    expect(await post(app, 'pathways/events', body)).toMatchObject({
      status: 400,
      body: { statusCode: 400, code: 'PATHWAYS_EVENT_MALFORMED' },
    });
  });

  it('of an array of 1,000 events none is lost, repeated or handled out of order, and each has its result', async () => {
    const app = await testing();
    const events = Array.from({ length: 1_000 }, (_item, at) => file(at + 1));
    const { status, body } = await post(app, 'pathways/events', JSON.stringify(events));
    expect(status).toBe(200);
    expect(app.get(Files).sizes).toEqual(events.map((_item, at) => at + 1));
    expect(body['results']).toEqual(
      events.map(({ eventId }) => expect.objectContaining({ eventId, success: true })),
    );
  });

  it('an array of 1,001 events is refused before one of them is handled', async () => {
    const app = await testing();
    const events = Array.from({ length: 1_001 }, () => file(1));
    expect(await post(app, 'pathways/events', JSON.stringify(events))).toMatchObject({
      status: 400,
      body: { code: 'PATHWAYS_EVENT_MALFORMED', message: expect.stringContaining('the limit is 1000') },
    });
    expect(app.get(Files).sizes).toEqual([]);
  });

  it('letters outside ASCII arrive whole, also when a chunk ends inside one', async () => {
    const app = await testing();
    const bytes = new TextEncoder().encode(JSON.stringify(file(100_000, '€')));
    const stream = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 10_001) controller.enqueue(bytes.slice(at, at + 10_001));
        controller.close();
      },
    });
    expect((await post(app, 'pathways/events', stream)).status).toBe(200);
    expect(app.get(Files).sizes).toEqual([100_000]);
  });

  it('it is found behind a global prefix and a version in the path', async () => {
    const app = await testing((application) => {
      application.setGlobalPrefix('api');
      application.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
    });
    expect((await post(app, 'api/v1/pathways/events', JSON.stringify(file(2 * MiB)))).status).toBe(200);
  });

  it('other routes keep the parser and the limit of the application', async () => {
    const app = await testing();
    expect((await post(app, 'other', JSON.stringify({ text: 'abc' }))).body).toEqual({ size: 3 });
    expect((await post(app, 'other', JSON.stringify({ text: 'x'.repeat(2 * MiB) }))).status).toBe(413);
  });
});

it('a compressed body is left to the parser of Express', async () => {
  const module = await Test.createTestingModule({
    imports: [offline({ webhook })],
    providers: [Files],
  }).compile();
  const app = apps.add(
    module.createNestApplication<INestApplication>(new ExpressAdapter(), { logger: false }),
  );
  await app.listen(0, '127.0.0.1');
  const body = gzipSync(JSON.stringify(file(1000)));
  expect((await post(app, 'pathways/events', body, { 'content-encoding': 'gzip' })).status).toBe(200);
  expect(app.get(Files).sizes).toEqual([1000]);
});
