// An older WebSocket client: connects to the root, authenticates with its token, joins a channel once that is
// answered, sends a message and sees it arrive. It gives no ids of its own and expects no acknowledgements.

import assert from 'node:assert/strict';
import WebSocket from 'ws';

import { openChannel, signIn } from './rest-client.mjs';
import { base, password, run, username } from './surroundings.mjs';

const TEXT = 'Lab results for bed 4 are in: für später ✓';

/** Connects, joins `channelId`, sends `text` and gives the message as it arrived, and every frame's type. */
function talk(token, channelId, text) {
  const scheme = base.protocol === 'http:' ? 'ws' : 'wss';
  const socket = new WebSocket(`${scheme}://${base.host}`);
  const say = (message) => socket.send(JSON.stringify(message));
  const seen = [];

  return new Promise((resolve, reject) => {
    socket.onerror = (event) => reject(new Error(event.message));
    socket.onclose = (event) => reject(new Error(`closed early with ${event.code} ${event.reason}`));
    socket.onopen = () => say({ type: 'authenticate', token });
    socket.onmessage = (event) => {
      let message;
      try {
        assert.equal(typeof event.data, 'string', 'frames are text');
        message = JSON.parse(event.data);
        seen.push(message.type);

        if (message.type === 'authentication_response') {
          assert.equal(message.success, true, event.data);
          assert.equal(message.user.username, username);
          assert.equal(typeof message.user.id, 'string');
          say({ type: 'join_channel', channelId });
          say({ type: 'send_message', channelId, text, containsPHI: false });
        }
        assert.notEqual(message.type, 'error', event.data);
        assert.notEqual(message.type, 'ack', 'no acknowledgement was asked for');
      } catch (failure) {
        reject(failure);
        return;
      }
      if (message.type === 'new_message') {
        socket.onclose = (closed) => resolve({ message: message.data, seen, code: closed.code });
        socket.close(1000);
      }
    };
  });
}

async function conversation() {
  const token = process.env.MCPM_TOKEN || (await signIn(username, password));
  const channelId =
    process.env.MCPM_CHANNEL || (await openChannel(token, { name: 'websocket client', isPrivate: true })).id;

  const { message, seen, code } = await talk(token, channelId, TEXT);
  assert.equal(seen[0], 'authentication_response', 'the first frame answers the first frame');
  assert.equal(message.sender, username);
  assert.equal(message.text, TEXT);
  assert.equal(message.channelId, channelId);
  assert.equal(message.containsPHI, false);
  assert.equal(code, 1000, 'the server closes as it was asked');

  return { channel: channelId, message: message.id, seq: message.seq };
}

await run('websocket', conversation);
