export { prometheusTelemetry } from './prometheus-telemetry.factory.js';
export { type PrometheusTelemetryOptions } from './prometheus-telemetry.options.js';
