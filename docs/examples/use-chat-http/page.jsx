/* useChat as it comes: where it looks for its server is nginx.conf. */

import { createRoot } from 'react-dom/client';
import { useChat } from '@ai-sdk/react';

const text = ({ parts }) => parts.map((part) => part.text ?? '').join('');

function Page() {
  const { messages, status, error, sendMessage, regenerate, stop } = useChat();

  function submit(event) {
    event.preventDefault();
    sendMessage({ text: new FormData(event.target).get('text') });
    event.target.reset();
  }

  return (
    <form onSubmit={submit} data-status={status}>
      {messages.map((message) => <article key={message.id}><p>{text(message)}</p></article>)}
      {error && <p role="alert">{error.message}</p>}
      <input name="text" aria-label="Message" required autoComplete="off" />
      <button>Send</button>
      <button type="button" onClick={stop}>Stop</button>
      <button type="button" onClick={() => regenerate()}>Again</button>
    </form>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
