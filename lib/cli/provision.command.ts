import { Command, Option } from 'commander';
import { systemClock } from '../event/clock.interface.js';
import { silentLogger } from '../event/logger.interface.js';
import { noTelemetry } from '../event/telemetry.interface.js';
import { isLoopback } from '../platform/base-url.util.js';
import { FlowcoreClient } from '../platform/flowcore-client.js';
import { resolvePlatformHosts } from '../platform/platform-hosts.js';
import { resolveProvisioningOptions } from '../provisioning/provisioning.options.js';
import { registrationStep } from '../provisioning/pathway.provisioner.js';
import { PathwayRegistration } from '../provisioning/pathway.registration.js';
import { planOf, RESOURCE_LABELS } from '../provisioning/provisioning.plan.js';
import { createResourceProvisioner } from '../provisioning/resource-provisioner.factory.js';
import type { ProvisioningStep } from '../provisioning/resource.provisioner.js';
import { contractsOf } from './contract-files.loader.js';
import { pathwayOf, type PathwayCommandOptions } from './pathway.arguments.js';

interface ProvisionCommandOptions extends PathwayCommandOptions {
  readonly tenant: string;
  readonly dataCore: string;
  readonly dataCoreDescription?: string;
  readonly apiKey: string;
  readonly baseUrl?: string;
  readonly dryRun: boolean;
}

const REQUEST_TIMEOUT_MS = 10_000;

/** `pathways provision`: the platform's names, from the contracts in files, without starting the application. */
export function provisionCommand(): Command {
  return new Command('provision')
    .description(
      'create data core, flow types and event types on the platform, as the contracts describe them, and register the pathway',
    )
    .argument('<files...>', 'compiled files that export event classes or contracts')
    .addOption(new Option('--tenant <name>', 'tenant').env('FLOWCORE_TENANT').makeOptionMandatory())
    .addOption(new Option('--data-core <name>', 'data core').env('FLOWCORE_DATA_CORE').makeOptionMandatory())
    .option('--data-core-description <text>', 'creates the data core when it is missing')
    .addOption(
      new Option('--api-key <key>', 'fc_<id>_<secret>').env('FLOWCORE_API_KEY').makeOptionMandatory(),
    )
    .addOption(
      new Option('--base-url <url>', 'one URL for the whole platform, such as Local Flowcore').env(
        'FLOWCORE_BASE_URL',
      ),
    )
    .option('--pathway-name <name>', 'registers the application with the control plane under this name')
    .addOption(
      new Option(
        '--pathway-mode <mode>',
        'who brings events; needs --pathway-name (default: "managed")',
      ).choices(['virtual', 'managed']),
    )
    .option('--endpoint-url <url>', 'where the platform posts the events of a managed pathway')
    .addOption(
      new Option('--auth-header <header...>', '"name: value", sent with every delivery').env(
        'FLOWCORE_AUTH_HEADER',
      ),
    )
    .addOption(
      new Option('--size-class <class>', 'of a managed pathway').choices(['small', 'medium', 'high']),
    )
    .option('--label <label...>', '"name=value", shown by the control plane')
    .option('--dry-run', 'say what would be done, and change nothing', false)
    .action(run);
}

async function run(files: readonly string[], options: ProvisionCommandOptions): Promise<void> {
  const contracts = await contractsOf(files);
  const plan = planOf(contracts);
  const pathway = pathwayOf(options);
  const hosts = resolvePlatformHosts(options.baseUrl);
  const { tenant, dataCore, apiKey, dataCoreDescription } = options;
  const client = new FlowcoreClient({
    tenant,
    dataCore,
    apiKey,
    secrets: Object.values(pathway?.managed?.authHeaders ?? {}),
    hosts,
    dedicatedLookup: false,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    clock: systemClock,
    logger: silentLogger,
    telemetry: noTelemetry,
  });
  try {
    const resolved = resolveProvisioningOptions({
      provisionFailure: 'throw',
      ...(dataCoreDescription !== undefined && { dataCoreDescription }),
    });
    const provisioner = createResourceProvisioner({
      client,
      dataCore,
      options: resolved,
      createsUndescribed: isLoopback(hosts.dataCore),
      logger: silentLogger,
    });
    const registration =
      pathway &&
      new PathwayRegistration({
        ...pathway,
        controlPlane: client.controlPlane,
        tenant,
        dataCore,
        pathways: () => contracts,
        logger: silentLogger,
      });
    const names = options.dryRun
      ? await provisioner.inspect(plan)
      : (await provisioner.provision(plan)).steps;
    const last = registration ? [await registrationStep(registration)] : [];
    if (!options.dryRun) await registration?.register();
    const steps = [...names, ...last];
    process.stdout.write(report(steps, options.dryRun));
    if (steps.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
  } finally {
    await client.close();
  }
}

const DRY: Record<ProvisioningStep['action'], string> = {
  exists: 'nothing to do',
  create: 'create',
  describe: 'correct the description',
  update: 'register again, as said here',
  missing: 'missing',
};
const DONE: Record<ProvisioningStep['action'], string> = {
  exists: 'is there',
  create: 'created',
  describe: 'description corrected',
  update: 'registered again, as said here',
  missing: 'missing',
};

function report(steps: readonly ProvisioningStep[], isDry: boolean): string {
  const rows = steps.map(({ kind, name, flowType, action, problem }) => [
    kind === 'pathway' ? kind : RESOURCE_LABELS[kind],
    flowType === undefined ? name : `${flowType}/${name}`,
    problem ?? (isDry ? DRY : DONE)[action],
  ]);
  const changes = steps.filter(({ action }) => action !== 'exists' && action !== 'missing').length;
  const problems = steps.filter(({ problem }) => problem !== undefined).length;
  const summary = isDry
    ? `Dry run: nothing was changed. ${changes} to change, ${problems} missing.`
    : `${changes} of ${steps.length} changed.`;
  return `${table([['', 'name', isDry ? 'would be done' : 'done'], ...rows])}\n\n${summary}\n`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [widthOf(0), widthOf(1)];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
