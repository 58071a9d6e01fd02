import { IsNumber, IsString } from 'class-validator';
import { Pathway } from 'nestjs-pathways';

export const ORDER_PLACED = 'order.0/order.placed.0';
export const ORDER_PAID = 'order.0/order.paid.0';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0', maxRetries: 0 })
export class OrderPlaced {
  @IsString() orderId!: string;
  @IsNumber() total!: number;
}

@Pathway({ flowType: 'order.0', eventType: 'order.paid.0', maxRetries: 0 })
export class OrderPaid {
  @IsString() orderId!: string;
}
