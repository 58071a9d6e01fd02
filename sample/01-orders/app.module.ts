import { ClsPluginTransactional } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsModule, type ClsService } from 'nestjs-cls';
import { PathwaysModule, type AuditUser } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { flowcoreFolder } from './database/data-folder.js';
import { DatabaseModule } from './database/database.module.js';
import { SampleDatabase } from './database/sample.database.js';
import { Order } from './orders/order.entity.js';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersProjector } from './orders/orders.projector.js';
import { OrdersReadModel } from './orders/orders.read-model.js';

const CONCURRENCY = 8;

/** In the source for everybody to read: a real application has its key in a vault, made with `openssl rand -base64 32`. */
const DEVELOPMENT_ONLY_KEY = 'development-only-key-never-for-production';

/** Who is calling, for the time of the request: the headers `x-user` and `x-session`. */
function rememberCaller(cls: ClsService, request: { headers: Record<string, string | undefined> }): void {
  const { 'x-user': entityId, 'x-session': sessionId } = request.headers;
  if (entityId) cls.set<AuditUser>('auditUser', { entityType: 'user', entityId });
  if (sessionId) cls.set('sessionId', sessionId);
}

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [DatabaseModule],
      inject: [SampleDatabase],
      useFactory: ({ url }: SampleDatabase) => ({
        type: 'postgres' as const,
        url,
        entities: [Order],
        // For a sample. It leaves tables alone that belong to no entity, those of the library among them.
        synchronize: true,
        // A handler holds a connection while it runs; the HTTP side and the library need some beside them.
        poolSize: CONCURRENCY + 4,
        // A wrong DATABASE_URL should be said at once.
        retryAttempts: 1,
      }),
    }),
    // What is written through `TransactionHost` joins the transaction that the library runs a handler in.
    ClsModule.forRoot({
      global: true,
      // A real application would take both from its login. `PathwaysModule` finds them where `session.cls` says.
      middleware: { mount: true, setup: rememberCaller },
      plugins: [
        new ClsPluginTransactional({
          adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
        }),
      ],
    }),
    // No account: Local Flowcore runs in this process and keeps its log in a folder.
    PathwaysModule.forRoot({
      tenant: 'acme',
      dataCore: 'shop',
      local: { data: flowcoreFolder },
      store: typeOrmStore(),
      // Orders carry the user and the session of the request they were placed in.
      session: { cls: true },
      // For the pathways that are `encrypted`: contacts.
      encryption: { key: process.env['ENCRYPTION_KEY'] ?? DEVELOPMENT_ONLY_KEY },
      // Counts only for a database without a cursor: a new one is filled from the log.
      pump: { concurrency: CONCURRENCY, startFrom: 'beginning' },
    }),
    TypeOrmModule.forFeature([Order]),
    DatabaseModule,
  ],
  controllers: [OrdersController],
  providers: [OrdersReadModel, OrdersProjector],
})
export class AppModule {}
