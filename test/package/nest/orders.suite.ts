// Becomes a spec of Jest and of vitest: written with what both have as globals, and with Node's own assertions.
import assert from 'node:assert/strict';
import { Test, type TestingModule } from '@nestjs/testing';
import { AppModule, OrderProjector, OrderService } from './orders.module.js';

declare function it(name: string, body: () => Promise<void>): void;
declare function beforeEach(body: () => Promise<void>): void;
declare function afterEach(body: () => Promise<void>): void;

let app: TestingModule;

beforeEach(async () => {
  app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app.useLogger(['error']);
  await app.init();
});
afterEach(() => app.close());

it('handles a written event', async () => {
  await app.get(OrderService).place('o-1');
  assert.deepEqual(app.get(OrderProjector).orders, ['o-1']);
});

it('handles an uploaded file, whose type is found', async () => {
  await app.get(OrderService).file('i-1');
  assert.deepEqual(app.get(OrderProjector).invoices, ['i-1.pdf application/pdf']);
});
