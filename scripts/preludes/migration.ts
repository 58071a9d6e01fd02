// What the examples of this page take from the reader's application.
import type { PathwaysBuilder } from 'nestjs-pathways/builder';

export type { EntityManager } from 'typeorm';
export declare const builder: PathwaysBuilder;
export declare class OrdersProjector {}
export declare class OrderRow {
  id: string;
}
export interface Placed {
  orderId: string;
}
