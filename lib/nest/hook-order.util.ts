import type { InjectionToken } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Moves a module to one end of the order in which Nest runs lifecycle hooks. Nest initialises the modules farthest from
 * the root first and destroys them last; global modules count as farthest.
 *
 * `outermost`: initialised last and destroyed first. Pumps need that: no event may reach a service that has not
 * bootstrapped, nor one whose connections are closed already.
 * `innermost`: initialised first. Contracts and handlers need that: other modules may write in their own hooks.
 */
export function placeHooks(
  modules: ModulesContainer,
  token: InjectionToken,
  place: 'outermost' | 'innermost',
): void {
  for (const module of modules.values()) {
    if (module.providers.has(token)) module.distance = place === 'outermost' ? -1 : Number.MAX_VALUE;
  }
}
