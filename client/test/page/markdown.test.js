/**
 * What an answer may become on the page, and what it may not.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, openPage, usePages } from '../helpers/page.js';

const context = usePages();

async function show(t, markdown, cut = 7) {
  const { agent } = context;
  agent.respond = (run) =>
    run.answer(...markdown.match(new RegExp(`[^]{1,${cut}}`, 'gu')));
  const page = await openPage(t, context);
  const turn = await ask(page, 'show');
  return { page, prose: turn.locator('.prose') };
}

test('Markdown is laid out', async (t) => {
  const { prose } = await show(t, [
    '# Title', '', 'Text with **bold**, *italic*, ~~gone~~ and `a < b`.',
    'A [link](https://example.org/a?b=1&c=2 "this & \\"that\\""), <https://example.org/auto>,',
    '<https://example.org/auto?b=1&c=2>, https://example.org/bare?b=1&c=\'2\'',
    'a [reference][r], AT&amp;T &copy; 1 &lt; 2, \\*stars\\*.', '',
    '| a | b |', '|:-:|--:|', '| 1 | **2** |', '',
    '3. three', '4. four', '   - nested', '', '- [x] done', '- [ ] open', '',
    '> quoted', '', '---', '', '```js', 'if (a < b && "c") {}', '```', '',
    '[r]: https://example.org/ref', '',
  ].join('\n'));

  assert.equal(await prose.locator('h3').innerText(), 'Title');
  assert.equal(await prose.locator('strong').first().innerText(), 'bold');
  assert.equal(await prose.locator('em').innerText(), 'italic');
  assert.equal(await prose.locator('del').innerText(), 'gone');
  assert.equal(await prose.locator('p code').innerText(), 'a < b');
  assert.match(await prose.innerText(), /AT&T © 1 < 2, \*stars\*\./);

  assert.deepEqual(await prose.locator('a').evaluateAll((links) => links.map((a) =>
    [a.textContent, a.getAttribute('href'), a.target, a.rel])), [
    ['link', 'https://example.org/a?b=1&c=2', '_blank', 'noopener noreferrer'],
    ['https://example.org/auto', 'https://example.org/auto', '_blank', 'noopener noreferrer'],
    ['https://example.org/auto?b=1&c=2', 'https://example.org/auto?b=1&c=2', '_blank', 'noopener noreferrer'],
    ["https://example.org/bare?b=1&c='2'", "https://example.org/bare?b=1&c='2'", '_blank', 'noopener noreferrer'],
    ['reference', 'https://example.org/ref', '_blank', 'noopener noreferrer'],
  ]);

  assert.equal(await prose.locator('a').first().getAttribute('title'), 'this & "that"');

  assert.equal(await prose.locator('th.align-center').innerText(), 'a');
  assert.equal(await prose.locator('td.align-right strong').innerText(), '2');
  assert.equal(await prose.locator('ol').getAttribute('start'), '3');
  assert.equal(await prose.locator('ol li ul li').innerText(), 'nested');
  assert.match(await prose.locator('li.task').first().innerText(), /☑\s*done/);
  assert.equal(await prose.locator('blockquote').innerText(), 'quoted');
  assert.equal(await prose.locator('hr').count(), 1);
  assert.equal(await prose.locator('pre code').innerText(), 'if (a < b && "c") {}');
  assert.equal(await prose.locator('.code-head span').innerText(), 'js');
});

test('nothing in an answer becomes code, or a request', async (t) => {
  const { page, prose } = await show(t, [
    '<script>window.hacked = 1</script>', '',
    '<img src="https://elsewhere.example/x.png" onerror="window.hacked = 2">', '',
    'inline <b onclick="window.hacked = 3">bold</b> <svg onload=alert(1)>', '',
    '[click](javascript:window.hacked=4) [data](data:text/html,x)',
    '[coded](javascript&#58;window.hacked=4) [coded](&#x6a;avascript:window.hacked=4)',
    '[coded](java&#10;script&#58;window.hacked=4) ![coded](javascript&#58;window.hacked=4)',
    '[quoted](https://elsewhere.example/&quot;onclick=&quot;window.hacked=4 "&quot;onclick=&quot;x")',
    '[tab](java\tscript:alert) <javascript:alert(1)> [rel](/api/threads/x/messages)', '',
    '![pixel](https://elsewhere.example/pixel.png)', '',
    '<iframe src="https://elsewhere.example"></iframe>', '',
    '<form action="/x"><input name="threads"></form>', '',
    '`<img src=x>` &lt;script&gt;window.hacked = 5&lt;/script&gt;', '',
    '```html"><img src=x onerror=window.hacked=6>', '<script>window.hacked = 7</script>',
    '```', '', '| <script>window.hacked=8</script> |', '|---|', '| <img src=x> |',
  ].join('\n'), 11);

  assert.equal(await prose.locator('script, img, iframe, form, input, svg:not(.copy svg), b').count(), 0);
  assert.deepEqual(await prose.locator('a').evaluateAll((links) =>
    links.map((a) => [a.getAttribute('href'), a.onclick])), [
    ['https://elsewhere.example/"onclick="window.hacked=4', null],
    ['https://elsewhere.example/pixel.png', null],
  ]);
  assert.match(await prose.innerText(), /<script>window\.hacked = 1<\/script>/);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test('blocks that are whole are not made anew', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await page.fill('#input', 'go');
  await page.press('#input', 'Enter');
  const asked = await agent.next();
  asked.token('first block\n\nsecond');
  await page.locator('.prose p').nth(1).waitFor();
  await page.evaluate(() => { document.querySelector('.prose p').marked = true; });

  for (let i = 0; i < 20; i++) {
    asked.token(` word ${i}`);
  }
  asked.finish();
  await page.locator('.turn[data-phase=done]').waitFor();
  assert.equal(await page.evaluate(() => document.querySelector('.prose p').marked), true);
  assert.match(await page.locator('.prose p').nth(1).innerText(), /^second word 0 .*word 19$/);
});

test('without marked the text is shown as it is', async (t) => {
  const { agent, browser, gateway } = context;
  const own = await browser.newContext();
  t.after(() => own.close());
  await own.route('**/vendor/marked.js', (route) => route.fulfill({
    contentType: 'application/javascript', body: '',
  }));
  agent.respond = (run) => run.answer('**as\nit is** <b>');
  const page = await openPage(t, { browser, gateway }, { context: own });
  const turn = await ask(page, 'show');

  assert.equal(await turn.locator('.prose').innerText(), '**as\nit is** <b>');
});
