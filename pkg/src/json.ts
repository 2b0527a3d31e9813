/** JSON text, read as this package's other readers do: a key that stands twice says two things, and is refused. */

/** Throws a `SyntaxError` where the text is not JSON, or has a key twice in one object. */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  refuseDuplicates(text);
  return value;
}

/** The text is JSON: only strings, braces and brackets have to be told apart. */
function refuseDuplicates(text: string): void {
  /** The keys of each object that is open; `undefined` for a list. */
  const open: (Set<string> | undefined)[] = [];
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [piece, colon] = found;
    if (piece === "{") open.push(new Set());
    else if (piece === "[") open.push(undefined);
    else if (piece === "}" || piece === "]") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(piece.slice(0, piece.lastIndexOf('"') + 1)) as string;
      const keys = open.at(-1);
      if (keys?.has(key) === true) throw new SyntaxError(`the key ${JSON.stringify(key)} stands twice in one object`);
      keys?.add(key);
    }
  }
}
