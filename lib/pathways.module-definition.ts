import { ConfigurableModuleBuilder } from '@nestjs/common';
import { DEFAULT_INSTANCE } from './decorators/instance-tokens.js';
import type { PathwaysModuleOptions, ResolvedStructure } from './pathways.options.js';
import { MODULE_OPTIONS, withInstanceProviders } from './pathways.providers.js';

/** Structure is given where the module is declared; only options may come from a factory. */
const STRUCTURE: ResolvedStructure = {
  name: DEFAULT_INSTANCE,
  isGlobal: true,
  webhook: undefined,
  store: undefined,
};

export const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<PathwaysModuleOptions>({
  optionsInjectionToken: MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createPathwaysOptions')
  .setExtras(STRUCTURE, withInstanceProviders)
  .build();
