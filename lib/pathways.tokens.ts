export {
  getDeadLettersToken,
  getEngineToken,
  getPathwayProvisionerToken,
  getPathwaysHealthToken,
  getPathwayWriterToken,
  getPumpManagerToken,
} from './decorators/instance-tokens.js';
