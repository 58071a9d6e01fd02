import {
  Body,
  Controller,
  Injectable,
  Post,
  RequestMethod,
  VersioningType,
  type INestApplication,
} from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { OnEvent, Pathway } from 'nestjs-pathways';
import { Apps, offline, storedEvent } from './support/app.js';

@Pathway({ flowType: 'file.0', eventType: 'file.stored.0', maxRetries: 0 })
class FileStored {}

@Injectable()
class Files {
  seen = 0;
  @OnEvent(FileStored) add(): void {
    this.seen++;
  }
}

/** Ends like the webhook, and is none. */
@Controller(['calendar/events', 'api/v2/events'])
class Calendar {
  @Post() add(@Body() body: { title?: string }): { length: number } {
    return { length: body.title?.length ?? -1 };
  }
}

const MAX = 2_000;
const apps = new Apps();
afterEach(() => apps.close());

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const)('routes beside the webhook on %s', (_, adapter) => {
  async function start(
    configure: (app: INestApplication) => void = () => {},
    ...named: string[]
  ): Promise<INestApplication> {
    const webhook = { secrets: 's', path: 'events', maxBodyBytes: MAX };
    const module = await Test.createTestingModule({
      imports: [
        offline({ webhook }),
        ...named.map((name) =>
          offline({ name, webhook: { ...webhook, path: `${name}/events`, maxBodyBytes: 2 * MAX } }),
        ),
      ],
      controllers: [Calendar],
      providers: [Files],
    }).compile();
    const app = apps.add(
      module.createNestApplication<INestApplication>(adapter() as never, { logger: false }),
    );
    configure(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  async function post(
    app: INestApplication,
    path: string,
    body: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`${await app.getUrl()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-webhook-secret': 's', ...headers },
      body,
    });
    return { status: response.status, text: await response.text() };
  }

  const event = (size = 1) => JSON.stringify(storedEvent('file.0/file.stored.0', { text: 'x'.repeat(size) }));
  /** Only the gate's own limit and its own error tell that a request went through it. */
  async function expectWebhook(app: INestApplication, path: string, headers?: Record<string, string>) {
    const before = app.get(Files).seen;
    expect(await post(app, path, event(), headers)).toMatchObject({ status: 200 });
    expect(app.get(Files).seen).toBe(before + 1);
    const refused = await post(app, path, 'no json', headers);
    expect(refused).toMatchObject({
      status: 400,
      text: expect.stringContaining('PATHWAYS_EVENT_MALFORMED') as string,
    });
  }

  it('a route of the application with the same last segments takes forms', async () => {
    const app = await start();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await post(app, '/calendar/events', 'title=abc', form)).toEqual({
      status: 201,
      text: '{"length":3}',
    });
  });

  it('it takes bodies above maxBodyBytes', async () => {
    const app = await start();
    const answer = await post(app, '/calendar/events', JSON.stringify({ title: 'x'.repeat(2 * MAX) }));
    expect(answer).toEqual({ status: 201, text: `{"length":${2 * MAX}}` });
  });

  it('its errors stay those of the application', async () => {
    const app = await start();
    const answer = await post(app, '/calendar/events', '{"title"');
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('PATHWAYS');
  });

  it('the webhook is found at its path, with a slash at the end where the adapter allows it, and with a query', async () => {
    const app = await start();
    await expectWebhook(app, '/events');
    await expectWebhook(app, '/events?source=platform');
  });

  it('behind a global prefix and a version, where the application has the next version itself', async () => {
    const app = await start((application) => {
      application.setGlobalPrefix('api', {
        exclude: ['calendar/events', { path: 'api/v2/events', method: RequestMethod.POST }],
      });
      application.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '3'] });
    });
    await expectWebhook(app, '/api/v1/events');
    await expectWebhook(app, '/api/v3/events');
    const large = JSON.stringify({ title: 'x'.repeat(2 * MAX) });
    expect((await post(app, '/v1/api/v2/events', large)).status).toBe(201);
  });

  it('excluded from the global prefix', async () => {
    const app = await start((application) => application.setGlobalPrefix('api', { exclude: ['events'] }));
    await expectWebhook(app, '/events');
    expect((await post(app, '/api/events', event())).status).toBe(404);
  });

  it('behind a global prefix with a parameter', async () => {
    const app = await start((application) => application.setGlobalPrefix('t/:tenant'));
    await expectWebhook(app, '/t/acme/events');
  });

  it('with the version in a header', async () => {
    const app = await start((application) =>
      application.enableVersioning({
        type: VersioningType.HEADER,
        header: 'x-version',
        defaultVersion: '1',
      }),
    );
    await expectWebhook(app, '/events', { 'x-version': '1' });
  });

  it('the webhooks of two instances have a limit each', async () => {
    const app = await start(undefined, 'billing');
    const body = event(MAX);
    expect((await post(app, '/events', body)).status).toBe(413);
    // Billing handles no such event, but reads it.
    expect((await post(app, '/billing/events', body)).status).toBe(404);
    expect((await post(app, '/billing/events', event(2 * MAX))).status).toBe(413);
  });
});
