// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  auditOf,
  FilePayload,
  MemorySessionUserResolverStore,
  OnAudit,
  Pathway,
  PathwaysModule,
  type AuditUser,
  type AuditUserResolver,
  type EventAudit,
  type EventWriter,
  type FileProgress,
  type OutboxReference,
  type PathwayEvent,
  type PathwaySession,
  type PathwayWriter,
  type SessionUserResolverStore,
} from 'nestjs-pathways';
import { OrderPlaced } from './contracts.js';

@Pathway({ flowType: 'document.0', eventType: 'uploaded.0', isFilePathway: true })
class DocumentUploaded extends FilePayload {
  department!: string;
}

declare const writer: PathwayWriter;
declare const session: PathwaySession;
const data = { orderId: 'o-1', total: 3 };
const ada: AuditUser = { entityType: 'user', entityId: 'ada' };

// A session writes as the writer does.
expectTypeOf(writer.session()).toEqualTypeOf<PathwaySession>();
expectTypeOf(writer.session('s-1').withUserResolver(() => ada)).toEqualTypeOf<PathwaySession>();
expectTypeOf(session.sessionId).toEqualTypeOf<string>();
expectTypeOf(session.write(OrderPlaced, { data })).toEqualTypeOf<Promise<string>>();
expectTypeOf(session.write(OrderPlaced, { data: [data], batch: true })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf<PathwaySession>().toExtend<EventWriter>();
expectTypeOf<PathwayWriter>().toExtend<EventWriter>();
// @ts-expect-error the class says that total is a number
void session.write(OrderPlaced, { data: { orderId: 'o-1', total: '3' } });
// @ts-expect-error one item of the batch is of another class
void session.write(OrderPlaced, { data: [data, { orderId: 'o-2' }], batch: true });
// So do files and outbox writes, through a session and through whatever writes.
declare const anyWriter: EventWriter;
const file = { fileId: 'f-1', fileName: 'a.pdf', fileContent: Buffer.from('a'), department: 'sales' };
for (const each of [session, anyWriter]) {
  expectTypeOf(each.write(DocumentUploaded, { data: file })).toEqualTypeOf<Promise<string[]>>();
  expectTypeOf(each.write('document.0/uploaded.0', { data: file })).toEqualTypeOf<Promise<string[]>>();
  void each.write(DocumentUploaded, {
    data: file,
    options: { onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<FileProgress>() },
  });
  expectTypeOf(each.write(OrderPlaced, { data, options: { outbox: true } })).toEqualTypeOf<
    Promise<OutboxReference>
  >();
  expectTypeOf(
    each.write(OrderPlaced, { batch: true, data: [data], options: { outbox: true } }),
  ).toEqualTypeOf<Promise<OutboxReference[]>>();
  // @ts-expect-error files are written one by one
  void each.write(DocumentUploaded, { batch: true, data: [file] });
  // @ts-expect-error a file has content
  void each.write(DocumentUploaded, { data: { fileId: 'f', fileName: 'a', department: 'sales' } });
  // @ts-expect-error only files have progress
  void each.write(OrderPlaced, { data, options: { onProgress: () => {} } });
}
// @ts-expect-error the id of a session does not change
session.sessionId = 's-2';

// Resolvers answer at once, later, or with nobody.
void session.withUserResolver(async () => ada);
void session.withUserResolver(() => undefined);
void session.withUserResolver({ resolveUser: () => ada });
// @ts-expect-error a person or a key; the system is no user
void session.withUserResolver(() => ({ entityType: 'system', entityId: 'x' }));
// @ts-expect-error an id is text
void session.withUserResolver(() => ({ entityType: 'user', entityId: 7 }));

// Write options.
void writer.write(OrderPlaced, {
  data,
  options: { sessionId: 's-1', auditMode: 'system', headers: { 'x-trace': '1' } },
});
// @ts-expect-error there are two modes
void writer.write(OrderPlaced, { data, options: { auditMode: 'admin' } });
// @ts-expect-error headers are text
void writer.write(OrderPlaced, { data, options: { headers: { 'x-trace': 1 } } });

// Module options.
class Users implements AuditUserResolver {
  resolveUser(): AuditUser {
    return ada;
  }
}
class Stranger {}
PathwaysModule.forRoot({ audit: { userResolver: () => ada, handler: () => undefined } });
PathwaysModule.forRoot({ audit: { userResolver: new Users() } });
PathwaysModule.forRoot({ audit: { userResolver: { useClass: Users } } });
PathwaysModule.forRoot({ audit: { userResolver: { useExisting: 'USERS' } } });
PathwaysModule.forRoot({
  audit: { handler: (pathway, event) => `${pathway} ${event.eventId}` },
  session: { cls: { sessionIdKey: 'sid', userKey: Symbol('user') } },
  sessionUserResolvers: new MemorySessionUserResolverStore({ maxSessions: 5 }),
  sessionUserResolverTtlMs: 1_000,
});
// @ts-expect-error the class resolves nothing
PathwaysModule.forRoot({ audit: { userResolver: { useClass: Stranger } } });
// @ts-expect-error off is leaving it out
PathwaysModule.forRoot({ session: { cls: false } });

// Decorator and reader.
export class Listener {
  @OnAudit() audit(event: PathwayEvent): void {
    expectTypeOf(auditOf(event)).toEqualTypeOf<EventAudit>();
  }
  @OnAudit({ instance: 'billing' }) other(): void {}
  // @ts-expect-error an audit handler is told of every pathway
  @OnAudit(OrderPlaced) wrong(): void {}
}

expectTypeOf<MemorySessionUserResolverStore>().toExtend<SessionUserResolverStore>();
expectTypeOf<EventAudit['onBehalfOf']>().toEqualTypeOf<AuditUser | undefined>();
