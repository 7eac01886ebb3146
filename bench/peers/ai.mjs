// The AI SDK's own way: a WebSocket server after the outline that the SDK's
// documentation has for WebSocketChatTransport. Each message of the client and
// each conversation is validated, streamText() asks the agent, every chunk of
// its UI stream is kept for who comes back, and sent as a frame of its own.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
    convertToModelMessages, generateId, safeValidateWebSocketChatTransportRequest,
    streamText, toUIMessageStream, validateUIMessages,
} from 'ai';
import { WebSocketServer } from 'ws';

const [port, agentPort] = process.argv.slice(2).map(Number);

const agent = createOpenAICompatible({
    name: 'mock', baseURL: `http://127.0.0.1:${agentPort}/v1`, apiKey: 'none',
});

const answers = new Map();    // by chat

async function answer(socket, { id, requestId, messages: said }) {
    const controller = new AbortController();
    const mine = { controller, requestId, kept: [], hearers: new Map([[socket, requestId]]) };

    const tell = (event) => {
        for (const [hearer, name] of mine.hearers) {
            hearer.send(JSON.stringify({ ...event, requestId: name }));
        }
    };

    answers.set(id, mine);

    try {
        const messages = await validateUIMessages({ messages: said });
        const { stream } = streamText({
            model: agent('mock'), messages: await convertToModelMessages(messages),
            abortSignal: controller.signal,
        });

        for await (const chunk of toUIMessageStream({
            stream, originalMessages: messages, generateMessageId: generateId,
        })) {
            const one = { sequence: mine.kept.length, chunk };

            mine.kept.push(one);
            tell({ type: 'chunk', ...one });
        }

        tell({ type: 'end' });

    } catch (error) {
        console.error(error);
        answers.delete(id);
        tell({ type: 'error', errorText: 'the agent failed' });
    }

    mine.ended = true;
    mine.hearers.clear();
}

const server = new WebSocketServer({ port, host: '127.0.0.1', backlog: 16384 });

server.on('connection', (socket) => {
    socket.on('message', async (text) => {
        const { success, data } = await safeValidateWebSocketChatTransportRequest({
            value: JSON.parse(text),
        });

        if (!success) {
            socket.close(1008, 'no such frame');

        } else if (data.type === 'send') {
            answer(socket, data);

        } else if (data.type === 'abort') {
            for (const { controller, hearers } of answers.values()) {
                if (hearers.get(socket) === data.requestId) {
                    controller.abort();
                }
            }
        }
    });

    socket.on('error', () => socket.terminate());
});
