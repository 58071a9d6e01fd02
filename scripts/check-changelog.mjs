// Refuses to pack a version that CHANGELOG.md does not describe. Runs before every `npm pack` and `npm publish`.
import { readFileSync } from 'node:fs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const { version } = JSON.parse(read('package.json'));
const headings = read('CHANGELOG.md')
  .split('\n')
  .filter((line) => line.startsWith('## '));

if (!headings.some((line) => line.split(/[\s[\]]+/).includes(version))) {
  console.error(
    `CHANGELOG.md has no heading for ${version}. Move what is under "Unreleased" below a new heading ` +
      `"## ${version}" and add its date.`,
  );
  process.exit(1);
}
