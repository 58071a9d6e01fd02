import { either, shape, withMethods, type OptionCheck } from './option-check.util.js';

const aFunction: OptionCheck = (value, path) =>
  typeof value === 'function' ? [] : [{ path, message: 'must be a function' }];

/** Called without `new`, a class would throw at the first write. */
const resolverFunction: OptionCheck = (value, path) =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))
    ? [
        {
          path,
          message: `is the class ${value.name}; write { useExisting: ${value.name} }, or give an instance`,
        },
      ]
    : aFunction(value, path);

export const userResolverCheck = either(resolverFunction, withMethods('resolveUser'));

/** Checks of `audit`; the Nest module takes further kinds of resolvers. */
export const auditCheck = (userResolver: OptionCheck): OptionCheck =>
  shape({ userResolver, handler: aFunction });

export const sessionStoreCheck = withMethods('get', 'set', 'delete');
