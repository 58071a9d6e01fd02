import { Module } from '@nestjs/common';
import { PathwaysModule } from 'nestjs-pathways';
import { OrdersController } from './orders/orders.controller.js';
import { OrdersProjector } from './orders/orders.projector.js';
import { OrdersReadModel } from './orders/orders.read-model.js';

@Module({
  imports: [
    // No account and no server: Local Flowcore runs in this process and keeps its log in a folder. The pump reads it
    // from the beginning at every start, which rebuilds the read model.
    PathwaysModule.forRoot({
      tenant: 'acme',
      dataCore: 'shop',
      local: { data: process.env['PATHWAYS_DATA'] ?? '.pathways/01-orders' },
      pump: { concurrency: 8 },
    }),
  ],
  controllers: [OrdersController],
  providers: [OrdersReadModel, OrdersProjector],
})
export class AppModule {}
