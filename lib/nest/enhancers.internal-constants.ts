/**
 * Metadata keys Nest keeps enhancers and parameter decorators under. They have been stable since Nest 5, but are not
 * exported; a test on every supported major fails should one change.
 */
export const ENHANCER_KEYS = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'] as const;
export const PARAMETERS_KEY = '__routeArguments__';

/** What guards and filters see as `context.getType()`. */
export const PATHWAYS_CONTEXT_TYPE = 'pathways';
