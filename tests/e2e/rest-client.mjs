// An older REST client: signs in, lists the users, creates a channel. It knows the paths, the bodies and the
// bearer header of the contract and nothing else; it takes every answer as JSON, as such clients do.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { at, password, run, username } from './surroundings.mjs';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Signs in and gives the token, which is all that the older client takes from the answer. */
export async function signIn(name, secret) {
  const answer = await fetch(at('/api/auth/login'), {
    method: 'POST',
    headers: JSON_TYPE,
    body: JSON.stringify({ username: name, password: secret }),
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  assert.equal(typeof body.token, 'string');
  assert.equal(body.token.split('.').length, 3, 'the token is a JWT');
  return body.token;
}

/** The list of users, as a bare array. */
export async function listUsers(token) {
  const answer = await fetch(at('/api/users'), { headers: { Authorization: `Bearer ${token}` } });
  const users = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(users));
  return users;
}

/** A new channel, as an object with its id. */
export async function openChannel(token, wanted) {
  const answer = await fetch(at('/api/channels'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, ...JSON_TYPE },
    body: JSON.stringify(wanted),
  });
  const channel = await answer.json();
  assert.ok(answer.ok, JSON.stringify(channel));
  return channel;
}

async function conversation() {
  const token = await signIn(username, password);

  const users = await listUsers(token);
  assert.ok(Array.isArray(users), 'a bare array');
  const self = users.find((user) => user.username === username);
  assert.ok(self, `${username} is in the list`);
  assert.match(self.id, UUID);
  for (const user of users) {
    for (const secret of ['password', 'passwordHash', 'password_hash', 'salt', 'twoFactorSecret']) {
      assert.ok(!(secret in user), `a user shows ${secret}`);
    }
  }

  const wanted = { name: 'ward 3', description: 'opened by the REST client', isPrivate: true };
  const channel = await openChannel(token, wanted);
  assert.match(channel.id, UUID);
  assert.equal(channel.name, wanted.name);
  assert.equal(channel.description, wanted.description);
  assert.equal(channel.isPrivate, true);
  assert.equal(channel.createdBy, self.id);

  return { users: users.length, channel: channel.id };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run('rest', conversation);
}
