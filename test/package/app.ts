// A user's smallest application, compiled and run against the packed package, as ESM and as CommonJS
// (scripts/check-package.mjs). It writes an event and waits until its own handler has processed it.
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { OnEvent, Pathway, PathwaysModule, PathwayWriter, type PathwayEvent } from 'nestjs-pathways';

@Pathway({ flowType: 'order.0', eventType: 'order.placed.0' })
class OrderPlaced {
  @IsString() orderId!: string;
}

@Injectable()
class OrderProjector {
  readonly seen: string[] = [];

  @OnEvent(OrderPlaced)
  project(event: PathwayEvent<OrderPlaced>): void {
    this.seen.push(event.payload.orderId);
  }
}

@Injectable()
class OrderService {
  constructor(private readonly pathways: PathwayWriter) {}

  place(orderId: string): Promise<unknown> {
    return this.pathways.write(OrderPlaced, { data: { orderId } });
  }
}

@Module({ imports: [PathwaysModule.forRoot({})], providers: [OrderProjector, OrderService] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  await app.init();
  await app.get(OrderService).place('o-1');
  process.stdout.write(`handled ${app.get(OrderProjector).seen.join()}\n`);
  await app.close();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
