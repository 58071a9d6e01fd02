import {
  Inject,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type DynamicModule,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  CommandHandler,
  CqrsModule,
  EventsHandler,
  type ICommandHandler,
  type IEventHandler,
} from '@nestjs/cqrs';
import { EventEmitterModule, OnEvent as OnEmitted } from '@nestjs/event-emitter';
import type { Observable } from 'rxjs';
import { OnEvent, Pathway, PathwaysModule } from 'nestjs-pathways';
import { quiet } from './engine.js';

/** The module without a platform: events are delivered by hand. */
export function offlinePathways(options: object = {}): DynamicModule {
  return PathwaysModule.forRoot({
    autoProvision: false,
    logger: quiet,
    local: false,
    baseUrl: 'http://127.0.0.1:9',
    pump: false,
    ...options,
  });
}

@Pathway({ flowType: 'bench.0', eventType: 'done.0' })
class Done {}

@Injectable()
class Admits implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
class Through implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

@Injectable()
export class PlainProjector {
  @OnEvent(Done) project(): void {}
}

@Injectable()
export class EnhancedProjector {
  @OnEvent(Done) @UseGuards(Admits) @UseInterceptors(Through) project(): void {}
}

@Injectable({ scope: Scope.REQUEST })
export class RequestProjector {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
  @OnEvent(Done) project(): void {}
}

export const EMITTED = 'bench.done';

@Injectable()
export class EmittedListener {
  @OnEmitted(EMITTED) project(): void {}
}

@Injectable({ scope: Scope.REQUEST })
export class RequestEmittedListener {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
  @OnEmitted(EMITTED) project(): void {}
}

export class DoneEvent {
  constructor(readonly payload: unknown) {}
}

@EventsHandler(DoneEvent)
export class DoneEventHandler implements IEventHandler<DoneEvent> {
  handle(): void {}
}

export class DoneCommand {
  constructor(readonly payload: unknown) {}
}

@CommandHandler(DoneCommand)
export class DoneCommandHandler implements ICommandHandler<DoneCommand> {
  async execute(): Promise<void> {}
}

export const emitterModule = () => EventEmitterModule.forRoot();
export const cqrsModule = () => CqrsModule.forRoot();

/** Providers with one handler each, as many as wanted. */
export function manyHandlers(count: number, decorate: (index: number) => MethodDecorator): Type<object>[] {
  return Array.from({ length: count }, (_, index) => {
    class Handler {
      handle(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Handler.prototype, 'handle');
    if (!descriptor) throw new Error('The class has the method');
    decorate(index)(Handler.prototype, 'handle', descriptor);
    Injectable()(Handler);
    return Handler;
  });
}
