// What the examples of this page take from the reader's application.
import type { PathwayWriter } from 'nestjs-pathways';

export declare const pathways: PathwayWriter;
export declare class DocumentScanned {
  id: string;
  text: string;
}
export declare const id: string;
export declare const text: string;
