// What the examples of this page take from the reader's application.
export declare class OrderPlaced {
  orderId: string;
}
export declare class OrderExported {
  orderId: string;
}
/** An entity of TypeORM. */
export declare class Order {
  orderId: string;
}
export declare class Carrier {
  sendAll(orders: readonly OrderExported[]): Promise<(string | undefined)[]>;
}
