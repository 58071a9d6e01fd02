// What the examples of this page take from the reader's application.
export declare class Archive {
  put(id: string, type: string, content: ReadableStream): Promise<void>;
}
