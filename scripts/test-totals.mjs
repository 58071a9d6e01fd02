// Adds up the vitest reports of the last `npm test`: node scripts/test-totals.mjs <run> …
// The last line is `N passed, N failed` and nothing else, for whoever reads the output by machine.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const results = new URL('../.build/test-results/', import.meta.url);
const total = { passed: 0, failed: 0, skipped: 0 };

// First, so that whoever sees only the end of a long output sees them.
for (const run of process.argv.slice(2)) for (const line of failuresOf(run)) console.log(line);

for (const run of process.argv.slice(2)) {
  const counts = count(run);
  console.log(`${run}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  for (const kind of Object.keys(total)) total[kind] += counts[kind];
}
console.log(`${total.passed} passed, ${total.failed} failed`);

function read(name) {
  try {
    return readFileSync(new URL(name, results), 'utf8');
  } catch {
    return undefined;
  }
}

function count(run) {
  const report = JSON.parse(read(`${run}.json`) ?? 'null');
  // A run that left no report did not test anything, which is a failure and not "0 failed".
  if (!report) return { passed: 0, failed: 1, skipped: 0 };
  // A file that could not be loaded has no failed test in it.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const failed = report.numFailedTests + brokenFiles;
  // An unhandled rejection or a coverage limit belongs to no test; only the exit code tells.
  const failedOtherwise = failed === 0 && read(`${run}.status`) !== '0' ? 1 : 0;
  return {
    passed: report.numPassedTests,
    failed: failed + failedOtherwise,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Each failed test with the beginning of its message. */
function failuresOf(run) {
  const report = JSON.parse(read(`${run}.json`) ?? 'null');
  return (report?.testResults ?? []).flatMap((file) => {
    const name = file.name.slice(file.name.search(/(lib|test)\//));
    const failed = file.assertionResults.filter((test) => test.status === 'failed');
    if (file.status === 'failed' && failed.length === 0)
      return [`${run}: FAILED ${name}: ${start(file.message)}`];
    return failed.map(
      (test) => `${run}: FAILED ${name} > ${test.fullName}: ${start((test.failureMessages ?? []).join(' '))}`,
    );
  });
}

function start(message = '') {
  // Colours would be all that is left of a short excerpt.
  return stripVTControlCharacters(message).replaceAll(/\s+/g, ' ').slice(0, 300);
}
