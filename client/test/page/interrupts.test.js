/**
 * What a graph asks before it goes on, on the page.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { lastTurn, openPage, usePages, violations, write } from '../helpers/page.js';

const context = usePages({ directives: 'thread_ws_dialect langgraph; thread_ws_resume 1m;' });

const id = (letter) => letter.repeat(32);

/* as the graph's server says it */
function says(run, text, ...asked) {
  run.res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  run.res.write(`event: messages\ndata: ${JSON.stringify([
    { type: 'AIMessageChunk', id: 'a', content: text }, { langgraph_checkpoint_ns: 'n:1' }])}\n\n`);
  for (const [letter, value] of asked) {
    run.res.write(`event: updates\ndata: ${JSON.stringify(
      { __interrupt__: [{ value, id: id(letter) }] })}\n\n`);
  }
  run.finished = true;
  run.res.end();
}

test('each kind of question, its buttons, and words', async (t) => {
  const { agent } = context;
  const page = await openPage(t, context);
  const form = page.locator('.asks:visible');

  /* what was chosen, and what the graph is told of it */
  const answered = async (press, value, ...next) => {
    await press();
    const { body, ...run } = await agent.next();
    assert.deepEqual(body.command.resume, { [id('a')]: value });
    says(run, 'Well.', ...next);
    await page.locator('.turn:last-child[data-phase=done]').waitFor();
  };
  const button = (name) => () => form.getByRole('button', { name, exact: true }).click();

  await write(page, 'delete it');
  says(await agent.next(), 'I look.', ['a', 'Really?']);
  await form.waitFor();
  assert.match(await form.innerText(), /^Really\?/);
  assert.deepEqual(await violations(page), []);

  await answered(button('Yes'), true, ['a', { question: 'Which?', options: ['this', 'that'], of: 2 }]);
  assert.match(await form.innerText(), /^Which\?.*"of": 2/s);
  await answered(button('that'), 'that', ['a', { action_requests: [{ name: 'rm', args: { f: 'x' } }],
    review_configs: [{ action_name: 'rm', allowed_decisions: ['approve', 'reject'] }] }]);
  await answered(button('Approve'), { decisions: [{ type: 'approve' }] },
    ['a', [{ action_request: { action: 'rm', args: {} }, config: { allow_ignore: false },
      description: 'May I?' }]]);
  assert.equal(await form.getByRole('button', { name: 'Ignore' }).count(), 0);
  await answered(async () => {
    await form.locator('input').fill('not yet');
    await form.locator('input').press('Enter');
  }, [{ type: 'response', args: 'not yet' }]);

  assert.equal(await form.count(), 0);
  assert.deepEqual(await page.locator('.question p').allInnerTexts(),
    ['delete it', 'Yes.', 'that', 'Approve.', 'not yet']);
  await lastTurn(page, 'done', 'Well.');
});
