// The usual stack: Fastify with @fastify/websocket, the openai client's stream
// as an async iterator, one JSON.stringify and one send for each token, and
// Fastify's log at its default level (lines for each run, none for a token).

import Fastify from 'fastify';
import websocket from '@fastify/websocket';
import OpenAI from 'openai';

const [port, agentPort] = process.argv.slice(2).map(Number);

const openai = new OpenAI({
    apiKey: 'none', baseURL: `http://127.0.0.1:${agentPort}/v1`, maxRetries: 0,
});

const app = Fastify({ logger: true, disableRequestLogging: true });

await app.register(websocket);

async function* answer(content, signal) {
    const began = Date.now();
    let message = '';

    const stream = await openai.chat.completions.create({
        model: 'mock', stream: true, messages: [{ role: 'user', content }],
    }, { signal });

    for await (const chunk of stream) {
        const value = chunk.choices[0]?.delta?.content;

        if (value) {
            message += value;
            yield { type: 'token', value };
        }
    }

    yield { type: 'final', message, latencyMs: Date.now() - began };
}

app.get('/api/chat/ws', { websocket: true }, (socket, request) => {
    const { threadId } = request.query;
    const log = request.log.child({ threadId });
    let active = null;

    const send = (event) => socket.send(JSON.stringify(event));

    async function run({ requestId, content }) {
        const mine = new AbortController();

        active?.controller.abort();
        active = { requestId, controller: mine };
        log.info({ requestId }, 'message received');

        try {
            for await (const event of answer(content, mine.signal)) {
                if (mine.signal.aborted) {
                    return;
                }

                send({ ...event, requestId });
            }

            log.info({ requestId }, 'completed');

        } catch (error) {
            if (!mine.signal.aborted) {
                log.error({ requestId, error }, 'failed');
                send({ type: 'error', requestId, message: error.message, retryable: true });
            }

        } finally {
            if (active?.controller === mine) {
                active = null;
            }
        }
    }

    socket.on('message', (text) => {
        const command = JSON.parse(text);

        if (command.type === 'message' && command.threadId === threadId) {
            run(command);

        } else if (command.type === 'cancel' && active?.requestId === command.requestId) {
            active.controller.abort();
            active = null;
            log.info({ requestId: command.requestId }, 'cancelled');
            send({ type: 'cancelled', requestId: command.requestId });
        }
    });

    socket.on('close', () => active?.controller.abort());
    socket.on('error', () => socket.terminate());
});

await app.listen({ port, host: '127.0.0.1', backlog: 16384 });
