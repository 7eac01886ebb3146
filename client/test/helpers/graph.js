/**
 * A graph behind LangGraph's streams that asks before it does anything: each question
 * that is not answered yet, again and again, and then it is done.
 */

import { once } from 'node:events';
import http from 'node:http';

const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/* questions: values by their ids, of 32 hexadecimal digits */
export async function startGraph(questions) {
  const inputs = [];
  let open = questions;
  const server = http.createServer(async (req, res) => {
    let text = '';

    for await (const chunk of req) {
      text += chunk;
    }
    const input = JSON.parse(text);

    inputs.push(input);
    open = Object.fromEntries(Object.entries(input.command ? open : questions)
      .filter(([id]) => !(id in (input.command?.resume ?? {}))));
    const asked = Object.entries(open).map(([id, value]) => ({ id, value }));

    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.end(asked.length ? event('updates', { __interrupt__: asked })
      : event('messages', [{ type: 'ai', id: 'b', content: 'Done.' }, {}]));
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    inputs,
    port: server.address().port,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
