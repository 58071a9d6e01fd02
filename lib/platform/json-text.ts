/** JSON that is text already: who had to know a payload's size on the wire has made it, and it is not made twice. */
export class JsonText {
  /** @param source the text, or what makes it each time it is asked for: for texts that should not be kept. */
  constructor(private readonly source: string | (() => string)) {}

  get text(): string {
    return typeof this.source === 'string' ? this.source : this.source();
  }

  /** Inside of something that is serialised it is the value it stands for. */
  toJSON(): unknown {
    return JSON.parse(this.text) as unknown;
  }
}

/** The text of a payload, taken over where it is there. */
export function jsonTextOf(payload: unknown): string {
  return payload instanceof JsonText ? payload.text : JSON.stringify(payload);
}
