// What both clients are told by the environment, and how they fail.
//
//   MCPM_URL       where the server is, as https://localhost:3000
//   MCPM_USERNAME  who signs in; may see users and create channels
//   MCPM_PASSWORD
//   NODE_EXTRA_CA_CERTS  the certificate authority of the server (read by Node itself)
//
// A client ends with exit code 0 and one line of JSON on standard output, or with 1 and the reason.

const DEADLINE_MS = 20_000;

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set. See surroundings.mjs.`);
    process.exit(2);
  }
  return value;
}

export const base = new URL(required('MCPM_URL'));
export const username = required('MCPM_USERNAME');
export const password = required('MCPM_PASSWORD');

/** The address of a path on the server. */
export function at(path) {
  return new URL(path, base).href;
}

/** Runs the client within the deadline, reports how it went and ends the process: an open socket must not hold it. */
export async function run(name, client) {
  setTimeout(() => fail(name, `nothing more happened for ${DEADLINE_MS} ms`), DEADLINE_MS).unref();
  try {
    const result = await client();
    console.log(JSON.stringify({ client: name, ok: true, ...result }));
    process.exit(0);
  } catch (failure) {
    fail(name, failure.stack ?? failure);
  }
}

function fail(name, reason) {
  console.error(`${name}: ${reason}`);
  process.exit(1);
}
