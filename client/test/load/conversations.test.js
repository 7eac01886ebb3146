/**
 * Conversations of five to ten messages: each keeps its one connection.
 * CONVERSATIONS says how many, fifty at once.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { connect, countingWebSocket, history, useGateway } from '../helpers/chat.js';

const context = useGateway();

const CONVERSATIONS = Number(process.env.CONVERSATIONS ?? 100);

test(`${CONVERSATIONS} conversations keep one connection each`, async (t) => {
  const { agent, gateway } = context;
  const { count, WebSocket } = countingWebSocket();
  let started = 0;
  let messages = 0;

  agent.respond = (run) => run.answer('re: ', run.prompt);

  const converse = async () => {
    while (started < CONVERSATIONS) {
      const length = 5 + started++ % 6;
      const connection = connect(t, { url: gateway.wsUrl, WebSocket });
      const states = [];

      connection.on('state', ({ status }) => states.push(status));
      for (let i = 1; i <= length; i++) {
        const { message } = await connection.send(`message ${i}`);
        assert.equal(message, `re: message ${i}`);
        messages++;
      }
      assert.deepEqual(states, ['connected']);
      assert.equal((await history(gateway, connection.threadId)).length, 2 * length);
      connection.close();
    }
  };

  await Promise.all(Array.from({ length: 50 }, converse));
  await count.allClosed();

  t.diagnostic(`${messages} messages over ${count.opened} connections`);
  assert.equal(count.opened, CONVERSATIONS);
  assert.equal(agent.requests, messages);
});
