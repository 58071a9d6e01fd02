// Writes an event and waits until its own handler has processed it.
import { NestFactory } from '@nestjs/core';
import { AppModule, OrderProjector, OrderService } from './orders.module.js';

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  await app.init();
  await app.get(OrderService).place('o-1');
  process.stdout.write(`handled ${app.get(OrderProjector).orders.join()}\n`);
  await app.close();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
