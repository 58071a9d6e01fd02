import { PathwaysError } from './pathways.error.js';

/** `PathwaysModule.forRoot()` was imported twice under one name. */
export class PathwaysModuleDuplicateError extends PathwaysError {
  static override readonly code = 'PATHWAYS_MODULE_DUPLICATE';

  constructor(
    readonly instanceName: string,
    /** Names of the modules that import it, one for each import. */
    readonly importers: readonly string[] = [],
  ) {
    super(
      `PathwaysModule.forRoot() is imported more than once for the instance "${instanceName}"${placesOf(importers)}: every handler would run twice. Import it once, in the root module; feature modules use PathwaysModule.forFeature([...]). For a second data core give that forRoot() a name of its own.`,
    );
  }
}

/** ` (by AppModule, by OrdersModule 2 times)` */
function placesOf(importers: readonly string[]): string {
  const places = [...new Set(importers)].map((module) => {
    const times = importers.filter((other) => other === module).length;
    return times > 1 ? `by ${module} ${times} times` : `by ${module}`;
  });
  return places.length > 0 ? ` (${places.join(', ')})` : '';
}
