import { IsEmail, IsString } from 'class-validator';
import { Pathway, type PathwayEvent } from 'nestjs-pathways';

@Pathway({
  flowType: 'order.0',
  eventType: 'contact.given.0',
  description: 'A customer said where to write to about an order',
  // Personal: stored as ciphertext, with the key of the module's `encryption`. Handlers get it readable.
  encrypted: true,
  // The key of the order: what is said about it comes after it.
  orderBy: (event: PathwayEvent<ContactGiven>) => event.payload.orderId,
})
export class ContactGiven {
  @IsString() orderId!: string;
  @IsEmail() email!: string;
}
