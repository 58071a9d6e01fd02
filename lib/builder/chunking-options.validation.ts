import { resolveChunkingOptions, type ChunkingOptions } from '../writer/chunks/chunking.options.js';
import { flag, shape, wholeNumber, type OptionCheck } from './option-check.util.js';

const CHUNKING: Record<keyof ChunkingOptions, OptionCheck> = {
  enabled: flag,
  maxEventBytes: wholeNumber(306),
  // Below, the header of a part leaves no room for data.
  partBudgetBytes: wholeNumber(306),
};

const fields = shape(CHUNKING);

/** Checks of `chunking`: the fields, and that a part is no larger than what may be sent whole. */
export const chunkingOptions: OptionCheck = (value, path) => {
  const problems = fields(value, path);
  if (problems.length > 0) return problems;
  const { maxEventBytes, partBudgetBytes } = resolveChunkingOptions(value as ChunkingOptions);
  if (partBudgetBytes <= maxEventBytes) return [];
  const message = `must be at most maxEventBytes (${maxEventBytes}), not ${partBudgetBytes}: the platform would refuse the parts`;
  return [{ path: `${path}.partBudgetBytes`, message }];
};
