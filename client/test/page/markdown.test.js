/**
 * What an answer may become on the page, and what it may not.
 */

import assert from 'node:assert/strict';
import test from 'node:test';

import { ask, lastTurn, openPage, usePages, write } from '../helpers/page.js';

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

/* an answer that has begun */
async function begin(t, ...values) {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);

  await write(page, 'go');
  const asked = await agent.next();
  asked.token(...values);

  return { page, asked, prose: page.locator('.turn:last-child .prose') };
}

test('code is code from its first letter to the end of the text', async (t) => {
  const { agent } = context;
  agent.respond = null;
  const page = await openPage(t, context);
  const source = [
    'Before.', '```python', 'def first():', '\treturn 1  # `tick`', '', 'x = first()', '```', '',
    '- in a list:', '  ~~~js', '  let a = [1];', '  - b', '  ~~~', '',
    '> quoted', '> ```', '> inner()', '> ```', '', 'After `all`.', '',
    '````md', '```', 'nested', '```', '````', '',
  ].join('\n');

  /* what is ever shown of it as anything else */
  await page.evaluate(() => {
    window.seen = new Set();
    new MutationObserver(() => {
      for (const node of document.querySelectorAll('.prose *')) {
        const text = [...node.childNodes].filter((it) => it.nodeType === 3)
          .map((it) => it.data).join('');

        if (!node.closest('.code') && /def|return|first\(|let|inner|nested|``|~~/.test(text)) {
          window.seen.add(`${node.tagName}: ${text}`);
        }
      }
    }).observe(document.querySelector('#transcript'),
      { subtree: true, childList: true, characterData: true });
  });

  await write(page, 'go');
  const asked = await agent.next();

  for (const letter of source) {
    asked.token(letter);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  asked.finish();
  await lastTurn(page, 'done');

  assert.deepEqual(await page.evaluate(() => [...window.seen]), []);
  const prose = page.locator('.prose');
  assert.deepEqual(await prose.locator('pre').evaluateAll((all) =>
    all.map((pre) => [pre.textContent, pre.parentNode.parentNode.tagName])), [
    ['def first():\n\treturn 1  # `tick`\n\nx = first()', 'DIV'],
    ['let a = [1];\n- b', 'LI'],
    ['inner()', 'BLOCKQUOTE'],
    ['```\nnested\n```', 'DIV'],
  ]);
  assert.equal(await prose.locator('p code').innerText(), 'all');
});

test('a line of dashes in code makes no heading', async (t) => {
  const { prose } = await show(t, ['Settings:', '```yaml', '---', 'a: 1', '---', '```', '',
    'Title', '---', '', '- item', '  ```', '  ---', '  ```', ''].join('\n'));

  assert.deepEqual(await prose.locator('h3, h4').allInnerTexts(), ['Title']);
  assert.deepEqual(await prose.locator('pre').allInnerTexts(), ['---\na: 1\n---', '---']);
});

test('code has colours, which come when its language is there', async (t) => {
  const { prose } = await show(t, [
    '```python', 'def f(a):', '    return "text"  # why', '```', '',
    '```c++', 'int main() { return 0; }', '```', '',
    '```php', '<?php echo "<b>"; ?>', '```', '',
    '```nothing', 'def f', '```', '',
  ].join('\n'));

  await prose.locator('.token.keyword:text-is("def")').waitFor();
  assert.equal(await prose.locator('.token.comment').innerText(), '# why');
  await prose.locator('.token.keyword:text-is("int")').waitFor();
  await prose.locator('.token.keyword:text-is("echo")').waitFor();
  assert.equal(await prose.locator('pre').last().innerText(), 'def f');
  assert.equal(await prose.locator('b').count(), 0);
});

test('formulas, and what is none', async (t) => {
  const { page, prose } = await show(t, [
    'With \\(a_1 * b * c_2\\) and \\[x^2\\] within.', '',
    '\\[', 'x = \\frac{1}{2}', '- y', '\\]', '',
    '$$', '\\fbox{z} \\pmb{w}', '$$', '',
    '- in a list \\(q\\)', '', '`\\(code\\)` costs $5 or $6, \\\\(no), \\(open', '',
    '```', '\\(x\\)', '```', '', 'wrong \\(\\nosuchthing{\\)', '',
  ].join('\n'), 5);

  await prose.locator('.katex').nth(4).waitFor();
  assert.deepEqual(await prose.locator('.math').evaluateAll((all) => all.map((it) =>
    [it.dataset.tex, !!it.querySelector('.katex-display'), !!it.closest('.formula')])), [
    ['a_1 * b * c_2', false, false],
    ['x^2', true, false],
    ['x = \\frac{1}{2}\n- y', true, true],
    ['\\fbox{z} \\pmb{w}', true, true],
    ['q', false, false],
  ]);
  assert.equal(await prose.locator('math').count(), 5);
  assert.equal(await prose.locator('math [style]').count(), 0);
  assert.match(await prose.innerText(),
    /\\\(code\\\) costs \$5 or \$6, \\\(no\), \(open/);
  assert.deepEqual(await prose.locator('.tex').allInnerTexts(), ['\\nosuchthing{']);

  /* its own letters, from this server */
  assert.ok(await page.evaluate(async () => {
    await document.fonts.ready;
    return [...document.fonts].some((it) => /KaTeX/.test(it.family) && it.status === 'loaded');
  }));
});

test('a formula is shown as it is written until it is whole', async (t) => {
  const { page, asked, prose } = await begin(t, 'so \\(', 'a*b', '*c');

  await prose.locator('.tex:text-is("a*b*c")').waitFor();
  assert.equal(await prose.locator('em').count(), 0);
  asked.token('\\)!\n\n\\[ x');
  await prose.locator('.formula .tex').waitFor();
  assert.equal(await prose.locator('p .katex').count(), 1);
  asked.token(' \\]');
  asked.finish();
  await lastTurn(page, 'done');
  assert.equal(await prose.locator('.formula .katex').count(), 1);
});

test('each block has its own direction', async (t) => {
  const { page, prose } = await show(t, [
    '\u0645\u0631\u062d\u0628\u0627 `code()` world', '', 'Hello \u05e9\u05dc\u05d5\u05dd', '',
    '- \u05e9\u05dc\u05d5\u05dd', '', '```', '\u05e9 = 1', '```', '', '\\[x\\]', '',
  ].join('\n'), 100);
  const direction = (selector, n = 0) => prose.locator(selector).nth(n)
    .evaluate((it) => getComputedStyle(it).direction);

  assert.equal(await direction('> p', 0), 'rtl');
  assert.equal(await direction('> p', 1), 'ltr');
  assert.equal(await direction('ul'), 'rtl');
  assert.equal(await direction('pre'), 'ltr');
  assert.equal(await direction('.formula'), 'ltr');
  await page.fill('#input', '\u05e9\u05dc\u05d5\u05dd');
  assert.equal(await page.locator('#input').evaluate((it) => getComputedStyle(it).direction), 'rtl');
  await page.press('#input', 'Enter');
  const { agent } = context;
  agent.respond = (run) => run.answer('ok');
  await lastTurn(page, 'done');
  assert.equal(await page.locator('.question p').last()
    .evaluate((it) => getComputedStyle(it).direction), 'rtl');
});

test('a selection stays while the text goes on', async (t) => {
  const { page, asked, prose } = await begin(t, 'Some *words* to be selected, ');

  await prose.locator('p:has-text("be selected")').waitFor();
  await page.evaluate(() => {
    const text = document.querySelector('.prose p').lastChild;
    getSelection().setBaseAndExtent(text, 4, text, 15);
  });
  const selected = () => page.evaluate(() => getSelection().toString());

  assert.equal(await selected(), 'be selected');
  for (let i = 0; i < 20; i++) {
    asked.token(`more **${i}** and \`code\` `);
  }
  await prose.locator('strong:text-is("19")').waitFor();
  assert.equal(await selected(), 'be selected');
  asked.token('\n\n```js\nlet a = 1;\n```\n\n| a |\n|--|\n| 1 |\n\nend');
  await prose.locator('p:text-is("end")').waitFor();
  asked.finish();
  await lastTurn(page, 'done');
  assert.equal(await selected(), 'be selected');
});

test('what is whole is not read again', async (t) => {
  const { page, asked, prose } = await begin(t, `${'many words '.repeat(500)}\n\nsecond`);

  await prose.locator('p').nth(1).waitFor();
  await page.evaluate(() => {
    const { lex } = window.marked.Lexer.prototype;
    window.longest = 0;
    window.marked.Lexer.prototype.lex = function (text) {
      window.longest = Math.max(window.longest, text.length);
      return lex.call(this, text);
    };
  });
  for (let i = 0; i < 20; i++) {
    asked.token(` word ${i}`);
  }
  await prose.locator('p:has-text("word 19")').waitFor();
  const longest = await page.evaluate(() => window.longest);
  assert.ok(longest > 0 && longest < 1000, String(longest));
  asked.finish();
  await lastTurn(page, 'done');
});

test('20,000 tokens in one paragraph are read piece by piece', async (t) => {
  const { agent } = context;
  const words = Array.from({ length: 20000 }, (_, i) => {
    const word = ['plain', `**bold ${i}**`, '\u4e2d\u6587\uff0c', `\`code ${i}\``, 'snake_case 2 * 3',
      `[link](https://example.org/${i})`][i % 6];
    return `${word} `;
  });
  const plain = words.join('').replace(/\*\*|`|\[|\]\([^)]*\)/g, '').trim();
  agent.respond = null;
  const page = await openPage(t, context);

  await page.evaluate(() => {
    const { inlineTokens } = window.marked.Lexer.prototype;
    window.longest = 0;
    window.marked.Lexer.prototype.inlineTokens = function (text, ...rest) {
      window.longest = Math.max(window.longest, text.length);
      return inlineTokens.call(this, text, ...rest);
    };
  });
  await write(page, 'all');
  const asked = await agent.next();
  for (let i = 0; i < words.length; i += 500) {
    asked.token(...words.slice(i, i + 500));
  }
  asked.finish();
  const turn = await lastTurn(page, 'done');
  const count = (selector) => turn.locator(`.prose p ${selector}`).count();

  assert.equal(await turn.locator('.prose > p').count(), 1);
  assert.equal((await turn.locator('.prose').textContent()).trim(), plain);
  assert.deepEqual([await count('strong'), await count('code'), await count('a')],
    [3334, 3333, 3333]);
  assert.ok(await page.evaluate(() => window.longest) <= 4096);
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
