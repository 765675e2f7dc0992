// Makes src/gen/api.ts of the server's own description, so that the types cannot drift from it.
// Everything that is built, checked or tested begins with this; nothing made is checked in.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";

const from = new URL("../../../docs/openapi.json", import.meta.url);
const to = new URL("../src/gen/api.ts", import.meta.url);

// A value that has a default need not be given; an object of unknown members is not an empty one.
const options = { defaultNonNullable: false, emptyObjectsUnknown: true };

const text = `// Made from docs/openapi.json by scripts/generate.mjs.\n\n${astToString(await openapiTS(from, options))}`;
const before = await readFile(to, "utf8").catch(() => "");
if (before !== text) {
  await mkdir(new URL(".", to), { recursive: true });
  await writeFile(to, text);
}
