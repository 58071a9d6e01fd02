import { Body, Controller, Get, HttpCode, NotFoundException, Param, Post, Put } from '@nestjs/common';
import { PathwayWriter, PumpManager } from 'nestjs-pathways';
import { ContactGiven } from './contact-given.event.js';
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
    return { eventId, order: await this.orders.get(order.orderId) };
  }

  @Put('orders/:orderId/contact')
  async giveContact(
    @Param('orderId') orderId: string,
    @Body() { email }: { email: string },
  ): Promise<{ eventId: string; order: OrderView }> {
    await this.get(orderId);
    const eventId = await this.pathways.write(ContactGiven, { data: { orderId, email } });
    return { eventId, order: await this.get(orderId) };
  }

  @Get('orders')
  async list(): Promise<{ count: number; latest: OrderView[] }> {
    return { count: await this.orders.count(), latest: await this.orders.list(10) };
  }

  @Get('orders/:orderId')
  async get(@Param('orderId') orderId: string): Promise<OrderView> {
    const order = await this.orders.get(orderId);
    if (!order) throw new NotFoundException(`There is no order ${orderId}. List them: GET /orders`);
    return order;
  }

  @Get('pumps')
  status(): unknown {
    return this.pumps.status();
  }
}
