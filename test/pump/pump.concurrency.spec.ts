import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { PathwaysEngine } from '../../lib/index.js';
import { PumpHarness } from '../support/pump-harness.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('names in pump.concurrency', () => {
  const started = async (byFlowType: Record<string, number>, byPumpGroup: Record<string, number>) => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const manager = await harness.started({ logger, options: { concurrency: { byFlowType, byPumpGroup } } });
    await manager.start();
    return warnings;
  };

  it('that no pump has are told once, at the start', async () => {
    const warnings = await started({ 'ordrs.0': 16, 'order.0': 2 }, { 'order.0::hot': 4 });
    expect(warnings).toEqual([
      "pump.concurrency names pumps that do not exist: byFlowType['ordrs.0'], byPumpGroup['order.0::hot']. They have no effect. There are: order.0::default",
    ]);
  });

  it('that pumps have are no matter', async () => {
    expect(await started({ 'order.0': 2 }, { 'order.0::default': 4 })).toEqual([]);
  });

  it('of a setting that does not exist are refused', () => {
    const concurrency = { default: 1, byGroup: { 'order.0::hot': 4 } };
    expect(() => new PathwaysEngine({ logger: silentLogger, pump: { concurrency } })).toThrow(
      'pump.concurrency.byGroup',
    );
  });
});
