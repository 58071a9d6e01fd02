import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

// Every run is a process that compiles TypeScript at its start.
vi.setConfig({ testTimeout: 120_000 });

const library = new URL('../../lib/builder/index.ts', import.meta.url).href;
const tsx = fileURLToPath(import.meta.resolve('tsx'));
let local: LocalFlowcore | undefined;
afterEach(async () => {
  await local?.stop();
  local = undefined;
});

/** A process without a server of its own: nothing but the library keeps it alive. */
function run(baseUrl: string, script: string): Promise<{ code: number | null; output: string }> {
  const code = `
    import { NoopLogger, PathwaysBuilder } from ${JSON.stringify(library)};
    const pathways = new PathwaysBuilder({
      baseUrl: ${JSON.stringify(baseUrl)}, tenant: 'acme', dataCore: 'shop', apiKey: 'fc_id_secret',
      runtimeEnv: 'development', logger: new NoopLogger(), shutdownTimeoutMs: 1_000,
      pump: { notifier: 'poller', startFrom: 'beginning', pollIntervalMs: 50 },
    })
      .register({ flowType: 'order', eventType: 'placed' })
      .handle('order/placed', () => {});
    ${script}`;
  const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '--eval', code]);
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  return new Promise((resolve) => child.once('close', (status) => resolve({ code: status, output })));
}

it('a process whose platform is down does not end in the middle of its start, and is there when it comes', async () => {
  let refused = 0;
  const dead = createServer((socket) => {
    refused++;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(dead, 'listening');
  const { port } = dead.address() as AddressInfo;
  const running = run(
    `http://127.0.0.1:${port}`,
    `await pathways.startPump();
     console.log('started');
     const looks = setInterval(() => {
       if (pathways.pump.status()[0].state !== 'live') return;
       clearInterval(looks);
       pathways.close().then(() => console.log('live and closed'));
     }, 50);
     looks.unref();`,
  );
  const ended = running.then(({ code, output }) => `${code} ${output}`);
  await Promise.race([vi.waitFor(() => expect(refused).toBeGreaterThan(3), { timeout: 60_000 }), ended]);
  dead.close();
  await once(dead, 'close');
  local = await startLocalFlowcore({ port });
  const { code, output } = await running;
  expect({ code, output }).toEqual({ code: 0, output: 'started\nlive and closed\n' });
});

it('a process that only waits for its write lives until it is handled, and ends after close', async () => {
  local = await startLocalFlowcore();
  const { code, output } = await run(
    local.url,
    `await pathways.startPump();
     await pathways.write('order/placed', { data: { orderId: 'o-1' } });
     await pathways.close();
     console.log('handled');`,
  );
  expect({ code, output }).toEqual({ code: 0, output: 'handled\n' });
});
