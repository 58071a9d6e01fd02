/**
 * The environment of the server and its tools: this process's, without what would change how they behave.
 *
 * `PG*` would move the data folder or the port. `NODE_OPTIONS` would load the application's hooks into the supervisor.
 * The locale decides the language of messages, and on macOS whether the server starts at all; the time zone becomes
 * the server's.
 */
export function serverEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^(PG|LC_|LANG)|^(NODE_OPTIONS|TZ)$/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}
