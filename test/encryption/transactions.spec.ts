import { DataSource } from 'typeorm';
import { describe, expect, it } from 'vitest';
import { EncryptionKeyUnavailableError, type EventDelivery, type KeyProvider } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { usePostgres } from '../support/postgres.js';
import { delivered, MARKERS, services, V2, VECTOR_C } from './encryption-bench.js';

const database = usePostgres();
const { create } = services();
const delivery: EventDelivery = { source: 'order.0::default', generation: 0 };

describe('encrypted events in a store with transactions', () => {
  it('are decrypted before the transaction; what cannot be read is kept as ciphertext, an outage leaves nothing behind', async () => {
    let isDown = false;
    const provider: KeyProvider = {
      activeKey: () => ({ id: 'v2', secret: V2 }),
      key: async (id) => {
        if (isDown) throw new Error('down');
        return id === 'v2' ? V2 : undefined;
      },
    };
    const dataSource = new DataSource({ type: 'postgres', url: database.url });
    await dataSource.initialize();
    const store = typeOrmStore({ dataSource });
    const service = await create({ store, encryption: { provider, keyLifetimeMs: 0 } });
    const { engine, handled } = service;
    await engine.open();
    const process = (event = delivered()) => engine.processor.process(event, delivery);
    try {
      expect(await process()).toEqual({ status: 'processed' });
      expect(handled).toMatchObject([{ payload: VECTOR_C, metadata: { trace: 't-1' } }]);

      const unknown = delivered({ metadata: { ...MARKERS, 'pathways/encryption-key-id': 'v9' } });
      expect(await process(unknown)).toMatchObject({ status: 'dead-lettered', error: { keyId: 'v9' } });
      const { letters } = await engine.deadLetters.list();
      expect(letters).toMatchObject([{ reason: 'invalid', event: { payload: unknown.payload } }]);

      const event = delivered();
      isDown = true;
      await expect(process(event)).rejects.toThrow(EncryptionKeyUnavailableError);
      isDown = false;
      expect(await process(event)).toEqual({ status: 'processed' });
      expect(handled).toHaveLength(2);
    } finally {
      await engine.stop();
      await dataSource.destroy();
    }
  });
});
