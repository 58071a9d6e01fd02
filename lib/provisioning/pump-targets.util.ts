import type { PumpStatus } from '../pump/pump.status.js';

/** Pumps a command or a pause names. */
export interface PumpTargets {
  /** Keys of the pumps that are meant, `flowType::group`. */
  readonly keys: readonly string[];
  /** Names that fit no pump. */
  readonly unknown: readonly string[];
}

/** A bare flow type means all its groups, `flowType::group` one pump, and no names at all mean every pump. */
export function pumpTargets(
  pumps: readonly PumpStatus[],
  names: readonly string[] | null | undefined,
): PumpTargets {
  if (!names || names.length === 0) return { keys: pumps.map(({ pump }) => pump), unknown: [] };
  const fits = (name: string, { pump, flowType }: PumpStatus) => name === pump || name === flowType;
  return {
    keys: pumps.filter((status) => names.some((name) => fits(name, status))).map(({ pump }) => pump),
    unknown: names.filter((name) => !pumps.some((status) => fits(name, status))),
  };
}
