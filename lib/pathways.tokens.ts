export {
  getDeadLetterStoreToken,
  getEngineToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './decorators/instance-tokens.js';
