/* assistant-ui and its AI SDK runtime: what is behind them is nginx.conf alone. */

import { createRoot } from 'react-dom/client';
import {
  ActionBarPrimitive, AssistantRuntimeProvider, ComposerPrimitive, ErrorPrimitive,
  MessagePrimitive, ThreadPrimitive,
} from '@assistant-ui/react';
import { useChatRuntime } from '@assistant-ui/react-ai-sdk';

const Message = () => (
  <MessagePrimitive.Root asChild>
    <article>
      <MessagePrimitive.Parts />
      <MessagePrimitive.Error>
        <ErrorPrimitive.Root role="alert"><ErrorPrimitive.Message /></ErrorPrimitive.Root>
      </MessagePrimitive.Error>
    </article>
  </MessagePrimitive.Root>
);

const Answer = () => (
  <>
    <Message />
    <ActionBarPrimitive.Root hideWhenRunning>
      <ActionBarPrimitive.Reload>Again</ActionBarPrimitive.Reload>
    </ActionBarPrimitive.Root>
  </>
);

function Page() {
  return (
    <AssistantRuntimeProvider runtime={useChatRuntime()}>
      <ThreadPrimitive.Root>
        <ThreadPrimitive.Messages
          components={{ UserMessage: Message, AssistantMessage: Answer }} />
        <ComposerPrimitive.Root>
          <ComposerPrimitive.Input aria-label="Message" />
          <ComposerPrimitive.Send>Send</ComposerPrimitive.Send>
          <ComposerPrimitive.Cancel>Stop</ComposerPrimitive.Cancel>
        </ComposerPrimitive.Root>
      </ThreadPrimitive.Root>
    </AssistantRuntimeProvider>
  );
}

createRoot(document.getElementById('root')).render(<Page />);
