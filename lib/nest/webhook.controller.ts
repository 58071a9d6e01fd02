import { Body, Controller, HttpCode, HttpException, Inject, Post, Req, type Type } from '@nestjs/common';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwaysError } from '../errors/pathways.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';
import type { EventDeliveryResult, PathwayRouter, RoutedEvent } from '../router/pathway.router.js';

/** What one webhook needs to know; resolved with the module's options. */
export interface WebhookSettings {
  readonly router: PathwayRouter;
  /** Lower case. */
  readonly header: string;
  readonly maxBodyBytes: number;
}

interface IncomingRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Makes the controller class for a path: paths are part of a class's metadata. */
export function createWebhookController(path: string, settingsToken: string): Type<unknown> {
  @Controller(path)
  class PathwaysWebhookController {
    constructor(@Inject(settingsToken) private readonly settings: WebhookSettings) {}

    /**
     * Takes one event or an array. 200 means that every event is handled; anything else makes the sender deliver again,
     * and events that are handled are then skipped.
     */
    @Post()
    @HttpCode(200)
    async deliver(
      @Body() body: unknown,
      @Req() request: IncomingRequest,
    ): Promise<RoutedEvent | { results: EventDeliveryResult[] }> {
      const { router, header, maxBodyBytes } = this.settings;
      const secret = request.headers[header];
      try {
        if (sizeOf(request, body) > maxBodyBytes) throw new WebhookBodyTooLargeError(maxBodyBytes);
        if (!Array.isArray(body)) return await router.processEvent(body, secret);
        const results = await router.processEvents(body, secret);
        const worst = Math.max(200, ...results.map(({ status }) => status));
        if (worst > 200)
          throw new HttpException(
            { statusCode: worst, message: 'Not every event was processed', results },
            worst,
          );
        return { results };
      } catch (error) {
        throw toHttpException(error);
      }
    }
  }
  return PathwaysWebhookController;
}

function sizeOf({ headers }: IncomingRequest, body: unknown): number {
  const announced = Number(headers['content-length']);
  // A chunked body announces nothing.
  return Number.isNaN(announced) ? Buffer.byteLength(JSON.stringify(body) ?? '') : announced;
}

/** Code and message for the sender, never a stack. */
function toHttpException(error: unknown): HttpException {
  if (error instanceof HttpException) return error;
  if (!(error instanceof PathwaysError))
    return new HttpException({ statusCode: 500, message: 'The event could not be processed' }, 500);
  const { httpStatus, code, message } = error;
  const issues = error instanceof EventPayloadInvalidError ? { issues: error.issues } : {};
  return new HttpException({ statusCode: httpStatus, code, message, ...issues }, httpStatus);
}
