// What the examples of this page take from the reader's application.
import type { PathwaysEngine, PathwayWriter } from 'nestjs-pathways';

export declare const engine: PathwaysEngine;
export declare const pathways: PathwayWriter;
export declare class OrderPlaced {
  orderId: string;
}
export declare class StockReserved {
  orderId: string;
}
/** An entity of TypeORM. */
export declare class Reservation {
  orderId: string;
}
export declare class PaymentReceived {
  amount: number;
}
export declare const data: PaymentReceived;
export declare const request: { headers: { 'idempotency-key': string } };
