// What the examples of this page take from the reader's application.
import type { EventAudit, PathwayWriter } from 'nestjs-pathways';

export declare const trail: {
  append(pathway: string, eventId: string, audit: EventAudit | undefined): Promise<void>;
};
export declare const writer: PathwayWriter;
export declare function currentUserId(): Promise<string>;
export declare class OrderPlaced {
  orderId: string;
}
export declare const data: OrderPlaced;
export declare const first: OrderPlaced;
export declare const second: OrderPlaced;
