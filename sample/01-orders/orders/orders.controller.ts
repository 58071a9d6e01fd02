import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post } from '@nestjs/common';
import { PathwayWriter, PumpManager } from 'nestjs-pathways';
import { OrderPlaced } from './order-placed.event.js';
import { OrdersReadModel, type OrderView } from './orders.read-model.js';

@Controller()
export class OrdersController {
  constructor(
    private readonly pathways: PathwayWriter,
    private readonly orders: OrdersReadModel,
    private readonly pumps: PumpManager,
  ) {}

  /** Answers when the order is stored *and* projected: the next read sees it. */
  @Post('orders')
  @HttpCode(201)
  async place(@Body() order: OrderPlaced): Promise<{ eventId: string; order: OrderView | undefined }> {
    const eventId = await this.pathways.write(OrderPlaced, { data: order });
    return { eventId, order: this.orders.get(order.orderId) };
  }

  @Get('orders')
  list(): { count: number; latest: OrderView[] } {
    return { count: this.orders.size, latest: this.orders.list(10) };
  }

  @Get('orders/:orderId')
  get(@Param('orderId') orderId: string): OrderView {
    const order = this.orders.get(orderId);
    if (!order) throw new NotFoundException(`There is no order ${orderId}. List them: GET /orders`);
    return order;
  }

  @Get('pumps')
  status(): unknown {
    return this.pumps.status();
  }
}
