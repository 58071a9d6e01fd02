// Refuses files that only work on the machine they were written on: lockfiles that name a registry, absolute paths of
// somebody's folders. Looks at what git tracks or would add.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const personalFolder = /(?<![\w.])\/(home|Users|root|work|workspace)\/[\w.-]+|[A-Z]:\\Users\\/;

const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
const problems = files.split('\0').filter(Boolean).flatMap(problemsOf);
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);

function problemsOf(name) {
  const text = contentOf(name);
  if (name.endsWith('package-lock.json')) {
    const named = text.match(/^.*"resolved": "http.*$/m);
    return named
      ? [`${name}: names a registry (${named[0].trim()}). Write it with the root .npmrc in force.`]
      : [];
  }
  return text
    .split('\n')
    .flatMap((line, index) => (personalFolder.test(line) ? [`${name}:${index + 1}: ${line.trim()}`] : []));
}

function contentOf(name) {
  try {
    return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  } catch {
    return ''; // Deleted, but still in the index.
  }
}
