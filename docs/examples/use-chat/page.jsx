/* A chat of the AI SDK's; what is behind it is nginx.conf alone. */

import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useChat } from '@ai-sdk/react';
import { WebSocketChatTransport } from 'ai';

const transport = new WebSocketChatTransport({ url: '/api/chat/ws' });

/* the address names the chat, so that another tab can have the same */
location.hash ||= crypto.randomUUID();
const id = location.hash.slice(1);

function load() {
  return JSON.parse(localStorage.getItem(id) ?? '[]');
}

function Part({ part }) {
  switch (part.type) {
    case 'text': return <p>{part.text}</p>;
    case 'reasoning': return <details><summary>Thoughts</summary>{part.text}</details>;
    default: return null;
  }
}

function Page() {
  const [text, setText] = useState('');
  const [edited, setEdited] = useState();
  const { messages, status, error, sendMessage, regenerate, stop } =
    useChat({ id, messages: load(), transport, resume: true });
  const busy = status === 'submitted' || status === 'streaming';

  useEffect(() => localStorage.setItem(id, JSON.stringify(messages)), [messages]);

  function submit(event) {
    event.preventDefault();
    sendMessage({ text, messageId: edited });
    setText('');
    setEdited();
  }

  function edit(message) {
    setText(message.parts.map((part) => part.text).join(''));
    setEdited(message.id);
  }

  return (
    <form onSubmit={submit} data-status={status}>
      {messages.map((message) => (
        <article key={message.id} className={message.role}>
          {message.parts.map((part, i) => <Part key={i} part={part} />)}
          {message.role === 'user'
            && <button type="button" onClick={() => edit(message)}>Edit</button>}
        </article>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <input aria-label="Message" value={text} onChange={(event) => setText(event.target.value)} />
      <button disabled={!text || busy}>Send</button>
      <button type="button" disabled={!busy} onClick={stop}>Stop</button>
      <button type="button" disabled={busy || messages.length === 0} onClick={() => regenerate()}>
        Again
      </button>
    </form>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
