/**
 * Servers that do what a test says.
 */

import assert from 'node:assert/strict';

import { WebSocketServer } from 'ws';

import { createQueue } from './queue.js';

/* a WebSocket server that does what the test says, for what a sound gateway
   never does; it chooses the older subprotocol, unless told otherwise */
export async function startPeer(t, onConnection, protocol = 'thread-ws') {
  const server = new WebSocketServer({
    port: 0, host: '127.0.0.1', handleProtocols: () => protocol,
  });

  await new Promise((resolve) => { server.on('listening', resolve); });

  server.on('connection', (socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });

  t.after(() => {
    server.clients.forEach((socket) => socket.terminate());
    server.close();
  });

  return `ws://127.0.0.1:${server.address().port}/`;
}

/* the same of the newer one, by a script: each socket has a queue of what came
   by it, and says what the test wants */
export async function startScript(t) {
  const sockets = createQueue();
  const url = await startPeer(t, (socket) => {
    const commands = createQueue();

    socket.on('message', (data) => {
      const command = JSON.parse(String(data));

      if (command.type === 'ping') {
        socket.send('{"type":"pong"}');
      } else {
        commands.push(command);
      }
    });
    sockets.push({
      next: commands.next,
      close: (code) => socket.close(code),
      drop: () => socket.terminate(),
      say: (...events) => events.forEach((event) => socket.send(JSON.stringify(event))),

      /* the first thing that is said on a socket, and the answer to it */
      async asked(fields, ...events) {
        const command = await commands.next();

        assert.deepEqual(command, { type: 'follow', ...fields });
        this.say(...events);
      },
    });
  }, 'thread-ws.v2');

  return { url, next: sockets.next };
}
