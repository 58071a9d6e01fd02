// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import type * as builder from 'nestjs-pathways/builder';
import type * as dataPump from 'nestjs-pathways/data-pump';
import type * as local from 'nestjs-pathways/local';
import type * as metrics from 'nestjs-pathways/metrics';
import type * as nats from 'nestjs-pathways/nats';
import type * as testing from 'nestjs-pathways/testing';
import type * as typeorm from 'nestjs-pathways/typeorm';
import type * as library from 'nestjs-pathways';
import type { OrderPlaced } from './contracts.js';

// An `any` in a public signature switches off the compiler of whoever calls it, without a word.

type IsAny<T> = 0 extends 1 & T ? true : false;

/** The type with the resolved value of a promise in its place: `Promise<any>` is no better than `any`. */
type AnyIn<T, TName> = true extends IsAny<T> | IsAny<Awaited<T>> ? TName : never;

/** `TName` when the value is `any`, or takes or gives one. */
type Flaw<T, TName> =
  true extends IsAny<T>
    ? TName
    : T extends (...args: infer TArgs) => infer TResult
      ? { [At in keyof TArgs]-?: AnyIn<TArgs[At], TName> }[number] | AnyIn<TResult, TName>
      : never;

type MemberFlaws<T, TName extends string> = {
  [Key in keyof T & string]-?: Flaw<T[Key], `${TName}.${Key}`>;
}[keyof T & string];

/** Instance and constructor of a class; what `Error` itself has is not ours. */
type ClassFlaws<T, TName extends string> = T extends abstract new (...args: infer TArgs) => infer TInstance
  ? | { [At in keyof TArgs]-?: AnyIn<TArgs[At], `new ${TName}`> }[number]
    | MemberFlaws<Omit<TInstance, keyof Error>, TName>
    | MemberFlaws<Omit<T, keyof typeof Error | 'prototype'>, `static ${TName}`>
  : never;

type ModuleFlaws<T> = {
  [Name in keyof T & string]-?: IsAny<T[Name]> extends true
    ? Name
    : Flaw<T[Name], Name> | ClassFlaws<T[Name], Name>;
}[keyof T & string];

expectTypeOf<ModuleFlaws<typeof library>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof builder>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof local>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof metrics>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof testing>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof nats>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof dataPump>>().toBeNever();
expectTypeOf<ModuleFlaws<typeof typeorm>>().toBeNever();

// The net itself has no hole.
declare class Flawed {
  constructor(given: any);
  readonly value: any;
  give(): Promise<any>;
  take(first: string, second: any): void;
  readonly fine: unknown;
}
expectTypeOf<ModuleFlaws<{ Flawed: typeof Flawed; free: any; call: (given: any) => void }>>().toEqualTypeOf<
  'new Flawed' | 'Flawed.value' | 'Flawed.give' | 'Flawed.take' | 'free' | 'call'
>();

// Types leave no trace among the values above; those that users fill in or read, one by one.
expectTypeOf<library.PathwayEvent<OrderPlaced>['payload']>().not.toBeAny();
expectTypeOf<library.FlowcoreEvent['payload']>().not.toBeAny();
expectTypeOf<library.FlowcoreEvent['metadata'][string]>().not.toBeAny();
expectTypeOf<library.WriteInput<OrderPlaced>['data']>().not.toBeAny();
expectTypeOf<library.WriteMetadata[string]>().not.toBeAny();
expectTypeOf<library.DeadLetter['event']['payload']>().not.toBeAny();
expectTypeOf<library.PathwayOptions['schema']>().not.toBeAny();
expectTypeOf<library.PathwaysModuleOptions['store']>().not.toBeAny();
expectTypeOf<library.LogFields[string]>().not.toBeAny();
expectTypeOf<Parameters<NonNullable<library.Telemetry['attemptFailed']>>[2]>().not.toBeAny();
expectTypeOf<MemberFlaws<library.CursorStore, 'CursorStore'>>().toBeNever();
expectTypeOf<MemberFlaws<library.DeadLetterStore, 'DeadLetterStore'>>().toBeNever();
expectTypeOf<MemberFlaws<library.LeaseStore, 'LeaseStore'>>().toBeNever();
expectTypeOf<MemberFlaws<library.PathwayState, 'PathwayState'>>().toBeNever();
expectTypeOf<MemberFlaws<library.Clock, 'Clock'>>().toBeNever();
expectTypeOf<MemberFlaws<library.PathwaysLogger, 'PathwaysLogger'>>().toBeNever();
expectTypeOf<MemberFlaws<local.LocalFlowcore, 'LocalFlowcore'>>().toBeNever();
