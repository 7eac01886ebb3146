/* AG-UI's own agent: what is behind it is nginx.conf alone. */

import { HttpAgent } from '@ag-ui/client';

const agent = new HttpAgent({ url: '/api/agent', threadId: crypto.randomUUID() });
const form = document.querySelector('form');

function show(messages, error) {
  document.getElementById('messages').replaceChildren(...messages.map(({ content }) => {
    const article = document.createElement('article');

    article.textContent = content;
    return article;
  }));

  if (error) {
    const alert = Object.assign(document.createElement('p'), { role: 'alert', textContent: error });

    document.getElementById('messages').append(alert);
  }
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  agent.addMessage({ id: crypto.randomUUID(), role: 'user', content: form.text.value });
  form.reset();
  show(agent.messages);
  form.dataset.status = 'busy';

  try {
    await agent.runAgent({}, {
      onMessagesChanged: ({ messages }) => show(messages),
      onRunErrorEvent: ({ event: { message } }) => show(agent.messages, message),
    });
  } catch (error) {
    show(agent.messages, error.message);
  }
  form.dataset.status = 'ready';
});

form.querySelector('[type=button]').addEventListener('click', () => agent.abortRun());
