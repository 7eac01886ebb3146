/**
 * A scripted agent that speaks the OpenAI chat completions stream. Tests take
 * each request as it comes and say what is answered; without a test that
 * waits, `respond` answers.
 */

import { once } from 'node:events';
import http from 'node:http';

import { createQueue } from './queue.js';

class AgentRun {
  constructor(req, res, body) {
    this.body = body;
    /* LangGraph's are elsewhere, and not there in an answer to its question */
    this.messages = body.messages ?? body.input?.messages ?? [];
    this.prompt = this.messages.at(-1)?.content;
    this.res = res;
    this.finished = false;
    this.gone = once(res, 'close').then(() => !this.finished);
  }

  /* resolves to whether the gateway went before the answer was whole */
  get aborted() {
    return this.gone;
  }

  chunk(choice, extra) {
    this.res.write(`data: ${JSON.stringify({
      object: 'chat.completion.chunk',
      choices: choice ? [{ index: 0, ...choice }] : [],
      ...extra,
    })}\n\n`);
    return this;
  }

  start() {
    if (!this.res.headersSent) {
      this.res.writeHead(200, { 'Content-Type': 'text/event-stream' });
      this.chunk({ delta: { role: 'assistant', content: null } });
    }
    return this;
  }

  /* a stream of LangGraph's has no beginning */
  graph() {
    this.res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    return this;
  }

  token(...values) {
    this.start();
    for (const content of values) {
      this.chunk({ delta: { content }, finish_reason: null });
    }
    return this;
  }

  finish(usage = { prompt_tokens: 3, completion_tokens: 5 }) {
    this.start();
    this.finished = true;
    this.chunk({ delta: {}, finish_reason: 'stop' });
    this.chunk(null, { usage });
    this.res.end('data: [DONE]\n\n');
    return this;
  }

  answer(...values) {
    return this.token(...values).finish();
  }

  /* word by word, for as long as somebody listens */
  async tell(words, ms) {
    for (const word of words) {
      if (this.res.destroyed) {
        return;
      }
      this.token(word);
      await new Promise((resolve) => { setTimeout(resolve, ms); });
    }
    if (!this.res.destroyed) {
      this.finish();
    }
  }

  fail(status, message, headers = {}) {
    this.finished = true;
    this.res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    this.res.end(JSON.stringify({ error: { message, type: 'test' } }));
    return this;
  }
}

export async function startAgent(respond) {
  const queue = createQueue();
  const server = http.createServer(async (req, res) => {
    let text = '';

    req.setEncoding('utf8');
    for await (const chunk of req) {
      text += chunk;
    }

    const run = new AgentRun(req, res, JSON.parse(text));

    agent.requests++;

    if (agent.respond) {
      agent.respond(run);
    } else {
      queue.push(run);
    }
  });

  server.keepAliveTimeout = 60000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const agent = {
    port: server.address().port,
    requests: 0,
    respond,
    next: () => queue.next(),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };

  return agent;
}
