import { EncryptionKeyUnavailableError } from '../errors/encryption-key-unavailable.error.js';
import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { resolveSafely } from '../security/encryption/configured.keys.js';
import { secretProblem } from '../security/encryption/encryption-key.util.js';
import type { EncryptionOptions, KeyringOptions } from '../security/encryption/encryption.options.js';
import { flag, oneOf, shape, text, wholeNumber, withMethods, type OptionCheck } from './option-check.util.js';

/** Never by the general checks for texts: those quote what they refuse. */
const secret: OptionCheck = (value, path) => {
  const message = secretProblem(value);
  return message === undefined ? [] : [{ path, message }];
};

const secretsById: OptionCheck = (value, path) => {
  // A Map has no own keys: every secret in it would be overlooked.
  if (!isRecord(value) || !isPlain(value))
    return [
      { path, message: `must be a plain object of secrets by key id, not ${kindOf(value)} of another kind` },
    ];
  return Object.entries(value).flatMap(([id, item]) =>
    id.trim() === ''
      ? [{ path: `${path}[${JSON.stringify(id)}]`, message: 'is a blank key id' }]
      : secret(item, `${path}.${id}`),
  );
};

const callable: OptionCheck = (value, path) =>
  typeof value === 'function' ? [] : [{ path, message: `must be a function, not ${kindOf(value)}` }];

const KEYRING: Record<keyof KeyringOptions, OptionCheck> = {
  activeKeyId: text,
  keys: secretsById,
  resolveKey: callable,
};

const ENCRYPTION: Record<keyof EncryptionOptions, OptionCheck> = {
  mode: oneOf('none', 'symmetric'),
  key: secret,
  keyId: text,
  keyring: shape(KEYRING),
  provider: withMethods('activeKey', 'key'),
  keyLifetimeMs: wholeNumber(0),
  keyTimeoutMs: wholeNumber(1),
  allowPlaintext: flag,
};

/** Everything about encryption that can be wrong before the first pathway is known. */
export const encryptionOption: OptionCheck = (value, path) => {
  const problems = shape(ENCRYPTION)(value, path);
  // What belongs together is only looked at when every part is of the right kind.
  return problems.length > 0 ? problems : combinationProblems(value as EncryptionOptions, path);
};

function combinationProblems(options: EncryptionOptions, path: string): ConfigurationProblem[] {
  const { mode, key, keyId, keyring, provider, allowPlaintext } = options;
  const problems: ConfigurationProblem[] = [];
  const hasConfiguredKey = key !== undefined || keyring !== undefined;
  if (provider && hasConfiguredKey) {
    problems.push({
      path: `${path}.provider`,
      message:
        'is given beside key or keyring; keep one, or nobody can say which secret a payload was sealed with',
    });
  }
  if (keyId !== undefined && key === undefined)
    problems.push({ path: `${path}.keyId`, message: 'names a key that is not given: set key too' });
  if (!provider) {
    const unused = (['keyLifetimeMs', 'keyTimeoutMs'] as const).filter((name) => options[name] !== undefined);
    for (const name of unused)
      problems.push({
        path: `${path}.${name}`,
        message: 'is about the answers of a provider, and there is none',
      });
  }
  if (mode === 'symmetric' && !hasConfiguredKey && !provider && allowPlaintext !== true) {
    problems.push({
      path: `${path}.mode`,
      message:
        'is symmetric without a key: set key, keyring or provider (is its environment variable missing?)',
    });
  }
  if (keyring) problems.push(...keyringProblems(keyring, options, `${path}.keyring`));
  return problems;
}

function keyringProblems(
  keyring: KeyringOptions,
  { key, keyId }: EncryptionOptions,
  path: string,
): ConfigurationProblem[] {
  const { keys, resolveKey } = keyring;
  const activeId = keyring.activeKeyId;
  if (activeId === undefined)
    return [{ path: `${path}.activeKeyId`, message: 'is required: it says which key to write with' }];
  const problems: ConfigurationProblem[] = [];
  if (keys === undefined && resolveKey === undefined)
    problems.push({ path, message: 'has neither keys nor resolveKey, so it has no secret' });
  const id = keyId?.trim();
  if (
    key !== undefined &&
    id !== undefined &&
    ownSecret(keys, id) !== undefined &&
    ownSecret(keys, id) !== key
  ) {
    problems.push({
      path: `${path}.keys.${id}`,
      message:
        'Conflicting encryption key material: key with this keyId is another secret. Give the id to one of them',
    });
  }
  const isGiven =
    ownSecret(keys, activeId.trim()) !== undefined || (key !== undefined && id === activeId.trim());
  if (!isGiven) problems.push(...activeProblems(keyring, activeId.trim(), `${path}.activeKeyId`));
  return problems;
}

/** Asked now: a writer that finds out at the first write has lost it. */
function activeProblems({ resolveKey }: KeyringOptions, id: string, path: string): ConfigurationProblem[] {
  let resolved: unknown;
  try {
    resolved = resolveSafely(resolveKey, id);
  } catch (error) {
    if (error instanceof EncryptionKeyUnavailableError)
      return [{ path, message: `Failed to resolve pathway encryption key ID: ${id} (resolveKey threw)` }];
    throw error;
  }
  if (resolved === undefined)
    return [
      {
        path,
        message: `Unknown encryption key ID ${JSON.stringify(id)}: it is neither in keys nor known to resolveKey`,
      },
    ];
  const isPromise = typeof (resolved as { then?: unknown } | null)?.then === 'function';
  if (isPromise) {
    // It would be nobody's: a look-up that fails must not end the process.
    Promise.resolve(resolved).catch(() => {});
    return [
      { path, message: 'resolveKey must answer at once; give keys that have to be fetched by a provider' },
    ];
  }
  const message = secretProblem(resolved);
  return message === undefined ? [] : [{ path, message: `what resolveKey gave for it ${message}` }];
}

/** Ids may be named like members of every object. */
function ownSecret(keys: KeyringOptions['keys'], id: string): string | undefined {
  return keys && Object.hasOwn(keys, id) ? keys[id] : undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
