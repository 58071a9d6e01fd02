import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** An order as it is read. The name of the table keeps clear of others in a database that is not the sample's own. */
@Entity('sample_orders')
export class Order {
  @PrimaryColumn('text', { name: 'order_id' }) orderId!: string;
  @Column('text') customer!: string;
  @Column('double precision') total!: number;
  @Column('int') items!: number;
  /** The newest event of this order. */
  @Column('text', { name: 'event_id', unique: true }) eventId!: string;
  /** Who placed it, when that was known. */
  @Column('text', { name: 'placed_by', nullable: true }) placedBy!: string | null;
  @Column('text', { name: 'session_id', nullable: true }) sessionId!: string | null;
  /** How often an event was applied to this row: more than there are events would be a broken promise. */
  @Column('int', { name: 'times_handled', default: 0 }) timesHandled!: number;
  /** Readable here: encryption protects events, not read models. */
  @Column('text', { nullable: true }) email!: string | null;
  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' }) createdAt!: Date;
}
