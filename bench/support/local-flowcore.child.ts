/**
 * Local Flowcore in a process of its own, so that it takes no time from the one that is measured. Answers every message with
 * the number of requests so far. With the parameter `lose-notifications` nobody is told of what is stored.
 */
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { quiet } from './engine.js';

const local = await startLocalFlowcore({ logger: quiet });
if (process.argv.includes('lose-notifications')) local.faults.add({ kind: 'lost-notification' });
process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ requests: local.stats.requests }));
process.send?.(local.url);
