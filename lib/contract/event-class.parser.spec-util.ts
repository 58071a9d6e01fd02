import 'reflect-metadata';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsNumber, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import { expect } from 'vitest';
import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { eventClassParser, type EventClassParserOptions } from './event-class.parser.js';
import type { EventClass } from './pathway.options.js';

export const KEY = 'order.0/order.placed.0';

export const parserOf = (eventClass: EventClass, options: Partial<EventClassParserOptions> = {}) => {
  const parse = eventClassParser(KEY, eventClass, { whitelist: false, groups: undefined, ...options });
  return async (payload: unknown) => parse(payload);
};

export async function issuesOf(parsing: Promise<unknown>): Promise<readonly PayloadIssue[]> {
  const error: unknown = await parsing.then(
    () => new Error('the payload was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof EventPayloadInvalidError)) throw error;
  expect(error.key).toBe(KEY);
  return error.issues;
}

export const pathsOf = async (parsing: Promise<unknown>) => (await issuesOf(parsing)).map(({ path }) => path);

export class Item {
  @IsString() sku!: string;
  @IsInt() @Min(1) quantity!: number;
}

export class Order {
  @IsString() orderId!: string;
  @IsNumber() total!: number;
  @IsArray() @ValidateNested() @Type(() => Item) items!: Item[];
  @IsOptional() @IsString() note?: string;

  summary(): string {
    return `${this.orderId}: ${this.items.length}`;
  }
}

export const order = () => ({ orderId: 'o-1', total: 10, items: [{ sku: 'a', quantity: 1 }] });
