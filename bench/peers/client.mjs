// What an answer costs who hears it: the package's connection in Node beside a
// bare socket of `ws`, and the demo page in Chromium beside a page that only
// adds each token to its text.
//
// client.mjs KIND CLIENT URL, where CLIENT is the package's directory and URL
// the server's; it says "open", and answers each line, a message, with the
// number of letters that were heard when the answer is complete.

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';

const [kind, client, url] = process.argv.slice(2);

const endpoint = `${url.replace('http', 'ws')}/api/chat/ws`;
const thread = `${kind}-${process.pid}`;

// each opens once, and gives what has a message answered

const clients = {
    async node() {
        const { ThreadConnection } =
            await import(pathToFileURL(`${client}/src/index.js`).href);
        const connection = new ThreadConnection(thread, {
            url: endpoint, WebSocket, network: null,
        });

        return async (message) => {
            let letters = 0;

            for await (const delta of connection.send(message)) {
                letters += delta.length;
            }

            return letters;
        };
    },

    async bare() {
        const socket = new WebSocket(`${endpoint}?threadId=${thread}`,
            'thread-ws');
        await new Promise((resolve) => { socket.onopen = resolve; });

        return (message) => new Promise((resolve) => {
            let letters = 0;

            socket.onmessage = ({ data }) => {
                const event = JSON.parse(data);

                if (event.type === 'token') {
                    letters += event.value.length;
                } else if (event.type === 'final' || event.type === 'error') {
                    resolve(letters);
                }
            };
            socket.send(said(message));
        });
    },

    async page() {
        const page = await open(`${url}/#${thread}`);
        await page.locator('#pill[data-status=connected]').waitFor();

        return async (message) => {
            await page.fill('#input', message);
            await page.press('#input', 'Enter');

            const answer = page.locator('.turn:last-child[data-phase=done]')
                .filter({ hasText: message });
            await answer.waitFor({ timeout: 60000 });

            return (await answer.locator('.prose').innerText()).length;
        };
    },

    async 'bare-page'() {
        const page = await open(`${url}/none`);

        await page.evaluate((address) => new Promise((resolve) => {
            window.socket = new WebSocket(address, 'thread-ws');
            window.socket.onopen = resolve;
        }), `${endpoint}?threadId=${thread}`);

        return (message) => page.evaluate((frame) => new Promise((resolve) => {
            const text = new Text();

            document.body.replaceChildren(text);
            window.socket.onmessage = ({ data }) => {
                const event = JSON.parse(data);

                if (event.type === 'token') {
                    text.data += event.value;
                } else if (event.type === 'final' || event.type === 'error') {
                    resolve(text.data.length);
                }
            };
            window.socket.send(frame);
        }), said(message));
    },
};

const said = (content) => JSON.stringify({
    type: 'message', requestId: crypto.randomUUID(), threadId: thread, content,
});

async function open(address) {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
    });
    const page = await browser.newPage();

    await page.goto(address);

    return page;
}

const answer = await clients[kind]();

console.log('open');

for await (const message of createInterface({ input: process.stdin })) {
    console.log(await answer(message));
}

process.exit();
