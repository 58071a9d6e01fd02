import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';
import type { DataPumpPackage } from './data-pump-package.interface.js';

const PACKAGE = '@flowcore/data-pump';

/** A constant would make compilers and bundlers look for a package that may be missing. */
export const importDataPump = (name: string = PACKAGE): Promise<unknown> => import(name);

/**
 * Loaded when the pumps are made. By `import`, since the package need not have a CommonJS form.
 *
 * @throws OptionalPackageMissingError
 */
export async function loadDataPump(load: () => Promise<unknown>): Promise<DataPumpPackage> {
  try {
    const loaded = await load();
    // Node puts the exports of some CommonJS packages there alone.
    const exports = [loaded, (Object(loaded) as { default?: unknown }).default];
    const found = exports.find(isDataPumpPackage);
    if (found) return found;
    throw new TypeError('It exports no FlowcoreDataPump.create.');
  } catch (error) {
    throw new OptionalPackageMissingError(PACKAGE, 'pump.reader: dataPump()', error);
  }
}

function isDataPumpPackage(value: unknown): value is DataPumpPackage {
  const { FlowcoreDataPump } = Object(value) as Partial<DataPumpPackage>;
  return typeof (Object(FlowcoreDataPump) as { create?: unknown }).create === 'function';
}
