/**
 * A gateway and an agent for a test file, and what tests of the connection
 * share.
 */

import { once } from 'node:events';
import http from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before } from 'node:test';

import { WebSocket } from 'ws';

import { ThreadConnection } from '../../src/index.js';
import { startAgent } from './agent.js';
import { startGateway } from './gateway.js';

export { countingWebSocket } from './count.js';
export { startPeer, startScript } from './peer.js';

let threads = 0;

export const newThread = () => `t-${process.pid}-${++threads}`;

/* starts both around the tests of a file */
export function useGateway(options) {
  const context = {};

  before(async () => {
    context.agent = await startAgent();
    context.gateway = await startGateway({ agent: context.agent, ...options });
  });

  after(async () => {
    await context.gateway?.stop();
    await context.agent?.stop();
  });

  return context;
}

/* a connection that is closed when the test ends */
export function connect(t, options) {
  const connection = new ThreadConnection(options.threadId ?? newThread(),
    { WebSocket, network: null, ...options });

  t.after(() => connection.close());

  return connection;
}

/* resolves with the first state that fits, the present one included */
export function stateOf(connection, test) {
  const fits = typeof test === 'string' ? (s) => s.status === test : test;

  if (fits(connection.state)) {
    return Promise.resolve(connection.state);
  }

  return new Promise((resolve) => {
    const off = connection.on('state', (state) => {
      if (fits(state)) {
        off();
        resolve(state);
      }
    });
  });
}

/* resolves with the next thing of a kind that the connection tells */
export function nextOf(connection, type, test = () => true) {
  return new Promise((resolve) => {
    const off = connection.on(type, (arg) => {
      if (test(arg)) {
        off();
        resolve(arg);
      }
    });
  });
}

/* on a connection of its own: where a server closes a new one before it was
   asked anything, Node 20's fetch waits for ever */
export async function history(gateway, threadId) {
  const request = http.get(`${gateway.url}api/threads/${threadId}/messages`, { agent: false });
  const [response] = await once(request, 'response');

  return response.statusCode === 404 ? [] : (await json(response)).messages;
}
