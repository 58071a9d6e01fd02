// What the fragments of the README take from the reader's application, and from the code that stands before them on the page.
import { PathwaysBuilder, SessionPathwayBuilder } from '@flowcore/pathways';
import { z } from 'zod';

export { PathwaysBuilder, SessionPathwayBuilder };

export const schema = z.object({ orderId: z.string() });
export const paymentSchema = z.object({ amount: z.number() });
const orderSchema = z.object({
  orderId: z.string(),
  userId: z.string(),
  total: z.number(),
  items: z.array(z.object({ id: z.string(), quantity: z.number() })),
});
const documentSchema = z.object({
  documentType: z.enum(['invoice', 'receipt', 'contract']),
  department: z.string(),
  metadata: z.record(z.string()).optional(),
});

/** What the page leaves out. */
export declare const config: { baseUrl: string; tenant: string; dataCore: string; apiKey: string };

/** With the pathways that the page registers before it uses them. */
export const pathways = new PathwaysBuilder({
  baseUrl: 'https://api.flowcore.io',
  tenant: 'your-tenant',
  dataCore: 'your-data-core',
  apiKey: 'your-api-key',
})
  .register({ flowType: 'order', eventType: 'placed', schema: orderSchema })
  .register({ flowType: 'user', eventType: 'actions', schema: z.object({ action: z.string() }) })
  .register({ flowType: 'document', eventType: 'uploaded', schema: documentSchema, isFilePathway: true });
export const session = new SessionPathwayBuilder(pathways);

type Order = z.infer<typeof orderSchema>;
export declare const orderData: Order;
export declare const orderData1: Order;
export declare const orderData2: Order;
export declare const orderData3: Order;
interface Action {
  action: string;
}
export declare const actionData1: Action;
export declare const actionData2: Action;
export declare const actionData3: Action;
export declare const customLogger: Console;
export declare function createMyStateManager(
  flowType: string,
  pumpGroup?: string,
): {
  getState(): Promise<{ timeBucket: string; eventId?: string } | null>;
  setState(state: { timeBucket: string; eventId?: string }): Promise<void>;
};
export declare function updateInventory(items: Order['items']): Promise<void>;
export declare function notifyUser(userId: string, total: number): Promise<void>;
export declare function reportToMonitoring(error: Error, event: object, pathway?: string): void;
export declare function logToAuditSystem(path: string, event: object): void;
export declare function handleWebhook(request: Request): Promise<Response>;

type Document = z.infer<typeof documentSchema>;
export type FileData = Document & { fileId: string; fileName: string; fileContent: Buffer };
export declare const fileData1: FileData;
export declare const fileData2: FileData;
export declare const fileDataArray: readonly FileData[];
export declare function processPDFDocument(content: Blob, metadata: Document['metadata']): Promise<void>;
export declare function processImageFile(content: Blob, documentType: string): Promise<void>;
export declare function storeFileMetadata(facts: object): Promise<void>;
export declare function extractPDFText(content: Blob): Promise<string>;
export declare function extractImageMetadata(content: Blob): Promise<object>;
