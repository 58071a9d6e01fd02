// The few pieces of Markdown the generated pages are made of.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text
    .replaceAll(/\s*\n+\s*(?=- )/g, '<br>')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|');
}

export function code(text: string): string {
  return `\`${text.replaceAll(/\s+/g, ' ')}\``;
}

/** The anchor GitHub gives a heading that is one identifier. */
export function anchor(name: string): string {
  return `#${name.toLowerCase()}`;
}

/** Numbers, texts and switches at the beginning of a default are code, the rest is prose. */
export function defaultValue(text: string): string {
  const literal = /^('[^']*'|\d[\d_.]*|true|false|undefined|\[\]|\{\})(?=$|[\s,;:(])/.exec(text)?.[1];
  return literal === undefined ? text : code(literal) + text.slice(literal.length);
}
