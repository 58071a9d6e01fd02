import { z } from 'zod';

export const placed = z.object({ orderId: z.string(), customer: z.string(), total: z.number() });
export const paid = z.object({ orderId: z.string(), amount: z.number() });

export type Placed = z.infer<typeof placed>;
export type Paid = z.infer<typeof paid>;
