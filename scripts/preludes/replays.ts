// What the examples of this page take from the reader's application.
import type { PumpManager } from 'nestjs-pathways';

export declare const pumps: PumpManager;
