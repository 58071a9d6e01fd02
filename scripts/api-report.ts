// The public API of every subpath export, as etc/api/*.api.md: `npm run api:update` writes them from the build, and
// `npm run api:check` refuses a build whose API is another one, so that no change of it goes unnoticed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type ExtractorMessage,
} from '@microsoft/api-extractor';
import { publishedEntryPoints } from './support/published-entry-points.js';
import { root } from './support/library-program.js';

const isUpdate = process.argv.includes('--update');
const reports = join(root, 'etc/api');
const current = join(root, '.build/api');
mkdirSync(reports, { recursive: true });

const changed = publishedEntryPoints().filter(({ name, declarations }) => !isAsReported(name, declarations));
for (const { specifier, name } of changed) {
  console.error(
    `The API of ${specifier} is not what etc/api/${name}.api.md says. If you mean the change, run \`npm run api:update\`, ` +
      'commit the report, and name the change in CHANGELOG.md.',
  );
  showDifference(`${name}.api.md`);
}
process.exitCode = changed.length === 0 ? 0 : 1;

function isAsReported(name: string, declarations: string): boolean {
  if (!existsSync(declarations)) throw new Error('There is no complete build. Run: npm run build');
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(root, 'api-extractor.json'),
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: declarations,
      compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json'), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: reports,
        reportTempFolder: current,
        // Constructors of injected classes name half the house. What nobody can import may change; that it is there is said.
        includeForgottenExports: false,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
          // So that a type of the API which is not exported is a line of the report, and somebody asks whether it is to be.
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const result = Extractor.invoke(config, { localBuild: isUpdate, messageCallback: silence });
  return isUpdate || (!result.apiReportChanged && result.errorCount === 0);
}

function showDifference(report: string): void {
  spawnSync('git', ['diff', '--no-index', '--unified=2', join(reports, report), join(current, report)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** What the extractor says of each report is said here once, in the words of this repository. Its errors stay. */
function silence(message: ExtractorMessage): void {
  message.handled = message.logLevel !== ExtractorLogLevel.Error;
}
