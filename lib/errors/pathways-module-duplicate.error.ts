import { PathwaysError } from './pathways.error.js';

/** `PathwaysModule.forRoot()` was imported twice under one name. */
export class PathwaysModuleDuplicateError extends PathwaysError {
  static override readonly code = 'PATHWAYS_MODULE_DUPLICATE';

  constructor(readonly instanceName: string) {
    super(
      `PathwaysModule.forRoot() is imported more than once for the instance "${instanceName}": every handler would run twice. Import it once, in the root module; feature modules use PathwaysModule.forFeature([...]). For a second data core give that forRoot() a name of its own.`,
    );
  }
}
