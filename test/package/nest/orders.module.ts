// A user's smallest application, which every Nest consumer of scripts/check-package.mjs compiles, runs and tests.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { IsString } from 'class-validator';
import {
  FilePayload,
  OnEvent,
  Pathway,
  PathwaysModule,
  PathwayWriter,
  type PathwayEvent,
} from 'nestjs-pathways';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0' })
export class OrderPlaced {
  @IsString() orderId!: string;
}

@Pathway({ flowType: 'invoice.0', eventType: 'invoice.filed.0', isFilePathway: true })
export class InvoiceFiled extends FilePayload {}

@Injectable()
export class OrderProjector {
  readonly orders: string[] = [];
  readonly invoices: string[] = [];

  @OnEvent(OrderPlaced)
  project(event: PathwayEvent<OrderPlaced>): void {
    this.orders.push(event.payload.orderId);
  }

  @OnEvent(InvoiceFiled)
  keep(event: PathwayEvent<InvoiceFiled>): void {
    this.invoices.push(`${event.payload.fileName} ${event.payload.fileType}`);
  }
}

@Injectable()
export class OrderService {
  constructor(private readonly pathways: PathwayWriter) {}

  place(orderId: string): Promise<unknown> {
    return this.pathways.write(OrderPlaced, { data: { orderId } });
  }

  file(fileId: string): Promise<unknown> {
    const fileContent = Buffer.from('%PDF-1.7\n');
    return this.pathways.write(InvoiceFiled, { data: { fileId, fileName: `${fileId}.pdf`, fileContent } });
  }
}

@Module({ imports: [PathwaysModule.forRoot({})], providers: [OrderProjector, OrderService] })
export class AppModule {}
