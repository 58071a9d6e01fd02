// README.txt is the README of `@flowcore/pathways` (MIT), unchanged, as plain text. Here is where it cannot be taken at its word;
// everything else in it must type-check as it stands.

export interface SeedCorrection {
  /** Line of README.txt. */
  readonly line: number;
  readonly seed: string;
  /** What takes its place for the check. Left out: the compiler must refuse the line. */
  readonly meant?: string;
  readonly reason: string;
}

export const seedCorrections: readonly SeedCorrection[] = [
  { line: 269, seed: 'z.Object(', meant: 'z.object(', reason: 'a typing error: zod has no `Object`' },
  ...[153, 165].map((line) => ({
    line: line + 1,
    seed: '/* ... */',
    meant: '...config,',
    reason: 'the comment stands for what the reader has already',
  })),
  ...[521, 531].map((line) => ({
    line: line + 1,
    seed: '// ...other config',
    meant: '...config,',
    reason: 'the comment stands for what the reader has already',
  })),
  {
    line: 748,
    seed: "await pathways.write('document/uploaded', {",
    reason: 'shown as a mistake: a batch of files, which the compiler refuses here',
  },
];
