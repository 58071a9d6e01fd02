import { NestFactory } from '@nestjs/core';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import type { DataSource, EntityManager } from 'typeorm';

const SOURCE = 'durable-data-source';
class SourceModule {}
class AppModule {}

/** An application's own way into transactions. */
export interface Joined {
  /** Looks providers up, as the Nest module does for the store. */
  resolve(token: unknown): unknown;
  /** As a method with `@Transactional()`: joins what runs, or else begins its own. */
  inTransaction(work: (manager: EntityManager) => Promise<void>): Promise<void>;
}

/** A Nest application whose services join transactions through `@nestjs-cls/transactional`. */
export async function joinThroughCls(dataSource: DataSource): Promise<Joined> {
  const source = {
    module: SourceModule,
    providers: [{ provide: SOURCE, useValue: dataSource }],
    exports: [SOURCE],
  };
  const plugin = new ClsPluginTransactional({
    imports: [source],
    adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: SOURCE }),
  });
  const app = await NestFactory.createApplicationContext(
    { module: AppModule, imports: [ClsModule.forRoot({ global: true, plugins: [plugin] })] },
    { logger: false },
  );
  const host = app.get<TransactionHost<TransactionalAdapterTypeOrm>>(TransactionHost, { strict: false });
  return {
    resolve: (token) => {
      try {
        return app.get(token as string, { strict: false });
      } catch {
        return undefined;
      }
    },
    inTransaction: (work) => host.withTransaction(() => work(host.tx)),
  };
}
