import { IsNumber, IsString } from 'class-validator';
import { Pathway } from 'nestjs-pathways';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0', description: 'A customer placed an order' })
export class OrderPlaced {
  @IsString() orderId!: string;
  @IsString() customer!: string;
  @IsNumber() total!: number;
}

@Pathway({ flowType: 'order.0', eventType: 'order.paid.0', description: 'An order was paid for' })
export class OrderPaid {
  @IsString() orderId!: string;
  @IsNumber() amount!: number;
}
