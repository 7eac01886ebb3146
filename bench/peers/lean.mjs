// What a careful author gets out of Node: ws on the bare http server, undici's
// dispatch with its own handler, SSE split by hand, and all frames that one
// read of the agent's brought written at once (the socket is corked until the
// turn of the event loop ends).

import http from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { Agent } from 'undici';
import { WebSocketServer } from 'ws';

const [port, agentPort] = process.argv.slice(2).map(Number);

const agent = new Agent({
    connections: null, pipelining: 1, bodyTimeout: 0, keepAliveTimeout: 6e5,
});

class Run {
    constructor(socket, requestId, content, ended) {
        this.socket = socket;
        this.requestId = requestId;
        this.ended = ended;
        this.prefix = `{"type":"token","requestId":${JSON.stringify(requestId)},"value":`;
        this.began = performance.now();
        this.utf8 = new StringDecoder('utf8');
        this.rest = '';
        this.answer = '';
        this.over = false;

        agent.dispatch({
            origin: `http://127.0.0.1:${agentPort}`,
            path: '/v1/chat/completions',
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
                model: 'mock', stream: true,
                messages: [{ role: 'user', content }],
            }),
        }, this);
    }

    cancel() {
        this.over = true;
        this.stop?.(new Error('cancelled'));
    }

    end(event) {
        if (this.over) {
            return;
        }

        this.over = true;
        this.ended(this);
        this.socket.send(JSON.stringify({ ...event, requestId: this.requestId }));
    }

    fail(message) {
        this.end({ type: 'error', message, retryable: true });
    }

    onConnect(stop) {
        this.stop = stop;

        if (this.over) {
            stop(new Error('cancelled'));
        }
    }

    onHeaders(status) {
        if (status !== 200) {
            this.fail(`the agent answered ${status}`);
        }

        return true;
    }

    onData(bytes) {
        if (this.over) {
            return true;
        }

        // undici calls once for each chunk, not for each read

        const tcp = this.socket._socket;

        if (!tcp.writableCorked) {
            tcp.cork();
            process.nextTick(() => tcp.uncork());
        }

        const lines = (this.rest + this.utf8.write(bytes)).split('\n');

        this.rest = lines.pop();

        for (const line of lines) {
            if (!line.startsWith('data: ')) {
                continue;
            }

            if (line === 'data: [DONE]') {
                this.end({
                    type: 'final', message: this.answer,
                    latencyMs: Math.round(performance.now() - this.began),
                });
                break;
            }

            const value = JSON.parse(line.slice(6)).choices[0]?.delta.content;

            if (value) {
                this.answer += value;
                this.socket.send(`${this.prefix}${JSON.stringify(value)}}`);
            }
        }

        return true;
    }

    onComplete() {
        this.fail('the stream was cut');
    }

    onError(error) {
        this.fail(error.message);
    }
}

const server = http.createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on('connection', (socket, request) => {
    const threadId = new URL(request.url, 'http://localhost').searchParams.get('threadId');
    let active = null;

    const ended = (run) => {
        if (active === run) {
            active = null;
        }
    };

    socket.on('message', (text) => {
        const command = JSON.parse(text);

        if (command.type === 'message' && command.threadId === threadId) {
            active?.cancel();
            active = new Run(socket, command.requestId, command.content, ended);

        } else if (command.type === 'cancel' && active?.requestId === command.requestId) {
            active.cancel();
            active = null;
            socket.send(JSON.stringify({ type: 'cancelled', requestId: command.requestId }));
        }
    });

    socket.on('close', () => active?.cancel());
    socket.on('error', () => socket.terminate());
});

server.listen({ port, host: '127.0.0.1', backlog: 16384 });
