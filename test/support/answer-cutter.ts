import { startTcpProxy } from './tcp-proxy.js';

/** A network between an application and the platform that loses answers of writes. */
export interface AnswerCutter {
  readonly url: string;
  /** Writes whose answers are lost: the platform has stored the events, and the connection ends. */
  cuts: number;
  close(): Promise<void>;
}

export async function startAnswerCutter(target: string): Promise<AnswerCutter> {
  const proxy = await startTcpProxy(target, (bytes) => {
    if (cutter.cuts === 0 || !bytes.includes('POST /event')) return 'pass';
    cutter.cuts--;
    return 'mute';
  });
  const cutter: AnswerCutter = { url: proxy.url.origin, cuts: 0, close: () => proxy.close() };
  return cutter;
}
