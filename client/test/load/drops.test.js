/**
 * Random drops of up to ten seconds in mid-answer: cut, refused or silent.
 * DROPS says how many, over ten connections at once. How many were back later than
 * five seconds after the network was is told: with other load it says little.
 */

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';

import { connect, history, stateOf, useGateway } from '../helpers/chat.js';
import { startRelay } from '../helpers/net.js';

const context = useGateway();

const DROPS = Number(process.env.DROPS ?? 12);
const CONNECTIONS = 10;

/* the network as it is: gone in one of three ways, and back after a while */
async function drop(relay, i) {
  const away = Math.random() * 10000;

  if (i % 3 === 0) {
    relay.silent(true);
  } else {
    relay.refuse(i % 3 === 1);
    relay.silent(i % 3 === 2);
    relay.cut();
  }
  await passed(away);
  relay.refuse(false);
  relay.silent(false);
}

/* until it is connected; what has given up is tried by hand, once */
async function recovered(connection) {
  if (connection.state.status === 'disconnected') {
    connection.retry();
  }
  await stateOf(connection, 'connected');
}

async function chat(t, name, drops) {
  const { gateway, agent } = context;
  const relay = await startRelay(gateway.port);
  const connection = connect(t, {
    url: `ws://127.0.0.1:${relay.port}/api/chat/ws`,
    retryEveryMs: 0,
  });
  const late = [];

  t.after(() => relay.stop());

  for (let i = 0; i < drops; i++) {
    const content = `${name} ${i}`;
    const run = connection.send(content);
    const asked = await agent.of(content);

    asked.token('half of ');
    await run[Symbol.asyncIterator]().next();
    await drop(relay, i);

    const back = performance.now();
    agent.whole.add(content);
    if (!asked.res.destroyed) {
      asked.answer('the answer');
    }
    await recovered(connection);
    if (performance.now() - back > 5000) {
      late.push(Math.round(performance.now() - back));
    }

    /* a silence that was too short to be noticed was no drop */
    const { message } = await run.catch((error) => {
      assert.equal(error.code, 'CONNECTION_LOST');
      return connection.send(content, { requestId: run.requestId });
    });
    assert.equal(message, 'half of the answer');
  }

  const messages = await history(gateway, connection.threadId);
  assert.deepEqual(messages.filter(({ role }) => role === 'user').map(({ content }) => content),
    Array.from({ length: drops }, (_, i) => `${name} ${i}`));

  return late;
}

test(`${DROPS} drops: back each time, nothing answered twice`, async (t) => {
  const { agent } = context;
  const waiting = new Map();

  /* the first request for a message is the test's, retries are answered */
  agent.whole = new Set();
  agent.of = (prompt) => new Promise((resolve) => { waiting.set(prompt, resolve); });
  agent.respond = (run) => {
    if (agent.whole.has(run.prompt)) {
      run.answer('half of ', 'the answer');
    } else {
      waiting.get(run.prompt)(run);
    }
  };

  const each = Math.ceil(DROPS / CONNECTIONS);
  const late = (await Promise.all(Array.from({ length: CONNECTIONS },
    (_, i) => chat(t, `chat ${i}`, each)))).flat();

  t.diagnostic(`${each * CONNECTIONS} drops, ${late.length} late: ${late}`);
});
