import { IsArray, IsInt, IsNumber, IsPositive, IsString, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import { Pathway, type PathwayEvent } from 'nestjs-pathways';

export class OrderLine {
  @IsString() sku!: string;
  @IsInt() @Min(1) quantity!: number;
}

@Pathway({
  flowType: 'order.0',
  eventType: 'order.placed.0',
  description: 'A customer placed an order',
  // Orders do not depend on each other; the events of one order do.
  orderBy: (event: PathwayEvent<OrderPlaced>) => event.payload.orderId,
})
export class OrderPlaced {
  @IsString() orderId!: string;
  @IsString() customer!: string;
  @IsNumber() @IsPositive() total!: number;
  @IsArray() @ValidateNested({ each: true }) @Type(() => OrderLine) lines!: OrderLine[];
}
