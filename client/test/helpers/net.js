/**
 * Sockets for tests: free ports, and a relay that can cut or go silent.
 */

import { once } from 'node:events';
import net from 'node:net';

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');

  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');

  return port;
}

/**
 * Breaks a connection. One that is being shut down Node 20 neither resets nor
 * closes, and then turns round and round at its own end: that one is closed.
 */
export function reset(socket) {
  if (socket.writableEnded) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}

/**
 * A TCP relay to the port given. silent(true) stops forwarding in both
 * directions without closing anything, as a lost network does; cut() breaks
 * all connections; refuse(true) takes no new ones.
 */
export async function startRelay(target) {
  const pairs = new Set();
  let silent = false;
  let refusing = false;
  let opened = 0;

  const apply = ({ client, upstream }) => {
    for (const socket of [client, upstream]) {
      if (silent) {
        socket.pause();
      } else {
        socket.resume();
      }
    }
  };

  const server = net.createServer((client) => {
    if (refusing) {
      reset(client);
      return;
    }

    const upstream = net.connect(target, '127.0.0.1');
    const pair = { client, upstream };

    opened++;
    pairs.add(pair);

    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      from.on('data', (chunk) => to.write(chunk));
      from.on('end', () => to.end());
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }

    apply(pair);
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: server.address().port,
    get opened() { return opened; },
    get open() { return pairs.size; },
    silent(on) {
      silent = on;
      pairs.forEach(apply);
    },
    refuse(on) {
      refusing = on;
    },
    cut() {
      for (const { client, upstream } of [...pairs]) {
        reset(client);
        upstream.destroy();
      }
    },
    async stop() {
      this.cut();
      server.close();
      await once(server, 'close');
    },
  };
}
