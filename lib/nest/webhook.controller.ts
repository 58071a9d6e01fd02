import {
  Body,
  Controller,
  HttpCode,
  HttpException,
  Inject,
  Post,
  Req,
  SetMetadata,
  type Type,
} from '@nestjs/common';
import { PathwaysError } from '../errors/pathways.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import {
  statusOfDelivery,
  type EventDeliveryResult,
  type PathwayRouter,
  type RoutedEvent,
} from '../router/pathway.router.js';
import { errorBody } from './error-body.util.js';
import { WEBHOOK_ROUTE } from './module.internal-constants.js';

/** What one webhook needs to know; resolved with the module's options. */
export interface WebhookSettings {
  readonly router: PathwayRouter;
  /** Lower case. */
  readonly header: string;
  readonly maxBodyBytes: number;
  readonly logger: PathwaysLogger;
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
    @SetMetadata(WEBHOOK_ROUTE, settingsToken)
    async deliver(
      @Body() body: unknown,
      @Req() request: IncomingRequest,
    ): Promise<RoutedEvent | { results: EventDeliveryResult[] }> {
      const { router, header, maxBodyBytes, logger } = this.settings;
      const secret = request.headers[header];
      try {
        if (sizeOf(request, body) > maxBodyBytes) throw new WebhookBodyTooLargeError(maxBodyBytes);
        if (!Array.isArray(body)) return await router.processEvent(body, secret);
        const results = await router.processEvents(body, secret);
        if (results.every(({ success }) => success)) return { results };
        throw incompleteDelivery(results);
      } catch (error) {
        if (error instanceof HttpException) throw error;
        if (error instanceof PathwaysError) throw new HttpException(errorBody(error), error.httpStatus);
        // A store that cannot be reached, for example. Its message may hold what a sender must not see.
        logger.error('A delivered event could not be processed', errorFields(error));
        throw new HttpException({ statusCode: 500, code: 'PATHWAYS_DELIVERY_FAILED', message: FAILED }, 500);
      }
    }
  }
  return PathwaysWebhookController;
}

const FAILED =
  'The event could not be processed because of an error in this service. Deliver it again later.';

function incompleteDelivery(results: EventDeliveryResult[]): HttpException {
  const statusCode = statusOfDelivery(results);
  const failed = results.filter(({ success }) => !success).length;
  const message = `${failed} of ${results.length} events were not processed; see results. Deliver them again.`;
  return new HttpException(
    { statusCode, code: 'PATHWAYS_DELIVERY_INCOMPLETE', message, results },
    statusCode,
  );
}

/** For bodies that did not pass the gate. A chunked one announces nothing. */
function sizeOf({ headers }: IncomingRequest, body: unknown): number {
  const announced = headers['content-length'];
  return announced === undefined ? Buffer.byteLength(JSON.stringify(body) ?? '') : Number(announced);
}
