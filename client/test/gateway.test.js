/**
 * The gateway of the tests ends with the test, however that ends.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';

test('a test that is killed leaves no nginx behind', async () => {
  const helper = new URL('helpers/gateway.js', import.meta.url).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', `
    const { startGateway } = await import('${helper}');
    process.send((await startGateway({ agent: { port: 9 } })).port);
    setInterval(() => {}, 1e6);
  `], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = await once(child, 'message');

  /* it ends when nginx does */
  const socket = net.connect(port, '127.0.0.1');
  const closed = new Promise((resolve) => { socket.once('close', resolve); });

  socket.on('error', () => {});
  await once(socket, 'connect');
  child.kill('SIGKILL');
  await closed;
});
