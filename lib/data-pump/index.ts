export { dataPump } from './data-pump.readers.js';
export { type DataPumpOptions } from './data-pump.options.js';
export { type DataPumpNotifier } from './data-pump-package.interface.js';
