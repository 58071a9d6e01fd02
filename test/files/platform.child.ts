// Local Flowcore in a process of its own: what it keeps is not the memory of the one that uploads. Ends with its parent.
import { silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';

process.on('disconnect', () => process.exit(0));
const local = await startLocalFlowcore({ logger: silentLogger });
process.send?.(local.url);
